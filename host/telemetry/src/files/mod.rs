//! Traces in files: our own and other people's, told apart by what is in them.
//!
//! A file is streamed: what is held of it is one record, and a record that grows without end is refused. A record that can't
//! be read is told with its place and what is wrong in it, and reading goes on behind it; so is a part of one that had to be
//! left out, such as a single span of a request, while the others are taken.
//!
//! | file | what it has |
//! | --- | --- |
//! | OTLP/JSON | one request, or one a line, as the Collector's file exporter writes them |
//! | OTLP/protobuf | one request; or any number, each behind its length in four bytes, the greatest first, as the Collector's file exporter writes them; where that compresses, each by itself, and JSON likewise |
//! | Karat | one trace a line, with all that is known of it ([`write`]); what the API answers for spans |
//! | MLflow | `Trace.to_json()`, rows of `mlflow.search_traces()`, answers of its API; of MLflow 2 and 3 |
//! | Langfuse | traces with their observations and scores, and observations by themselves, as the API and the exports have them |
//! | Phoenix | spans of `get_spans`, rows of `get_spans_dataframe()`, traces as its command writes them |
//!
//! What is JSON may be one value, a list of them, or one a line, and every record may be of another shape. A trace may be in
//! several records: then it comes in parts, each with some of its spans, that add up in a store. Peers' words for what a span
//! says are kept, as attributes that [`facts`](crate::facts) knows; what has no such word becomes an attribute under the
//! peer's name (`langfuse.…`, `mlflow.…`, `phoenix.…`), and ids that OpenTelemetry could not have are hashed, always to the
//! same, with the original kept likewise.
//!
//! Any of them may be compressed, by gzip or zstd. Rows of a table, as Parquet has them, are records as JSON's are; whoever can
//! read tables hands them in ([`read_rows`]).
//!
//! What is deliberately absent: opening files, reading Parquet, and where traces go.

mod karat;
mod langfuse;
mod mlflow;
mod packed;
mod parts;
mod phoenix;
mod records;
mod said;
mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use model::assessment::Assessment;
use model::json::Json;
use model::ports::{BrokenRecord, BrokenTrace, Record};
use model::search::TraceInfo;
use model::telemetry::Encoding;
use model::trace::{Span, Trace};

use crate::emit::add_evaluations;
use crate::fields::{Fields, Names, within, wrong};
use crate::otlp::{self, Limits};
use crate::shape::{MOST_SPANS, RESOURCE_SPANS};
use packed::Packing;
use parts::Parts;
use records::Kind;

/// The longest record that is read, in bytes.
const LONGEST_RECORD: usize = 64 << 20;

/// More than a server takes of one request: a file is read by whoever asked for it.
const LIMITS: Limits =
    Limits { spans: MOST_SPANS, attributes: 10_000, events: 10_000, links: 10_000, name_bytes: 1 << 20 };

/// What a file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    OtlpJson,
    OtlpProtobuf,
    Karat,
    Mlflow,
    Langfuse,
    Phoenix,
}

/// A trace, or a part of one, with what was said of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    pub trace: Trace,
    /// Where it was, in the words of where it comes from. None where that is not told.
    pub experiment: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub assessments: Vec<Assessment>,
}

/// A record that could not be read, or a part of one that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenFile {
    pub place: Place,
    /// Where in the record, such as `data.spans[2].status`; empty where it is the record as a whole.
    pub field: String,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Of a text; the first is 1.
    Line(u64),
    /// Of a binary file; the first is 1.
    Message(u64),
    /// Of a table; the first is 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Message(number) => write!(f, "message {number}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

impl fmt::Display for BrokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            field => write!(f, "{}: `{field}` {}", self.place, self.message),
        }
    }
}

/// Where traces go; it says when to stop.
type Each<'a> = dyn FnMut(Result<Imported, BrokenFile>) -> ControlFlow<()> + 'a;

/// Where rows of a table go; it says when to stop.
type EachRow<'a> = dyn FnMut(Result<Record, BrokenRecord>) -> ControlFlow<()> + 'a;

/// What a record brings, and what of it was left out.
#[derive(Default)]
struct Found {
    traces: Vec<Imported>,
    left_out: Vec<BrokenTrace>,
}

/// Reads traces, of whatever format they turn out to be in.
///
/// # Errors
///
/// Fails when the source does.
pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> io::Result<()> {
    read_any(source, None, each)
}

/// Reads traces of this format; a record of any other is broken.
///
/// # Errors
///
/// Fails when the source does.
pub fn read_as(format: Format, source: &mut dyn BufRead, each: &mut Each<'_>) -> io::Result<()> {
    read_any(source, Some(format), each)
}

