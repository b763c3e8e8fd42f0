//! What a span adds to its trace.

use std::collections::HashSet;
use std::sync::Arc;

use model::digest::{SpanDigest, to_pico};
use model::json::Json;
use model::trace::{Attributes, Source, Span, SpanKind, Status};

use crate::dialects;
use crate::facts::{Fact, Facts, Message, Prices, Prompt, Wanted, messages, told};

/// Facts that a digest has of every span. What came in and went out is only looked at where it is shown.
const OF_EVERY_SPAN: Wanted = Wanted::of(&[
    Fact::Kind,
    Fact::ModelAsked,
    Fact::ModelAnswered,
    Fact::Provider,
    Fact::InputTokens,
    Fact::OutputTokens,
    Fact::CacheRead,
    Fact::CacheWrite,
    Fact::Reasoning,
    Fact::TotalTokens,
    Fact::Cost,
    Fact::InputCost,
    Fact::OutputCost,
    Fact::Session,
    Fact::User,
    Fact::Prompts,
    Fact::PromptName,
    Fact::PromptVersion,
]);

/// Characters of what came in, and of what went out.
const PREVIEW: usize = 1000;

/// The most that a span says of its trace beyond the facts; what is longer is cut.
const NAMES: usize = 64;
const NAME_BYTES: usize = 250;
const VALUE_BYTES: usize = 1000;

/// What a resource says of the traces that come from it.
const OF_RESOURCE: [(&str, &str); 3] = [
    ("deployment.environment.name", "deployment.environment.name"),
    // Up to version 1.26 of OpenTelemetry's conventions.
    ("deployment.environment", "deployment.environment.name"),
    ("service.version", "service.version"),
];

/// What spans of one trace add to it, in their order. `prices` are asked where a span doesn't say what it cost.
///
/// A span whose parent is among them has no `inputs` and `outputs`: only those of the top are shown. In a conversation that
/// is what the user said last, and what the model said last.
///
/// `metadata` has what the dialects say of the trace beyond the facts. Under a prefix, such as `langfuse.trace.metadata.`,
/// what comes after it is the name; the fields of OpenInference's `metadata` go by their names; anything else, such as
/// `langfuse.release` and `mlflow.sourceRun`, goes by its own. Values are texts as they were sent, and JSON of all others.
/// There are 64 names of a span at the most, of 250 bytes, with values of 1,000 bytes; what is longer is cut. So are other
/// texts of a digest but the span's name: a trace's header is small, whatever its spans say.
///
/// `version` is the same for the same span through whichever door it came.
pub fn digest(spans: &[Span], prices: &dyn Prices) -> Vec<SpanDigest> {
    let known: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut sources = Sources::default();
    let of = |span: &Span| {
        let is_top = span.parent.as_deref().is_none_or(|parent| !known.contains(parent));
        let facts = Facts::wanted(span, if is_top { Wanted::ALL } else { OF_EVERY_SPAN }).priced(prices);
        let shown =
            |messages: &[Message], role, value: &Option<Json>| is_top.then(|| preview(messages, role, value))?;
        SpanDigest {
            end: span.end,
            start: span.start,
            version: version(span, &mut sources),
            id: span.id.clone(),
            parent: span.parent.clone(),
            name: span.name.clone(),
            is_error: matches!(span.status, Status::Error(_)),
            service: short(resource(span, "service.name")),
            inputs: shown(&facts.input_messages, "user", &facts.inputs),
            outputs: shown(&facts.output_messages, "assistant", &facts.outputs),
            cost: facts.cost.map(to_pico),
            input_cost: facts.input_cost.map(to_pico),
            output_cost: facts.output_cost.map(to_pico),
            kind: short(facts.kind),
            session: short(facts.session),
            user: short(facts.user),
            model: short(facts.model),
            tokens: facts.tokens,
            prompts: facts.prompts.into_iter().take(NAMES).map(prompt).collect(),
            metadata: metadata(span),
        }
    };
    spans.iter().map(of).collect()
}

