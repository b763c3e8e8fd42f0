//! How a command ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::terminal::Terminal;

/// The exit codes that are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All gates hold, or there are none; the command did what it was asked.
    Done = 0,
    /// A gate failed, or a check found a problem.
    Failed = 1,
    /// What was asked is wrong; nothing was done.
    Wrong = 2,
    /// The run did not come to its end, or too many rows failed.
    Incomplete = 3,
}

/// A command that was cut short, with what the user is told.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
    pub(crate) hint: Option<String>,
}

impl Stop {
    /// What was asked is wrong.
    pub(crate) fn wrong(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Wrong, error: error.into(), hint: None }
    }

    /// What was asked is wrong, told in one sentence.
    pub(crate) fn message(text: impl fmt::Display) -> Self {
        Self::wrong(anyhow::anyhow!("{text}"))
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// With a hint, where there is one.
    pub(crate) fn hints(mut self, hint: Option<impl fmt::Display>) -> Self {
        self.hint = hint.map(|hint| hint.to_string()).or(self.hint);
        self
    }

    /// The same trouble after the run began.
    pub(crate) fn after_start(mut self) -> Self {
        self.exit = Exit::Incomplete;
        self
    }
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::wrong(error)
    }
}

/// Says what went wrong, if anything did.
pub(crate) fn code(done: Result<Exit, Stop>, terminal: &Terminal) -> ExitCode {
    let exit = done.unwrap_or_else(|stop| {
        if is_closed_pipe(&stop.error) {
            return Exit::Done;
        }
        terminal.error(&stop);
        stop.exit
    });
    ExitCode::from(exit as u8)
}

/// Whoever reads our output has seen enough, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
