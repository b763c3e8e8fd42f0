//! Two runs beside each other, as a page without a script.

use askama::Template;
use model::comparison::{Compared, Comparison, Finding, Regression, Told};

use super::STYLE;
use crate::figures::NONE;
use crate::quantities::{count, decimal};
use crate::text;
use crate::verdicts::written;

/// Characters of a name, and of what somebody said.
const NAME: usize = 200;
const SAID: usize = 2000;

/// Rows that are told of those that became worse.
const LISTED: usize = 500;

#[derive(Template)]
#[template(path = "comparison.html")]
struct Document {
    style: &'static str,
    before: String,
    now: String,
    word: &'static str,
    class: &'static str,
    sentence: String,
    facts: Vec<(&'static str, String)>,
    parts: Vec<Part>,
    regressions: Vec<Worse>,
    all_regressions: String,
}

/// All rows, or a slice.
struct Part {
    name: String,
    lines: Vec<Line>,
}

struct Line {
    scorer: String,
    before: String,
    now: String,
    difference: String,
    interval: String,
    p: String,
    rows: String,
    finding: &'static str,
    class: &'static str,
}

struct Worse {
    name: String,
    scorer: String,
    sides: [(&'static str, Vec<String>); 2],
}

/// The page. The same comparison gives the same text.
///
/// # Errors
///
/// None in practice: a text takes what is written to it.
pub fn comparison(comparison: &Comparison) -> Result<String, askama::Error> {
    let all = Part { name: "All rows".to_owned(), lines: comparison.scorers.iter().map(line).collect() };
    let slices = comparison
        .slices
        .iter()
        .map(|slice| Part { name: text::line(&slice.name, NAME), lines: slice.scorers.iter().map(line).collect() });
    let (word, class) = found(comparison.verdict);
    let rows = &comparison.rows;
    let facts = vec![
        ("Rows in both", count(rows.paired)),
        ("Only before", count(rows.only_a)),
        ("Only now", count(rows.only_b)),
        ("Run before", comparison.a.run.to_string()),
        ("Run now", comparison.b.run.to_string()),
    ];
    let document = Document {
        style: STYLE,
        before: text::line(&comparison.a.name, NAME),
        now: text::line(&comparison.b.name, NAME),
        word,
        class,
        sentence: text::shown(&comparison.sentence, SAID),
        facts,
        parts: std::iter::once(all).chain(slices).collect(),
        regressions: comparison.regressions.iter().take(LISTED).map(worse).collect(),
        all_regressions: count(comparison.all_regressions),
    };
    document.render()
}

/// A word for it, and the class that colours it.
fn found(finding: Finding) -> (&'static str, &'static str) {
    match finding {
        Finding::Better => ("better", "passed"),
        Finding::Worse => ("worse", "failed"),
        Finding::Different => ("different", "incomplete"),
        Finding::NoEvidence => ("no evidence either way", "unknown"),
    }
}

fn line(compared: &Compared) -> Line {
    let (finding, class) = found(compared.finding);
    let interval = match (compared.lower, compared.upper) {
        (Some(lower), Some(upper)) => format!("{lower:+.4} … {upper:+.4}"),
        _ => NONE.to_owned(),
    };
    Line {
        scorer: text::line(&compared.scorer, NAME),
        before: decimal(compared.a),
        now: decimal(compared.b),
        difference: format!("{:+.4}", compared.difference),
        interval,
        p: compared.adjusted_p.map_or_else(|| NONE.to_owned(), decimal),
        rows: count(compared.rows),
        finding,
        class,
    }
}

fn worse(regression: &Regression) -> Worse {
    let Regression { row, scorer, a, b } = regression;
    Worse {
        name: text::line(row, NAME),
        scorer: text::line(scorer, NAME),
        sides: [("Before", side(a)), ("Now", side(b))],
    }
}

/// The value, why, and what the application answered, as far as they are known.
fn side(told: &Told) -> Vec<String> {
    let value = told.value.as_ref().map_or_else(|| decimal(told.mean), written);
    let outputs = told.outputs.as_ref().map(|outputs| outputs.as_str());
    let parts = [Some(value.as_str()), told.rationale.as_deref(), outputs];
    parts.into_iter().flatten().map(|part| text::shown(part, SAID)).collect()
}
