//! What a client says of a trace as a whole, as the span that is none: see [`ANNOUNCEMENT`].
//!
//! Metadata and previews are its attributes, so that they are redacted and kept as those of spans are. Names are MLflow's, whose
//! clients are the ones that say such things.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::digest::{ANNOUNCEMENT, SpanDigest, Tokens, to_pico};
use model::json::Json;
use model::trace::{Span, Status};
use serde::Deserialize;

pub const SESSION: &str = "mlflow.trace.session";
pub const USER: &str = "mlflow.trace.user";
pub const TOKENS: &str = "mlflow.trace.tokenUsage";
pub const COST: &str = "mlflow.trace.cost";

/// Under which names previews stand among what a client says.
const INPUTS: &str = "request_preview";
const OUTPUTS: &str = "response_preview";

/// What is said of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Empty where its spans are to name it.
    pub name: String,
    /// Nanoseconds since 1970-01-01T00:00:00Z; `end` likewise, none while it goes on.
    pub start: u64,
    pub end: Option<u64>,
    pub is_error: bool,
    pub metadata: BTreeMap<String, String>,
    pub inputs: Option<String>,
    pub outputs: Option<String>,
}

impl Announced {
    /// What an announcement says.
    pub fn of(announcement: &Span) -> Self {
        let mut metadata = texts(announcement);
        Self {
            name: announcement.name.clone(),
            start: announcement.start,
            end: announcement.end,
            is_error: matches!(announcement.status, Status::Error(_)),
            inputs: metadata.remove(INPUTS),
            outputs: metadata.remove(OUTPUTS),
            metadata,
        }
    }

    pub fn into_span(self) -> Span {
        let Self { name, start, end, is_error, mut metadata, inputs, outputs } = self;
        metadata.extend(inputs.map(|text| (INPUTS.to_owned(), text)));
        metadata.extend(outputs.map(|text| (OUTPUTS.to_owned(), text)));
        let json = |text: String| Json::from_serialize(&text).expect("a text is JSON");
        Span {
            id: ANNOUNCEMENT.to_owned(),
            name,
            start,
            end,
            status: if is_error { Status::Error(String::new()) } else { Status::Unset },
            attributes: metadata.into_iter().map(|(name, text)| (name, json(text))).collect(),
            ..Span::default()
        }
    }
}

/// What an announcement adds to its trace.
pub fn digest_of_announcement(announcement: &Span) -> SpanDigest {
    let Announced { name, start, end, is_error, metadata, inputs, outputs } = Announced::of(announcement);
    let costs = metadata.get(COST).and_then(|text| costs(text)).unwrap_or_default();
    let mut digest = SpanDigest {
        end,
        start,
        version: 0,
        id: announcement.id.clone(),
        is_error,
        name,
        session: metadata.get(SESSION).cloned(),
        user: metadata.get(USER).cloned(),
        tokens: metadata.get(TOKENS).and_then(|text| tokens(text)),
        cost: costs.total_cost.and_then(pico),
        input_cost: costs.input_cost.and_then(pico),
        output_cost: costs.output_cost.and_then(pico),
        inputs,
        outputs,
        metadata: metadata.into_iter().collect(),
        ..SpanDigest::default()
    };
    let mut hasher = DefaultHasher::new();
    digest.hash(&mut hasher);
    digest.version = hasher.finish();
    digest
}

/// Attributes that are texts.
fn texts(span: &Span) -> BTreeMap<String, String> {
    let texts = span.attributes.iter();
    texts.filter_map(|(name, value)| Some((name.clone(), value.to_value().as_str()?.to_owned()))).collect()
}

/// Of what a client sums up as JSON.
fn tokens(text: &str) -> Option<Tokens> {
    let told: BTreeMap<String, Option<u64>> = serde_json::from_str(text).ok()?;
    let count = |name: &str| told.get(name).copied().flatten();
    let (input, output) = (count("input_tokens").unwrap_or_default(), count("output_tokens").unwrap_or_default());
    Some(Tokens {
        input,
        output,
        cache_read: count("cache_read_input_tokens").unwrap_or_default(),
        cache_write: count("cache_creation_input_tokens").unwrap_or_default(),
        reasoning: 0,
        total: count("total_tokens").unwrap_or(input.saturating_add(output)),
    })
}

/// US dollars, of what a client sums up as JSON.
#[derive(Default, Deserialize)]
struct Costs {
    total_cost: Option<f64>,
    input_cost: Option<f64>,
    output_cost: Option<f64>,
}

fn costs(text: &str) -> Option<Costs> {
    serde_json::from_str(text).ok()
}

fn pico(dollars: f64) -> Option<u64> {
    (dollars.is_finite() && dollars >= 0.0).then(|| to_pico(dollars))
}
