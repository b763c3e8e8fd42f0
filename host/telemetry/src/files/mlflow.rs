//! MLflow: `mlflow/entities/trace.py`, `trace_info.py`, `trace_info_v2.py`, `span.py` and `assessment.py`.
//!
//! Metadata of a trace goes to its root: MLflow's own names are known as attributes, the application's get a prefix. Left out
//! is what says nothing of the trace: where files and spans are kept, sizes, and copies of what came in and went out.

use std::collections::HashSet;

use model::assessment::{Assessment, Said as Verdict};
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use model::ports::BrokenTrace;
use model::search::CLIENT_REQUEST_ID;
use model::trace::{Event, Span, Status, Trace};
use serde_json::value::RawValue;

use super::said::{self, Said};
use super::{Found, Imported, time};
use crate::dialects::OF_TRACE;
use crate::fields::{Fields, within, wrong};
use crate::id;
use crate::shape::MOST_SPANS;
use crate::span;
use crate::value::{Values, attributes};

const NOT_KEPT: [&str; 9] = [
    "mlflow.artifactLocation",
    "mlflow.trace.archiveLocation",
    "mlflow.trace.archivalFailure",
    "mlflow.trace.spansLocation",
    "mlflow.trace.infoFinalized",
    "mlflow.trace.sizeBytes",
    "mlflow.trace.sizeStats",
    "mlflow.traceInputs",
    "mlflow.traceOutputs",
];

/// Fields of `info` that something is made of.
const KNOWN: [&str; 28] = [
    "trace_id",
    "request_id",
    "client_request_id",
    "trace_location",
    "experiment_id",
    "request_time",
    "timestamp_ms",
    "execution_duration",
    "execution_duration_ms",
    "execution_time_ms",
    "state",
    "status",
    "trace_metadata",
    "request_metadata",
    "tags",
    "assessments",
    "request_preview",
    "response_preview",
    // In a row, and in an answer.
    "request",
    "response",
    "trace",
    "spans",
    "info",
    "trace_info",
    "data",
    "trace_data",
    "index",
    "level_0",
];

/// Whether it is a row of `mlflow.search_traces()`.
pub(super) fn is_row(fields: &Fields<'_>) -> bool {
    fields.has_any(&["trace_id", "request_id"])
        && fields.has_any(&["trace_metadata", "request_metadata", "trace", "trace_location"])
}

pub(super) fn read(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    // A row has the trace as a text, an answer as an object.
    match fields.raw("trace") {
        Some(raw) if raw.starts_with('"') => {
            let inner = crate::fields::text(raw)?;
            let read = Json::parse(&inner).map_err(|error| wrong(error.to_string()));
            let read = read.and_then(|inner| of_trace(&Fields::read(inner.as_str())?));
            read.map_err(|broken| within(broken, "trace"))
        }
        Some(raw) => Fields::read(raw).and_then(|inner| of_trace(&inner)).map_err(|broken| within(broken, "trace")),
        None => of_trace(fields),
    }
}

fn of_trace(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    let Some((name, raw)) = fields.get(&["info", "trace_info"]) else { return found(fields, fields, "") };
    let info = Fields::read(raw.get()).map_err(|broken| within(broken, name))?;
    let prefix = format!("{name}.");
    found(fields, &info, &prefix)
}

