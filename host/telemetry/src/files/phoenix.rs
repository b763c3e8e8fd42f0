//! Phoenix: `Span` and `SpanAnnotation` of its API, and rows of its data frames.
//!
//! Attributes are OpenInference's, nested or with dots in their names; here all have dots, and lists of objects have numbers in
//! them, as OpenInference has it. What is one JSON text there, and was taken apart, is one object here.

use model::assessment::{Assessment, Said as Verdict};
use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::{Event, Span, Status, Trace};
use serde_json::value::RawValue;

use super::said::{self, Said};
use super::{Found, Imported, time};
use crate::facts;
use crate::fields::{Fields, within, wrong};
use crate::shape::MOST_SPANS;

/// Fields of a span that something is made of; `attributes.` begins those of a row.
const KNOWN: [&str; 20] = [
    "id",
    "name",
    "context",
    "context.trace_id",
    "context.span_id",
    "span_kind",
    "parent_id",
    "start_time",
    "end_time",
    "status_code",
    "status_message",
    "attributes",
    "events",
    "annotations",
    "traceId",
    "spanId",
    "project_name",
    "project",
    "index",
    "level_0",
];

/// Names of what is an object, however deep it is.
const OBJECTS: [&str; 6] = ["metadata", "parameters", "invocation_parameters", "variables", "json_schema", "arguments"];

/// Nobody nests deeper, nor has names that are longer, and what is beyond that stays an object: a name is there as often as
/// there is something under it.
const DEEPEST: usize = 12;
const LONGEST: usize = 200;

pub(super) fn read(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    let mut left_out = Vec::new();
    if !fields.has_any(&["spans"]) {
        let traces = vec![imported(fields, &mut left_out)?];
        return Ok(Found { traces, left_out });
    }
    let mut traces: Vec<Imported> = Vec::new();
    for (path, raw) in fields.list(&["spans"], MOST_SPANS)? {
        let mut broken = Vec::new();
        match Fields::read(raw.get()).and_then(|fields| imported(&fields, &mut broken)) {
            Ok(span) => traces.push(span),
            Err(wrong) => broken.push(wrong),
        }
        left_out.extend(broken.into_iter().map(|broken| within(broken, &path)));
    }
    let mut whole = Found { traces, left_out };
    // What is said of the trace goes with its root.
    let mut said = Said::default();
    said.put_rest(
        "phoenix.trace.",
        fields,
        &["traceId", "spans", "rootSpan", "startTime", "endTime", "duration", "status"],
    );
    let top = whole.traces.iter().position(|one| one.trace.spans.iter().any(|span| span.parent.is_none()));
    if let Some(span) = top.and_then(|top| whole.traces[top].trace.spans.first_mut()) {
        said.add_to(span);
    }
    Ok(whole)
}

/// A trace with one span.
fn imported(fields: &Fields<'_>, left_out: &mut Vec<BrokenTrace>) -> Result<Imported, BrokenTrace> {
    let (trace, span) = span(fields)?;
    let assessments = said::each(fields, &["annotations"], usize::MAX, left_out, |raw| annotation(raw, &span.id))?;
    let experiment = fields.map(&["project_name", "project"], |raw| match raw.starts_with('{') {
        true => Fields::read(raw)?.text(&["name"]),
        false => said::text(raw).map(Some),
    });
    let experiment = experiment?.flatten();
    let trace = Trace { id: trace, spans: vec![span] };
    Ok(Imported { trace, experiment, assessments, ..Imported::default() })
}

fn span(fields: &Fields<'_>) -> Result<(String, Span), BrokenTrace> {
    let context = fields.map(&["context"], Fields::read)?;
    let own = |name: &str, flat: &'static str| -> Result<String, BrokenTrace> {
        let raw = context.as_ref().and_then(|context| context.raw(name)).or_else(|| fields.raw(flat));
        let raw = raw.ok_or_else(|| wrong(format!("missing key `{flat}`")))?;
        said::text(raw).map_err(|broken| within(broken, flat))
    };
    let (told, own_span) = (own("trace_id", "context.trace_id")?, own("span_id", "context.span_id")?);
    let (trace, is_hashed) = said::own_id::<16>(&told);
    let (id, is_hashed_span) = said::own_id::<8>(&own_span);
    let start = fields.map(&["start_time"], time::read)?.ok_or_else(|| wrong("missing key `start_time`"))?;
    let end = fields.map(&["end_time"], time::read)?;
    if end.is_some_and(|end| end < start) {
        return Err(wrong("ends before it starts"));
    }
    let mut said = Said::default();
    if is_hashed {
        said.put_made("phoenix.trace_id", &told);
    }
    if is_hashed_span {
        said.put_made("phoenix.span_id", &own_span);
    }
    said.put_field("phoenix.id", fields, "id");
    said.put_field("openinference.span.kind", fields, "span_kind");
    if let Some(attributes) = fields.map(&["attributes"], Fields::read)? {
        attributes.entries().for_each(|(name, raw)| flat(&mut said, name.to_owned(), raw.get(), 0));
    }
    let mut known = KNOWN.to_vec();
    for (name, raw) in fields.entries() {
        if let Some(own) = name.strip_prefix("attributes.") {
            flat(&mut said, own.to_owned(), raw.get(), 0);
            known.push(name);
        }
    }
    said.put_rest("phoenix.", fields, &known);
    let message = fields.text(&["status_message"])?.unwrap_or_default();
    let events = fields.list(&["events"], MOST_SPANS)?.into_iter();
    let events = events.map(|(path, raw)| event(raw.get()).map_err(|broken| within(broken, &path)));
    let span = Span {
        id,
        parent: fields.map(&["parent_id"], said::text)?.filter(|id| !id.is_empty()).map(|id| said::own_id::<8>(&id).0),
        name: fields.text(&["name"])?.ok_or_else(|| wrong("missing key `name`"))?,
        start,
        end,
        status: match fields.text(&["status_code"])?.as_deref() {
            Some("OK") => Status::Ok,
            Some("ERROR") => Status::Error(message),
            _ => Status::Unset,
        },
        attributes: said.into_attributes(),
        events: events.collect::<Result<_, _>>()?,
        ..Span::default()
    };
    Ok((trace, span))
}

