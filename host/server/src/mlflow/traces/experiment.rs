//! The experiment of a trace: MLflow has an id for it, and the store a name.

use std::collections::{BTreeSet, HashMap};

use http::HeaderMap;
use model::ports::FoundTrace;
use model::tracking::Experiment;

use crate::mlflow::{Asked, Wrong, experiments};
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

const HEADER: &str = "x-mlflow-experiment-id";

/// The name under which spans are kept that come by OTLP with MLflow's header; none where they come without.
pub(crate) async fn of_otlp(shared: &Shared, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(id) = headers.get(HEADER) else { return Ok(None) };
    let id = String::from_utf8_lossy(id.as_bytes());
    let found = match experiments::read_id(&id) {
        Ok(id) => traces(shared, &id).await,
        Err(wrong) => Err(wrong),
    };
    match found {
        Ok(traces) => Ok(Some(traces)),
        Err(wrong) if wrong.is_of_the_client() => Err(Refusal::new(Kind::Missing, wrong.message).field(HEADER)),
        // Spans that are sent again are not lost.
        Err(wrong) => Err(Refusal::unavailable(wrong.message)),
    }
}

/// The id of the experiment that a trace is said to be in.
pub(super) fn of_location(location: Option<Asked>) -> Result<String, Wrong> {
    let experiment = location.map(|location| location.message("mlflow_experiment")).transpose()?.flatten();
    let experiment = experiment.ok_or_else(|| Wrong::invalid("A trace's location must be an MLflow experiment."))?;
    experiments::id(&experiment)
}

/// The name under which the traces of an experiment are kept.
pub(super) async fn traces(shared: &Shared, id: &str) -> Result<String, Wrong> {
    match shared.registry.traces_of(id).await? {
        Some(traces) => Ok(traces),
        None => Ok(experiments::find(shared, id).await?.traces),
    }
}

/// The experiments of these ids, as far as there are any.
pub(super) async fn all(shared: &Shared, ids: &[String]) -> Result<Vec<Experiment>, Wrong> {
    let ids = ids.iter().map(|id| experiments::read_id(id)).collect::<Result<BTreeSet<_>, _>>()?;
    let mut found = known(shared, &ids).await?;
    if found.len() < ids.len() {
        experiments::adopt(shared).await?;
        found = known(shared, &ids).await?;
    }
    Ok(found)
}

async fn known(shared: &Shared, ids: &BTreeSet<String>) -> Result<Vec<Experiment>, Wrong> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(shared.registry.experiment(id).await?);
    }
    Ok(found)
}

/// The ids of the experiments that these traces are in, by the names that the traces are kept under.
pub(super) async fn ids<'a>(shared: &Shared, traces: &'a [FoundTrace]) -> Result<HashMap<&'a str, String>, Wrong> {
    let mut ids = HashMap::new();
    for name in traces.iter().map(|trace| trace.info.experiment.as_str()) {
        if !ids.contains_key(name) {
            ids.insert(name, id(shared, name).await?);
        }
    }
    Ok(ids)
}

/// The id of the experiment that keeps its traces under this name.
pub(super) async fn id(shared: &Shared, traces: &str) -> Result<String, Wrong> {
    if let Some(id) = shared.registry.id_of_traces(traces).await? {
        return Ok(id);
    }
    experiments::adopt(shared).await?;
    Ok(shared.registry.id_of_traces(traces).await?.unwrap_or_else(|| Experiment::DEFAULT.to_owned()))
}
