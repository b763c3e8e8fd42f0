//! Stores results as they come in, and the exchanges with judges that they rest on.

use std::sync::Arc;
use std::time::Duration;

use model::judge::{BatchId, Exchange};
use model::ports::{Observer, SpanBatch, Store, StoreError};
use model::run::{RowResult, RunId};
use tokio::sync::mpsc::{Receiver, unbounded_channel};
use uuid::Uuid;

use super::breaker::Breaker;
use super::keeping::Keeping;
use super::{Done, GRACE, Judged, NextBatch, ScoredEnd};
use crate::stop::Decider;

/// Results that can wait for the commit in flight; then scoring waits.
pub(super) const WAITING: usize = 1000;

/// How long the first result of a group waits for others. A group costs a flush, whatever its size, and taking results
/// one by one costs a wake-up for each.
const GATHERING: Duration = Duration::from_millis(10);

/// Keeps what comes of a run.
pub(super) struct Recorder {
    pub(super) run: RunId,
    pub(super) store: Arc<dyn Store>,
    pub(super) keeping: Option<Keeping>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) breaker: Breaker,
    pub(super) decider: Option<Decider>,
}

impl Recorder {
    /// Takes what is there, stores it as one group, then tells of it. While a group is on its way to the disk the next one
    /// gathers. Exchanges go first: no result is there without what it has cost.
    ///
    /// Ends early where a scorer is broken or every gate is decided, and says so; results on their way then are lost, and done by
    /// who goes on with the run.
    pub(super) async fn record(
        mut self,
        mut results: Receiver<Done>,
        judged: Option<Judged>,
    ) -> Result<Option<ScoredEnd>, StoreError> {
        let purse = judged.as_ref().map(|judged| Arc::clone(&judged.purse));
        let nobody = || (unbounded_channel().1, (|| BatchId(Uuid::nil())) as NextBatch);
        let (mut exchanges, next) = judged.map_or_else(nobody, |judged| (judged.exchanges, judged.next_batch));
        let (mut done, mut group, mut came) = (Vec::new(), Vec::new(), Vec::new());
        let early = loop {
            tokio::select! {
                count = results.recv_many(&mut done, WAITING) => if count == 0 { break None },
                Some(exchange) = exchanges.recv() => came.push(exchange),
            }
            if done.len() < WAITING && !results.is_closed() {
                tokio::time::sleep(GATHERING).await;
                while done.len() < WAITING
                    && let Ok(one) = results.try_recv()
                {
                    done.push(one);
                }
            }
            let mut spans = Vec::new();
            for Done { result, spans: kept } in done.drain(..) {
                group.push(result);
                spans.extend(kept.transpose()?);
            }
            while let Ok(exchange) = exchanges.try_recv() {
                came.push(exchange);
            }
            // All at once, in this order: the store takes them in one go.
            let exchanges = self.store_exchanges(next, std::mem::take(&mut came));
            tokio::try_join!(biased; exchanges, self.store_spans(spans), self.store_results(&group))?;
            if group.is_empty() {
                continue;
            }
            self.observer.results_stored(&group);
            if let Some(broken) = self.breaker.see(&group) {
                break Some(ScoredEnd::GivenUp(broken));
            }
            if let Some(decider) = &mut self.decider {
                group.iter().for_each(|result| decider.add(result));
                if decider.is_decided() {
                    break Some(ScoredEnd::Decided);
                }
            }
            group.clear();
        };
        drop(results);
        let Some(purse) = purse else { return Ok(early) };
        purse.stop();
        // Questions that nobody waits for any more are paid for all the same, and so are those that nobody can wait for.
        let late = tokio::time::sleep(GRACE);
        tokio::pin!(late);
        loop {
            tokio::select! {
                count = exchanges.recv_many(&mut came, WAITING) => match count {
                    0 => return Ok(early),
                    _ => self.store_exchanges(next, std::mem::take(&mut came)).await?,
                },
                () = &mut late, if !late.is_elapsed() => purse.abandon(),
            }
        }
    }

    async fn store_results(&self, group: &[RowResult]) -> Result<(), StoreError> {
        if group.is_empty() {
            return Ok(());
        }
        self.store.put_results(self.run, group.to_vec()).await
    }

    async fn store_spans(&self, spans: Vec<SpanBatch>) -> Result<(), StoreError> {
        match &self.keeping {
            Some(keeping) if !spans.is_empty() => keeping.store.put_spans(&keeping.experiment, spans).await,
            _ => Ok(()),
        }
    }

    async fn store_exchanges(&self, next: NextBatch, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        if exchanges.is_empty() {
            return Ok(());
        }
        self.store.put_exchanges(self.run, next(), exchanges).await
    }
}
