//! What all doors have in common.

use std::sync::Arc;

use model::ports::{Annotation, BlobStore, ScorerDoor, StoreError, TraceStore};
use registry::Registry;

use crate::admission::Admission;
use crate::gateway::Gateway;
use crate::guard::Guard;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::mlflow::Webhooks;
use crate::otlp::Intake;
use crate::refusal::Refusal;

pub(crate) struct Shared {
    pub(crate) traces: Arc<dyn TraceStore>,
    pub(crate) registry: Registry,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) intake: Intake,
    pub(crate) guard: Guard,
    /// None where there are no models.
    pub(crate) gateway: Option<Gateway>,
    /// None where clients are not to use scorers.
    pub(crate) scorers: Option<Scorers>,
    pub(crate) webhooks: Webhooks,
    pub(crate) health: Arc<Health>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) version: String,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub(crate) now: fn() -> u64,
}

/// Scorers of ours, and the room for rows that are on their way to them: spans have their own.
pub(crate) struct Scorers {
    pub(crate) door: Arc<dyn ScorerDoor>,
    pub(crate) admission: Admission,
}

impl Shared {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn milliseconds(&self) -> i64 {
        i64::try_from((self.now)() / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Keeps what is said of traces, redacted.
    ///
    /// # Errors
    ///
    /// Refuses as `missing` where there is no such trace or assessment, and as the store does.
    pub(crate) async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), Refusal> {
        let annotations = match self.intake.redacts_nothing() {
            true => annotations,
            false => self.redacted(annotations).await?,
        };
        let done = self.traces.annotate(annotations).await;
        // That something is missing, a store can say that is well.
        self.health.wrote(matches!(done, Ok(()) | Err(StoreError::Missing { .. })));
        done.map_err(Refusal::from)
    }

    /// By the rules of the experiments that the traces are of.
    async fn redacted(&self, annotations: Vec<Annotation>) -> Result<Vec<Annotation>, Refusal> {
        let mut redacted = Vec::with_capacity(annotations.len());
        // Those of one trace come one after another.
        let mut last: Option<(String, String)> = None;
        for Annotation { trace, change } in annotations {
            if last.as_ref().is_none_or(|(known, _)| *known != trace) {
                let found = self.traces.trace(&trace).await?;
                last = Some((trace.clone(), found.map(|found| found.experiment).unwrap_or_default()));
            }
            let experiment = last.as_ref().map_or("", |(_, experiment)| experiment);
            let change = self.intake.redacted_change(experiment, change);
            redacted.push(Annotation { trace, change });
        }
        Ok(redacted)
    }
}