fn event(raw: &str) -> Result<Event, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let mut said = Said::default();
    if let Some(attributes) = fields.map(&["attributes"], Fields::read)? {
        attributes.entries().for_each(|(name, raw)| said.put(name, raw.get()));
    }
    Ok(Event {
        name: fields.text(&["name"])?.unwrap_or_default(),
        time: fields.map(&["timestamp"], time::read)?.unwrap_or_default(),
        attributes: said.into_attributes(),
    })
}

/// What is nested under dots.
fn flat(said: &mut Said, name: String, raw: &str, depth: usize) {
    let is_object = name.rsplit('.').next().is_some_and(|last| OBJECTS.contains(&last));
    if is_object || depth > DEEPEST || name.len() > LONGEST {
        return said.put(name, raw);
    }
    match raw.as_bytes().first() {
        Some(b'{') => {
            let fields = Fields::read(raw).into_iter();
            let entries = fields
                .flat_map(|fields| fields.entries().map(|(name, raw)| (name.to_owned(), raw)).collect::<Vec<_>>());
            entries.for_each(|(inner, raw)| flat(said, format!("{name}.{inner}"), raw.get(), depth + 1));
        }
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(items) if !items.is_empty() && items.iter().all(|item| item.get().starts_with('{')) => {
                for (number, item) in items.into_iter().enumerate() {
                    flat(said, format!("{name}.{number}"), item.get(), depth + 1);
                }
            }
            _ => said.put(name, raw),
        },
        _ => said.put(name, raw),
    }
}

/// What an annotation says: its label, else its score.
fn annotation(raw: &str, span: &str) -> Result<Assessment, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let name = fields.text(&["name"])?.ok_or_else(|| wrong("missing key `name`"))?;
    let result = fields.map(&["result"], Fields::read)?;
    let of_result = |name| result.as_ref().and_then(|result| result.raw(name)).or_else(|| fields.raw(name));
    let (label, score) = (of_result("label"), of_result("score"));
    let json = |raw| Json::parse(raw).map_err(|error| wrong(error.to_string()));
    let value = label.or(score).map_or_else(|| Ok(Json::from_raw(RawValue::NULL)), json)?;
    let mut metadata = fields.map(&["metadata"], said::texts)?.unwrap_or_default();
    if let (Some(_), Some(score)) = (label, score) {
        metadata.insert("phoenix.score".to_owned(), score.to_owned());
    }
    let text = |raw: &RawValue| facts::text(&Json::from_raw(raw)).unwrap_or_else(|| raw.get().to_owned());
    let known =
        ["id", "name", "annotator_kind", "result", "metadata", "created_at", "updated_at", "span_id", "user_id"];
    let known = [&known[..], &["label", "score", "explanation"]].concat();
    for (name, raw) in
        fields.entries().filter(|(name, raw)| !known.contains(name) && !["null", "\"\""].contains(&raw.get()))
    {
        metadata.insert(format!("phoenix.{name}"), text(raw));
    }
    let kind = fields.text(&["annotator_kind"])?.unwrap_or_else(|| "HUMAN".to_owned());
    let created = fields.map(&["created_at"], time::read)?.unwrap_or_default();
    let own = fields.map(&["id"], said::text)?;
    let own = own.map_or_else(|| format!("{span} {raw}"), |id| format!("phoenix {id}"));
    Ok(Assessment {
        id: said::assessment_id(&own),
        span: Some(span.to_owned()),
        name,
        said: Verdict::Feedback(value),
        source: said::source(&kind, fields.map(&["user_id"], said::text)?)
            .map_err(|broken| within(broken, "annotator_kind"))?,
        rationale: of_result("explanation").map(crate::fields::text).transpose()?,
        created,
        updated: fields.map(&["updated_at"], time::read)?.unwrap_or(created),
        metadata,
        overrides: None,
    })
}
