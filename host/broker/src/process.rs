//! Commands of this machine that the operator allowed. Nothing here is sandboxed: a command may do what the user may.
//!
//! A command is a program with its arguments, never a line for a shell. It is started in the suite's folder, with the
//! user's environment, in a process group of its own: what it started ends with it, unless it left the group.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use model::grant::CommandRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{Completed, Conversation, ProcessDoor};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// Bytes of the last words of a command that are kept.
const LAST_WORDS: usize = 2000;

/// For what follows at once: the end of a command that has closed a pipe, the end of a pipe whose command has ended.
const GRACE: Duration = Duration::from_secs(1);

/// The commands that can be run.
pub struct Commands {
    /// What relative paths are relative to.
    folder: PathBuf,
    /// Names that the operator allowed.
    allowed: BTreeSet<String>,
}

impl Commands {
    /// `folder` is the suite's.
    pub fn new(folder: PathBuf, allowed: BTreeSet<String>) -> Self {
        Self { folder, allowed }
    }

    fn spawn(&self, rule: &CommandRule, arguments: &[(String, String)]) -> Result<(Group, Pipes), Failure> {
        let name = &rule.name;
        if !self.allowed.contains(name) {
            return Err(failure(FailureKind::Denied, format!("the operator has not allowed the command `{name}`")));
        }
        let parts = rule.run.iter().map(|part| filled(part, arguments)).collect::<Result<Vec<_>, _>>()?;
        let [program, arguments @ ..] = &parts[..] else {
            return Err(failure(FailureKind::Denied, format!("nobody said what the command `{name}` is")));
        };
        let mut command = Command::new(self.program(program));
        command.args(arguments).current_dir(&self.folder).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| {
            failure(FailureKind::Unavailable, format!("the command `{name}` can't be started: `{program}`: {error}"))
        })?;
        tracing::debug!(name, program, "a command was started");
        Ok(Group::of(child))
    }

    /// A path is relative to the suite's folder; a bare name is looked for as a shell would.
    fn program(&self, program: &str) -> PathBuf {
        if program.contains('/') { self.folder.join(program) } else { Path::new(program).to_owned() }
    }
}