/// `at` is where `info` is in the record.
fn found(fields: &Fields<'_>, info: &Fields<'_>, at: &str) -> Result<Found, BrokenTrace> {
    let of_info = |broken| within_info(broken, at);
    let mut left_out = Vec::new();
    let (spans, own) = spans(fields, &mut left_out)?;
    let told = info.map(&["trace_id", "request_id"], crate::fields::text).map_err(of_info)?;
    let (id, is_hashed) = match &told {
        Some(told) => {
            let bare = told.rsplit('/').next().unwrap_or(told);
            said::own_id::<16>(bare.strip_prefix("tr-").unwrap_or(bare))
        }
        None => (own.ok_or_else(|| wrong("has no id"))?, false),
    };
    let mut of_assessments = Vec::new();
    let mut assessments =
        said::each(info, &["assessments"], usize::MAX, &mut of_assessments, assessment).map_err(of_info)?;
    left_out.extend(of_assessments.into_iter().map(of_info));
    let overridden: HashSet<_> = assessments.iter().filter_map(|assessment| assessment.overrides).collect();
    for assessment in &mut assessments {
        // It says so itself, which another one says as well.
        if overridden.contains(&assessment.id) {
            assessment.metadata.remove("mlflow.valid");
        }
    }
    let mut tags = info.map(&["tags"], said::texts).map_err(of_info)?.unwrap_or_default();
    tags.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
    let mut spans = spans;
    if spans.is_empty() {
        spans.push(root(&id, info, tags.get("mlflow.traceName")).map_err(of_info)?);
    }
    let top = spans.iter().position(|span| span.parent.is_none()).unwrap_or_default();
    let more = of_root(info, &spans[top], told.filter(|_| is_hashed)).map_err(of_info)?;
    more.add_to(&mut spans[top]);
    let location = |raw: &str| {
        let fields = Fields::read(raw)?;
        let id = fields.map(&["mlflow_experiment"], |raw| Fields::read(raw)?.map(&["experiment_id"], said::text))?;
        Ok(id.flatten())
    };
    let experiment = info.map(&["trace_location"], location).map_err(of_info)?.flatten();
    let experiment = match experiment {
        None => info.map(&["experiment_id"], said::text).map_err(of_info)?,
        told => told,
    };
    let imported = Imported { trace: Trace { id, spans }, experiment, tags, assessments };
    Ok(Found { traces: vec![imported], left_out })
}

fn within_info(broken: BrokenTrace, at: &str) -> BrokenTrace {
    match at.strip_suffix('.') {
        Some(name) => within(broken, name),
        None => broken,
    }
}

/// The spans of a trace, and the id that they say it has.
fn spans(fields: &Fields<'_>, left_out: &mut Vec<BrokenTrace>) -> Result<(Vec<Span>, Option<String>), BrokenTrace> {
    let mut take = |fields: &Fields<'_>, at: &str| -> Result<_, BrokenTrace> {
        let mut broken = Vec::new();
        let read = said::each(fields, &["spans"], MOST_SPANS, &mut broken, self::span)?;
        left_out.extend(broken.into_iter().map(|broken| within_info(broken, at)));
        Ok(read)
    };
    let read = match fields.get(&["data", "trace_data"]) {
        Some((name, raw)) => {
            let fields = Fields::read(raw.get()).map_err(|broken| within(broken, name))?;
            take(&fields, &format!("{name}.")).map_err(|broken| within(broken, name))?
        }
        None => take(fields, "")?,
    };
    let id = read.iter().find_map(|(id, _)| id.clone());
    Ok((read.into_iter().map(|(_, span)| span).collect(), id))
}

fn span(raw: &str) -> Result<(Option<String>, Span), BrokenTrace> {
    let fields = Fields::read(raw)?;
    if fields.has_any(&["context"]) {
        return span_of_version_2(&fields);
    }
    let read = span::read(raw, Values::Texts)?;
    if !read.has_id || !read.has_name {
        return Err(wrong(format!("missing key `{}`", if read.has_id { "name" } else { "span_id" })));
    }
    Ok((read.trace, read.span))
}

