//! What `karat doctor` does to a store: reading all of it, mending it, giving back space.

use std::path::Path;

use bytesize::ByteSize;
use serde_json::json;
use storage::EmbeddedStore;

use crate::exit::{Exit, Stop};
use crate::quantities::counted;
use crate::terminal::Terminal;
use crate::wiring;

/// `karat doctor --check`
pub(crate) fn check(folder: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let findings = EmbeddedStore::check(folder).map_err(wiring::store_error)?.ok_or_else(|| none(folder))?;
    let is_whole = findings.problems.is_empty();
    if terminal.is_json() {
        terminal.json(&json!({
            "whole": is_whole, "runs": findings.runs, "traces": findings.traces, "datasets": findings.datasets,
            "documents": findings.documents, "blobs": findings.blobs, "records": findings.frames, "bytes": findings.bytes,
            "problems": findings.problems, "notes": findings.notes,
        }))?;
    } else {
        terminal.data(format_args!(
            "{} {}, {}{}, {}{}{} in {}",
            if is_whole { "ok  " } else { "FAIL" },
            counted(findings.runs, "run"),
            if findings.traces > 0 { counted(findings.traces, "trace") + ", " } else { String::new() },
            counted(findings.datasets, "dataset"),
            if findings.documents > 0 { counted(findings.documents, "document") + ", " } else { String::new() },
            if findings.blobs > 0 { counted(findings.blobs, "file") + ", " } else { String::new() },
            counted(findings.frames, "record"),
            ByteSize(findings.bytes)
        ))?;
        for problem in &findings.problems {
            terminal.data(format_args!("     {problem}"))?;
        }
        for note in &findings.notes {
            terminal.data(format_args!("     mends itself: {note}"))?;
        }
        if !is_whole {
            terminal.data(format_args!("     hint: `karat doctor --rebuild` saves what is whole"))?;
        }
    }
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

/// `karat doctor --rebuild`
pub(crate) fn rebuild(folder: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let lost = EmbeddedStore::rebuild(folder).map_err(wiring::store_error)?.ok_or_else(|| none(folder))?;
    if terminal.is_json() {
        terminal.json(&json!({ "lost": lost }))?;
    } else if lost.is_empty() {
        terminal.data(format_args!("made the index anew; nothing is lost"))?;
    } else {
        terminal
            .data(format_args!("saved what is whole; `{}` keeps the rest", folder.join("log.damaged").display()))?;
        for place in &lost {
            terminal.data(format_args!("     lost: {place}"))?;
        }
        terminal.data(format_args!("     hint: `karat eval --resume RUN` scores again what a run lost"))?;
    }
    Ok(if lost.is_empty() { Exit::Done } else { Exit::Failed })
}

/// `karat doctor --compact`
pub(crate) fn compact(folder: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = wiring::existing_store(folder)?.ok_or_else(|| none(folder))?;
    let before = store.log_bytes()?;
    wiring::runtime()?.block_on(store.compact()).map_err(wiring::store_error)?;
    let after = store.log_bytes()?;
    if terminal.is_json() {
        terminal.json(&json!({ "before": before, "after": after }))?;
    } else {
        terminal.data(format_args!("{} before, {} now", ByteSize(before), ByteSize(after)))?;
    }
    Ok(Exit::Done)
}

pub(super) fn none(folder: &Path) -> Stop {
    Stop::message(format_args!("there is no store in `{}`", folder.display()))
        .hint("the first run makes one; name another with `--store FOLDER`")
}
