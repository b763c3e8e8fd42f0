//! The words that instrumentations use for one and the same thing.
//!
//! A dialect is a table of which attribute feeds which fact, best first, and a function for what a table can't say. Where
//! several dialects are on one span, they go in the order of [`ALL`]: MLflow's, which the application wrote itself; then
//! those of one product, which say more than the conventions they build on; then OpenTelemetry's, OpenInference's and
//! OpenLLMetry's conventions; last Spring AI's, whose names older conventions had, too. That is the order in which scorers read a trace, too.
//!
//! The tables are turned round once, into what is fed by each attribute: so a span is gone through once, and not once for
//! every name that a dialect has.

mod claude_code;
mod flat;
mod gemini_cli;
mod gen_ai;
mod google_adk;
mod langfuse;
mod mlflow;
mod openinference;
mod openllmetry;
mod spring_ai;
mod vercel_ai;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use model::json::Json;
use model::object;
use model::trace::Span;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

use crate::facts::{Fact, Offers, Wanted, told};

const ALL: [&Dialect; 10] = [
    &mlflow::DIALECT,
    &langfuse::DIALECT,
    &vercel_ai::DIALECT,
    &google_adk::DIALECT,
    &claude_code::DIALECT,
    &gemini_cli::DIALECT,
    &gen_ai::DIALECT,
    &openinference::DIALECT,
    &openllmetry::DIALECT,
    &spring_ai::DIALECT,
];

struct Dialect {
    /// Whether a span speaks it, for dialects whose names mean something else elsewhere.
    speaks: fn(&Span) -> bool,
    /// Which attributes feed a fact, best first.
    reads: &'static [(Fact, &'static str)],
    /// The attribute that says what type of step it is, with its words and MLflow's. A word that is not there says nothing.
    kinds: (&'static str, &'static [(&'static str, &'static str)]),
    /// Which attributes say something of the trace beyond the facts. The first that a name fits counts, and none that feeds
    /// a fact.
    trace: &'static [(&'static str, OfTrace)],
    /// What is not one attribute. It goes after the table.
    more: fn(&Span, &mut Offers),
}

/// How an attribute says something of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfTrace {
    /// By its own name.
    Named,
    /// It is the beginning of names, each of which stands for itself.
    Beginning,
    /// It is the beginning of names, and what comes after it is the name.
    Prefix,
    /// An object of names; what is no flat value is left out.
    Object,
    /// Not at all, though the beginning of its name would say so.
    Not,
}

/// What an attribute feeds. In the order in which dialects are asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    dialect: usize,
    /// In the table of the dialect, after which comes what type of step it is.
    line: usize,
}

pub(crate) use mlflow::OF_TRACE;

static FED: LazyLock<FxHashMap<&str, Vec<Place>>> = LazyLock::new(|| {
    let mut fed: FxHashMap<&str, Vec<Place>> = FxHashMap::default();
    for (dialect, spoken) in ALL.iter().enumerate() {
        let keys = spoken.reads.iter().map(|(_, key)| *key).chain([spoken.kinds.0]);
        for (line, key) in keys.enumerate() {
            fed.entry(key).or_default().push(Place { dialect, line });
        }
    }
    fed
});

/// What all dialects offer of the facts that are wanted.
pub(crate) fn offers(span: &Span, wanted: Wanted) -> Offers {
    let mut found = Vec::with_capacity(2 * span.attributes.len());
    for (key, value) in &span.attributes {
        found.extend(FED.get(key.as_str()).into_iter().flatten().map(|place| (*place, value)));
    }
    found.sort_unstable_by_key(|(place, _)| *place);
    let mut found = found.into_iter().peekable();
    let mut offers = Offers::of(wanted);
    for (at, dialect) in ALL.iter().enumerate() {
        let speaks = (dialect.speaks)(span);
        while let Some((place, value)) = found.next_if(|(place, _)| place.dialect == at) {
            match dialect.reads.get(place.line) {
                _ if !speaks => {}
                Some((fact, _)) => offers.offer(*fact, value),
                None => dialect.kind(value, &mut offers),
            }
        }
        if speaks {
            (dialect.more)(span, &mut offers);
        }
    }
    offers
}

/// What all dialects say of the trace beyond the facts: names and values, each name once, and this many at the most.
pub(crate) fn of_trace(span: &Span, most: usize) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for (key, value) in &span.attributes {
        let mut dialects = ALL.into_iter().enumerate();
        let found = dialects.find_map(|(at, dialect)| Some((at, dialect, dialect.of_trace(key)?)));
        let Some((at, dialect, (start, how))) = found else { continue };
        if FED.contains_key(key.as_str()) || !(dialect.speaks)(span) {
            continue;
        }
        let of = |name: &str| told(value).map(|told| (at, name.to_owned(), told));
        match how {
            OfTrace::Named | OfTrace::Beginning => said.extend(of(key)),
            OfTrace::Prefix => said.extend(of(&key[start.len()..])),
            // From MLflow's client it is what a framework says of one step.
            OfTrace::Object if span.attribute("mlflow.traceRequestId").is_some() => {}
            OfTrace::Object => {
                let object = crate::facts::text(value);
                let object = object.as_deref().unwrap_or(value.as_str());
                let fields = object::entries(object).into_iter().flatten();
                let flat = fields.filter(|(_, value)| !value.get().starts_with(['{', '[']));
                let told = |(name, value): (Cow<'_, str>, &RawValue)| {
                    Some((at, name.into_owned(), told(&Json::from_raw(value))?))
                };
                said.extend(flat.filter_map(told).take(most));
            }
            OfTrace::Not => {}
        }
    }
    said.sort_by_key(|(at, ..)| *at);
    let mut names = HashSet::new();
    said.retain(|(_, name, _)| !name.is_empty() && names.insert(name.clone()));
    said.into_iter().map(|(_, name, value)| (name, value)).take(most).collect()
}

impl Dialect {
    fn kind(&self, said: &Json, offers: &mut Offers) {
        let (_, words) = self.kinds;
        if let Some(said) = crate::facts::text(said)
            && let Some((_, kind)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&said))
        {
            offers.made(Fact::Kind, *kind);
        }
    }

    fn of_trace(&self, key: &str) -> Option<(&'static str, OfTrace)> {
        let fits = |(name, how): &&(&'static str, OfTrace)| match how {
            OfTrace::Beginning | OfTrace::Prefix => key.starts_with(name),
            OfTrace::Named | OfTrace::Object | OfTrace::Not => key == *name,
        };
        self.trace.iter().find(fits).copied()
    }
}

fn always(_: &Span) -> bool {
    true
}

fn nothing(_: &Span, _: &mut Offers) {}

/// An attribute that is a text.
fn text(span: &Span, key: &str) -> Option<String> {
    crate::facts::text(span.attribute(key)?)
}
