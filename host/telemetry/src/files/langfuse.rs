//! Langfuse: `TraceWithFullDetails`, `ObservationsView` and `Score` of its API, whose names exports write in either case.
//!
//! A trace is no observation there: where it has exactly one without a parent, that is the root; else one is made, of which
//! the others are children. What is said of the trace goes to the root, as its SDKs do it.

use model::assessment::{Assessment, Said as Verdict};
use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::{Span, Status, Trace};
use serde_json::json;
use serde_json::value::RawValue;

use super::said::{self, Said};
use super::{Found, Imported, time};
use crate::fields::{Fields, Names, within, wrong};
use crate::shape::MOST_SPANS;
use crate::{facts, id};

const TRACE_ID: Names = &["traceId", "trace_id"];
const START: Names = &["startTime", "start_time"];
const END: Names = &["endTime", "end_time"];
const PARENT: Names = &["parentObservationId", "parent_observation_id"];

/// Of the trace, in whatever record says them: Langfuse's attribute with its field.
const OF_TRACE: [(&str, Names); 9] = [
    ("langfuse.trace.name", &["traceName", "trace_name"]),
    ("langfuse.session.id", &["sessionId", "session_id"]),
    ("langfuse.user.id", &["userId", "user_id"]),
    ("langfuse.release", &["release"]),
    ("langfuse.environment", &["environment"]),
    ("langfuse.trace.tags", &["tags"]),
    ("langfuse.trace.public", &["public"]),
    ("langfuse.trace.bookmarked", &["bookmarked"]),
    ("langfuse.project.id", &["projectId", "project_id"]),
];

/// Of an observation.
const OF_OBSERVATION: [(&str, Names); 12] = [
    ("langfuse.observation.type", &["type"]),
    ("langfuse.observation.input", &["input"]),
    ("langfuse.observation.output", &["output"]),
    ("langfuse.observation.level", &["level"]),
    ("langfuse.observation.status_message", &["statusMessage", "status_message"]),
    ("langfuse.observation.model.name", &["model", "providedModelName", "provided_model_name"]),
    ("langfuse.observation.model.parameters", &["modelParameters", "model_parameters"]),
    ("langfuse.observation.completion_start_time", &["completionStartTime", "completion_start_time"]),
    ("langfuse.observation.prompt.name", &["promptName", "prompt_name"]),
    ("langfuse.observation.prompt.version", &["promptVersion", "prompt_version"]),
    ("langfuse.version", &["version"]),
    ("langfuse.observation.usage_details", &["usageDetails", "usage_details"]),
];

/// Fields of both that something is made of.
const KNOWN: [&str; 23] = [
    "id",
    "name",
    "metadata",
    "timestamp",
    "observations",
    "scores",
    "trace",
    "traceId",
    "trace_id",
    "startTime",
    "start_time",
    "endTime",
    "end_time",
    "parentObservationId",
    "parent_observation_id",
    "costDetails",
    "cost_details",
    "calculatedTotalCost",
    "usage",
    "promptTokens",
    "completionTokens",
    "totalTokens",
    "type",
];

pub(super) fn read(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    if fields.has_any(TRACE_ID) && fields.has_any(START) {
        return by_itself(fields);
    }
    match fields.map(&["trace"], Fields::read)? {
        Some(trace) => whole(&trace, fields, "trace"),
        None => whole(fields, fields, ""),
    }
}

/// An observation whose trace is elsewhere.
fn by_itself(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    let told = fields.map(TRACE_ID, said::text)?.unwrap_or_default();
    let (id, is_hashed) = said::own_id::<16>(&told);
    let mut said = Said::default();
    if is_hashed {
        said.put_made("langfuse.trace.id", &told);
    }
    for (key, names) in OF_TRACE {
        put(&mut said, key, fields, names);
    }
    let mut span = observation(fields)?;
    said.add_to(&mut span);
    let trace = Trace { id, spans: vec![span] };
    Ok(Found { traces: vec![Imported { trace, ..Imported::default() }], left_out: Vec::new() })
}

