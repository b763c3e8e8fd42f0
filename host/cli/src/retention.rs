//! What a server keeps of each experiment, and letting go of the rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use model::ports::{Retention, StoreError, TraceRetention, TraceStore};
use model::quantity::{ByteSize, Count, TimeSpan};
use serde::Deserialize;
use storage::SharedStore;

use crate::exit::Stop;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(60);

/// The file that `karat serve --retention` names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retentions {
    everywhere: Limits,
    /// By name; what is not said of one holds as it does everywhere.
    experiments: BTreeMap<String, Limits>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    max_age: Option<TimeSpan>,
    max_traces: Option<Count>,
    max_bytes: Option<ByteSize>,
}

impl Retentions {
    pub(crate) fn read(path: &Path) -> Result<Self, Stop> {
        let unusable = || format!("can't use `{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(unusable)?;
        Ok(toml::from_str(&text).with_context(unusable)?)
    }

    fn of(&self, experiment: &str) -> Retention {
        let own = self.experiments.get(experiment).copied().unwrap_or_default();
        let everywhere = &self.everywhere;
        Retention {
            max_age: own.max_age.or(everywhere.max_age).map(|age| age.0),
            max_traces: own.max_traces.or(everywhere.max_traces).map(|count| count.0),
            max_bytes: own.max_bytes.or(everywhere.max_bytes).map(|bytes| bytes.0),
        }
    }

    /// Looks again and again. Never ends.
    pub(crate) async fn keep_to(self, store: Arc<SharedStore>) {
        loop {
            if let Err(error) = self.once(&store).await {
                tracing::error!("traces that need not be kept could not be deleted: {error}");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn once(&self, store: &SharedStore) -> Result<(), StoreError> {
        let mut traces = 0;
        for (experiment, _) in store.experiments().await? {
            traces += store.expire(&experiment, &self.of(&experiment)).await?.traces;
        }
        if traces > 0 {
            let bytes = store.reclaim().await?;
            tracing::info!("{traces} traces were beyond what is kept; {bytes} bytes were given back");
        }
        Ok(())
    }
}
