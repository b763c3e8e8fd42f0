//! An application that answers what it answered in an earlier run.

use std::sync::Arc;

use async_trait::async_trait;
use model::json::Json;
use model::limits::Isolation;
use model::outcome::{Failure, FailureKind};
use model::ports::{Aggregating, Binding, Exporting, Plugin, Predicting, Scoring, Sink, Store, Work};
use model::prediction::{Predicted, Prediction};
use model::row::Row;
use model::run::{RunHeader, RunId};
use model::scorer::PluginDescription;
use model::trace::{Span, Trace};
use storage::SharedStore;

/// A plugin whose predictor was asked before.
pub(super) struct Remembering {
    plugin: Arc<dyn Plugin>,
    answers: Arc<Answers>,
}

impl Remembering {
    pub(super) fn new(plugin: &Arc<dyn Plugin>, store: &Arc<SharedStore>, header: &RunHeader) -> Self {
        let answers = Arc::new(Answers { store: Arc::clone(store) as _, run: header.id });
        Self { plugin: Arc::clone(plugin), answers }
    }
}

impl Plugin for Remembering {
    fn description(&self) -> &PluginDescription {
        self.plugin.description()
    }

    fn isolation(&self) -> Isolation {
        self.plugin.isolation()
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Scoring> {
        self.plugin.bind(binding)
    }

    fn bind_aggregator(&self, binding: Binding) -> Arc<dyn Aggregating> {
        self.plugin.bind_aggregator(binding)
    }

    fn bind_predictor(&self, _: Binding) -> Arc<dyn Predicting> {
        Arc::clone(&self.answers) as _
    }

    fn bind_exporter(&self, binding: Binding, sink: Option<Arc<dyn Sink>>) -> Arc<dyn Exporting> {
        self.plugin.bind_exporter(binding, sink)
    }
}

struct Answers {
    store: Arc<dyn Store>,
    run: RunId,
}

#[async_trait]
impl Predicting for Answers {
    async fn predict(&self, row: &Row) -> Result<Prediction, Failure> {
        let unknown = |why: String| Failure::new(FailureKind::Unavailable, why);
        let before = match (row.index, row.trial) {
            (0, 0) => None,
            (index, 0) => Some((index - 1, u32::MAX)),
            (index, trial) => Some((index, trial - 1)),
        };
        let found = self.store.results(self.run, before, 1).await;
        let found = found.map_err(|error| unknown(format!("the run's results can't be read: {error}")))?;
        let found = found.into_iter().find(|found| (found.index, found.trial) == (row.index, row.trial));
        let found = found.ok_or_else(|| unknown("the run has no answer of this row".to_owned()))?;
        match (found.predicted, found.error) {
            (Some(Predicted { outputs: Some(outputs), latency, input_tokens, output_tokens, .. }), _) => {
                let tokens =
                    [("gen_ai.usage.input_tokens", input_tokens), ("gen_ai.usage.output_tokens", output_tokens)];
                let tokens = tokens
                    .into_iter()
                    .filter_map(|(name, tokens)| Some((name.to_owned(), Json::from_serialize(&tokens?).ok()?)));
                let end = latency.map(|latency| u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
                let id = uuid::Uuid::new_v4().simple().to_string();
                let root = Span {
                    id: id[..16].to_owned(),
                    name: "replayed".to_owned(),
                    end,
                    attributes: tokens.collect(),
                    ..Span::default()
                };
                Ok(Prediction { outputs, trace: Trace { id, spans: vec![root] } })
            }
            (_, Some(failure)) => Err(failure),
            (_, None) => Err(unknown("the run has no answer of this row".to_owned())),
        }
    }

    fn work(&self) -> Work {
        Work::default()
    }
}
