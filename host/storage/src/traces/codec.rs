//! The bytes of spans, and of what they add to their traces.
//!
//! Postcard of structs that are this file's own. They are frozen, down to the order of fields: a change is a new kind of
//! frame beside the old, or a list that stands behind what is read without it.

use std::sync::Arc;

use model::digest::{SpanDigest, Tokens};
use model::json::Json;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::id::{self, SpanId};

/// A text where it stands in the bytes: nothing is copied of a span that nobody wants.
type Text<'a> = &'a str;
type Pairs<'a> = Vec<(Text<'a>, Text<'a>)>;

/// Spans, and who made them.
#[derive(Deserialize, Serialize)]
struct StoredSpans<'a> {
    #[serde(borrow)]
    sources: Vec<StoredSource<'a>>,
    #[serde(borrow)]
    spans: Vec<StoredSpan<'a>>,
}

#[derive(Deserialize, Serialize)]
struct StoredSource<'a> {
    #[serde(borrow)]
    resource: Pairs<'a>,
    #[serde(borrow)]
    scope: Text<'a>,
    #[serde(borrow)]
    scope_version: Text<'a>,
    #[serde(borrow)]
    scope_attributes: Pairs<'a>,
}

#[derive(Deserialize, Serialize)]
struct StoredSpan<'a> {
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    #[serde(borrow)]
    name: Text<'a>,
    kind: u8,
    start: u64,
    end: Option<u64>,
    status: u8,
    /// What an error said.
    #[serde(borrow)]
    said: Text<'a>,
    #[serde(borrow)]
    attributes: Pairs<'a>,
    #[serde(borrow)]
    events: Vec<StoredEvent<'a>>,
    #[serde(borrow)]
    links: Vec<StoredLink<'a>>,
    /// The number of its source.
    source: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct StoredEvent<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    time: u64,
    #[serde(borrow)]
    attributes: Pairs<'a>,
}

#[derive(Deserialize, Serialize)]
struct StoredLink<'a> {
    #[serde(borrow)]
    trace: Text<'a>,
    #[serde(borrow)]
    span: Text<'a>,
    #[serde(borrow)]
    attributes: Pairs<'a>,
}

#[derive(Deserialize, Serialize)]
struct StoredDigest<'a> {
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    start: u64,
    end: Option<u64>,
    version: u64,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    is_error: bool,
    #[serde(borrow)]
    service: Option<Text<'a>>,
    #[serde(borrow)]
    session: Option<Text<'a>>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    /// Input, output, read from a cache, written to one, reasoning, total.
    tokens: Option<[u64; 6]>,
    cost: Option<u64>,
    #[serde(borrow)]
    prompts: Vec<Text<'a>>,
    #[serde(borrow)]
    metadata: Pairs<'a>,
    #[serde(borrow)]
    inputs: Option<Text<'a>>,
    #[serde(borrow)]
    outputs: Option<Text<'a>>,
}

/// What of a digest's cost was for what came in, and for what went out. These stand behind the digests, in their order; they
/// are not there where none is known.
type StoredCosts = Vec<[Option<u64>; 2]>;

/// Spans as they are written, or the first id that is none.
pub(super) fn write_spans<'a>(spans: impl Iterator<Item = &'a Span>) -> Result<Vec<u8>, id::Wrong> {
    let mut sources: Vec<&Arc<Source>> = Vec::new();
    let spans: Vec<_> = spans.map(|span| stored_span(span, &mut sources)).collect::<Result<_, _>>()?;
    let sources = sources.iter().map(|source| stored_source(source)).collect();
    Ok(postcard::to_stdvec(&StoredSpans { sources, spans }).expect("a vector takes everything"))
}

/// Spans as they were given.
pub(super) fn read_spans(bytes: &[u8]) -> Result<Vec<Span>, postcard::Error> {
    read_some_spans(bytes, |_| true)
}

