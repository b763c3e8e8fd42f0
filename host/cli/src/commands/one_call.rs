//! One call of a scorer, as `plugin run` and `plugin bench` take it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use model::json::Json;
use model::ports::{BrokenTrace, TraceReader as _};
use model::row::Row;
use model::scorer::{ItemKind, PluginDescription};
use model::trace::Trace;
use serde::Deserialize;

use crate::args::OneCall;
use crate::exit::Stop;

/// A row that suits most scorers.
const SAMPLE: &str = r#"{"inputs": {"question": "What is 6 times 7?"}, "outputs": "The answer is 42.", "expectations": {"expected_response": "42"}}"#;

/// What was asked for, read.
pub(super) struct One {
    pub(super) row: Row,
    pub(super) parameters: Json,
    pub(super) scorers: Vec<String>,
    pub(super) predictors: Vec<String>,
}

/// The parts of a row that scorers look at.
#[derive(Deserialize)]
struct Given {
    id: Option<String>,
    inputs: Json,
    outputs: Option<Json>,
    expectations: Option<Json>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    session: Option<String>,
    trace: Option<Json>,
}

/// The trace that a row came with.
pub(super) fn trace(written: Option<&Json>) -> Result<Option<Arc<Trace>>, Stop> {
    let read = written.map(|written| telemetry::Reader.read(written)).transpose();
    let trace = read.map_err(|BrokenTrace { field, message, hint }| {
        let dot = if field.is_empty() { "" } else { "." };
        Stop::message(format_args!("trace{dot}{field}: {message}")).hints(hint)
    })?;
    Ok(trace.map(Arc::new))
}

impl One {
    pub(super) fn read(call: OneCall, plugin: &PluginDescription) -> Result<Self, Stop> {
        let text = match &call.row {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?,
            None => SAMPLE.to_owned(),
        };
        let given: Given = serde_json::from_str(&text).context("the row is not a JSON object with `inputs`")?;
        let Given { id, inputs, outputs, expectations, tags, session, trace } = given;
        let id = id.unwrap_or_else(|| "sample".to_owned());
        let trace = self::trace(trace.as_ref())?;
        let row = Row { index: 0, id, trial: 0, inputs, outputs, expectations, tags, session, trace };
        let parameters = Json::parse(&call.parameters).context("`--with` is not JSON")?;
        let named = |kind| -> Vec<String> {
            let names = plugin.items(kind).into_iter().map(|(name, _)| name);
            let named = names.filter(|name| call.item.as_ref().is_none_or(|asked| asked == name));
            named.map(str::to_owned).collect()
        };
        let (scorers, predictors) = (named(ItemKind::Scorer), named(ItemKind::Predictor));
        if scorers.is_empty() && predictors.is_empty() {
            let asked = call.item.map(|item| format!(" `{item}`")).unwrap_or_default();
            let wrong = Stop::message(format_args!("the plugin has no scorer or predictor{asked}"));
            return Err(wrong.hint("see `karat plugin inspect`; exporters take runs, with `karat runs export`"));
        }
        Ok(Self { row, parameters, scorers, predictors })
    }
}
