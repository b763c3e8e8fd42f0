//! Looking at a whole store, and mending what can be mended.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use model::judge::Exchange;
use model::ports::StoreError;
use model::report::Report;
use model::run::RunHeader;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::digested::{Digested, Folders};
use super::layout;
use crate::documents::{self, frames::DOCUMENTS};
use crate::files::Files;
use crate::log::frame::Frame;
use crate::log::{self, Address, Found, Opened, Stored};
use crate::operation::{self, EXCHANGES, HEADER, REPORT, RESULTS};
use crate::results;
use crate::traces::{self, Traces, frames::is_of_traces};
use crate::view::{self, Changes, HeadedFrame, View};

/// What there is in a store, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Frames of the log, those included that were replaced or deleted.
    pub frames: u64,
    /// Bytes of the frames.
    pub bytes: u64,
    pub runs: u64,
    pub traces: u64,
    pub datasets: u64,
    pub documents: u64,
    pub blobs: u64,
    /// What was lost or can't be read, in words, each with its place.
    pub problems: Vec<String>,
    /// What is wrong and mends itself.
    pub notes: Vec<String>,
}

/// Reads everything in the store in `root`, which nobody else uses.
pub(super) fn check(root: &Path, files: &Arc<dyn Files>, segment_bytes: u64) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let opened = log::open(Arc::clone(files), &root.join("log"), segment_bytes);
    if let Err(StoreError::Damaged { what }) = &opened {
        findings.problems.push(what.clone());
    }
    let expected = read_log(&**files, root, &mut findings)?;
    match opened {
        Ok(opened) => {
            check_view(root, &opened, &expected, &mut findings)?;
            // What the index should be is only known from a log that is whole.
            if findings.problems.is_empty() {
                let (traces, differences) =
                    Traces::compare(files, &root.join("traces"), &opened.log, &opened.appender)?;
                findings.traces = traces;
                findings.notes.extend(differences);
            }
        }
        Err(StoreError::Damaged { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(findings)
}

/// Reads every frame. Returns what the view should be.
fn read_log(files: &dyn Files, root: &Path, findings: &mut Findings) -> Result<Changes<'static>, StoreError> {
    let mut expected = Changes::from_nothing();
    let mut digests = BTreeSet::new();
    log::inspect(files, &root.join("log"), |found| match found {
        Found::Frame(address, frame) => {
            findings.frames += 1;
            findings.bytes += u64::from(address.length);
            match read_frame(&mut expected, address, &frame) {
                Ok(digest) => digests.extend(digest),
                Err(error) => findings.problems.push(text(error)),
            }
        }
        // Said in better words by opening the log.
        Found::Broken(_) if !findings.problems.is_empty() => {}
        Found::Broken(what) => findings.problems.push(what),
    })?;
    findings.runs = expected.keys(view::keys::RUNS)?.len() as u64;
    findings.documents = expected.keys(view::keys::DOCUMENTS)?.len() as u64;
    let Folders { datasets, blobs } = Folders::open(root)?;
    // Datasets of runs that were deleted may be gone.
    for digest in digests {
        if datasets.contains(&digest)? {
            findings.datasets += 1;
            check_content(&datasets, &digest, findings);
        }
    }
    // Which of them documents name is not known here.
    for digest in blobs.list()? {
        findings.blobs += 1;
        check_content(&blobs, &digest, findings);
    }
    Ok(expected)
}

/// Reads all of a frame. Returns the dataset that it names.
fn read_frame(expected: &mut Changes<'_>, address: Address, frame: &Frame<'_>) -> Result<Option<String>, StoreError> {
    if is_of_traces(frame.kind) {
        return traces::check(frame.kind, frame.payload, address).map(|()| None);
    }
    let stored = Stored { kind: frame.kind, sequence: frame.sequence, payload: frame.payload.to_vec() };
    if frame.kind == DOCUMENTS {
        documents::check_frame(&stored, address)?;
        return HeadedFrame::read(frame.kind, frame.sequence, frame.payload, address)?.apply(expected).map(|()| None);
    }
    let (_, body) = operation::open(&stored, address)?;
    HeadedFrame::read(frame.kind, frame.sequence, frame.payload, address)?.apply(expected)?;
    let unreadable = |error: serde_json::Error| operation::unreadable(address, &format!("its document ({error})"));
    match frame.kind {
        HEADER => {
            let header: RunHeader = serde_json::from_slice(&body).map_err(unreadable)?;
            return Ok(Some(header.data.digest));
        }
        REPORT => drop(serde_json::from_slice::<Report>(&body).map_err(unreadable)?),
        EXCHANGES => drop(serde_json::from_slice::<Vec<Exchange>>(&body).map_err(unreadable)?),
        RESULTS => {
            let places = results::places(&body).ok_or_else(|| operation::unreadable(address, "its body"))?;
            for (place, range) in places {
                results::read(&body[range], place).map_err(|why| operation::unreadable(address, &why))?;
            }
        }
        _ => {}
    }
    Ok(None)
}

/// Reads all of a file, which verifies its digest.
fn check_content(files: &Digested, digest: &str, findings: &mut Findings) {
    if let Err(error) = files.read(digest).and_then(|mut bytes| Ok(io::copy(&mut bytes, &mut io::sink())?)) {
        findings.problems.push(text(error));
    }
}

fn check_view(
    root: &Path,
    Opened { log, appender, viewed }: &Opened,
    expected: &Changes<'_>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    match View::open_whole(&root.join("view"), log, appender, *viewed) {
        Ok(view) => findings.notes.extend(view.differences(expected)?),
        Err(error) => findings.notes.push(text(error)),
    }
    Ok(())
}