/// Reads traces from the rows of a table, whose numbers stand for lines, as [`read`] does from records.
///
/// # Errors
///
/// Fails when `rows` does.
pub fn read_rows(rows: impl FnOnce(&mut EachRow<'_>) -> io::Result<()>, each: &mut Each<'_>) -> io::Result<()> {
    let mut parts = Parts::new(each);
    rows(&mut |row| match row {
        Ok(Record { line, fields }) => parts.take(Place::Row(line), json(fields.as_str(), None)),
        Err(BrokenRecord { line, message, hint }) => {
            parts.take(Place::Row(line), Err(BrokenTrace { hint, ..wrong(message) }))
        }
    })?;
    parts.finish();
    Ok(())
}

/// Whether a file that begins so is Parquet's.
pub fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

fn read_any(source: &mut dyn BufRead, format: Option<Format>, each: &mut Each<'_>) -> io::Result<()> {
    let (kind, head) = Kind::of(source)?;
    let mut source = io::Cursor::new(head).chain(source);
    let Kind::Packed(packing) = kind else { return read_kind(kind, &mut source, format, each) };
    let mut source = packing.unpacked(source)?;
    let (kind, head) = Kind::of(&mut source)?;
    read_kind(kind, &mut io::Cursor::new(head).chain(source), format, each)
}

fn read_kind(kind: Kind, mut source: &mut dyn BufRead, format: Option<Format>, each: &mut Each<'_>) -> io::Result<()> {
    let mut parts = Parts::new(each);
    let foreign = |what: &str, hint: &str| BrokenFile {
        place: Place::Message(1),
        field: String::new(),
        message: format!("this is {what}"),
        hint: Some(hint.to_owned()),
    };
    let _ = match kind {
        Kind::Nothing => return Ok(()),
        Kind::Foreign(what) => {
            parts.end(Err(foreign(what, "traces are read from JSON, from OTLP as protocol buffers, and from Parquet")))
        }
        // However often it is unpacked, some remain compressed.
        Kind::Packed(_) => parts.end(Err(foreign("compressed twice", "decompress it once"))),
        Kind::Table => parts.end(Err(foreign("a Parquet file", "it is read by itself, and not compressed"))),
        Kind::Message | Kind::Messages if format.is_some_and(|format| format != Format::OtlpProtobuf) => {
            parts.end(Err(BrokenFile {
                place: Place::Message(1),
                field: String::new(),
                message: "expected JSON, found something binary".to_owned(),
                hint: None,
            }))
        }
        Kind::Message => records::message(&mut source, LONGEST_RECORD, &mut |place, request| {
            parts.take(place, request.and_then(protobuf))
        })?,
        Kind::Messages => records::messages(&mut source, LONGEST_RECORD, &mut |place, request| {
            parts.take(place, request.and_then(message))
        })?,
        Kind::Json => records::json(&mut source, LONGEST_RECORD, &mut |place, record| {
            parts.take(place, record.and_then(|record| json(record, format)))
        })?,
    };
    parts.finish();
    Ok(())
}

/// A message of the Collector's file exporter. It has JSON in such only where it compresses.
fn message(message: &[u8]) -> Result<Found, BrokenTrace> {
    let Some(packing) = Packing::of(message) else { return protobuf(message) };
    let message = packing.message(message, LONGEST_RECORD)?;
    match message.first() {
        Some(b'{') => received(&message, Encoding::OtlpJson),
        _ => protobuf(&message),
    }
}

fn protobuf(request: &[u8]) -> Result<Found, BrokenTrace> {
    received(request, Encoding::OtlpProtobuf)
}

fn received(request: &[u8], encoding: Encoding) -> Result<Found, BrokenTrace> {
    let received = otlp::receive(request, encoding, &LIMITS).map_err(|unreadable| wrong(unreadable.0))?;
    let left_out = received.reasons.into_iter().map(|rejected| within(wrong(rejected.reason), &rejected.path));
    let mut left_out: Vec<_> = left_out.collect();
    if received.rejected > left_out.len() {
        left_out.push(wrong(format!("{} more spans are broken", received.rejected - left_out.len())));
    }
    let traces = received.traces.into_iter();
    let traces = traces.map(|(id, spans)| Imported { trace: trace(id, spans), ..Imported::default() });
    Ok(Found { traces: traces.collect(), left_out })
}

fn json(record: &str, format: Option<Format>) -> Result<Found, BrokenTrace> {
    // It also sees to it that nothing nests deeper than what follows can walk.
    Json::parse(record).map_err(|error| wrong(error.to_string()))?;
    let fields = Fields::read(record)?;
    let told = told(&fields);
    let format = match (format, told) {
        (Some(Format::OtlpProtobuf), _) => return Err(wrong("expected protocol buffers, found JSON")),
        (Some(format), Some(told)) if told != format => {
            return Err(wrong(format!("expected a record of {}, found one of {}", format.name(), told.name())));
        }
        (Some(format), _) | (None, Some(format)) if told.is_some() || list(&fields).is_none() => format,
        (format, _) => return listed(&fields, format),
    };
    match format {
        Format::OtlpJson | Format::OtlpProtobuf => received(record.as_bytes(), Encoding::OtlpJson),
        Format::Karat => karat::read(&fields),
        Format::Mlflow => mlflow::read(&fields),
        Format::Langfuse => langfuse::read(&fields),
        Format::Phoenix => phoenix::read(&fields),
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::OtlpJson | Self::OtlpProtobuf => "OTLP",
            Self::Karat => "Karat",
            Self::Mlflow => "MLflow",
            Self::Langfuse => "Langfuse",
            Self::Phoenix => "Phoenix",
        }
    }
}