/// `at` is where the trace is in the record, which has its observations and scores.
fn whole(trace: &Fields<'_>, record: &Fields<'_>, at: &str) -> Result<Found, BrokenTrace> {
    let of_trace = |broken| if at.is_empty() { broken } else { within(broken, at) };
    let told = trace.map(&["id"], said::text).map_err(of_trace)?.ok_or_else(|| of_trace(wrong("missing key `id`")))?;
    let (id, is_hashed) = said::own_id::<16>(&told);
    let mut left_out = Vec::new();
    // Where there are only ids, the observations are elsewhere.
    let object = |raw: &str| match raw.starts_with('"') {
        true => Ok(None),
        false => Fields::read(raw).and_then(|fields| observation(&fields)).map(Some),
    };
    let observations = said::each(record, &["observations"], MOST_SPANS, &mut left_out, object)?;
    let mut spans: Vec<Span> = observations.into_iter().flatten().collect();
    let score = |raw: &str| if raw.starts_with('"') { Ok(None) } else { self::score(raw).map(Some) };
    let mut scores = said::each(record, &["scores"], usize::MAX, &mut left_out, score)?;
    if !at.is_empty() {
        let mut broken = Vec::new();
        scores.extend(said::each(trace, &["scores"], usize::MAX, &mut broken, score).map_err(of_trace)?);
        left_out.extend(broken.into_iter().map(of_trace));
    }
    let mut tops = spans.iter().enumerate().filter(|(_, span)| span.parent.is_none()).map(|(at, _)| at);
    let top = match (tops.next(), tops.next()) {
        (Some(only), None) => only,
        _ => {
            let root = root(&id, trace, &spans).map_err(of_trace)?;
            spans.iter_mut().filter(|span| span.parent.is_none()).for_each(|span| span.parent = Some(root.id.clone()));
            spans.push(root);
            spans.len() - 1
        }
    };
    of_root(trace, is_hashed.then_some(told)).add_to(&mut spans[top]);
    let assessments = scores.into_iter().flatten().collect();
    let imported = Imported { trace: Trace { id, spans }, assessments, ..Imported::default() };
    Ok(Found { traces: vec![imported], left_out })
}

/// A span for a trace that has none, or several that are nobody's children.
fn root(id: &str, trace: &Fields<'_>, spans: &[Span]) -> Result<Span, BrokenTrace> {
    let told = trace.map(&["timestamp"], time::read)?;
    let first = spans.iter().map(|span| span.start).min();
    let start = told.into_iter().chain(first).min().ok_or_else(|| wrong("missing key `timestamp`"))?;
    let last = spans.iter().filter_map(|span| span.end.or(Some(span.start))).max();
    let mut said = Said::default();
    put(&mut said, "langfuse.observation.input", trace, &["input"]);
    put(&mut said, "langfuse.observation.output", trace, &["output"]);
    said.put_made("langfuse.observation.type", "span");
    Ok(Span {
        id: id::made::<8>(&[b"karat 2026 root of a trace", id.as_bytes()]),
        name: trace.text(&["name"])?.unwrap_or_else(|| "trace".to_owned()),
        start,
        end: Some(last.unwrap_or(start).max(start)),
        attributes: said.into_attributes(),
        ..Span::default()
    })
}

fn of_root(trace: &Fields<'_>, id: Option<String>) -> Said {
    let mut said = Said::default();
    if let Some(id) = id {
        said.put_made("langfuse.trace.id", &id);
    }
    put(&mut said, "langfuse.trace.name", trace, &["name"]);
    put(&mut said, "langfuse.trace.input", trace, &["input"]);
    put(&mut said, "langfuse.trace.output", trace, &["output"]);
    put(&mut said, "langfuse.version", trace, &["version"]);
    metadata(&mut said, "langfuse.trace.metadata.", trace);
    let mut known = vec!["input", "output", "version"];
    known.extend(KNOWN);
    for (key, names) in OF_TRACE {
        put(&mut said, key, trace, names);
        known.extend(names);
    }
    said.put_rest("langfuse.trace.", trace, &known);
    said
}

fn observation(fields: &Fields<'_>) -> Result<Span, BrokenTrace> {
    let told = fields.map(&["id"], said::text)?.ok_or_else(|| wrong("missing key `id`"))?;
    let (id, is_hashed) = said::own_id::<8>(&told);
    let start = fields.map(START, time::read)?.ok_or_else(|| wrong("missing key `startTime`"))?;
    let kind = fields.text(&["type"])?.unwrap_or_default();
    // What happens at a moment has no end there.
    let end = fields.map(END, time::read)?.or_else(|| kind.eq_ignore_ascii_case("event").then_some(start));
    if end.is_some_and(|end| end < start) {
        return Err(wrong("ends before it starts"));
    }
    let level = fields.text(&["level"])?.unwrap_or_default();
    let mut said = Said::default();
    if is_hashed {
        said.put_made("langfuse.observation.id", &told);
    }
    metadata(&mut said, "langfuse.observation.metadata.", fields);
    let mut known = KNOWN.to_vec();
    for (key, names) in OF_OBSERVATION {
        put(&mut said, key, fields, names);
        known.extend(names);
    }
    known.extend(OF_TRACE.iter().flat_map(|(_, names)| names.iter()));
    spent(&mut said, fields);
    said.put_rest("langfuse.observation.", fields, &known);
    Ok(Span {
        id,
        parent: fields.map(PARENT, said::text)?.filter(|id| !id.is_empty()).map(|id| said::own_id::<8>(&id).0),
        name: fields.text(&["name"])?.filter(|name| !name.is_empty()).unwrap_or_else(|| kind.to_ascii_lowercase()),
        start,
        end,
        status: match level.as_str() {
            "ERROR" => Status::Error(fields.text(&["statusMessage", "status_message"])?.unwrap_or_default()),
            _ => Status::Unset,
        },
        attributes: said.into_attributes(),
        ..Span::default()
    })
}

