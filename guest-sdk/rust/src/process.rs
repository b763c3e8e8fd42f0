//! Commands of the user's machine, outside the sandbox: by names that `plugin.toml` declares, spelled out by the suite and
//! allowed by the operator.
//!
//! Natively, as in unit tests, there are none.

use crate::failure::Failure;

#[cfg(target_family = "wasm")]
use crate::bindings::predicts::karat::eval::process as linked;

/// A command that goes on, from call to call where the instance does.
pub struct Conversation {
    #[cfg(target_family = "wasm")]
    linked: linked::Conversation,
}

/// Starts a command. `arguments` fill in what the suite left open.
///
/// # Errors
///
/// Fails as denied where suite or operator don't allow it, as unavailable where it can't be started.
pub fn start(command: &str, arguments: &[(&str, &str)]) -> Result<Conversation, Failure> {
    #[cfg(target_family = "wasm")]
    {
        let arguments: Vec<_> =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        linked::start(command, &arguments).map(|linked| Conversation { linked })
    }
    #[cfg(not(target_family = "wasm"))]
    {
        let _ = arguments;
        Err(Failure { code: crate::ErrorCode::Unsupported, message: format!("there is no command `{command}` here") })
    }
}

impl Conversation {
    /// Writes a line; its end is added.
    ///
    /// # Errors
    ///
    /// Fails as unavailable where the command reads no more, with its last words.
    pub fn write_line(&self, line: &str) -> Result<(), Failure> {
        #[cfg(target_family = "wasm")]
        return self.linked.write(format!("{line}\n").as_bytes());
        #[cfg(not(target_family = "wasm"))]
        unreachable!("there is no command to write `{line}` to")
    }

    /// Waits for the next line, without its end; none where the command has ended well.
    ///
    /// # Errors
    ///
    /// Fails as unavailable where the command broke off, with its last words.
    pub fn read_line(&self) -> Result<Option<Vec<u8>>, Failure> {
        #[cfg(target_family = "wasm")]
        return self.linked.read_line();
        #[cfg(not(target_family = "wasm"))]
        unreachable!("there is no command to read from")
    }
}