/// Those spans, of those that were given, whose places are wanted.
pub(super) fn read_some_spans(bytes: &[u8], is_wanted: impl Fn(usize) -> bool) -> Result<Vec<Span>, postcard::Error> {
    let StoredSpans { sources, spans } = postcard::from_bytes(bytes)?;
    let sources: Vec<Arc<Source>> = sources.into_iter().map(source).collect::<Option<_>>().ok_or_else(broken)?;
    let wanted = spans.into_iter().enumerate().filter(|(place, _)| is_wanted(*place));
    wanted.map(|(_, stored)| span(stored, &sources).ok_or_else(broken)).collect()
}

pub(super) fn write_digests<'a>(digests: impl Iterator<Item = &'a SpanDigest>) -> Result<Vec<u8>, id::Wrong> {
    let mut costs = StoredCosts::new();
    let digests = digests.inspect(|digest| costs.push([digest.input_cost, digest.output_cost]));
    let digests: Vec<_> = digests.map(stored_digest).collect::<Result<_, _>>()?;
    let bytes = postcard::to_stdvec(&digests).expect("a vector takes everything");
    match costs.iter().flatten().any(Option::is_some) {
        true => Ok(postcard::to_extend(&costs, bytes).expect("a vector takes everything")),
        false => Ok(bytes),
    }
}

pub(super) fn read_digests(bytes: &[u8]) -> Result<Vec<SpanDigest>, postcard::Error> {
    let (stored, behind) = postcard::take_from_bytes::<Vec<StoredDigest<'_>>>(bytes)?;
    let costs: StoredCosts = if behind.is_empty() { Vec::new() } else { postcard::from_bytes(behind)? };
    let costs = costs.into_iter().chain(std::iter::repeat([None; 2]));
    Ok(stored.into_iter().zip(costs).map(|(stored, costs)| digest(stored, costs)).collect())
}

/// Of what a span adds, what tells which of two counts, and in what order spans come. The greater of two with one id counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Brief {
    end: Option<u64>,
    pub(super) start: u64,
    version: u64,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
}

pub(super) fn read_briefs(bytes: &[u8]) -> Result<Vec<Brief>, postcard::Error> {
    let stored: Vec<StoredDigest<'_>> = postcard::from_bytes(bytes)?;
    let brief = |stored: StoredDigest<'_>| {
        let StoredDigest { end, start, version, id, parent, .. } = stored;
        Brief { end, start, version, id, parent }
    };
    Ok(stored.into_iter().map(brief).collect())
}

fn broken() -> postcard::Error {
    postcard::Error::DeserializeBadEncoding
}

fn pairs(attributes: &Attributes) -> Pairs<'_> {
    attributes.iter().map(|(name, value)| (&name[..], value.as_str())).collect()
}

/// None where a value is no JSON. However deep it nests: it was taken as it is.
fn attributes(pairs: Pairs<'_>) -> Option<Attributes> {
    let value = |value: &str| serde_json::from_str::<&RawValue>(value).ok().map(Json::from_raw);
    pairs.into_iter().map(|(name, text)| Some((name.to_owned(), value(text)?))).collect()
}

fn stored_source(source: &Source) -> StoredSource<'_> {
    StoredSource {
        resource: pairs(&source.resource),
        scope: &source.scope,
        scope_version: &source.scope_version,
        scope_attributes: pairs(&source.scope_attributes),
    }
}

fn source(stored: StoredSource<'_>) -> Option<Arc<Source>> {
    Some(Arc::new(Source {
        resource: Arc::new(attributes(stored.resource)?),
        scope: stored.scope.to_owned(),
        scope_version: stored.scope_version.to_owned(),
        scope_attributes: attributes(stored.scope_attributes)?,
    }))
}

fn stored_span<'a>(span: &'a Span, sources: &mut Vec<&'a Arc<Source>>) -> Result<StoredSpan<'a>, id::Wrong> {
    let source = span.source.as_ref().map(|source| {
        let known = sources.iter().position(|known| Arc::ptr_eq(known, source));
        known.unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        }) as u32
    });
    let (status, said) = match &span.status {
        Status::Unset => (0, ""),
        Status::Ok => (1, ""),
        Status::Error(said) => (2, &said[..]),
    };
    let event =
        |event: &'a Event| StoredEvent { name: &event.name, time: event.time, attributes: pairs(&event.attributes) };
    let link =
        |link: &'a Link| StoredLink { trace: &link.trace, span: &link.span, attributes: pairs(&link.attributes) };
    Ok(StoredSpan {
        id: id::span(&span.id)?,
        parent: span.parent.as_deref().map(id::span).transpose()?,
        name: &span.name,
        kind: kind_number(span.kind),
        start: span.start,
        end: span.end,
        status,
        said,
        attributes: pairs(&span.attributes),
        events: span.events.iter().map(event).collect(),
        links: span.links.iter().map(link).collect(),
        source,
    })
}

