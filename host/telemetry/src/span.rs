//! One span of any shape.

use model::ports::BrokenTrace;
use model::trace::{Attributes, Event, Link, Span, SpanKind, Status};

use crate::fields::{Fields, Names, shown, text, within, wrong};
use crate::id;
use crate::value::{Values, attributes};

const TRACE_ID: Names = &["trace_id", "traceId"];
const SPAN_ID: Names = &["span_id", "spanId"];

/// A span as it was read.
pub(crate) struct Read {
    /// The trace that it says it is of.
    pub(crate) trace: Option<String>,
    pub(crate) span: Span,
    /// Whether it has an id of its own; without one, its id is empty.
    pub(crate) has_id: bool,
    /// Whether it has a name; without one, its name is empty.
    pub(crate) has_name: bool,
}

pub(crate) fn read(raw: &str, values: Values) -> Result<Read, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let id = fields.map(SPAN_ID, id::span)?;
    let start = fields.whole(&["start_time_unix_nano", "startTimeUnixNano"])?;
    let start = start.ok_or_else(|| wrong("missing key `start_time_unix_nano`"))?;
    // Zero is how OTLP leaves a time out.
    let end = fields.whole(&["end_time_unix_nano", "endTimeUnixNano"])?.filter(|end| *end != 0);
    if end.is_some_and(|end| end < start) {
        return Err(wrong("ends before it starts"));
    }
    let name = fields.text(&["name"])?;
    let has_name = name.is_some();
    let span = Span {
        id: id.clone().unwrap_or_default(),
        parent: fields.map(&["parent_span_id", "parentSpanId", "parent_id"], id::parent)?.flatten(),
        name: name.unwrap_or_default(),
        kind: fields.map(&["kind"], |raw| kind(raw, values))?.unwrap_or_default(),
        start,
        end,
        status: fields.map(&["status"], |raw| status(raw, values))?.unwrap_or_default(),
        attributes: attributes_of(&fields, values)?,
        events: values
            .beside(each(&fields, &["events"], values.most_of(|limits| limits.events), |raw| event(raw, values)))?,
        links: values
            .beside(each(&fields, &["links"], values.most_of(|limits| limits.links), |raw| link(raw, values)))?,
        source: None,
    };
    Ok(Read { trace: fields.map(TRACE_ID, id::trace)?, span, has_id: id.is_some(), has_name })
}

fn each<T>(
    fields: &Fields<'_>,
    names: Names,
    most: usize,
    read: impl Fn(&str) -> Result<T, BrokenTrace>,
) -> Result<Vec<T>, BrokenTrace> {
    let items = fields.list(names, most)?.into_iter();
    items.map(|(path, raw)| read(raw.get()).map_err(|broken| within(broken, &path))).collect()
}

fn event(raw: &str, values: Values) -> Result<Event, BrokenTrace> {
    let fields = Fields::read(raw)?;
    Ok(Event {
        name: fields.text(&["name"])?.unwrap_or_default(),
        time: fields.whole(&["time_unix_nano", "timeUnixNano"])?.unwrap_or_default(),
        attributes: attributes_of(&fields, values)?,
    })
}

fn link(raw: &str, values: Values) -> Result<Link, BrokenTrace> {
    let fields = Fields::read(raw)?;
    Ok(Link {
        trace: fields.map(TRACE_ID, id::trace)?.ok_or_else(|| wrong("missing key `trace_id`"))?,
        span: fields.map(SPAN_ID, id::span)?.ok_or_else(|| wrong("missing key `span_id`"))?,
        attributes: attributes_of(&fields, values)?,
    })
}

/// The attributes of whatever has some.
pub(crate) fn attributes_of(fields: &Fields<'_>, values: Values) -> Result<Attributes, BrokenTrace> {
    Ok(fields.map(&["attributes"], |raw| attributes(raw, values))?.unwrap_or_default())
}

fn kind(raw: &str, values: Values) -> Result<SpanKind, BrokenTrace> {
    let name = name(raw, "SPAN_KIND_");
    Ok(match name.as_str() {
        "0" | "1" | "UNSPECIFIED" | "INTERNAL" => SpanKind::Internal,
        "2" | "SERVER" => SpanKind::Server,
        "3" | "CLIENT" => SpanKind::Client,
        "4" | "PRODUCER" => SpanKind::Producer,
        "5" | "CONSUMER" => SpanKind::Consumer,
        _ if values.skips_number(raw) => SpanKind::Internal,
        _ => return Err(wrong(format!("{} is no kind of span", shown(raw)))),
    })
}

/// `"ERROR"`, or an object with a code and a message.
fn status(raw: &str, values: Values) -> Result<Status, BrokenTrace> {
    if !raw.starts_with('{') {
        return code(raw, String::new(), values);
    }
    let fields = Fields::read(raw)?;
    let message = fields.text(&["message"])?.unwrap_or_default();
    Ok(fields.map(&["code"], |raw| code(raw, message, values))?.unwrap_or_default())
}

fn code(raw: &str, message: String, values: Values) -> Result<Status, BrokenTrace> {
    let name = name(raw, "STATUS_CODE_");
    Ok(match name.as_str() {
        "0" | "UNSET" => Status::Unset,
        "1" | "OK" => Status::Ok,
        "2" | "ERROR" => Status::Error(message),
        _ if values.skips_number(raw) => Status::Unset,
        _ => return Err(wrong(format!("{} is no status: use `OK` or `ERROR`", shown(raw)))),
    })
}

/// A number as it is written, or a name in capitals without what all of its kind begin with.
fn name(raw: &str, prefix: &str) -> String {
    let Ok(name) = text(raw) else { return raw.to_owned() };
    let name = name.to_ascii_uppercase();
    name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name)
}
