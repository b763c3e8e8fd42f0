//! Traces with everything that a trace can have, made by chance and always the same for a seed.

use std::sync::Arc;

use fastrand::Rng;
use model::json::Json;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use serde_json::{Value, json};

const TEXTS: [&str; 8] = ["", "a", "gen_ai.request.model", "é \u{1f600}", "\"\\/\n\t\u{1}", "NaN", "{\"a\": 1}", "2"];

pub(crate) fn text(random: &mut Rng) -> String {
    TEXTS[random.usize(0..TEXTS.len())].to_owned()
}

pub(crate) fn id(random: &mut Rng, digits: usize) -> String {
    (0..digits).map(|at| if at == 0 { 'f' } else { random.digit(16) }).collect()
}

/// A value as OTLP brings it: a float always has a point, and so has what JSON writes of it.
pub(crate) fn value(random: &mut Rng, depth: usize) -> Value {
    match random.u32(0..if depth < 4 { 8 } else { 6 }) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(..)),
        3 => json!(random.f64() * 10_f64.powi(random.i32(-300..300))),
        4 => json!(f64::from(random.i32(-5..5))),
        5 => json!(text(random)),
        6 => (0..random.usize(0..4)).map(|_| value(random, depth + 1)).collect(),
        _ => (0..random.usize(0..4)).map(|_| (text(random), value(random, depth + 1))).collect(),
    }
}

pub(crate) fn json(random: &mut Rng) -> Json {
    Json::from_serialize(&value(random, 0)).expect("JSON")
}

fn attributes(random: &mut Rng) -> Attributes {
    (0..random.usize(0..4)).map(|at| (format!("{}{at}", text(random)), json(random))).collect()
}

fn source(random: &mut Rng) -> Arc<Source> {
    Arc::new(Source {
        resource: Arc::new(attributes(random)),
        scope: text(random),
        scope_version: text(random),
        scope_attributes: attributes(random),
    })
}

/// By start, with a source each, and each the child of one before it.
pub(crate) fn spans(random: &mut Rng) -> Vec<Span> {
    let sources = [source(random), source(random)];
    let mut spans: Vec<Span> = Vec::new();
    let mut start = random.u64(1..1 << 62);
    for _ in 0..random.usize(1..5) {
        let parent = match spans.is_empty() {
            true => random.bool().then(|| id(random, 16)),
            false => Some(spans[random.usize(0..spans.len())].id.clone()),
        };
        spans.push(Span {
            id: id(random, 16),
            parent,
            name: text(random),
            kind: *random
                .choice(&[
                    SpanKind::Internal,
                    SpanKind::Server,
                    SpanKind::Client,
                    SpanKind::Producer,
                    SpanKind::Consumer,
                ])
                .expect("a kind"),
            start,
            end: random.bool().then(|| start + random.u64(0..1000)),
            status: match random.u32(0..3) {
                0 => Status::Unset,
                1 => Status::Ok,
                _ => Status::Error(text(random)),
            },
            attributes: attributes(random),
            events: (0..random.usize(0..3))
                .map(|_| Event { name: text(random), time: random.u64(..), attributes: attributes(random) })
                .collect(),
            links: (0..random.usize(0..3))
                .map(|_| Link { trace: id(random, 32), span: id(random, 16), attributes: attributes(random) })
                .collect(),
            source: Some(Arc::clone(&sources[random.usize(0..2)])),
        });
        start += random.u64(0..1000);
    }
    spans
}