fn span_of_version_2(fields: &Fields<'_>) -> Result<(Option<String>, Span), BrokenTrace> {
    let ids = |raw| {
        let fields = Fields::read(raw)?;
        Ok((fields.map(&["trace_id"], id::trace)?, fields.map(&["span_id"], id::span)?))
    };
    let (trace, id) = fields.map(&["context"], ids)?.unwrap_or_default();
    let code = fields.text(&["status_code"])?.unwrap_or_default();
    let message = fields.text(&["status_message"])?.unwrap_or_default();
    let of_span = |raw| attributes(raw, Values::Texts);
    let event = |raw: &str| {
        let fields = Fields::read(raw)?;
        Ok(Event {
            name: fields.text(&["name"])?.unwrap_or_default(),
            time: fields.map(&["timestamp"], time::read)?.unwrap_or_default(),
            attributes: fields.map(&["attributes"], |raw| attributes(raw, Values::Plain))?.unwrap_or_default(),
        })
    };
    let events = fields.list(&["events"], MOST_SPANS)?.into_iter();
    let events = events.map(|(path, raw)| event(raw.get()).map_err(|broken| within(broken, &path)));
    let span = Span {
        id: id.ok_or_else(|| wrong("missing key `context.span_id`"))?,
        parent: fields.map(&["parent_id"], id::parent)?.flatten(),
        name: fields.text(&["name"])?.ok_or_else(|| wrong("missing key `name`"))?,
        start: fields.map(&["start_time"], time::read)?.ok_or_else(|| wrong("missing key `start_time`"))?,
        end: fields.map(&["end_time"], time::read)?,
        status: match code.rsplit('.').next() {
            Some("OK") => Status::Ok,
            Some("ERROR") => Status::Error(message),
            _ => Status::Unset,
        },
        attributes: fields.map(&["attributes"], of_span)?.unwrap_or_default(),
        events: events.collect::<Result<_, _>>()?,
        ..Span::default()
    };
    if span.end.is_some_and(|end| end < span.start) {
        return Err(wrong("ends before it starts"));
    }
    Ok((trace, span))
}

/// The span of a trace that has come without any.
fn root(id: &str, info: &Fields<'_>, name: Option<&String>) -> Result<Span, BrokenTrace> {
    let start = info.map(&["request_time", "timestamp_ms"], time::read)?;
    let start = start.ok_or_else(|| wrong("has neither spans nor `request_time`"))?;
    let took = info.get(&["execution_duration", "execution_duration_ms", "execution_time_ms"]);
    let took = took.and_then(|(_, raw)| time::duration(raw.get()));
    let state = info.text(&["state", "status"])?.unwrap_or_default();
    let ends = took.filter(|_| state != "IN_PROGRESS");
    Ok(Span {
        id: id::made::<8>(&[b"karat 2026 root of a trace", id.as_bytes()]),
        name: name.cloned().unwrap_or_else(|| "trace".to_owned()),
        start,
        end: ends.map(|took| start.saturating_add(took)),
        status: match state.as_str() {
            "OK" => Status::Ok,
            "ERROR" => Status::Error(String::new()),
            _ => Status::Unset,
        },
        ..Span::default()
    })
}

/// What is said of the trace, for its root.
fn of_root(info: &Fields<'_>, root: &Span, id: Option<String>) -> Result<Said, BrokenTrace> {
    let mut said = Said::default();
    for (name, value) in info.map(&["trace_metadata", "request_metadata"], said::texts)?.unwrap_or_default() {
        let is_known =
            name.starts_with("mlflow.trace") || ["mlflow.sourceRun", "mlflow.modelId"].contains(&name.as_str());
        match is_known {
            _ if NOT_KEPT.contains(&name.as_str()) => {}
            true => said.put_made(name, &value),
            false => said.put_made(format!("{OF_TRACE}{name}"), &value),
        }
    }
    for (preview, in_row, key) in
        [("request_preview", "request", "mlflow.spanInputs"), ("response_preview", "response", "mlflow.spanOutputs")]
    {
        if root.attribute(key).is_none() {
            said.put_field(key, info, if info.raw(preview).is_some() { preview } else { in_row });
        }
    }
    said.put_field(&format!("{OF_TRACE}{CLIENT_REQUEST_ID}"), info, "client_request_id");
    if let Some(id) = id {
        said.put_made("mlflow.traceId", &id);
    }
    said.put_rest("mlflow.trace.", info, &KNOWN);
    Ok(said)
}