/// What a record's keys tell.
fn told(fields: &Fields<'_>) -> Option<Format> {
    let has = |names: &[&'static str]| names.iter().all(|name| fields.has_any(&[name]));
    let any = |names: &[&'static str]| fields.has_any(names);
    let is_object = |name: &'static str| fields.raw(name).is_some_and(|raw| raw.starts_with('{'));
    if any(RESOURCE_SPANS) {
        Some(Format::OtlpJson)
    } else if any(&["karat"]) {
        Some(Format::Karat)
    } else if any(&["info", "trace_info"]) || is_object("data") || mlflow::is_row(fields) {
        Some(Format::Mlflow)
    } else if has(&["trace_id", "spans"]) {
        Some(Format::Karat)
    } else if any(&["context", "context.span_id"]) || has(&["traceId", "spans"]) {
        Some(Format::Phoenix)
    } else if is_object("trace") && !any(&["observations"]) {
        Some(Format::Mlflow)
    } else if any(&["observations"])
        || has(&["traceId", "startTime"])
        || has(&["trace_id", "start_time"])
        || has(&["id", "timestamp"])
    {
        Some(Format::Langfuse)
    } else {
        None
    }
}

/// What pages of an API have their items in.
const DATA: Names = &["data"];
const TRACES: Names = &["traces"];

fn list(fields: &Fields<'_>) -> Option<&'static str> {
    DATA.iter().chain(TRACES).copied().find(|name| fields.raw(name).is_some_and(|raw| raw.starts_with('[')))
}

fn listed(fields: &Fields<'_>, format: Option<Format>) -> Result<Found, BrokenTrace> {
    let Some(name) = list(fields) else {
        let hint = "traces are read as OTLP, and as Karat, MLflow, Langfuse and Phoenix write them";
        return Err(BrokenTrace { hint: Some(hint.to_owned()), ..wrong("is no trace that is known here") });
    };
    let mut found = Found::default();
    for (path, raw) in fields.list(if name == "data" { DATA } else { TRACES }, MOST_SPANS)? {
        let read = Fields::read(raw.get()).and_then(|item| match list(&item) {
            // Pages are not in pages.
            Some(_) if told(&item).is_none() => Err(wrong("is no trace that is known here")),
            _ => json(raw.get(), format),
        });
        match read {
            Ok(more) => {
                found.traces.extend(more.traces);
                found.left_out.extend(more.left_out.into_iter().map(|broken| within(broken, &path)));
            }
            Err(broken) => found.left_out.push(within(broken, &path)),
        }
    }
    Ok(found)
}

/// A trace of spans in whatever order.
fn trace(id: String, mut spans: Vec<Span>) -> Trace {
    // What leads in a circle, or is there twice, is put in order as far as it goes: a store keeps that, too.
    if crate::order::sort(&mut spans).is_err() {
        spans.sort_by_key(|span| span.start);
    }
    Trace { id, spans }
}

/// How traces are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// One trace a line, with all that is known of it: what is read is what was written.
    Karat,
    /// One request a line, as the Collector's file exporter writes them. Of a trace, OTLP has the spans and nothing else; with
    /// `evaluations`, verdicts go along as [events](add_evaluations).
    OtlpJson { evaluations: bool },
    /// One request behind its length in four bytes, the greatest first, as the Collector's file exporter writes them.
    OtlpProtobuf { evaluations: bool },
}

/// A trace as a record of a file: what is written one after the other is a file.
pub fn write(output: Output, trace: &TraceInfo, spans: &[Span]) -> Vec<u8> {
    match output {
        Output::Karat => karat::write(trace, spans),
        Output::OtlpJson { evaluations } => {
            let mut line = request(Encoding::OtlpJson, evaluations, trace, spans);
            line.push(b'\n');
            line
        }
        Output::OtlpProtobuf { evaluations } => {
            let request = request(Encoding::OtlpProtobuf, evaluations, trace, spans);
            let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
            [&length.to_be_bytes()[..], &request].concat()
        }
    }
}

/// A trace as a row of a table, an object: with columns for what is known of the whole. [`read_rows`] reads it again.
pub fn row(trace: &TraceInfo, spans: &[Span]) -> Json {
    karat::row(trace, spans)
}

fn request(encoding: Encoding, evaluations: bool, trace: &TraceInfo, spans: &[Span]) -> Vec<u8> {
    if !evaluations {
        return otlp::write(&[(&trace.id, spans)], encoding);
    }
    let mut spans = spans.to_vec();
    add_evaluations(&mut spans, &trace.assessments);
    otlp::write(&[(&trace.id, &spans)], encoding)
}

#[cfg(test)]
mod tests;
