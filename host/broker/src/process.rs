//! Commands of this machine that the operator allowed. Nothing here is sandboxed: a command may do what the user may.
//!
//! A command is a program with its arguments, never a line for a shell. It is started in the suite's folder, with the
//! user's environment, in a process group of its own that ends with it.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::grant::CommandRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{Completed, Conversation, ProcessDoor};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Bytes of the last words of a command that are kept.
const LAST_WORDS: usize = 2000;

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

    fn spawn(&self, rule: &CommandRule, arguments: &[(String, String)]) -> Result<Group, Failure> {
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
        Ok(Group { child })
    }

    /// A path is relative to the suite's folder; a bare name is looked for as a shell would.
    fn program(&self, program: &str) -> PathBuf {
        if program.contains('/') { self.folder.join(program) } else { Path::new(program).to_owned() }
    }
}

/// A part of a command with what the plugin fills in.
fn filled(part: &str, arguments: &[(String, String)]) -> Result<String, Failure> {
    let mut filled = part.to_owned();
    for (name, value) in arguments {
        filled = filled.replace(&format!("{{{{{name}}}}}"), value);
    }
    match filled.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")) {
        Some((open, _)) if part.contains(&format!("{{{{{open}}}}}")) => {
            Err(failure(FailureKind::BadInput, format!("nothing was said to fill in for `{{{{{open}}}}}` in `{part}`")))
        }
        _ => Ok(filled),
    }
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
        let mut group = self.spawn(rule, arguments)?;
        let (input, output, errors) = group.pipes();
        let feed = async move {
            let mut input = input;
            // A command need not read all of it.
            let _ = input.write_all(&stdin).await;
        };
        let (_, stdout, stderr, ended) =
            tokio::join!(feed, first_bytes(output, most), first_bytes(errors, most), group.child.wait());
        let ended = ended.map_err(|error| failure(FailureKind::Unavailable, error.to_string()))?;
        let ((stdout, cut), (stderr, cut_too)) = (stdout, stderr);
        Ok(Completed { exit_code: ended.code(), stdout, stderr, truncated: cut || cut_too })
    }

    async fn start(
        &self,
        rule: &CommandRule,
        arguments: &[(String, String)],
    ) -> Result<Box<dyn Conversation>, Failure> {
        let mut group = self.spawn(rule, arguments)?;
        let (input, output, errors) = group.pipes();
        let last_words = Arc::new(LastWords::default());
        let listening = tokio::spawn(listen(errors, Arc::clone(&last_words), rule.name.clone()));
        let output = BufReader::new(output);
        Ok(Box::new(Talk { name: rule.name.clone(), group, input, output, last_words, listening }))
    }
}

/// A command and everything it started.
struct Group {
    child: Child,
}

impl Group {
    fn pipes(&mut self) -> (ChildStdin, ChildStdout, tokio::process::ChildStderr) {
        let Child { stdin, stdout, stderr, .. } = &mut self.child;
        let (input, output, errors) = (stdin.take(), stdout.take(), stderr.take());
        (input.expect("a pipe"), output.expect("a pipe"), errors.expect("a pipe"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // None once its end has been seen.
        let leader = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// The first bytes of a pipe, and whether there were more. It is read to its end.
async fn first_bytes(mut pipe: impl AsyncRead + Unpin, most: u64) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    // What can't be read any more has ended.
    let _ = (&mut pipe).take(most).read_to_end(&mut bytes).await;
    let more = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    (bytes, more.is_ok_and(|more| more > 0))
}

/// A command that goes on.
struct Talk {
    name: String,
    group: Group,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_words: Arc<LastWords>,
    listening: tokio::task::JoinHandle<()>,
}

#[async_trait]
impl Conversation for Talk {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match self.input.write_all(bytes).await {
            Ok(()) => self.input.flush().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(()),
            Err(_) => Err(self.broken().await),
        }
    }

    async fn read_line(&mut self, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        let mut line = Vec::new();
        let read = (&mut self.output).take(most.saturating_add(1)).read_until(b'\n', &mut line).await;
        if read.is_err() {
            return Err(self.broken().await);
        }
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if line.len() as u64 > most {
            let message = format!("a line of the command `{}` has more than {most} bytes", self.name);
            return Err(failure(FailureKind::TooLarge, message));
        }
        match (line.is_empty(), self.ended().await) {
            (true, Some(status)) if status.success() => Ok(None),
            _ => Err(self.broken().await),
        }
    }
}

impl Talk {
    async fn ended(&mut self) -> Option<ExitStatus> {
        self.group.child.wait().await.ok()
    }

    /// Why there will be no answer, once the command is over and has said all it had to say.
    async fn broken(&mut self) -> Failure {
        let ended = self.ended().await.map_or_else(|| "is gone".to_owned(), |status| format!("ended: {status}"));
        let _ = (&mut self.listening).await;
        let mut failure = failure(FailureKind::Unavailable, format!("the command `{}` {ended}", self.name));
        let said = self.last_words.text();
        if let Some(last) = said.lines().rfind(|line| !line.trim().is_empty()) {
            failure.message.push_str(&format!(", and said: {}", last.trim()));
        }
        failure
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
