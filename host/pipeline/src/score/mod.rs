//! Has every row predicted where there is a predictor, puts it before every scorer and records what came of it.
//!
//! Scoring never stops at a bad scorer: whatever it does is an outcome for that row. Results are recorded in groups of
//! whatever is waiting, while scoring goes on; what the observer is told of is durable. How a scorer is implemented and
//! how its answer will be averaged is not known here.

mod breaker;
mod completed;
mod keeping;
mod recorder;
mod row;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use model::judge::{BatchId, Exchange};
use model::ports::{Observer, Purse, SpanBatch, Store, StoreError, Work};
use model::row::Row;
use model::run::{RowResult, RunId};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use crate::dataset::queue::{Queue, feed};
use crate::dataset::{Rows, RowsError};
use crate::plan::{PlannedBinding, PlannedPrediction};
use crate::predict::Predictor;
use crate::stop::Decider;

use breaker::Breaker;
pub use breaker::Broken;
pub use completed::Completed;
pub use keeping::{Digest, Keeping};
use recorder::Recorder;
use row::Scorers;
pub(crate) use row::no_answer;

/// What there is to do.
pub struct Job {
    pub run: RunId,
    pub rows: Rows,
    /// Asked for outputs; none where the rows have them.
    pub predictor: Option<PlannedPrediction>,
    pub bindings: Vec<PlannedBinding>,
    /// Keeps the traces of predictions; none where nobody is asked for outputs.
    pub keeping: Option<Keeping>,
    /// What an earlier session of the run has done.
    pub done: Completed,
    pub store: Arc<dyn Store>,
    pub observer: Arc<dyn Observer>,
    /// None where nobody is asked.
    pub judged: Option<Judged>,
    /// Rows in work at once; at least 1.
    pub concurrency: usize,
    /// The sum of all rows' trials.
    pub trials: u64,
    /// Ends the run once it is decided, from what is stored; none where every row is worked on.
    pub decider: Option<Decider>,
}

/// What judges do on behalf of a run.
pub struct Judged {
    /// The record, as they come back.
    pub exchanges: mpsc::UnboundedReceiver<Exchange>,
    pub purse: Arc<dyn Purse>,
    /// Gives exchanges that are stored together their id.
    pub next_batch: NextBatch,
}

/// Makes ids; each is larger than those before.
pub type NextBatch = fn() -> BatchId;

/// How long rows in flight have when a run is to stop; guests that take longer are ended, their rows left for later.
pub const GRACE: Duration = Duration::from_secs(3);

/// How scoring ended where nothing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoredEnd {
    /// Every row has its result.
    Complete,
    /// It was asked to stop. What was in flight is recorded, if it came to its end within [`GRACE`].
    Cancelled,
    /// It could not become complete any more.
    GivenUp(Broken),
    /// Every gate is decided: no other row could change that.
    Decided,
    /// It has spent what it may. Rows that would have cost more have no result.
    OutOfMoney,
}

/// What was done in one session of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    pub end: ScoredEnd,
    /// What guests took, by the key of the scorer or the name of the predictor.
    pub work: BTreeMap<String, Work>,
}

