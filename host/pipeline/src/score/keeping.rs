//! Keeps the traces of predictions, and brings in what the application has told of them itself.
//!
//! An application that goes on with our `traceparent` reports its spans under the trace of the prediction. Where they come into
//! the same store, the trace there has both, and scorers see both as far as they have come in time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::digest::SpanDigest;
use model::json::Json;
use model::ports::{SpanBatch, StoreError, TraceStore};
use model::row::Row;
use model::run::RunId;
use model::search::RUN;
use model::trace::{Span, Trace};

/// Spans of an application that scorers see.
const MOST_SPANS: usize = 10_000;

/// How often is looked for them.
const LOOK: Duration = Duration::from_millis(100);

/// Says what each span of a request adds to its trace.
pub type Digest = fn(&[Span]) -> Vec<SpanDigest>;

/// Where traces of predictions are kept.
#[derive(Clone)]
pub struct Keeping {
    pub store: Arc<dyn TraceStore>,
    pub experiment: String,
    pub digest: Digest,
    /// How long is waited for spans that the application reports; not at all where it reports none.
    pub patience: Duration,
}

impl Keeping {
    /// What the prediction of a row has told, to be kept. Scorers then see what the application has told beside it.
    pub(super) async fn take(&self, run: RunId, row: &mut Row) -> Result<Option<SpanBatch>, StoreError> {
        let Some(trace) = row.trace.clone() else { return Ok(None) };
        let mut spans = trace.spans.clone();
        if let Some(root) = spans.first_mut() {
            describe(root, run, row);
        }
        let digests = (self.digest)(&spans);
        let batch = SpanBatch { trace: trace.id.clone(), spans: spans.into_iter().zip(digests).collect() };
        let told = self.told(&trace).await?;
        if !told.is_empty() {
            let mut spans = [&trace.spans[..], &told].concat();
            // The call itself stays first.
            spans[1..].sort_by_key(|span| span.start);
            row.trace = Some(Arc::new(Trace { id: trace.id.clone(), spans }));
        }
        Ok(Some(batch))
    }

    /// Spans that came in of a trace beside its own: as soon as there are some and no more come.
    async fn told(&self, trace: &Trace) -> Result<Vec<Span>, StoreError> {
        let own: BTreeSet<&str> = trace.spans.iter().map(|span| &span.id[..]).collect();
        let mut waited = Duration::ZERO;
        let mut before = 0;
        loop {
            let found = match self.store.spans(&trace.id, 0, MOST_SPANS).await {
                Ok(found) => found,
                Err(StoreError::Missing { .. }) => Vec::new(),
                Err(error) => return Err(error),
            };
            let told: Vec<Span> =
                found.into_iter().map(|(span, _)| span).filter(|span| !own.contains(&span.id[..])).collect();
            let is_quiet = !told.is_empty() && told.len() == before;
            if is_quiet || waited >= self.patience {
                return Ok(told);
            }
            before = told.len();
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
    }
}

/// What a trace says of the row that it is of, in MLflow's words where it has some.
fn describe(root: &mut Span, run: RunId, row: &Row) {
    let text = |text: &str| Json::from_serialize(text).ok();
    let said = [
        ("mlflow.spanInputs", Some(row.inputs.clone())),
        ("mlflow.spanOutputs", row.outputs.clone()),
        (RUN, text(&run.to_string())),
        ("session.id", row.session.as_deref().and_then(text)),
        ("karat.row", text(&row.id)),
        ("karat.trial", Json::from_serialize(&row.trial).ok()),
    ];
    for (name, value) in said {
        if let Some(value) = value
            && root.attribute(name).is_none()
        {
            root.attributes.push((name.to_owned(), value));
        }
    }
}