/// Makes the view anew, and before that, where the log is damaged, a log of what can still be read.
/// Returns what could not be.
pub(super) fn rebuild(root: &Path, files: &Arc<dyn Files>, segment_bytes: u64) -> Result<Vec<String>, StoreError> {
    let opened = log::open(Arc::clone(files), &root.join("log"), segment_bytes);
    // Before another log takes the place of the one that they are of.
    layout::remove_folder(&root.join("view"))?;
    layout::remove_folder(&root.join("traces"))?;
    let lost = match opened.map(drop) {
        // Opening reads no further than it has to.
        Ok(()) if is_whole(&**files, root)? => Vec::new(),
        Ok(()) | Err(StoreError::Damaged { .. }) => salvage(root, files, segment_bytes)?,
        Err(error) => return Err(error),
    };
    Ok(lost)
}

/// Whether every frame of the log is.
fn is_whole(files: &dyn Files, root: &Path) -> io::Result<bool> {
    let mut is_whole = true;
    log::inspect(files, &root.join("log"), |found| is_whole &= matches!(found, Found::Frame(..)))?;
    Ok(is_whole)
}

/// Copies the whole frames of the log to a new one, which takes its place. The old one is kept as `log.damaged`.
fn salvage(root: &Path, files: &Arc<dyn Files>, segment_bytes: u64) -> Result<Vec<String>, StoreError> {
    let (old, new) = (root.join("log"), root.join("log.new"));
    let (mut lost, mut last) = (Vec::new(), 0);
    log::inspect(&**files, &old, |found| match found {
        Found::Frame(_, frame) => last = last.max(frame.sequence),
        Found::Broken(what) => lost.push(what),
    })?;
    layout::remove_folder(&new)?;
    layout::folder(&new)?;
    // What comes later must be newer than everything that is copied.
    log::begin(&**files, &new, last + 1)?;
    let mut appender = log::open(Arc::clone(files), &new, segment_bytes)?.appender;
    let mut copied = Ok(());
    log::inspect(&**files, &old, |found| {
        if let Found::Frame(address, frame) = found
            && copied.is_ok()
        {
            copied = copy(address, &frame).and_then(|payload| Ok(appender.append(&[payload])?)).map(drop);
        }
    })?;
    copied?;
    renameat_with(CWD, &new, CWD, &old, RenameFlags::EXCHANGE).map_err(io::Error::from)?;
    let damaged = root.join("log.damaged");
    layout::remove_folder(&damaged)?;
    fs::rename(&new, &damaged)?;
    layout::sync_folder(root)?;
    Ok(lost)
}

fn copy(address: Address, frame: &Frame<'_>) -> Result<operation::Payload, StoreError> {
    if is_of_traces(frame.kind) {
        return traces::copy(frame.kind, frame.sequence, frame.payload, address);
    }
    if frame.kind == DOCUMENTS {
        return documents::frames::copy_whole(frame.sequence, frame.payload, address);
    }
    let stored = Stored { kind: frame.kind, sequence: frame.sequence, payload: frame.payload.to_vec() };
    let (head, body) = operation::open(&stored, address)?;
    operation::copy(frame.kind, &head, view::as_of(&head, frame.sequence), &body)
}

fn text(error: StoreError) -> String {
    match error {
        StoreError::Damaged { what } => what,
        StoreError::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