/// Why scoring broke off. What was recorded stays.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    #[error("results can't be stored")]
    Store(#[source] StoreError),
    #[error(transparent)]
    Rows(#[from] RowsError),
    #[error("a part of Karat crashed")]
    Crashed(#[from] JoinError),
}

/// Scores what is left to do of a run, until all is done or `cancel` becomes true. Runs on the current tokio runtime;
/// a blocking thread reads the rows.
///
/// # Errors
///
/// Fails when results can't be stored or rows can't be read; both end the run early.
pub async fn run(job: Job, cancel: watch::Receiver<bool>) -> Result<Scored, ScoreError> {
    let Job { run, rows, predictor, bindings, keeping, done, store, observer, judged, concurrency, trials, decider } =
        job;
    let plan = Arc::clone(&rows.plan);
    let is_decided = decider.as_ref().is_some_and(Decider::is_decided);
    let breaker = Breaker::new(&plan, trials);
    let predictor = predictor.map(|planned| Arc::new(Predictor::bind(planned)));
    let scorers = Arc::new(Scorers::bind(&rows.plan, bindings));
    let (queue, producer) = feed(move |each| {
        rows.stream(&mut |row| match (is_decided, done.contains(row.index, row.trial)) {
            (true, _) => ControlFlow::Break(()),
            (false, true) => ControlFlow::Continue(()),
            (false, false) => each(row),
        })
    });
    let queue = Arc::new(queue);
    let (results, received) = mpsc::channel(recorder::WAITING);
    let purse = judged.as_ref().map(|judged| Arc::clone(&judged.purse));
    let (out_of_money, _) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..concurrency.max(1) {
        let worker = Worker {
            queue: Arc::clone(&queue),
            predictor: predictor.clone(),
            scorers: Arc::clone(&scorers),
            run,
            keeping: keeping.clone(),
            results: results.clone(),
            cancel: cancel.clone(),
            purse: purse.clone(),
            out_of_money: out_of_money.clone(),
        };
        workers.spawn(worker.work());
    }
    // The recorder ends when the last sender is gone, the producer when the queue is.
    drop((results, queue));
    let recorder = Recorder { run, store, keeping, observer, breaker, decider };
    let worked = async {
        let ended = tokio::select! {
            ended = all(workers) => ended,
            () = stop_asking(purse.as_deref(), cancel) => unreachable!("it never ends"),
        };
        purse.inspect(|purse| purse.close());
        ended
    };
    let (recorded, ended) = tokio::join!(recorder.record(received, judged), worked);
    let early = recorded.map_err(ScoreError::Store)?;
    let end = if is_decided { ScoredEnd::Decided } else { early.unwrap_or(ended?) };
    producer.await??;
    let keys = plan.scorers.iter().map(|scorer| scorer.key.clone());
    let asked = plan.predictor.iter().map(|planned| planned.predictor.clone());
    let asked = asked.zip(predictor.map(|predictor| predictor.work()));
    Ok(Scored { end, work: keys.zip(scorers.work()).chain(asked).collect() })
}

/// Has no more questions asked once the run is to stop. Never ends.
async fn stop_asking(purse: Option<&dyn Purse>, mut cancel: watch::Receiver<bool>) {
    cancelled(&mut cancel).await;
    purse.inspect(|purse| purse.stop());
    std::future::pending().await
}

/// Complete if all of the workers were: the others may have been on the last rows. Where money ran out, that is why.
async fn all(mut workers: JoinSet<ScoredEnd>) -> Result<ScoredEnd, JoinError> {
    let mut ended = ScoredEnd::Complete;
    while let Some(worker) = workers.join_next().await {
        ended = match (ended, worker?) {
            (ScoredEnd::OutOfMoney, _) | (_, ScoredEnd::OutOfMoney) => ScoredEnd::OutOfMoney,
            (ScoredEnd::Complete, worker) => worker,
            (ended, _) => ended,
        };
    }
    Ok(ended)
}

/// Takes row after row. There are as many as rows may be in work at once.
struct Worker {
    queue: Arc<Queue<Row>>,
    predictor: Option<Arc<Predictor>>,
    scorers: Arc<Scorers>,
    run: RunId,
    keeping: Option<Keeping>,
    results: mpsc::Sender<Done>,
    cancel: watch::Receiver<bool>,
    purse: Option<Arc<dyn Purse>>,
    /// Becomes true for all workers when it does for one.
    out_of_money: watch::Sender<bool>,
}

impl Worker {
    async fn work(mut self) -> ScoredEnd {
        let mut out_of_money = self.out_of_money.subscribe();
        loop {
            let row = tokio::select! {
                biased;
                () = cancelled(&mut self.cancel) => return ScoredEnd::Cancelled,
                () = cancelled(&mut out_of_money) => return ScoredEnd::OutOfMoney,
                row = self.queue.next() => row,
            };
            let Some(row) = row else { return ScoredEnd::Complete };
            let mut cancel = self.cancel.clone();
            let done = tokio::select! {
                done = self.row(row) => done,
                () = overdue(&mut cancel) => return ScoredEnd::Cancelled,
            };
            if self.purse.as_ref().is_some_and(|purse| purse.has_turned_away(done.result.index, done.result.trial)) {
                if *self.cancel.borrow() {
                    return ScoredEnd::Cancelled;
                }
                self.out_of_money.send_replace(true);
                return ScoredEnd::OutOfMoney;
            }
            if self.results.send(done).await.is_err() {
                // The recorder has failed and says why.
                return ScoredEnd::Cancelled;
            }
        }
    }

    /// A row on its way through predictor and scorers.
    async fn row(&self, mut row: Row) -> Done {
        let Some(predictor) = &self.predictor else {
            return Done { result: self.scorers.score(row, None).await, spans: None };
        };
        let asked = predictor.predict(&mut row).await;
        let spans = match &self.keeping {
            Some(keeping) => keeping.take(self.run, &mut row).await.transpose(),
            None => None,
        };
        Done { result: self.scorers.score(row, Some(asked)).await, spans }
    }
}

/// What came of a row.
struct Done {
    result: RowResult,
    /// The trace of its prediction, to be kept.
    spans: Option<Result<SpanBatch, StoreError>>,
}

/// Ends when the run is to stop; never, if nobody is left who could say so.
async fn cancelled(cancel: &mut watch::Receiver<bool>) {
    if cancel.wait_for(|cancel| *cancel).await.is_err() {
        std::future::pending().await
    }
}

/// Ends when a run that is to stop has been left the time to finish what it had begun.
async fn overdue(cancel: &mut watch::Receiver<bool>) {
    cancelled(cancel).await;
    tokio::time::sleep(GRACE).await;
}

#[cfg(test)]
mod tests;
