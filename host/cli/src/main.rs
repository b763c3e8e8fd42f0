//! The command `karat`: reads what was typed, wires the crates together, and talks to the user.
//!
//! What is deliberately absent: rules of the business. A command computes nothing that a server could not compute with
//! the same crates.

mod args;
mod authority;
mod clock;
mod commands;
mod digest;
mod executable;
mod exit;
mod export;
mod git;
mod judging;
mod lock;
mod names;
mod progress;
mod prompted;
mod registry;
mod retention;
mod sink;
mod summary;
mod terminal;
mod traced;
mod wiring;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use reports::quantities;

use crate::args::Arguments;
use crate::terminal::Terminal;

/// Rows are many small allocations that one thread makes and another frees, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // What this program does when it was started by itself: not for users.
    match std::env::args_os().nth(1) {
        Some(verb) if verb == wiring::COMPILE => return compile(),
        Some(verb) if verb == wiring::WORK => return work(),
        _ => {}
    }
    let arguments = Arguments::parse();
    storage::silence_sled();
    start_log();
    let terminal = Terminal::new(arguments.json);
    let done = commands::run(arguments, &terminal);
    exit::code(done, &terminal)
}

/// Nobody hears what a worker says but its host.
fn work() -> ExitCode {
    if sandbox::work().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn compile() -> ExitCode {
    match sandbox::compile(std::io::stdin(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::from(status as u8)
        }
    }
}

/// Karat's own log: what goes wrong in a store, and for those who look for a fault `KARAT_LOG=debug`, or a filter such
/// as `sandbox=trace`.
fn start_log() {
    use tracing_subscriber::filter::{EnvFilter, LevelFilter};
    let builder = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into());
    let filter = match std::env::var("KARAT_LOG") {
        Ok(asked) => builder.parse_lossy(asked),
        Err(_) => builder.parse_lossy("storage=warn"),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.without_time().with_target(false).init();
}
