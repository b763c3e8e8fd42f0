//! Two runs beside each other, for a comment on a pull request.

use std::fmt::Write as _;

use model::comparison::{Compared, Comparison, Finding, Regression, Told};
use model::feedback::Value;

use super::escape::{NAME, REASON, SENTENCE, code, marker, words};
use super::{LONGEST, ROWS_END, table};
use crate::figures::NONE;
use crate::quantities::{count, counted, decimal};
use crate::text;
use crate::verdicts::written;

/// Rows that are told of those that became worse.
const LISTED: usize = 50;

/// The whole in a sentence, the numbers of all rows and of slices, and the rows that became worse. No longer than a comment
/// may be, and the same comparison gives the same text.
pub fn comparison(comparison: &Comparison) -> String {
    let Comparison { a, b, rows, .. } = comparison;
    let mut told = format!("<!-- karat:{} -->\n", marker(&b.suite));
    let names = [&b.name, &a.name].map(|name| words(&text::line(name, NAME)));
    let _ = writeln!(told, "### {} {} beside {}\n", mark(comparison.verdict), names[0], names[1]);
    let _ = writeln!(told, "{}", words(&text::line(&comparison.sentence, SENTENCE)));
    let columns =
        |first: &str| format!("\n| {first}scorer | {} | {} | difference | 95 % interval | p | |\n", names[1], names[0]);
    let confidence = format!("{} %", comparison.confidence * 100.0);
    let aligned = "| :-- | --: | --: | --: | --: | --: | :-- |\n";
    let head = columns("").replace("95 %", &confidence) + aligned;
    table(&mut told, &head, comparison.scorers.iter().map(|scorer| line("", scorer)), LONGEST / 3);
    let slices = comparison.slices.iter().flat_map(|slice| {
        let name = format!("| {} ", code(&slice.name, NAME));
        slice.scorers.iter().map(move |scorer| line(&name, scorer))
    });
    let head = format!("{}| :-- {aligned}", columns("slice | ").replace("95 %", &confidence));
    table(&mut told, &head, slices.collect::<Vec<_>>().into_iter(), LONGEST / 2);
    regressions(&mut told, comparison);
    let only = [(rows.only_a, &names[1]), (rows.only_b, &names[0])];
    let only = only
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, of)| format!(" · {} only in {of}", counted(*rows, "row")));
    let only: String = only.collect();
    let _ = writeln!(
        told,
        "\n<sub>{}{only} · runs <code>{}</code> and <code>{}</code></sub>",
        format_args!("{} in both", counted(rows.paired, "row")),
        a.run,
        b.run
    );
    told
}

fn mark(finding: Finding) -> &'static str {
    match finding {
        Finding::Better => "✅",
        Finding::Worse => "❌",
        Finding::Different => "⚠️",
        Finding::NoEvidence => "➖",
    }
}

fn line(before: &str, compared: &Compared) -> String {
    let interval = match (compared.lower, compared.upper) {
        (Some(lower), Some(upper)) => format!("{lower:+.4} … {upper:+.4}"),
        _ => NONE.to_owned(),
    };
    let p = compared.adjusted_p.map_or_else(|| NONE.to_owned(), decimal);
    let found = match compared.finding {
        Finding::Better => "better",
        Finding::Worse => "worse",
        Finding::Different => "different",
        Finding::NoEvidence => "no evidence",
    };
    format!(
        "{before}| {} | {} | {} | {:+.4} | {interval} | {p} | {} {found} |\n",
        code(&compared.scorer, NAME),
        decimal(compared.a),
        decimal(compared.b),
        compared.difference,
        mark(compared.finding)
    )
}

fn regressions(told: &mut String, comparison: &Comparison) {
    if comparison.regressions.is_empty() {
        return;
    }
    let summary = format!("{} became worse", counted(comparison.all_regressions, "row"));
    let _ = writeln!(told, "\n<details>\n<summary>{summary}</summary>");
    let head = "\n| row | scorer | before | now |\n| :-- | :-- | :-- | :-- |\n";
    table(told, head, comparison.regressions.iter().take(LISTED).map(regression), ROWS_END);
    if comparison.all_regressions > LISTED as u64 {
        let _ = writeln!(told, "\nThese are the first of {}.", count(comparison.all_regressions));
    }
    told.push_str("\n</details>\n");
}

fn regression(regression: &Regression) -> String {
    let Regression { row, scorer, a, b } = regression;
    format!("| {} | {} | {} | {} |\n", code(row, NAME), code(scorer, NAME), side(a), side(b))
}

/// The value, why, and what the application answered.
fn side(told: &Told) -> String {
    let value = told.value.as_ref().filter(|value| !matches!(value, Value::Number(_)));
    let value = value.map_or_else(|| decimal(told.mean), written);
    let outputs = told.outputs.as_ref().map(|outputs| outputs.as_str());
    let parts = [Some(value.as_str()), told.rationale.as_deref(), outputs];
    parts.into_iter().flatten().map(|part| code(part, REASON)).collect::<Vec<_>>().join("<br>")
}
