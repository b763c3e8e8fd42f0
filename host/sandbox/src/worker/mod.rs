//! A plugin in processes of its own: the host's side.
//!
//! Workers are one plugin's: what breaks out of its instances finds the rows of that plugin and nothing else. There are as
//! many as there are cores, of one thread each and started when they are needed: threads that clean up after instances
//! wait for each other within one address space, and large guests such as Python's gain nothing from a second. A worker
//! has no keys, no files and no network; what it wants of the world it asks its host for, who looks at its own copy of
//! the grant. Calls that a worker takes along when it ends are made once more, each alone, so that the one that ends
//! workers is found.

mod carried;
#[cfg(target_os = "linux")]
mod confine;
mod connection;
mod errands;
mod protocol;
mod serve;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use model::outcome::{Failure, FailureKind};
use model::ports::Work;
use tokio::sync::{Mutex, RwLock};
use tokio_util::bytes::Bytes;

pub use serve::work;

use crate::bindings::describe;
use crate::instances::{Answered, Question, Setup, Turn};
use crate::load::LoadError;
use crate::shared::Shared;
use connection::{Call, Connection};

/// How much longer than its calls may take a worker has for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A plugin that lives elsewhere.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    code: Bytes,
    seats: Vec<Seat>,
    /// Held by all calls together, or by one that is made again.
    alone: RwLock<()>,
    assignments: AtomicU32,
}

/// Room for one worker.
#[derive(Default)]
struct Seat {
    connection: Mutex<Option<Arc<Connection>>>,
    /// Rows in work there.
    rows: AtomicUsize,
}

impl Workers {
    /// Starts a worker with compiled code, and has the plugin describe itself there.
    pub(crate) async fn start(
        shared: &Arc<Shared>,
        code: Vec<u8>,
    ) -> Result<(Arc<Self>, describe::PluginDescription), LoadError> {
        let code = Bytes::from(code);
        let (connection, description) = Connection::open(shared, code.clone()).await?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut seats: Vec<_> = std::iter::repeat_with(Seat::default).take(cores).collect();
        seats[0].connection = Mutex::new(Some(connection));
        let alone = RwLock::default();
        let workers = Self { shared: Arc::clone(shared), code, seats, alone, assignments: AtomicU32::default() };
        Ok((Arc::new(workers), description))
    }

    /// Prepares calls for one run.
    pub(crate) fn assign(self: &Arc<Self>, setup: Setup) -> Assigned {
        let assignment = self.assignments.fetch_add(1, Ordering::Relaxed);
        Assigned { workers: Arc::clone(self), assignment, setup: Arc::new(setup) }
    }

    /// The worker of a seat that lives, a new one where there was none or the last has ended.
    async fn connection(&self, seat: &Seat) -> Result<Arc<Connection>, String> {
        let mut connection = seat.connection.lock().await;
        match &*connection {
            Some(open) if !open.is_closed() => Ok(Arc::clone(open)),
            _ => {
                let opened = Connection::open(&self.shared, self.code.clone()).await;
                let (opened, _) = opened.map_err(|error| error.to_string())?;
                Ok(Arc::clone(connection.insert(opened)))
            }
        }
    }
}

/// What one run has the workers of a plugin do.
pub(crate) struct Assigned {
    workers: Arc<Workers>,
    assignment: u32,
    setup: Arc<Setup>,
}

impl Assigned {
    /// Makes some calls on a row, one after the other.
    pub(crate) async fn answers(&self, question: &Question, turns: Vec<Turn>) -> Vec<Answered> {
        self.insist(question, &turns, false).await
    }

    /// Makes a call in an instance that has seen nothing else and will not.
    pub(crate) async fn fresh_answer(&self, question: &Question, turn: Turn) -> Answered {
        self.insist(question, &[turn], true).await.pop().expect("an answer to each call")
    }

    async fn insist(&self, question: &Question, turns: &[Turn], fresh: bool) -> Vec<Answered> {
        let together = self.workers.alone.read().await;
        let lost = match self.attempt(question, turns, fresh).await {
            Ok(answers) => return answers,
            Err(lost) => lost,
        };
        drop(together);
        if question.goes_on() {
            // What it goes on from went with the worker.
            return gone(turns, &lost);
        }
        tracing::debug!("made again, alone: {lost}");
        let _alone = self.workers.alone.write().await;
        self.attempt(question, turns, fresh).await.unwrap_or_else(|lost| gone(turns, &lost))
    }

    /// Where the fewest rows are in work, and the first of those. What instances keep in common is kept in one process, and
    /// so is an instance that is asked to the end.
    fn seat(&self) -> &Seat {
        let seats = &self.workers.seats;
        let is_one = self.setup.to_the_end || !self.setup.grant.kv.is_empty();
        let most = if is_one { 1 } else { seats.len() };
        seats[..most].iter().min_by_key(|seat| seat.rows.load(Ordering::Relaxed)).expect("a seat")
    }

    /// Fails with what became of the worker.
    async fn attempt(&self, question: &Question, turns: &[Turn], fresh: bool) -> Result<Vec<Answered>, String> {
        let seat = self.seat();
        let _row = Counted::new(&seat.rows);
        let connection = self.workers.connection(seat).await?;
        let call = Call { assignment: self.assignment, setup: &self.setup, question, turns, fresh };
        // An instance may be started for each call, and each may take its time.
        let time = self.setup.limits.time.saturating_mul(2 * turns.len() as u32).saturating_add(PATIENCE);
        let mut answers = std::pin::pin!(connection.call(call));
        loop {
            let asked = connection.asked();
            match tokio::time::timeout(time, &mut answers).await {
                Ok(answers) => return answers,
                Err(_) if connection.is_asking(asked) => {}
                Err(_) => {
                    connection.close();
                    return Err(format!("gave no sign of life for {} s", time.as_secs()));
                }
            }
        }
    }
}

/// The answers to calls that the worker took along when it ended.
fn gone(turns: &[Turn], lost: &str) -> Vec<Answered> {
    let failure = Failure::new(FailureKind::Internal, format!("its worker process {lost}"));
    let lost = |_| Answered { answer: Err(failure.clone()), work: Work { calls: 1, ..Work::default() } };
    turns.iter().map(lost).collect()
}

/// One of those that are counted, as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
