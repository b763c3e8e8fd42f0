//! `karat traces show`: one trace as a tree.

use std::collections::HashMap;
use std::time::Duration;

use model::assessment::{Assessment, Said, SourceKind};
use model::digest::{SpanDigest, to_dollars};
use model::json::Json;
use model::search::TraceInfo;
use model::trace::Span;
use serde::Serialize;
use telemetry::facts::Facts;

use super::{cost_of, state};
use crate::exit::{Exit, Stop};
use crate::quantities::{count, counted, dollars, latency, moment};
use crate::terminal::{Terminal, printable_line, printable_whole, table};

/// Characters of a timeline.
const WIDTH: usize = 24;

/// Levels of a tree that are drawn: deeper spans stand on the last.
const DEEPEST: usize = 40;

/// Characters of a value that is shown in one line.
const SHORT: usize = 300;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    info: &'a TraceInfo,
    /// The first of them, in order.
    shown: Vec<ShownSpan<'a>>,
}

/// A span with what it says in Karat's words.
#[derive(Serialize)]
struct ShownSpan<'a> {
    id: &'a str,
    parent: Option<&'a str>,
    name: &'a str,
    kind: Option<&'a str>,
    start: u64,
    end: Option<u64>,
    error: Option<&'a str>,
    model: Option<&'a str>,
    tokens: Option<model::digest::Tokens>,
    cost: Option<f64>,
    inputs: Option<&'a Json>,
    outputs: Option<&'a Json>,
    attributes: serde_json::Map<String, serde_json::Value>,
}

pub(super) fn show(
    info: &TraceInfo,
    spans: Vec<(Span, SpanDigest)>,
    full: bool,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let (spans, digests): (Vec<Span>, Vec<SpanDigest>) = spans.into_iter().unzip();
    // The price that was known when it came counts.
    let priced = |(span, digest): (&Span, &SpanDigest)| {
        let facts = Facts::of(span);
        Facts { cost: facts.cost.or(digest.cost.map(to_dollars)), ..facts }
    };
    let facts: Vec<Facts> = spans.iter().zip(&digests).map(priced).collect();
    if terminal.is_json() {
        let shown = spans.iter().zip(&facts).map(|(span, facts)| shown(span, facts)).collect();
        terminal.json(&Shown { info, shown })?;
        return Ok(Exit::Done);
    }
    head(info, terminal)?;
    let tree = tree(&spans);
    let rows = tree.iter().map(|&(place, depth)| line(info, &spans[place], &facts[place], depth));
    terminal.data(table(&["SPAN", "TYPE", "TIMELINE", "TOOK", "TOKENS", "COST", ""], &[3, 4, 5], rows))?;
    if spans.len() < info.header.spans {
        let all = info.header.spans;
        terminal.say(format_args!(
            "these are {} of {} spans: `--spans {all}` shows all",
            spans.len(),
            count(all as u64)
        ))?;
    }
    if full {
        for (place, _) in tree {
            in_full(&spans[place], &facts[place], terminal)?;
        }
    }
    for assessment in &info.assessments {
        terminal.data(assessed(assessment, &info.assessments))?;
    }
    Ok(Exit::Done)
}

fn head(info: &TraceInfo, terminal: &Terminal) -> Result<(), Stop> {
    let header = &info.header;
    terminal.data(format_args!("trace {}  {}", info.id, printable_line(&header.name)))?;
    let took = header.end.map(|end| latency(Duration::from_nanos(end.saturating_sub(header.start))));
    let mut facts = vec![
        state(header.state).to_owned(),
        format!("started {}", moment(header.start / 1_000_000)),
        took.map(|took| format!("took {took}")).unwrap_or_default(),
        counted(header.spans as u64, "span"),
    ];
    facts.extend((header.errors > 0).then(|| counted(header.errors as u64, "error")));
    facts.extend(header.tokens.map(|tokens| {
        format!("{} tokens ({} in, {} out)", count(tokens.total), count(tokens.input), count(tokens.output))
    }));
    facts.extend(header.cost.map(|cost| cost_of(cost, header.unpriced)));
    terminal.data(facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", "))?;
    let named = [
        ("experiment", Some(&info.experiment)),
        ("service", header.service.as_ref()),
        ("session", header.session.as_ref()),
        ("user", header.user.as_ref()),
    ];
    let mut said: Vec<String> =
        named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", printable_line(value?)))).collect();
    said.extend((!header.models.is_empty()).then(|| format!("models {}", printable_line(&header.models.join(", ")))));
    said.extend(info.tags.iter().map(|(name, value)| printable_line(&format!("{name}={value}"))));
    Ok(terminal.data(said.join(", "))?)
}

/// Where in `spans` each span of the tree is, and how deep it stands. What is its own ancestor stands at the top.
fn tree(spans: &[Span]) -> Vec<(usize, usize)> {
    let places: HashMap<&str, usize> = spans.iter().enumerate().map(|(place, span)| (&span.id[..], place)).collect();
    let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (place, span) in spans.iter().enumerate() {
        let parent = span.parent.as_deref().and_then(|parent| places.get(parent).copied());
        below.entry(parent).or_default().push(place);
    }
    let mut tree = Vec::with_capacity(spans.len());
    let mut is_shown = vec![false; spans.len()];
    let tops = below.get(&None).cloned().unwrap_or_default();
    for top in tops.into_iter().chain(0..spans.len()) {
        let mut next = vec![(top, 0)];
        while let Some((place, depth)) = next.pop() {
            if std::mem::replace(&mut is_shown[place], true) {
                continue;
            }
            tree.push((place, depth));
            let inner = below.get(&Some(place)).into_iter().flatten().rev();
            next.extend(inner.map(|&inner| (inner, (depth + 1).min(DEEPEST))));
        }
    }
    tree
}

