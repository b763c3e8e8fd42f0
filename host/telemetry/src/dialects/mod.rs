//! The words that instrumentations use for one and the same thing.
//!
//! A dialect is a table of which attribute feeds which fact, best first, and a function for what a table can't say. Where
//! several dialects are on one span, they go in the order of [`ALL`]: MLflow's, which the application wrote itself; then
//! those of one product, which say more than the conventions they build on; then OpenTelemetry's, OpenInference's and
//! OpenLLMetry's conventions; last Spring AI's, whose names older conventions had, too. That is the order in which scorers read a trace, too.

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

use model::trace::Span;

use crate::facts::{Fact, Offers};

pub(crate) const ALL: [&Dialect; 10] = [
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

pub(crate) struct Dialect {
    /// Whether a span speaks it, for dialects whose names mean something else elsewhere.
    speaks: fn(&Span) -> bool,
    /// Which attributes feed a fact, best first.
    reads: &'static [(Fact, &'static str)],
    /// The attribute that says what type of step it is, with its words and MLflow's. A word that is not there says nothing.
    kinds: (&'static str, &'static [(&'static str, &'static str)]),
    /// What is not one attribute. It goes after the table.
    more: fn(&Span, &mut Offers),
}

impl Dialect {
    pub(crate) fn offer(&self, span: &Span, offers: &mut Offers) {
        if !(self.speaks)(span) {
            return;
        }
        for (fact, key) in self.reads {
            if let Some(value) = span.attribute(key) {
                offers.offer(*fact, value);
            }
        }
        let (key, words) = self.kinds;
        if let Some(said) = text(span, key)
            && let Some((_, kind)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&said))
        {
            offers.made(Fact::Kind, *kind);
        }
        (self.more)(span, offers);
    }
}

fn always(_: &Span) -> bool {
    true
}

fn nothing(_: &Span, _: &mut Offers) {}

/// The text of an attribute.
fn text(span: &Span, key: &str) -> Option<String> {
    match crate::facts::parsed(span.attribute(key)?) {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }
}