fn assessment(raw: &str) -> Result<Assessment, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let name = fields.text(&["assessment_name", "name"])?.ok_or_else(|| wrong("missing key `assessment_name`"))?;
    let mut metadata = fields.map(&["metadata"], said::texts)?.unwrap_or_default();
    let said = match () {
        () if fields.has_any(&["feedback", "error"]) => feedback(&fields, &mut metadata)?,
        () if fields.has_any(&["expectation"]) => {
            Verdict::Expectation(fields.map(&["expectation"], expectation)?.unwrap_or_else(null))
        }
        () if fields.has_any(&["issue"]) => Verdict::Feedback(fields.map(&["issue"], checked)?.unwrap_or_else(null)),
        () => return Err(wrong("has neither `feedback` nor `expectation`")),
    };
    let source = |raw| {
        let fields = Fields::read(raw)?;
        let kind = fields.text(&["source_type"])?.unwrap_or_default();
        said::source(&kind, fields.text(&["source_id"])?)
    };
    let source = fields.map(&["source"], source)?.ok_or_else(|| wrong("missing key `source`"))?;
    let created = fields.map(&["create_time", "create_time_ms"], time::read)?.unwrap_or_default();
    let updated = fields.map(&["last_update_time", "last_update_time_ms"], time::read)?;
    let span = fields.text(&["span_id"])?.filter(|id| !id.is_empty());
    if fields.raw("valid") == Some("false") {
        metadata.insert("mlflow.valid".to_owned(), "false".to_owned());
    }
    let own = fields.text(&["assessment_id"])?;
    // Without an id of its own it has that of everything it says.
    let id = own.map_or_else(|| said::assessment_id(raw), |own| said::assessment_id(&own));
    let rationale = fields.text(&["rationale"])?;
    let overrides = fields.text(&["overrides"])?.map(|id| said::assessment_id(&id));
    let span = span.map(|id| said::own_id::<8>(&id).0);
    Ok(Assessment {
        id,
        span,
        name,
        said,
        source,
        rationale,
        created,
        updated: updated.unwrap_or(created),
        metadata,
        overrides,
    })
}

fn feedback(
    fields: &Fields<'_>,
    metadata: &mut std::collections::BTreeMap<String, String>,
) -> Result<Verdict, BrokenTrace> {
    let inner = fields.map(&["feedback"], Fields::read)?;
    let own = |name| inner.as_ref().and_then(|inner| inner.raw(name));
    let Some(raw) = own("error").or_else(|| fields.raw("error")) else {
        return Ok(Verdict::Feedback(own("value").map(checked).transpose()?.unwrap_or_else(null)));
    };
    let error = Fields::read(raw).map_err(|broken| within(broken, "error"))?;
    let code = error.text(&["error_code"])?.unwrap_or_default();
    let kind = match code.to_ascii_uppercase().as_str() {
        "RATE_LIMIT" | "RATE_LIMIT_EXCEEDED" => FailureKind::RateLimited,
        "TIMEOUT" => FailureKind::TimedOut,
        known => serde_json::from_value(known.to_ascii_lowercase().into()).unwrap_or(FailureKind::Other),
    };
    let message = error.text(&["error_message"])?.unwrap_or_else(|| code.clone());
    metadata.insert("mlflow.errorCode".to_owned(), code);
    Ok(Verdict::Failed(Failure { detail: error.text(&["stack_trace"])?, ..Failure::new(kind, message) }))
}

/// Lists and objects are JSON within a text.
fn expectation(raw: &str) -> Result<Json, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let serialized = |raw| {
        let text = Fields::read(raw)?.text(&["value"])?.unwrap_or_default();
        checked(&text).map_err(|broken| within(broken, "value"))
    };
    match fields.map(&["serialized_value"], serialized)? {
        Some(value) => Ok(value),
        None => Ok(fields.map(&["value"], checked)?.unwrap_or_else(null)),
    }
}

fn checked(raw: &str) -> Result<Json, BrokenTrace> {
    Json::parse(raw).map_err(|error| wrong(error.to_string()))
}

fn null() -> Json {
    Json::from_raw(RawValue::NULL)
}