fn span(stored: StoredSpan<'_>, sources: &[Arc<Source>]) -> Option<Span> {
    let event = |event: StoredEvent<'_>| {
        Some(Event { name: event.name.to_owned(), time: event.time, attributes: attributes(event.attributes)? })
    };
    let link = |link: StoredLink<'_>| {
        let (trace, span) = (link.trace.to_owned(), link.span.to_owned());
        Some(Link { trace, span, attributes: attributes(link.attributes)? })
    };
    Some(Span {
        id: id::hex(&stored.id),
        parent: stored.parent.map(|parent| id::hex(&parent)),
        name: stored.name.to_owned(),
        kind: kind(stored.kind)?,
        start: stored.start,
        end: stored.end,
        status: match stored.status {
            0 => Status::Unset,
            1 => Status::Ok,
            2 => Status::Error(stored.said.to_owned()),
            _ => return None,
        },
        attributes: attributes(stored.attributes)?,
        events: stored.events.into_iter().map(event).collect::<Option<_>>()?,
        links: stored.links.into_iter().map(link).collect::<Option<_>>()?,
        source: match stored.source {
            Some(number) => Some(Arc::clone(sources.get(number as usize)?)),
            None => None,
        },
    })
}

fn kind_number(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn kind(number: u8) -> Option<SpanKind> {
    Some(match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => return None,
    })
}

fn stored_digest(digest: &SpanDigest) -> Result<StoredDigest<'_>, id::Wrong> {
    fn some(text: &Option<String>) -> Option<Text<'_>> {
        text.as_deref()
    }
    let counts = |tokens: &Tokens| {
        [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning, tokens.total]
    };
    Ok(StoredDigest {
        id: id::span(&digest.id)?,
        parent: digest.parent.as_deref().map(id::span).transpose()?,
        start: digest.start,
        end: digest.end,
        version: digest.version,
        name: &digest.name,
        kind: some(&digest.kind),
        is_error: digest.is_error,
        service: some(&digest.service),
        session: some(&digest.session),
        user: some(&digest.user),
        model: some(&digest.model),
        tokens: digest.tokens.as_ref().map(counts),
        cost: digest.cost,
        prompts: digest.prompts.iter().map(String::as_str).collect(),
        metadata: digest.metadata.iter().map(|(name, value)| (&name[..], &value[..])).collect(),
        inputs: some(&digest.inputs),
        outputs: some(&digest.outputs),
    })
}

fn digest(stored: StoredDigest<'_>, [input_cost, output_cost]: [Option<u64>; 2]) -> SpanDigest {
    let some = |text: Option<Text<'_>>| text.map(str::to_owned);
    let tokens = |[input, output, cache_read, cache_write, reasoning, total]: [u64; 6]| Tokens {
        input,
        output,
        cache_read,
        cache_write,
        reasoning,
        total,
    };
    SpanDigest {
        end: stored.end,
        start: stored.start,
        version: stored.version,
        id: id::hex(&stored.id),
        parent: stored.parent.map(|parent| id::hex(&parent)),
        name: stored.name.to_owned(),
        kind: some(stored.kind),
        is_error: stored.is_error,
        service: some(stored.service),
        session: some(stored.session),
        user: some(stored.user),
        model: some(stored.model),
        tokens: stored.tokens.map(tokens),
        cost: stored.cost,
        input_cost,
        output_cost,
        prompts: stored.prompts.into_iter().map(str::to_owned).collect(),
        metadata: stored.metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        inputs: some(stored.inputs),
        outputs: some(stored.outputs),
    }
}
