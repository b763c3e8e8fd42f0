//! What is known of a trace but for its spans, as MLflow has it.

use std::collections::BTreeMap;

use model::digest::{Header, State};
use model::search::{CLIENT_REQUEST_ID, TraceInfo};
use serde_json::{Map, Value, json};
use telemetry::announced::{COST, SESSION, TOKENS, USER};

use super::{links, said, shown_id, tags, time};

/// The shape of traces that this is.
pub(super) const SCHEMA: (&str, &str) = ("mlflow.trace_schema.version", "3");

/// Says that spans are here, and not in a file of artifacts: without it, clients send them there as well.
const LOCATION: (&str, &str) = ("mlflow.trace.spansLocation", "TRACKING_STORE");

pub(super) fn shown(info: &TraceInfo, experiment: &str) -> Value {
    let header = &info.header;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| fields.insert(name.to_owned(), value));
    put("trace_id", Some(shown_id(&info.id).into()));
    let location = json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } });
    put("trace_location", Some(location));
    put("request_time", Some(time::write(header.start).into()));
    put("state", Some(state(header.state).into()));
    put("trace_metadata", Some(metadata(header).into_iter().collect()));
    put("tags", Some(shown_tags(info, experiment).into_iter().collect()));
    put("execution_duration", header.end.map(|end| time::write_duration(end.saturating_sub(header.start)).into()));
    put("client_request_id", header.metadata.get(CLIENT_REQUEST_ID).map(|id| id.as_str().into()));
    put("request_preview", header.inputs.as_deref().map(Value::from));
    put("response_preview", header.outputs.as_deref().map(Value::from));
    let assessments = said::all(info);
    put("assessments", (!assessments.is_empty()).then_some(Value::Array(assessments)));
    Value::Object(fields)
}

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::InProgress => "IN_PROGRESS",
        State::Ok => "OK",
        State::Error => "ERROR",
    }
}

/// What the trace says of itself, and what MLflow has there that is a fact with us.
pub(super) fn metadata(header: &Header) -> BTreeMap<String, String> {
    let mut metadata = header.metadata.clone();
    metadata.remove(CLIENT_REQUEST_ID);
    let mut put = |name: &str, value: Option<String>| {
        value.map(|value| metadata.entry(name.to_owned()).or_insert(value));
    };
    put(SCHEMA.0, Some(SCHEMA.1.to_owned()));
    put(SESSION, header.session.clone());
    put(USER, header.user.clone());
    put(TOKENS, header.tokens.map(|tokens| counts(&tokens).to_string()));
    put(COST, shown_cost(header.cost, header.input_cost, header.output_cost).map(|cost| cost.to_string()));
    metadata
}

/// US dollars as MLflow writes them; without the parts that are not known. None where the whole is not.
pub(super) fn shown_cost(total: Option<f64>, input: Option<f64>, output: Option<f64>) -> Option<Value> {
    let mut shown = json!({ "total_cost": total? });
    for (name, cost) in [("input_cost", input), ("output_cost", output)] {
        if let Some(cost) = cost {
            shown[name] = json!(cost);
        }
    }
    Some(shown)
}

/// Tokens as MLflow has them; those of the cache are there where there are any.
pub(super) fn counts(tokens: &model::digest::Tokens) -> Value {
    let mut counts =
        json!({ "input_tokens": tokens.input, "output_tokens": tokens.output, "total_tokens": tokens.total });
    for (name, count) in
        [("cache_read_input_tokens", tokens.cache_read), ("cache_creation_input_tokens", tokens.cache_write)]
    {
        if count > 0 {
            counts[name] = json!(count);
        }
    }
    counts
}

pub(super) fn shown_tags(info: &TraceInfo, experiment: &str) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> = info.tags.clone();
    shown.retain(|name, _| !links::is_one(name));
    let name = &info.header.name;
    if !name.is_empty() {
        shown.entry(tags::NAME.to_owned()).or_insert_with(|| name.clone());
    }
    shown.insert(LOCATION.0.to_owned(), LOCATION.1.to_owned());
    let artifacts = format!("mlflow-artifacts:/{experiment}/traces/{}/artifacts", shown_id(&info.id));
    shown.insert(tags::ARTIFACTS.to_owned(), artifacts);
    shown
}