fn resource(span: &Span, name: &str) -> Option<String> {
    let source = span.source.as_ref()?;
    source.resource.iter().find(|(key, _)| key == name).and_then(|(_, value)| told(value))
}

fn prompt(Prompt { mut name, version }: Prompt) -> String {
    cut_bytes(&mut name, NAME_BYTES);
    match version {
        Some(mut version) => {
            cut_bytes(&mut version, NAME_BYTES);
            format!("{name}/{version}")
        }
        None => name,
    }
}

fn short(mut text: Option<String>) -> Option<String> {
    text.iter_mut().for_each(|text| cut_bytes(text, VALUE_BYTES));
    text
}

fn cut_bytes(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

fn metadata(span: &Span) -> Vec<(String, String)> {
    let mut said = dialects::of_trace(span, NAMES);
    for (key, name) in OF_RESOURCE {
        if !said.iter().any(|(known, _)| known == name) {
            said.extend(resource(span, key).map(|value| (name.to_owned(), value)));
        }
    }
    said.truncate(NAMES);
    for (name, value) in &mut said {
        cut_bytes(name, NAME_BYTES);
        cut_bytes(value, VALUE_BYTES);
    }
    said
}

/// What was said last by this role, else the value.
fn preview(said: &[Message], role: &str, value: &Option<Json>) -> Option<String> {
    let last = |said: &[Message]| {
        said.iter()
            .rev()
            .find(|message| message.role == role && !message.content.is_empty())
            .map(|message| cut(&message.content))
    };
    last(said)
        .or_else(|| last(&messages(&value.as_ref()?.to_value(), role)))
        .or_else(|| value.as_ref().map(|value| cut(value.as_str())))
}

fn cut(text: &str) -> String {
    let end = text.char_indices().nth(PREVIEW).map_or(text.len(), |(end, _)| end);
    text[..end].to_owned()
}

/// A number for everything that a span says.
fn version(span: &Span, sources: &mut Sources) -> u64 {
    let mut said = Said::default();
    said.text(&span.id).text(span.parent.as_deref().unwrap_or_default()).text(&span.name);
    said.number(kind(span.kind)).number(span.start).number(span.end.unwrap_or_default());
    match &span.status {
        Status::Unset => said.number(0),
        Status::Ok => said.number(1),
        Status::Error(message) => said.number(2).text(message),
    };
    said.attributes(&span.attributes).number(span.events.len() as u64);
    for event in &span.events {
        said.text(&event.name).number(event.time).attributes(&event.attributes);
    }
    said.number(span.links.len() as u64);
    for link in &span.links {
        said.text(&link.trace).text(&link.span).attributes(&link.attributes);
    }
    said.number(span.source.as_ref().map_or(0, |source| sources.version(source)));
    said.version()
}

/// As OpenTelemetry numbers it.
fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// Everything that is said one after the other: each text with its length, so that no two are the same by accident.
#[derive(Default)]
struct Said(Vec<u8>);

impl Said {
    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64).0.extend_from_slice(text.as_bytes());
        self
    }

    fn attributes(&mut self, attributes: &Attributes) -> &mut Self {
        self.number(attributes.len() as u64);
        for (key, value) in attributes {
            self.text(key).text(value.as_str());
        }
        self
    }

    fn version(&self) -> u64 {
        let hash = blake3::hash(&self.0);
        hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The version of the source at hand: the spans of one export have few.
#[derive(Default)]
struct Sources(Option<(Arc<Source>, u64)>);

impl Sources {
    fn version(&mut self, source: &Arc<Source>) -> u64 {
        if let Some((known, version)) = &self.0
            && Arc::ptr_eq(known, source)
        {
            return *version;
        }
        let mut said = Said::default();
        said.attributes(&source.resource)
            .text(&source.scope)
            .text(&source.scope_version)
            .attributes(&source.scope_attributes);
        let version = said.version();
        self.0 = Some((Arc::clone(source), version));
        version
    }
}

#[cfg(test)]
mod tests;
