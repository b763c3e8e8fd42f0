//! The thread that questions are asked on.
//!
//! Guests keep every thread of the host's runtime busy for a fraction of a millisecond at a time, and tasks there take
//! turns: a reply would stand behind all guests that are ready to run before the next question leaves. A thread of its
//! own is woken by the operating system, and a lane never lies idle while there is a question for it.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

pub(super) struct Thread {
    /// None once it is dropped.
    runtime: Option<Runtime>,
}

impl Thread {
    pub(super) fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("judges").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    pub(super) fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.runtime.as_ref().expect("it is there until it is dropped").spawn(task)
    }
}

impl Drop for Thread {
    /// Without waiting: whoever has the judges last may be a task of another runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
