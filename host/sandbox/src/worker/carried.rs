//! What the host does for a worker, and gives up when the worker's guest is not there any more.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::outcome::Failure;
use model::ports::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::protocol::{Head, Told};

/// All errands of one worker, by the number that it gave them.
#[derive(Default)]
pub(super) struct Carried(Mutex<HashMap<u64, Errand>>);

struct Errand {
    /// Of an answer that comes over time: how much more is wanted.
    reads: Option<UnboundedSender<u32>>,
    task: AbortHandle,
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Carried {
    pub(super) fn begin(&self, number: u64, errand: impl Future<Output = ()> + Send + 'static) {
        self.keep(number, None, errand);
    }

    /// Takes the answer that `opening` will give, and tells the worker of it as it asks.
    pub(super) fn open(
        &self,
        number: u64,
        opening: impl Future<Output = Result<Box<dyn Incoming>, Failure>> + Send + 'static,
        tell: UnboundedSender<Told>,
    ) {
        let (reads, to_read) = unbounded_channel();
        self.keep(number, Some(reads), async move { serve(number, opening.await, &tell, to_read).await });
    }

    fn keep(
        &self,
        number: u64,
        reads: Option<UnboundedSender<u32>>,
        errand: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut errands = self.errands();
        // A worker that never says that it is done is not to be trusted with that.
        errands.retain(|_, errand| !errand.task.is_finished());
        errands.insert(number, Errand { reads, task: tokio::spawn(errand).abort_handle() });
    }

    pub(super) fn read(&self, number: u64, most: u32) {
        // One that failed to open has nobody who reads it.
        let _ = self.errands().get(&number).and_then(|errand| errand.reads.as_ref()).map(|reads| reads.send(most));
    }

    /// Gives it up, if it is not done. An answer on its way is a connection that is closed.
    pub(super) fn end(&self, number: u64) {
        self.errands().remove(&number);
    }

    pub(super) fn end_all(&self) {
        self.errands().clear();
    }

    fn errands(&self) -> MutexGuard<'_, HashMap<u64, Errand>> {
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
