//! Traces without their spans: `TraceInfo` of MLflow 3, and `TraceInfoV2` of MLflow 2 and of servers that know no other.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use model::digest::{Header, State};
use model::search::{CLIENT_REQUEST_ID, TraceInfo};
use model::trace::Span;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use telemetry::files;

use super::{
    Pair, assessments, map, nanoseconds, optional_whole, read_duration, read_time, written_duration, written_time,
};
use crate::Error;
use crate::source::{Page, SpansIn, ToldTrace};

/// The name of a trace is a tag with MLflow.
pub(crate) const NAME: &str = "mlflow.traceName";
/// Where the files of a trace are.
const ARTIFACTS: &str = "mlflow.artifactLocation";
/// Where its spans are.
const SPANS: &str = "mlflow.trace.spansLocation";
const IN_DATABASE: &str = "TRACKING_STORE";

#[derive(Deserialize)]
pub(crate) struct TraceRead {
    #[serde(alias = "request_id")]
    trace_id: String,
    client_request_id: Option<String>,
    trace_location: Option<Location>,
    experiment_id: Option<String>,
    request_time: Option<String>,
    #[serde(default, deserialize_with = "optional_whole")]
    timestamp_ms: Option<i64>,
    execution_duration: Option<String>,
    #[serde(default, deserialize_with = "optional_whole")]
    execution_time_ms: Option<i64>,
    #[serde(alias = "status")]
    state: Option<String>,
    #[serde(default)]
    trace_metadata: Option<BTreeMap<String, String>>,
    request_metadata: Option<Vec<Pair>>,
    tags: Option<Tags>,
    request_preview: Option<String>,
    response_preview: Option<String>,
    assessments: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Location {
    mlflow_experiment: Option<LocationExperiment>,
}

#[derive(Deserialize)]
struct LocationExperiment {
    experiment_id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    Map(BTreeMap<String, String>),
    Pairs(Vec<Pair>),
}

impl TraceRead {
    /// Fails with the trace's id, and why it can't be one of ours.
    pub(crate) fn told(self) -> Result<ToldTrace, (String, String)> {
        let tags = match self.tags {
            Some(Tags::Map(tags)) => tags,
            Some(Tags::Pairs(pairs)) => map(Some(pairs)),
            None => BTreeMap::new(),
        };
        let mut metadata = self.trace_metadata.unwrap_or_else(|| map(self.request_metadata));
        metadata.extend(self.client_request_id.map(|id| (CLIENT_REQUEST_ID.to_owned(), id)));
        let experiment = self.trace_location.and_then(|location| location.mlflow_experiment);
        let start = self.request_time.as_deref().and_then(read_time).or(self.timestamp_ms.map(nanoseconds));
        let took = self.execution_duration.as_deref().and_then(read_duration);
        let took = took.or(self.execution_time_ms.map(nanoseconds));
        Raw {
            id: self.trace_id,
            experiment: experiment.map(|one| one.experiment_id).or(self.experiment_id).unwrap_or_default(),
            start: start.unwrap_or_default(),
            took,
            state: self.state.unwrap_or_default(),
            inputs: self.request_preview,
            outputs: self.response_preview,
            metadata,
            tags,
            assessments: self.assessments.unwrap_or_default(),
            broken: Vec::new(),
        }
        .told()
    }
}

/// A trace as any MLflow has it.
pub(crate) struct Raw {
    pub(crate) id: String,
    pub(crate) experiment: String,
    /// Nanoseconds; `took` likewise.
    pub(crate) start: u64,
    pub(crate) took: Option<u64>,
    pub(crate) state: String,
    pub(crate) inputs: Option<String>,
    pub(crate) outputs: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// As the API has them.
    pub(crate) assessments: Vec<Value>,
    /// Those of which not even that can be told: by name, with why.
    pub(crate) broken: Vec<(String, String)>,
}

impl Raw {
    pub(crate) fn told(self) -> Result<ToldTrace, (String, String)> {
        let Some(id) = own_id(&self.id) else {
            return Err((self.id, "its id is none that OpenTelemetry could have".to_owned()));
        };
        let (mut said, mut broken) = (Vec::with_capacity(self.assessments.len()), self.broken);
        for assessment in &self.assessments {
            match assessments::read(assessment) {
                Ok(read) => said.push(read),
                Err(why) => {
                    let name = assessment["assessment_id"].as_str().unwrap_or("one without an id");
                    broken.push((name.to_owned(), why));
                }
            }
        }
        let spans = match (self.tags.get(SPANS).map(String::as_str), self.tags.get(ARTIFACTS)) {
            (Some(IN_DATABASE), _) | (None, None) => SpansIn::Database,
            (_, uri) => SpansIn::File(uri.cloned().unwrap_or_default()),
        };
        let state = match self.state.as_str() {
            "OK" => State::Ok,
            "ERROR" => State::Error,
            _ => State::InProgress,
        };
        let mut tags = self.tags;
        // An older MLflow kept them as JSON of what came in and went out.
        let header = Header {
            name: tags.remove(NAME).unwrap_or_default(),
            start: self.start,
            end: (state != State::InProgress).then(|| self.start.saturating_add(self.took.unwrap_or_default())),
            state,
            inputs: self.inputs.or_else(|| self.metadata.get("mlflow.traceInputs").cloned()),
            outputs: self.outputs.or_else(|| self.metadata.get("mlflow.traceOutputs").cloned()),
            metadata: self.metadata,
            ..Header::default()
        };
        let info = TraceInfo { id, experiment: self.experiment, header, tags, assessments: said };
        Ok(ToldTrace { mlflow_id: self.id, info, spans, broken })
    }
}

/// The id here of a trace there, where it can be one: MLflow 3 has `tr-` before it.
pub(crate) fn own_id(id: &str) -> Option<String> {
    let bare = id.strip_prefix("tr-").unwrap_or(id);
    let is_one = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_one && bare.bytes().any(|byte| byte != b'0')).then(|| bare.to_ascii_lowercase())
}

