//! Other processes of this sandbox.

use std::path::PathBuf;

use tokio::process::Command;

/// A program that does one of the sandbox's jobs in a process of its own, and how it is told which.
#[derive(Clone, Debug)]
pub struct Program {
    pub program: PathBuf,
    pub arguments: Vec<String>,
}

impl Program {
    /// Starts it with nothing of this process, and ends it with whoever waits for it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().kill_on_drop(true);
        command
    }
}
