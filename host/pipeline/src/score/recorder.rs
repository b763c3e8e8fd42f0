//! Stores results as they come in.

use std::sync::Arc;
use std::time::Duration;

use model::ports::{Observer, Store, StoreError};
use model::run::{RowResult, RunId};
use tokio::sync::mpsc;

use super::breaker::{Breaker, Broken};

/// Results that can wait for the commit in flight; then scoring waits.
pub(super) const WAITING: usize = 1000;

/// How long the first result of a group waits for others. A group costs a flush, whatever its size, and taking results
/// one by one costs a wake-up for each.
const GATHERING: Duration = Duration::from_millis(10);

/// Takes what is there, stores it as one group, then tells of it. While a group is on its way to the disk the next one
/// gathers.
///
/// Ends early where a scorer is broken; what is on its way then is lost, and done by who goes on with the run.
pub(super) async fn record(
    run: RunId,
    mut results: mpsc::Receiver<RowResult>,
    store: Arc<dyn Store>,
    observer: Arc<dyn Observer>,
    mut breaker: Breaker,
) -> Result<Option<Broken>, StoreError> {
    let mut group = Vec::new();
    while results.recv_many(&mut group, WAITING).await > 0 {
        if group.len() < WAITING && !results.is_closed() {
            tokio::time::sleep(GATHERING).await;
            while group.len() < WAITING
                && let Ok(result) = results.try_recv()
            {
                group.push(result);
            }
        }
        store.put_results(run, group.clone()).await?;
        observer.results_stored(&group);
        if let Some(broken) = breaker.see(&group) {
            return Ok(Some(broken));
        }
        group.clear();
    }
    Ok(None)
}