pub(crate) fn mlflow_id(id: &str) -> String {
    format!("tr-{id}")
}

/// A trace as `StartTraceV3` wants it, in an experiment there. Assessments that override others are not among it: MLflow would
/// not see that they do.
pub(crate) fn written(info: &TraceInfo, experiment: &str) -> Value {
    let header = &info.header;
    let said = info.assessments.iter().filter(|one| one.overrides.is_none());
    let mut metadata = header.metadata.clone();
    let request = metadata.remove(CLIENT_REQUEST_ID);
    let mut tags = info.tags.clone();
    tags.retain(|name, _| !name.starts_with("karat."));
    if !header.name.is_empty() {
        tags.insert(NAME.to_owned(), header.name.clone());
    }
    let mut fields = Map::from_iter([
        ("trace_id".to_owned(), json!(mlflow_id(&info.id))),
        (
            "trace_location".to_owned(),
            json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } }),
        ),
        ("request_time".to_owned(), json!(written_time(header.start))),
        ("state".to_owned(), json!(state_name(header.state))),
        ("trace_metadata".to_owned(), json!(metadata)),
        ("tags".to_owned(), json!(tags)),
        ("assessments".to_owned(), said.map(|one| assessments::written(&info.id, one)).collect()),
    ]);
    let mut put = |name: &str, value: Option<String>| value.map(|value| fields.insert(name.to_owned(), json!(value)));
    put("execution_duration", header.end.map(|end| written_duration(end.saturating_sub(header.start))));
    put("client_request_id", request);
    put("request_preview", header.inputs.clone());
    put("response_preview", header.outputs.clone());
    Value::Object(fields)
}

pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::InProgress => "IN_PROGRESS",
        State::Ok => "OK",
        State::Error => "ERROR",
    }
}

/// Spans of a trace, of the file that MLflow keeps them in.
pub(crate) fn spans_in_file(mlflow_id: &str, text: &str) -> Result<Page<Span>, Error> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        spans: Vec<Box<RawValue>>,
    }
    let file: File = serde_json::from_str(text)
        .map_err(|error| Error::Refused(format!("the file that they are in can't be read: {error}")))?;
    Ok(spans(mlflow_id, &file.spans))
}

/// Spans of a trace, each as MLflow has it in JSON.
pub(crate) fn spans(mlflow_id: &str, spans: &[Box<RawValue>]) -> Page<Span> {
    let mut page = Page::whole(Vec::new());
    if spans.is_empty() {
        return page;
    }
    let record = json!({ "info": { "trace_id": mlflow_id }, "data": { "spans": spans } }).to_string();
    let read = files::read_as(files::Format::Mlflow, &mut record.as_bytes(), &mut |found| {
        match found {
            Ok(imported) => page.items.extend(imported.trace.spans),
            Err(broken) => page.broken.push((broken.field, broken.message)),
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = read {
        page.broken.push(("spans".to_owned(), error.to_string()));
    }
    page
}
