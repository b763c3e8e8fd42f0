//! A plugin in a process of its own: the host's side.
//!
//! One worker for each plugin: what breaks out of its instances finds the rows of that plugin and nothing else. A worker
//! has no keys, no files and no network; what it wants of the world it asks its host for, who looks at its own copy of
//! the grant. Calls that a worker takes along when it ends are made once more, each alone, so that the one that ends
//! workers is found.

#[cfg(target_os = "linux")]
mod confine;
mod connection;
mod protocol;
mod serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use model::outcome::{Failure, FailureKind};
use tokio::sync::{Mutex, RwLock};
use tokio_util::bytes::Bytes;

pub use serve::work;

use crate::bindings::{describe, types};
use crate::instances::{Answer, Setup, Turn};
use crate::load::LoadError;
use crate::shared::Shared;
use connection::{Call, Connection};

/// How much longer than its calls may take a worker has for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A plugin that lives elsewhere.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    code: Bytes,
    connection: Mutex<Arc<Connection>>,
    /// Held by all calls together, or by one that is made again.
    alone: RwLock<()>,
    assignments: AtomicU32,
}

impl Worker {
    /// Starts a worker with compiled code, and has the plugin describe itself there.
    pub(crate) async fn start(
        shared: &Arc<Shared>,
        code: Vec<u8>,
    ) -> Result<(Arc<Self>, describe::PluginDescription), LoadError> {
        let code = Bytes::from(code);
        let (connection, description) = Connection::open(shared, code.clone()).await?;
        let worker = Self {
            shared: Arc::clone(shared),
            code,
            connection: Mutex::new(connection),
            alone: RwLock::default(),
            assignments: AtomicU32::default(),
        };
        Ok((Arc::new(worker), description))
    }

    /// Prepares calls for one run.
    pub(crate) fn assign(self: &Arc<Self>, setup: Setup) -> Assigned {
        let assignment = self.assignments.fetch_add(1, Ordering::Relaxed);
        Assigned { worker: Arc::clone(self), assignment, setup: Arc::new(setup) }
    }

    /// The worker that lives, a new one where the last has ended.
    async fn connection(&self) -> Result<Arc<Connection>, String> {
        let mut connection = self.connection.lock().await;
        if connection.is_closed() {
            let opened = Connection::open(&self.shared, self.code.clone()).await;
            (*connection, _) = opened.map_err(|error| error.to_string())?;
        }
        Ok(Arc::clone(&connection))
    }
}

/// What one run has a worker do.
pub(crate) struct Assigned {
    worker: Arc<Worker>,
    assignment: u32,
    setup: Arc<Setup>,
}

impl Assigned {
    /// Makes some calls on a row, one after the other.
    pub(crate) async fn answers(&self, row: &types::Row, turns: Vec<Turn>) -> Vec<Answer> {
        self.insist(row, &turns, false).await
    }

    /// Makes a call in an instance that has seen nothing else and will not.
    pub(crate) async fn fresh_answer(&self, row: &types::Row, turn: Turn) -> Answer {
        self.insist(row, &[turn], true).await.pop().expect("an answer to each call")
    }

    async fn insist(&self, row: &types::Row, turns: &[Turn], fresh: bool) -> Vec<Answer> {
        let together = self.worker.alone.read().await;
        let lost = match self.attempt(row, turns, fresh).await {
            Ok(answers) => return answers,
            Err(lost) => lost,
        };
        drop(together);
        tracing::debug!("made again, alone: {lost}");
        let _alone = self.worker.alone.write().await;
        self.attempt(row, turns, fresh).await.unwrap_or_else(|lost| {
            let failure = Failure::new(FailureKind::Internal, format!("its worker process {lost}"));
            turns.iter().map(|_| Err(failure.clone())).collect()
        })
    }

    /// Fails with what became of the worker.
    async fn attempt(&self, row: &types::Row, turns: &[Turn], fresh: bool) -> Result<Vec<Answer>, String> {
        let connection = self.worker.connection().await?;
        let call = Call { assignment: self.assignment, setup: &self.setup, row, turns, fresh };
        // An instance may be started for each call, and each may take its time.
        let time = self.setup.limits.time.saturating_mul(2 * turns.len() as u32).saturating_add(PATIENCE);
        match tokio::time::timeout(time, connection.call(call)).await {
            Ok(answers) => answers,
            Err(_) => {
                connection.close();
                Err(format!("gave no sign of life for {} s", time.as_secs()))
            }
        }
    }
}