/// A part of a command with what the plugin fills in. What was filled in is not looked at again.
fn filled(part: &str, arguments: &[(String, String)]) -> Result<String, Failure> {
    let bad = |message: String| Err(failure(FailureKind::BadInput, message));
    let (mut filled, mut rest) = (String::new(), part);
    while let Some((before, (name, behind))) =
        rest.split_once("{{").and_then(|(before, open)| Some((before, open.split_once("}}")?)))
    {
        let Some((_, value)) = arguments.iter().find(|(argument, _)| argument == name) else {
            return bad(format!("nothing was said to fill in for `{{{{{name}}}}}` in `{part}`"));
        };
        if value.contains('\0') {
            return bad(format!("an argument has no zero byte, and what `{name}` is to be has one"));
        }
        filled.extend([before, value]);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[async_trait]
impl ProcessDoor for Commands {
    async fn run(
        &self,
        rule: &CommandRule,
        arguments: &[(String, String)],
        stdin: Vec<u8>,
        most: u64,
    ) -> Result<Completed, Failure> {
        let (mut group, Pipes { mut input, output, errors }) = self.spawn(rule, arguments)?;
        let feed = async move {
            // A command need not read all of it.
            let _ = input.write_all(&stdin).await;
        };
        let (mut stdout, mut stderr) = (Taken::default(), Taken::default());
        let ended = {
            let pipes = async { tokio::join!(feed, stdout.take(output, most), stderr.take(errors, most)) };
            tokio::pin!(pipes);
            tokio::select! {
                _ = &mut pipes => group.ended().await,
                ended = group.ended() => {
                    // Somebody who left the group may hold them for ever.
                    let _ = timeout(GRACE, pipes).await;
                    ended
                }
            }
        };
        let exit_code = ended.and_then(|status| status.code());
        Ok(Completed { exit_code, truncated: stdout.more || stderr.more, stdout: stdout.bytes, stderr: stderr.bytes })
    }

    async fn start(
        &self,
        rule: &CommandRule,
        arguments: &[(String, String)],
    ) -> Result<Box<dyn Conversation>, Failure> {
        let (group, Pipes { input, output, errors }) = self.spawn(rule, arguments)?;
        let last_words = Arc::new(LastWords::default());
        let listening = tokio::spawn(listen(errors, Arc::clone(&last_words), rule.name.clone()));
        let output = BufReader::new(output);
        Ok(Box::new(Talk { name: rule.name.clone(), group, input, output, last_words, listening, over: None }))
    }
}

/// The three ends of ours.
struct Pipes {
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

/// A command and everything it started. None of them outlives it, nor this.
struct Group {
    leader: Pid,
    /// How the command ended, once it has.
    end: watch::Receiver<Option<ExitStatus>>,
}

impl Group {
    fn of(mut child: tokio::process::Child) -> (Self, Pipes) {
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it was just started");
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pipes =
            Pipes { input: input.expect("a pipe"), output: output.expect("a pipe"), errors: errors.expect("a pipe") };
        let (tell, end) = watch::channel(None);
        tokio::spawn(async move {
            let ended = child.wait().await;
            // At once, while the number can't mean anybody else.
            let _ = kill_process_group(leader, Signal::KILL);
            let _ = tell.send(ended.ok());
        });
        (Self { leader, end }, pipes)
    }

    /// Waits for the end of the command; none where it can't be told how that was.
    async fn ended(&mut self) -> Option<ExitStatus> {
        self.end.wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }

    fn kill(&self) {
        // Afterwards the number may be another's.
        if self.end.borrow().is_none() && self.end.has_changed().is_ok() {
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first bytes of a pipe.
#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    /// There were more.
    more: bool,
}

impl Taken {
    /// Reads a pipe to its end.
    async fn take(&mut self, mut pipe: impl AsyncRead + Unpin, most: u64) {
        // What can't be read any more has ended.
        let _ = (&mut pipe).take(most).read_to_end(&mut self.bytes).await;
        let mut beyond = [0; 4096];
        while let Ok(1..) = pipe.read(&mut beyond).await {
            self.more = true;
        }
    }
}

/// A command that goes on.
struct Talk {
    name: String,
    group: Group,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_words: Arc<LastWords>,
    listening: tokio::task::JoinHandle<()>,
    /// How it ended, once it has; none where it ended well.
    over: Option<Option<Failure>>,
}

#[async_trait]
impl Conversation for Talk {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(Some(failure)) = &self.over {
            return Err(failure.clone());
        }
        let written = match self.input.write_all(bytes).await {
            Ok(()) => self.input.flush().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(()),
            Err(_) => Err(self.broken("reads no more").await),
        }
    }

    async fn read_line(&mut self, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(over) = &self.over {
            return over.clone().map_or(Ok(None), Err);
        }
        let mut line = Vec::new();
        // What can't be read any more has ended.
        let _ = (&mut self.output).take(most.saturating_add(1)).read_until(b'\n', &mut line).await;
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if line.len() as u64 > most {
            let message = format!("a line of the command `{}` has more than {most} bytes", self.name);
            // What follows would be taken for another line.
            self.group.kill();
            return Err(self.end(failure(FailureKind::TooLarge, message)));
        }
        match timeout(GRACE, self.group.ended()).await {
            Ok(Some(status)) if status.success() && line.is_empty() => {
                self.over = Some(None);
                Ok(None)
            }
            _ => Err(self.broken("says no more").await),
        }
    }
}

impl Talk {
    /// Why there will be no answer, once the command has said all it had to say. One that goes on all the same is ended.
    async fn broken(&mut self, otherwise: &str) -> Failure {
        let how = match timeout(GRACE, self.group.ended()).await {
            Ok(Some(status)) => format!("ended: {status}"),
            Ok(None) => "is gone".to_owned(),
            Err(_) => otherwise.to_owned(),
        };
        self.group.kill();
        let _ = timeout(GRACE, &mut self.listening).await;
        let mut failure = failure(FailureKind::Unavailable, format!("the command `{}` {how}", self.name));
        let said = self.last_words.text();
        if let Some(last) = said.lines().rfind(|line| !line.trim().is_empty()) {
            failure.message.push_str(&format!(", and said: {}", last.trim()));
        }
        self.end(failure)
    }

    fn end(&mut self, failure: Failure) -> Failure {
        self.over = Some(Some(failure.clone()));
        failure
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The end of what a command wrote to standard error.
#[derive(Default)]
struct LastWords(Mutex<VecDeque<u8>>);

impl LastWords {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let beyond = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..beyond);
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<_>>()).into_owned()
    }
}

/// Keeps the last words, and passes all of them on to the log.
async fn listen(mut errors: impl AsyncRead + Unpin, last_words: Arc<LastWords>, name: String) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = errors.read(&mut bytes).await {
        last_words.push(&bytes[..read]);
        tracing::debug!(target: "karat::command", name, "{}", String::from_utf8_lossy(&bytes[..read]).escape_debug());
    }
}

fn failure(kind: FailureKind, message: String) -> Failure {
    Failure::new(kind, message)
}
