//! What a blocking thread produces, for tasks that wait.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::rows::RowsError;

/// Items that cross at once: waking a thread for each would cost more than most items do.
const BATCH: usize = 64;
const BATCHES: usize = 2;

/// Items in the order they were produced; any number of tasks can take from it.
pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
}

struct Waiting<T> {
    items: VecDeque<T>,
    batches: mpsc::Receiver<Vec<T>>,
}

/// Runs `produce` on a thread of its own. It is told to stop when the queue is dropped; the handle says how it ended.
pub(crate) fn feed<T: Send + 'static>(
    produce: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) -> Result<(), RowsError> + Send + 'static,
) -> (Queue<T>, JoinHandle<Result<(), RowsError>>) {
    let (sender, batches) = mpsc::channel(BATCHES);
    let producer = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        produce(&mut |item| {
            batch.push(item);
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            send(&sender, std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
        })?;
        let _ = send(&sender, batch);
        Ok(())
    });
    (Queue { waiting: Mutex::new(Waiting { items: VecDeque::new(), batches }) }, producer)
}

fn send<T>(sender: &mpsc::Sender<Vec<T>>, batch: Vec<T>) -> ControlFlow<()> {
    match sender.blocking_send(batch) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

impl<T> Queue<T> {
    /// The next item; none when there are no more. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&self) -> Option<T> {
        let mut waiting = self.waiting.lock().await;
        loop {
            if let Some(item) = waiting.items.pop_front() {
                return Some(item);
            }
            let batch = waiting.batches.recv().await?;
            waiting.items.extend(batch);
        }
    }
}
