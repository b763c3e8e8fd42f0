//! What went wrong in a guest, in the words of the person who runs it.

use model::limits::CallLimits;
use model::outcome::{Failure, FailureKind};
use model::quantity::ByteSize;
use wasmtime::component::ResourceTableError;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::guest::Guest;
use crate::limits::Reached;

/// Lines of a guest's last output kept with a failure.
const LAST_LINES: usize = 20;

/// A backtrace in which one function fills this many frames is a recursion without end.
const RECURSION: usize = 16;

/// Turns an error of a call into a failure.
pub(crate) fn explain(error: &wasmtime::Error, guest: &Guest, limits: CallLimits) -> Failure {
    let said = guest.output.text();
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let (kind, message) = cause(error, guest, limits, &said, backtrace);
    let mut failure = Failure::new(kind, message);
    failure.detail = detail(backtrace, &said, guest.used.log_dropped);
    failure
}

fn cause(
    error: &wasmtime::Error,
    guest: &Guest,
    limits: CallLimits,
    said: &str,
    backtrace: Option<&WasmBacktrace>,
) -> (FailureKind, String) {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return (FailureKind::Exited, format!("ended itself with status {}", exit.0));
    }
    if let Some(reached) = error.downcast_ref::<Reached>() {
        return (reached.kind(), reached.text(limits));
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        let message = format!("held more than {} handles (`limits.handles`)", limits.handles);
        return (FailureKind::BudgetExceeded, message);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            return (FailureKind::OutOfFuel, format!("used up its fuel (`limits.fuel` is {})", limits.fuel));
        }
        Some(Trap::StackOverflow) => return stack(),
        // A compiled language keeps its own stack at the bottom of memory and runs out of that one first.
        Some(Trap::MemoryOutOfBounds) if backtrace.is_some_and(recurses) => return stack(),
        _ => {}
    }
    if let Some(asked) = guest.memory.refused() {
        return (FailureKind::OutOfMemory, out_of_memory(guest.memory.limit(), asked));
    }
    if let Some(message) = panic_message(said) {
        return (FailureKind::Panicked, format!("panicked: {message}"));
    }
    let root = error.root_cause().to_string();
    if root.contains("fuel allocated for hostcalls has been exhausted") {
        return (
            FailureKind::TooLarge,
            format!("its answer is larger than {} (`limits.output`)", ByteSize(limits.output)),
        );
    }
    (FailureKind::Trapped, root)
}

fn stack() -> (FailureKind, String) {
    (FailureKind::StackExhausted, "ran out of stack: it calls itself without end".to_owned())
}

fn out_of_memory(limit: u64, asked: u64) -> String {
    format!("ran out of memory (`limits.memory` is {}, it asked for {})", ByteSize(limit), ByteSize(asked))
}

fn recurses(backtrace: &WasmBacktrace) -> bool {
    let frames = backtrace.frames();
    let same = |index| frames.iter().filter(|frame| frame.func_index() == index).count();
    frames.iter().any(|frame| same(frame.func_index()) >= RECURSION)
}

/// The message and place of the last panic in what a guest said, as Rust's own hook or the SDK's writes it:
/// `panicked at PLACE:` and the message on the lines behind it.
fn panic_message(said: &str) -> Option<String> {
    let (_, panic) = said.rsplit_once("panicked at ")?;
    let (place, message) = panic.split_once(":\n").or_else(|| panic.split_once(": "))?;
    let message = message.split("\nnote: ").next().unwrap_or_default().trim();
    Some(format!("{message} ({place})"))
}

fn detail(backtrace: Option<&WasmBacktrace>, said: &str, dropped: u64) -> Option<String> {
    let mut text = backtrace.map(frames).unwrap_or_default();
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    if !lines.is_empty() {
        text.push_str("last output:\n");
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if dropped > 0 {
        text.push_str(&format!("{dropped} lines of log were dropped (`limits.log_lines`, `limits.log_bytes`)\n"));
    }
    (!text.is_empty()).then_some(text)
}

/// The guest's own calls, innermost first; a function that calls itself is told once.
fn frames(backtrace: &WasmBacktrace) -> String {
    let frames = backtrace.frames().iter().map(|frame| (name(frame), frame)).filter(|(name, _)| !is_machinery(name));
    let mut calls: Vec<(String, usize)> = Vec::new();
    for (name, frame) in frames {
        let name = line(frame).map_or(name.clone(), |line| format!("{name} at {line}"));
        match calls.last_mut() {
            Some((last, times)) if *last == name => *times += 1,
            _ => calls.push((name, 1)),
        }
    }
    let mut text = String::from("guest backtrace:\n");
    for (name, times) in calls {
        let often = if times > 1 { format!(" ({times} times)") } else { String::new() };
        text.push_str(&format!("  {name}{often}\n"));
    }
    text
}

/// File and line, where the plugin has that of its code.
fn line(frame: &FrameInfo) -> Option<String> {
    let symbol = frame.symbols().iter().find(|symbol| symbol.file().is_some())?;
    Some(format!("{}:{}", symbol.file()?, symbol.line()?))
}

fn name(frame: &FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
        None => format!("function {}", frame.func_index()),
    }
}

/// What Rust's standard library does between a panic and its end says nothing about the guest.
fn is_machinery(name: &str) -> bool {
    const MACHINERY: [&str; 5] = ["std::", "core::panicking", "alloc::alloc", "__rustc::", "abort"];
    MACHINERY.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_by_its_message_and_place() {
        let rust = "\nthread '<unnamed>' (1) panicked at src/lib.rs:16:20:\nthe answer was 42\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(panic_message(rust).as_deref(), Some("the answer was 42 (src/lib.rs:16:20)"));
        let logged = "error: panicked at src/lib.rs:16:20: the answer was 42\n";
        assert_eq!(panic_message(logged).as_deref(), Some("the answer was 42 (src/lib.rs:16:20)"));
        assert_eq!(panic_message("all is well"), None);
    }
}
