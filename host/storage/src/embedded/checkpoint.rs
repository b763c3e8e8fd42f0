//! Writing out what finds things in the log, so that no frame before has to be replayed.
//!
//! A thread of its own does that while the log goes on. What it writes is in part newer than the mark says: frames are applied
//! again then, which changes nothing. That it is done is noted by the thread that writes the log.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use model::ports::StoreError;

use super::writer::Parts;

/// A checkpoint that is being written.
pub(super) struct Checkpoint {
    /// Sequence number of the first frame that it need not have.
    next: u64,
    /// None once it was waited for.
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Drop for Checkpoint {
    /// Nothing is written in the folder once the store's lock is gone.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Checkpoint {
    pub(super) fn begin(parts: &Parts) -> Result<Self, StoreError> {
        let (next, end) = (parts.appender.next(), parts.appender.end());
        parts.view.reach(end, next)?;
        let (traces, view, space) = (Arc::clone(&parts.traces), Arc::clone(&parts.view), parts.space.clone());
        let write = move || {
            traces.save(next, end, |bytes| space.check(bytes).is_ok())?;
            view.flush()
        };
        let thread = thread::Builder::new().name("store-checkpoint".to_owned()).spawn(write)?;
        Ok(Self { next, thread: Some(thread) })
    }

    pub(super) fn is_written(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it is written, and notes it.
    pub(super) fn finish(mut self, parts: &mut Parts) -> Result<(), StoreError> {
        let written = self.thread.take().map_or(Ok(Ok(())), JoinHandle::join);
        written.unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok(parts.appender.checkpoint(self.next)?)
    }
}

/// Writes a checkpoint while nothing else is written.
pub(super) fn write(parts: &mut Parts) -> Result<(), StoreError> {
    Checkpoint::begin(parts)?.finish(parts)
}
