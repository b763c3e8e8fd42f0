//! Asks the application under test for the outputs of a row.
//!
//! An application that is overloaded, out of reach or too slow is asked again, after a while; whatever else goes wrong is
//! the row's error. How a predictor reaches the application is not known here.

use std::sync::Arc;
use std::time::Duration;

use model::outcome::Failure;
use model::ports::{Predicting, Work};
use model::prediction::{Predicted, Prediction};
use model::row::Row;
use model::trace::Trace;
use tokio::sync::Semaphore;

use crate::again::{may_pass, wait};
use crate::plan::PlannedPrediction;

/// The predictor of a run.
pub struct Predictor {
    predicting: Arc<dyn Predicting>,
    /// One for each row that the application may be asked about at once.
    places: Semaphore,
    retries: u32,
}

impl Predictor {
    pub fn bind(planned: PlannedPrediction) -> Self {
        let PlannedPrediction { plugin, binding, concurrency, retries } = planned;
        Self {
            predicting: plugin.bind_predictor(binding),
            places: Semaphore::new(concurrency.max(1) as usize),
            retries,
        }
    }

    /// What its calls have taken so far.
    pub fn work(&self) -> Work {
        self.predicting.work()
    }

    /// Puts the application's answer into a row, in place of outputs that are there, and says what it took. A row without
    /// an answer is left without outputs.
    pub async fn predict(&self, row: &mut Row) -> (Predicted, Option<Failure>) {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        (row.outputs, row.trace) = (None, None);
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.predicting.predict(row).await {
                Ok(Prediction { outputs, trace }) => {
                    let predicted = Predicted { outputs: Some(outputs.clone()), ..facts(&trace, attempts) };
                    (row.outputs, row.trace) = (Some(outputs), Some(Arc::new(trace)));
                    return (predicted, None);
                }
                Err(failure) if attempts <= self.retries && may_pass(failure.kind) => {
                    tokio::time::sleep(wait(&row.id, attempts)).await;
                }
                Err(failure) => return (facts(&Trace::default(), attempts), Some(failure)),
            }
        }
    }
}

/// What a trace says of a call.
fn facts(trace: &Trace, attempts: u32) -> Predicted {
    let latency = trace.spans.first().and_then(|root| Some(Duration::from_nanos(root.end?.saturating_sub(root.start))));
    let tokens = |key: &str| -> Option<u64> {
        let of = |span: &model::trace::Span| span.attribute(key).and_then(|value| value.as_str().parse::<u64>().ok());
        let (root, steps) = trace.spans.split_first()?;
        // A predictor that tells of each call of a model need not add them up.
        of(root).or_else(|| steps.iter().filter_map(of).reduce(u64::saturating_add))
    };
    Predicted {
        outputs: None,
        latency,
        attempts,
        input_tokens: tokens("gen_ai.usage.input_tokens"),
        output_tokens: tokens("gen_ai.usage.output_tokens"),
    }
}
