//! A judge that looks into what an application did, as far as it needs to.

use std::fmt::Write;

use karat_sdk::bindings::karat::eval::types::Attribute;
use karat_sdk::prelude::*;
use karat_sdk::trace::{self, Span, Status};

use crate::instructed::{Answer, Kind, instructed};
use crate::material::found;
use crate::prompt::{Prompt, prompt};
use crate::verdict::{Decided, brief, object, one_of, schema};

/// Asks a judge by instructions of one's own about a trace that may be too long to be shown: step by step, it looks at the
/// root, lists and searches spans, and reads single attributes and times, then decides. Places as in `judge`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceJudge {
    /// What it has to judge, and by what.
    #[schemars(length(min = 1))]
    instructions: String,
    /// What the verdict is; see `judge`.
    value: Kind,
    /// How often it may look before it has to decide.
    #[serde(default = "steps")]
    #[schemars(range(min = 1, max = 50))]
    steps: u32,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

fn steps() -> u32 {
    10
}

const PROMPT: Prompt = prompt!("trace_judge");

/// Spans of one list.
const PAGE: usize = 40;

/// Characters of something that is looked at.
const LONGEST: usize = 4000;

/// What can be done, as it is told to the judge.
const TOOLS: &str = "\
root: the first step, with what went in and came out
list N: steps from number N on, with their types, times and parents
search TEXT: steps in which TEXT occurs
span N: all that step N says, shortened
attribute N KEY: one attribute of step N, at length
timing: the steps that took the longest
decide: enough is known";

/// What the judge wants to see.
#[derive(Deserialize)]
struct Look {
    look: String,
    of: String,
}

impl Scorer for TraceJudge {
    const NAME: &str = "trace_judge";
    const SUMMARY: &str = "what a judge finds who looks into the trace step by step";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Answer;

    fn score(&self, row: &Row) -> Result<Outcome<Answer>, Failure> {
        let Some(spans) = trace::spans(None).filter(|spans| !spans.is_empty()) else {
            return Ok(Outcome::abstain("the row has no trace"));
        };
        let asking = found!(instructed(&self.instructions, row)?);
        let mut findings = String::new();
        let look = one_of(&["root", "list", "search", "span", "attribute", "timing", "decide"]);
        // Fields are sent in the order of their names: the reason comes first.
        let look = object(&[("because", brief()), ("look", look), ("of", brief())]);
        let shown = |findings: &str| {
            [("size", spans.len().to_string()), ("tools", TOOLS.to_owned()), ("findings", findings.to_owned())]
        };
        let mut looked = 0;
        while looked < self.steps {
            let question = asking.asked(&PROMPT, &self.role, &shown(&findings)).schema(&look);
            let Look { look, of } = question.send()?.json()?;
            if look == "decide" {
                break;
            }
            looked += 1;
            let _ = writeln!(findings, "{look} {of}\n{}\n", see(&spans, &look, of.trim()));
        }
        let question = asking.asked(&PROMPT, &self.role, &shown(&findings)).schema(&schema(self.value.schema()));
        let Decided { rationale, verdict } = question.send()?.json()?;
        let feedback = Feedback::from(self.value.read(&verdict)?).because(rationale);
        Ok(feedback.with("steps", f64::from(looked)).into())
    }
}

/// What a look at the spans shows.
fn see(spans: &[Span], look: &str, of: &str) -> String {
    let (number, rest) = of.split_once(' ').unwrap_or((of, ""));
    let number: Option<usize> = number.parse().ok();
    let span = number.and_then(|number| spans.get(number));
    match look {
        "root" => trace::root(spans).map_or_else(String::new, |root| all(spans, root)),
        "list" => lines(spans, (0..spans.len()).skip(number.unwrap_or(0))),
        "search" => {
            let says = |span: &Span| {
                let all = span.attributes.iter().map(|attribute| attribute.value.as_str());
                std::iter::once(span.name.as_str()).chain(all).any(|text| contains(text, of))
            };
            lines(spans, (0..spans.len()).filter(|place| says(&spans[*place])))
        }
        "timing" => {
            let mut places: Vec<_> = (0..spans.len()).collect();
            places.sort_by_key(|place| std::cmp::Reverse(duration(&spans[*place])));
            lines(spans, places.into_iter().take(10))
        }
        "span" => span.map_or_else(nothing, |span| all(spans, span)),
        "attribute" => {
            let found = span.and_then(|span| span.attributes.iter().find(|attribute| attribute.key == rest.trim()));
            found.map_or_else(nothing, |attribute| shortened(&attribute.value, LONGEST))
        }
        _ => nothing(),
    }
}

fn nothing() -> String {
    "(there is nothing of that kind)".to_owned()
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn lines(spans: &[Span], places: impl Iterator<Item = usize>) -> String {
    let mut text = String::new();
    let mut places = places;
    for place in places.by_ref().take(PAGE) {
        let _ = writeln!(text, "{}", line(spans, place));
    }
    match places.next() {
        Some(more) => text + &format!("(and more: list {more})"),
        None if text.is_empty() => nothing(),
        None => text,
    }
}

/// A step in one line.
fn line(spans: &[Span], place: usize) -> String {
    let span = &spans[place];
    let parent = spans.iter().position(|other| span.parent.as_ref() == Some(&other.id));
    let parent = parent.map_or_else(String::new, |parent| format!(", within {parent}"));
    let status = if let Status::Error(message) = &span.status { format!(", failed: {message}") } else { String::new() };
    let kind = span.span_type().unwrap_or_default();
    format!("{place}: {} {kind} {} ms{parent}{status}", span.name, duration(span) / 1_000_000)
}

/// Nanoseconds.
fn duration(span: &Span) -> u64 {
    span.end.map_or(0, |end| end.saturating_sub(span.start))
}

fn all(spans: &[Span], span: &Span) -> String {
    let place = spans.iter().position(|other| other.id == span.id).unwrap_or(0);
    let attribute = |attribute: &Attribute| format!("\n  {} = {}", attribute.key, shortened(&attribute.value, 400));
    line(spans, place) + &span.attributes.iter().map(attribute).collect::<String>()
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}
