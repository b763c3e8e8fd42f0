//! The file in which older clients keep the spans of a trace, among its artifacts. It is never kept as a file: its spans are
//! taken in like anybody's, redacted, and a file is made of them when somebody wants one.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::digest::SpanDigest;
use model::json::Json as Text;
use model::ports::FoundTrace;
use model::trace::{Event, Span, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{missing, read, spans, store_id};
use crate::body;
use crate::mlflow::Wrong;
use crate::shared::Shared;

const NAME: &str = "traces.json";

/// The file of one trace.
pub(in crate::mlflow) struct File {
    /// As the path has it.
    trace: String,
}

/// As 2.x writes it; what 3.x calls otherwise is read as well.
#[derive(Deserialize, Serialize)]
struct Content {
    #[serde(default)]
    spans: Vec<Filed>,
    /// JSON, likewise.
    #[serde(default)]
    request: Option<String>,
    #[serde(default)]
    response: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Filed {
    name: String,
    #[serde(default)]
    context: Option<Context>,
    #[serde(default, skip_serializing)]
    span_id: Option<String>,
    #[serde(default, alias = "parent_span_id")]
    parent_id: Option<String>,
    #[serde(alias = "start_time_unix_nano")]
    start_time: u64,
    #[serde(default, alias = "end_time_unix_nano")]
    end_time: Option<u64>,
    #[serde(default)]
    status_code: Option<String>,
    #[serde(default)]
    status_message: Option<String>,
    #[serde(default, skip_serializing)]
    status: Option<FiledStatus>,
    /// Values are JSON within texts.
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    events: Vec<FiledEvent>,
}

#[derive(Deserialize, Serialize)]
struct Context {
    span_id: String,
    trace_id: String,
}

#[derive(Deserialize)]
struct FiledStatus {
    code: String,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct FiledEvent {
    name: String,
    #[serde(alias = "time_unix_nano")]
    timestamp: u64,
    #[serde(default)]
    attributes: Map<String, Value>,
}

impl File {
    /// The one that a path of artifacts means, if it means one.
    pub(in crate::mlflow) fn at(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            [_, "traces", trace, "artifacts", NAME] if store_id(trace).is_ok() => {
                Some(Self { trace: trace.to_owned() })
            }
            _ => None,
        }
    }

    /// Takes in the spans of a trace that is there.
    pub(in crate::mlflow) async fn take(&self, shared: &Shared, request: Request) -> Result<(), Wrong> {
        let (head, mut content) = request.into_parts();
        let (admission, bounds) = (shared.intake.admission(), shared.intake.bounds());
        let (bytes, held) = match body::take(&mut content, &head.headers, admission, bounds).await {
            Ok(taken) => taken,
            Err(refusal) => {
                body::drain(&mut content).await;
                return Err(refusal.into());
            }
        };
        let known = read::find(shared, &self.trace).await?;
        let unreadable = |why: String| Wrong::invalid(format!("'{NAME}' can't be read: {why}"));
        let content: Content = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let read = |(place, filed): (usize, Filed)| {
            filed.read().ok_or_else(|| unreadable(format!("an id of spans[{place}] is none")))
        };
        let spans = content.spans.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        shared.intake.keep(&known.experiment, &known.id, spans).await?;
        drop(held);
        Ok(())
    }

    pub(in crate::mlflow) async fn show(&self, shared: &Shared) -> Result<Response, Wrong> {
        let FoundTrace { info, spans } = read::find_with_spans(shared, &self.trace).await?;
        if spans.is_empty() {
            return Err(missing(&self.trace));
        }
        let spans: Vec<_> = spans.iter().map(|span| Filed::of(&info.id, span)).collect();
        let of_root = |name: &str| {
            let root = spans.iter().find(|span| span.parent_id.is_none())?;
            root.attributes.get(name)?.as_str().map(str::to_owned)
        };
        let (request, response) = (of_root("mlflow.spanInputs"), of_root("mlflow.spanOutputs"));
        Ok(Json(Content { spans, request, response }).into_response())
    }
}

impl Filed {
    fn of(trace: &str, (span, digest): &(Span, SpanDigest)) -> Self {
        let texts = spans::all_attributes(trace, span, digest).into_iter();
        let event = |event: &Event| FiledEvent {
            name: event.name.clone(),
            timestamp: event.time,
            attributes: event.attributes.iter().map(|(name, value)| (name.clone(), value.to_value())).collect(),
        };
        let (code, message) = match &span.status {
            Status::Unset => ("UNSET", ""),
            Status::Ok => ("OK", ""),
            Status::Error(said) => ("ERROR", &**said),
        };
        Self {
            name: span.name.clone(),
            context: Some(Context { span_id: span.id.clone(), trace_id: trace.to_owned() }),
            span_id: None,
            parent_id: span.parent.clone(),
            start_time: span.start,
            end_time: span.end,
            status_code: Some(code.to_owned()),
            status_message: Some(message.to_owned()),
            status: None,
            attributes: texts.map(|(name, value)| (name, json!(value.as_str()))).collect(),
            events: span.events.iter().map(event).collect(),
        }
    }

    /// None where an id is none.
    fn read(self) -> Option<Span> {
        let given = self.context.map(|context| context.span_id).or(self.span_id)?;
        let parent = match self.parent_id.as_deref() {
            None | Some("") => None,
            Some(parent) => Some(id(parent)?),
        };
        let (code, message) = match self.status {
            Some(FiledStatus { code, message }) => (code, message),
            None => (self.status_code.unwrap_or_default(), self.status_message),
        };
        let status = match code.strip_prefix("STATUS_CODE_").unwrap_or(&code) {
            "OK" => Status::Ok,
            "ERROR" => Status::Error(message.unwrap_or_default()),
            _ => Status::Unset,
        };
        let event = |event: FiledEvent| {
            let attributes = event.attributes.into_iter().filter_map(|(name, value)| Some((name, json_of(&value)?)));
            Event { name: event.name, time: event.timestamp, attributes: attributes.collect() }
        };
        Some(Span {
            id: id(&given)?,
            parent,
            name: self.name,
            start: self.start_time,
            end: self.end_time,
            status,
            attributes: self.attributes.into_iter().filter_map(attribute).collect(),
            events: self.events.into_iter().map(event).collect(),
            ..Span::default()
        })
    }
}

/// The JSON within a text, as it is written there.
fn attribute((name, value): (String, Value)) -> Option<(String, Text)> {
    let within = value.as_str().and_then(|text| Text::parse(text).ok());
    Some((name, within.or_else(|| json_of(&value))?))
}

fn json_of(value: &Value) -> Option<Text> {
    Text::from_serialize(value).ok()
}

/// Of hexadecimal, which the oldest clients have `0x` before, or of Base64, which no id in hexadecimal looks like.
fn id(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let number = match u64::from_str_radix(digits, 16) {
        Ok(number) => number,
        Err(_) => u64::from_be_bytes(STANDARD.decode(text).ok()?.try_into().ok()?),
    };
    (number != 0).then(|| format!("{number:016x}"))
}
