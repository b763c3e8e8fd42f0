//! Questions to an LLM, asked by the host. Waiting for a reply costs a guest no fuel.

use futures_util::future::join_all;
use model::grant::{Grant, JudgeRule};
use model::json::Json;
use model::judge::{Format, JudgeReply, JudgeRequest, Message, Speaker, Tool, ToolCall};
use model::outcome::{Failure, FailureKind};
use model::quantity::ByteSize;

use super::{Granted, refused};
use crate::bindings::judge::{self as asked, Host, Reply, Request, Usage};
use crate::bindings::types;
use crate::guest::Guest;
use crate::instances::Turn;

type Answer = Result<Reply, types::Failure>;

/// The rule that grants a role.
///
/// # Errors
///
/// Fails as `denied` where there is none.
pub(crate) fn granted<'a>(grant: &'a Grant, role: &str) -> Result<&'a JudgeRule, Failure> {
    let rule = grant.judge.as_ref().ok_or_else(nobody)?;
    if rule.roles.iter().any(|granted| granted == role) {
        return Ok(rule);
    }
    let message = format!("the judge `{}` was not granted to this plugin", role.escape_debug());
    Err(Failure::new(FailureKind::Denied, message))
}

/// There is no judge for this plugin.
pub(crate) fn nobody() -> Failure {
    Failure::new(FailureKind::Denied, "a judge was not granted to this plugin")
}

impl Host for Guest {
    async fn complete(&mut self, request: Request) -> wasmtime::Result<Answer> {
        let admitted = self.admit(request);
        let reply = self.clock.stop_for(self.granted.ask(self.turn, admitted)).await;
        Ok(reply.map_err(refused))
    }

    async fn complete_many(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Answer>> {
        let admitted: Vec<_> = requests.into_iter().map(|request| self.admit(request)).collect();
        let asked = admitted.into_iter().map(|admitted| self.granted.ask(self.turn, admitted));
        let replies = self.clock.stop_for(join_all(asked)).await;
        Ok(replies.into_iter().map(|reply| reply.map_err(refused)).collect())
    }

    async fn budget(&mut self) -> wasmtime::Result<Option<Usage>> {
        let granted = &self.granted;
        let (rule, door) = (&granted.setup.grant.judge, &granted.doors.judge);
        let (Some(rule), Some(door), Some(asker)) = (rule, door, granted.setup.asker(self.turn)) else {
            return Ok(Some(Usage { input_tokens: 0, output_tokens: 0, cost: Some(0) }));
        };
        Ok(door.budget(&asker, rule).await.map(used))
    }
}

/// Questions of one call where the grant says nothing else.
const MOST_QUESTIONS: u32 = 100;

impl Guest {
    /// Lets one more question through, in the host's words.
    fn admit(&mut self, request: Request) -> Result<JudgeRequest, Failure> {
        let rule = granted(&self.granted.setup.grant, &request.role)?;
        if self.granted.doors.judge.is_none() {
            return Err(nobody());
        }
        let most = rule.max_calls_per_row.unwrap_or(MOST_QUESTIONS);
        if self.used.judge_calls >= most {
            let message = format!("this call has asked its {most} questions (`max_calls_per_row`)");
            return Err(Failure::new(FailureKind::BudgetExceeded, message));
        }
        let request = checked(request)?;
        self.used.judge_calls += 1;
        Ok(request)
    }
}

impl Granted {
    async fn ask(&self, turn: Turn, admitted: Result<JudgeRequest, Failure>) -> Result<Reply, Failure> {
        let request = admitted?;
        let setup = &self.setup;
        let rule = granted(&setup.grant, &request.role)?;
        let (door, asker) = self.doors.judge.as_ref().zip(setup.asker(turn)).ok_or_else(nobody)?;
        let reply = door.complete(&asker, rule, request).await?;
        let calls = reply.tool_calls.iter().map(|call| call.name.len() + call.arguments.as_str().len());
        let (size, most) = ((reply.text.len() + calls.sum::<usize>()) as u64, self.setup.limits.output);
        if size > most {
            let message = format!("the judge's reply is larger than {} (`limits.output`)", ByteSize(most));
            return Err(Failure::new(FailureKind::TooLarge, message));
        }
        Ok(replied(reply))
    }
}

/// A request as the guest made it, if it is one.
fn checked(request: Request) -> Result<JudgeRequest, Failure> {
    if request.messages.is_empty() {
        return Err(bad("a question has at least one message"));
    }
    if request.temperature.is_some_and(|temperature| !(temperature.is_finite() && temperature >= 0.0)) {
        return Err(bad("a temperature is a number from 0"));
    }
    let format = match request.format {
        asked::Format::Text => Format::Text,
        asked::Format::Schema(schema) => Format::Schema(json(&schema, "the schema of the reply")?),
        asked::Format::Choice(choices) if choices.is_empty() => return Err(bad("there is nothing to choose from")),
        asked::Format::Choice(choices) => Format::Choice(choices),
    };
    let tools = request.tools.into_iter().map(|asked::Tool { name, description, parameters }| {
        let parameters = json(&parameters, &format!("the parameters of the tool `{}`", name.escape_debug()))?;
        Ok(Tool { name, description, parameters })
    });
    Ok(JudgeRequest {
        role: request.role,
        messages: request.messages.into_iter().map(message).collect::<Result<_, _>>()?,
        tools: tools.collect::<Result<_, Failure>>()?,
        format,
        max_output_tokens: request.max_output_tokens,
        temperature: request.temperature,
        sample: request.sample,
    })
}

fn message(message: asked::Message) -> Result<Message, Failure> {
    let speaker = match message.speaker {
        asked::Speaker::System => Speaker::System,
        asked::Speaker::User => Speaker::User,
        asked::Speaker::Assistant => Speaker::Assistant,
        asked::Speaker::Tool => Speaker::Tool,
    };
    let tool_calls = message.tool_calls.into_iter().map(|asked::ToolCall { id, name, arguments }| {
        let arguments = json(&arguments, &format!("the arguments of the call `{}`", id.escape_debug()))?;
        Ok(ToolCall { id, name, arguments })
    });
    let tool_calls = tool_calls.collect::<Result<_, Failure>>()?;
    Ok(Message { speaker, content: message.content, tool_calls, answers: message.answers })
}

fn json(text: &str, what: &str) -> Result<Json, Failure> {
    Json::parse(text).map_err(|error| bad(&format!("{what} can't be read as JSON: {error}")))
}

fn bad(message: &str) -> Failure {
    Failure::new(FailureKind::BadInput, message)
}

fn replied(reply: JudgeReply) -> Reply {
    let call = |ToolCall { id, name, arguments }| asked::ToolCall { id, name, arguments: arguments.to_string() };
    Reply {
        text: reply.text,
        tool_calls: reply.tool_calls.into_iter().map(call).collect(),
        usage: used(reply.usage),
        cached: reply.cached,
    }
}

fn used(usage: model::judge::Usage) -> Usage {
    Usage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, cost: usage.cost }
}