/// Tokens and cost, as older versions tell them as well.
fn spent(said: &mut Said, fields: &Fields<'_>) {
    let number = |name| fields.raw(name).and_then(|raw| raw.trim_matches('"').parse::<f64>().ok());
    let count = |name| number(name).filter(|count| *count > 0.0).map(|count| count as u64);
    let usage = fields.raw("usage").filter(|raw| {
        let total = Fields::read(raw).ok().and_then(|usage| usage.whole(&["total", "input", "output"]).ok().flatten());
        total.is_some_and(|total| total > 0)
    });
    match (said.has("langfuse.observation.usage_details"), usage, count("totalTokens")) {
        (true, ..) => {}
        (false, Some(usage), _) => said.put("langfuse.observation.usage_details", usage),
        (false, None, Some(total)) => {
            let (input, output) = (count("promptTokens"), count("completionTokens"));
            let told =
                json!({ "input": input.unwrap_or_default(), "output": output.unwrap_or_default(), "total": total });
            said.put_made("langfuse.observation.usage_details", &told);
        }
        (false, None, None) => {}
    }
    put(said, "langfuse.observation.cost_details", fields, &["costDetails", "cost_details"]);
    if !said.has("langfuse.observation.cost_details")
        && let Some(total) = number("calculatedTotalCost").filter(|cost| *cost > 0.0)
    {
        said.put_made("langfuse.observation.cost_details", &json!({ "total": total }));
    }
}

/// Of several names the first counts. What is empty says nothing, but for what came in and went out.
fn put(said: &mut Said, key: &str, fields: &Fields<'_>, names: Names) {
    let is_kept = |raw: &&str| key.ends_with("put") || !["[]", "{}", "\"\""].contains(raw);
    if let Some(raw) = names.iter().filter_map(|name| fields.raw(name)).find(is_kept) {
        said.put(key, raw);
    }
}

/// An object, or one within a text.
fn metadata(said: &mut Said, prefix: &str, fields: &Fields<'_>) {
    let Some(raw) = fields.raw("metadata") else { return };
    let inner = crate::fields::text(raw).ok().filter(|inner| Json::parse(inner).is_ok_and(|inner| inner.is_object()));
    said.put_spread(prefix, inner.as_deref().unwrap_or(raw));
}

fn score(raw: &str) -> Result<Assessment, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let id = fields.map(&["id"], said::text)?.ok_or_else(|| wrong("missing key `id`"))?;
    let kind = fields.text(&["dataType", "data_type"])?.unwrap_or_default();
    let value = match (kind.as_str(), fields.raw("stringValue").or_else(|| fields.raw("string_value"))) {
        ("CATEGORICAL" | "TEXT" | "CORRECTION", Some(text)) => Some(text),
        ("BOOLEAN", _) => fields.raw("value").map(|raw| match raw {
            "0" | "0.0" | "false" => "false",
            _ => "true",
        }),
        (_, text) => fields.raw("value").or(text),
    };
    let value = value.map_or_else(|| Ok(Json::from_raw(RawValue::NULL)), Json::parse);
    let value = value.map_err(|error| within(wrong(error.to_string()), "value"))?;
    let time = |names| fields.map(names, time::read);
    let created = time(&["createdAt", "created_at"])?.or(time(&["timestamp"])?).unwrap_or_default();
    let source = fields.text(&["source"])?.unwrap_or_else(|| "API".to_owned());
    let source = said::source(&source, fields.text(&["authorUserId", "author_user_id"])?);
    let mut metadata = match fields.raw("metadata") {
        Some(raw) if raw.starts_with('{') => said::texts(raw)?,
        Some(raw) => [("langfuse.metadata".to_owned(), raw.to_owned())].into(),
        None => Default::default(),
    };
    let known =
        ["id", "name", "value", "stringValue", "string_value", "comment", "source", "metadata", "traceId", "trace_id"];
    let known = [&known[..], &["observationId", "observation_id", "timestamp", "createdAt", "created_at", "updatedAt"]]
        .concat();
    let known = [&known[..], &["updated_at", "authorUserId", "author_user_id"]].concat();
    for (name, raw) in fields.entries().filter(|(name, raw)| !known.contains(name) && raw.get() != "null") {
        let value = Json::from_raw(raw);
        let text = facts::text(&value).unwrap_or_else(|| value.as_str().to_owned());
        metadata.insert(format!("langfuse.{name}"), text);
    }
    Ok(Assessment {
        id: said::assessment_id(&id),
        span: fields.text(&["observationId", "observation_id"])?.map(|id| said::own_id::<8>(&id).0),
        name: fields.text(&["name"])?.ok_or_else(|| wrong("missing key `name`"))?,
        said: Verdict::Feedback(value),
        source: source.map_err(|broken| within(broken, "source"))?,
        rationale: fields.text(&["comment"])?,
        created,
        updated: time(&["updatedAt", "updated_at"])?.unwrap_or(created),
        metadata,
        overrides: None,
    })
}
