//! Answers on their way to a worker, which the host holds for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::outcome::Failure;
use model::ports::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::protocol::{Head, Told};

/// All of one worker, by the number that it gave them.
#[derive(Default)]
pub(super) struct Streams(Mutex<HashMap<u64, Stream>>);

struct Stream {
    reads: UnboundedSender<u32>,
    task: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Streams {
    /// Takes what `opening` will give, and tells the worker of it as it asks.
    pub(super) fn begin(
        &self,
        number: u64,
        opening: impl Future<Output = Result<Box<dyn Incoming>, Failure>> + Send + 'static,
        tell: UnboundedSender<Told>,
    ) {
        let (reads, to_read) = unbounded_channel();
        let task = tokio::spawn(async move { serve(number, opening.await, &tell, to_read).await }).abort_handle();
        self.streams().insert(number, Stream { reads, task });
    }

    pub(super) fn read(&self, number: u64, most: u32) {
        // One that failed to open has nobody who reads it.
        let _ = self.streams().get(&number).map(|stream| stream.reads.send(most));
    }

    /// Closes the connection, also one that is not there yet.
    pub(super) fn end(&self, number: u64) {
        self.streams().remove(&number);
    }

    pub(super) fn end_all(&self) {
        self.streams().clear();
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<u64, Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(
    number: u64,
    opened: Result<Box<dyn Incoming>, Failure>,
    tell: &UnboundedSender<Told>,
    mut reads: UnboundedReceiver<u32>,
) {
    let head = opened.as_ref().map(|body| Head { status: body.status(), headers: body.headers().to_vec() });
    // A worker that is gone is noticed by its end.
    let _ = tell.send(Told::Opened { number, answer: head.map_err(|failure| failure.clone().into()) });
    let Ok(mut body) = opened else { return };
    while let Some(most) = reads.recv().await {
        let answer = body.read(most).await.map_err(Into::into);
        let _ = tell.send(Told::Read { number, answer });
    }
}