fn line(info: &TraceInfo, span: &Span, facts: &Facts, depth: usize) -> Vec<String> {
    let end = span.end.unwrap_or(span.start);
    let mut notes = Vec::from_iter(facts.model.as_deref().map(printable_line));
    notes.extend(facts.error.as_ref().map(|error| format!("error: {}", printable_line(&error.message))));
    notes.extend(span.end.is_none().then(|| "not ended".to_owned()));
    vec![
        format!("{}{}", "  ".repeat(depth), printable_line(&span.name)),
        facts.kind.as_deref().map(printable_line).unwrap_or_default(),
        bar(info.header.start, info.header.end.unwrap_or(info.header.start), span.start, end),
        latency(Duration::from_nanos(end.saturating_sub(span.start))),
        facts.tokens.map(|tokens| count(tokens.total)).unwrap_or_default(),
        facts.cost.map(dollars).unwrap_or_default(),
        notes.join(", "),
    ]
}

/// When within a trace a span was, as a bar of the trace's width.
fn bar(from: u64, to: u64, start: u64, end: u64) -> String {
    let whole = to.saturating_sub(from).max(1) as f64;
    let place = |time: u64| (time.saturating_sub(from) as f64 / whole * WIDTH as f64).clamp(0.0, WIDTH as f64);
    let first = (place(start) as usize).min(WIDTH - 1);
    let last = (place(end).ceil() as usize).clamp(first + 1, WIDTH);
    format!("{}{}{}", "·".repeat(first), "█".repeat(last - first), "·".repeat(WIDTH - last))
}

fn in_full(span: &Span, facts: &Facts, terminal: &Terminal) -> Result<(), Stop> {
    terminal.data(format_args!("\nspan {}  {}", span.id, printable_line(&span.name)))?;
    for (name, value) in [("inputs", &facts.inputs), ("outputs", &facts.outputs)] {
        if let Some(value) = value {
            terminal.data(format_args!("  {name}: {}", printable_whole(value.as_str())))?;
        }
    }
    for (name, value) in &span.attributes {
        let value: String = value.as_str().chars().take(SHORT).collect();
        terminal.data(format_args!("  {} = {}", printable_line(name), printable_line(&value)))?;
    }
    for event in &span.events {
        terminal.data(format_args!("  event {}", printable_line(&event.name)))?;
    }
    Ok(())
}

pub(in crate::commands) fn assessed(assessment: &Assessment, all: &[Assessment]) -> String {
    let is_overridden = all.iter().any(|other| other.overrides == Some(assessment.id));
    let (what, value) = match &assessment.said {
        Said::Feedback(value) => ("feedback", printable_line(value.as_str())),
        Said::Failed(failure) => ("feedback", format!("failed: {}", printable_line(&failure.message))),
        Said::Expectation(value) => ("expectation", printable_line(value.as_str())),
    };
    let kind = match assessment.source.kind {
        SourceKind::Human => "human",
        SourceKind::LlmJudge => "judge",
        SourceKind::Code => "code",
    };
    let by = assessment.source.id.as_deref().map(|id| format!(" {}", printable_line(id))).unwrap_or_default();
    let of = assessment.span.as_deref().map(|span| format!(" on span {}", printable_line(span))).unwrap_or_default();
    let why = assessment.rationale.as_deref().map(|why| format!(": {}", printable_line(why))).unwrap_or_default();
    let overridden = if is_overridden { " (overridden)" } else { "" };
    let name = printable_line(&assessment.name);
    format!("{what} {name} = {value} by {kind}{by}{of}{overridden}{why}  [{}]", assessment.id.0)
}

fn shown<'a>(span: &'a Span, facts: &'a Facts) -> ShownSpan<'a> {
    ShownSpan {
        id: &span.id,
        parent: span.parent.as_deref(),
        name: &span.name,
        kind: facts.kind.as_deref(),
        start: span.start,
        end: span.end,
        error: facts.error.as_ref().map(|error| &error.message[..]),
        model: facts.model.as_deref(),
        tokens: facts.tokens,
        cost: facts.cost,
        inputs: facts.inputs.as_ref(),
        outputs: facts.outputs.as_ref(),
        attributes: span.attributes.iter().map(|(name, value)| (name.clone(), value.to_value())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>) -> Span {
        Span { id: id.to_owned(), parent: parent.map(str::to_owned), ..Span::default() }
    }

    #[test]
    fn every_span_stands_in_the_tree_once_under_its_parent() {
        let spans = [
            span("a", None),
            span("b", Some("a")),
            span("c", Some("b")),
            span("d", Some("a")),
            span("lost", Some("elsewhere")),
            span("x", Some("y")),
            span("y", Some("x")),
        ];
        assert_eq!(tree(&spans), [(0, 0), (1, 1), (2, 2), (3, 1), (4, 0), (5, 0), (6, 1)]);
    }

    #[test]
    fn a_bar_lies_where_the_span_was() {
        let bars = [bar(0, 24, 0, 24), bar(0, 24, 6, 12), bar(0, 24, 24, 24), bar(5, 5, 5, 5), bar(0, 24, 30, 90)];
        assert_eq!(bars[0], "█".repeat(24));
        assert_eq!(bars[1], format!("{}{}{}", "·".repeat(6), "█".repeat(6), "·".repeat(12)));
        assert_eq!(bars[2], format!("{}█", "·".repeat(23)));
        assert!(bars.iter().all(|bar| bar.chars().count() == WIDTH && bar.contains('█')));
    }
}
