//! Commands that the operator allowed, run by the host.

use model::grant::CommandRule;
use model::outcome::{Failure, FailureKind};
use wasmtime::component::Resource;

use super::refused;
use crate::bindings::process::{Completed, Host, HostConversation};
use crate::bindings::types;
use crate::guest::Guest;

/// A command that goes on, as a guest holds it.
#[expect(unreachable_pub, reason = "generated code hands it on")]
pub struct Conversation(Box<dyn model::ports::Conversation>);

type Answer<T> = wasmtime::Result<Result<T, types::Failure>>;

impl Guest {
    fn command(&self, name: &str) -> Result<CommandRule, Failure> {
        let rule = self.granted.setup.grant.process.iter().find(|rule| rule.name == name);
        rule.cloned().ok_or_else(|| {
            let message = format!("the command `{}` was not granted to this plugin", name.escape_debug());
            Failure::new(FailureKind::Denied, message)
        })
    }

    fn process(&self) -> Result<std::sync::Arc<dyn model::ports::ProcessDoor>, Failure> {
        let nowhere = || Failure::new(FailureKind::Unsupported, "commands can't be run from here");
        self.granted.doors.process.clone().ok_or_else(nowhere)
    }
}

impl Host for Guest {
    async fn run(&mut self, command: String, arguments: Vec<(String, String)>, stdin: Vec<u8>) -> Answer<Completed> {
        let most = self.granted.setup.limits.output;
        let ended = match self.command(&command).and_then(|rule| Ok((rule, self.process()?))) {
            Ok((rule, door)) => door.run(&rule, &arguments, stdin, most).await,
            Err(refusal) => Err(refusal),
        };
        let completed = ended.map(|ended| Completed {
            exit_code: ended.exit_code,
            stdout: ended.stdout,
            stderr: ended.stderr,
            truncated: ended.truncated,
        });
        Ok(completed.map_err(refused))
    }

    async fn start(&mut self, command: String, arguments: Vec<(String, String)>) -> Answer<Resource<Conversation>> {
        let begun = match self.command(&command).and_then(|rule| Ok((rule, self.process()?))) {
            Ok((rule, door)) => door.start(&rule, &arguments).await,
            Err(refusal) => Err(refusal),
        };
        match begun {
            Ok(conversation) => Ok(Ok(self.handles.push(Conversation(conversation))?)),
            Err(failure) => Ok(Err(refused(failure))),
        }
    }
}

impl HostConversation for Guest {
    async fn write(&mut self, conversation: Resource<Conversation>, bytes: Vec<u8>) -> Answer<()> {
        let conversation = self.handles.get_mut(&conversation)?;
        Ok(conversation.0.write(&bytes).await.map_err(refused))
    }

    async fn read_line(&mut self, conversation: Resource<Conversation>) -> Answer<Option<Vec<u8>>> {
        let most = self.granted.setup.limits.output;
        let conversation = self.handles.get_mut(&conversation)?;
        Ok(conversation.0.read_line(most).await.map_err(refused))
    }

    async fn drop(&mut self, conversation: Resource<Conversation>) -> wasmtime::Result<()> {
        self.handles.delete(conversation)?;
        Ok(())
    }
}
