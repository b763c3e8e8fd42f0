//! Lines for the plugin's author.

use crate::bindings::log::{Host, Level};
use crate::guest::Guest;

impl Host for Guest {
    /// Always the same: what a guest does must not depend on who listens.
    fn enabled(&mut self, level: Level) -> wasmtime::Result<bool> {
        Ok(!matches!(level, Level::Trace | Level::Debug))
    }

    fn emit(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let (used, limits) = (&mut self.used, &self.granted.setup.limits);
        used.log_lines += 1;
        used.log_bytes += message.len() as u64;
        if used.log_lines > limits.log_lines || used.log_bytes > limits.log_bytes {
            used.log_dropped += 1;
            return Ok(());
        }
        let level = name(level);
        tracing::debug!(target: "karat::guest", level, "{}", message.escape_debug());
        self.output.push(format!("{level}: {message}\n").as_bytes());
        Ok(())
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
