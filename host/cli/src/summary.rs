//! A run's report as a person reads it.

use std::io;
use std::time::Duration;

use model::aggregate::{Aggregate, AggregateKind};
use model::report::{Latency, Predictions, Report, Verdict};

use crate::quantities::{count, counted, decimal, latency as brief, time};
use crate::terminal::{Terminal, printable_line, table};

/// Prints the scorers' table, the gates and the verdict.
pub(crate) fn print(report: &Report, terminal: &Terminal) -> io::Result<()> {
    let header = ["SCORER", "VALUE", "95 % INTERVAL", "SCORED", "PASSED", "ABSTAINED", "FAILED", "UNPREDICTED"];
    let rows = report.scorers.0.iter().map(|(key, aggregate)| row(key, aggregate));
    terminal.data(table(&header, &[1, 2, 3, 4, 5, 6, 7], rows))?;
    if let Some(predictions) = &report.predictions {
        terminal.data(told(predictions))?;
    }
    for gate in &report.gates {
        let holds = if gate.holds { "holds" } else { "fails" };
        terminal.data(format_args!("gate {}: {holds}, {}", gate.text, gate.reason))?;
    }
    terminal.data(verdict(report))
}

/// What came of asking the application, in a line.
fn told(predictions: &Predictions) -> String {
    let Predictions { predictor, not_sandboxed, answered, failed, retries, latency, input_tokens, output_tokens } =
        predictions;
    let mut told = predictor.clone();
    for command in not_sandboxed {
        told.push_str(&format!(" (`{}`, not sandboxed)", printable_line(command)));
    }
    told.push_str(&format!(": {} answered, {} failed", counted(*answered, "row"), count(*failed)));
    if *retries > 0 {
        told.push_str(&format!(", {} asked again", count(*retries)));
    }
    if let Some(Latency { p50, p90, max, .. }) = latency {
        let [p50, p90, max] = [p50, p90, max].map(|seconds| brief(Duration::from_secs_f64(*seconds)));
        told.push_str(&format!("; latency p50 {p50}, p90 {p90}, at most {max}"));
    }
    if input_tokens.is_some() || output_tokens.is_some() {
        let [input, output] = [input_tokens, output_tokens].map(|tokens| tokens.map_or("?".to_owned(), count));
        told.push_str(&format!("; tokens {input} in, {output} out"));
    }
    told
}

fn row(key: &str, aggregate: &Aggregate) -> Vec<String> {
    let counts = aggregate.counts;
    let passed = if aggregate.kind == AggregateKind::Rate { count(counts.passed) } else { "–".to_owned() };
    let tail = [counts.abstained, counts.failed, counts.unpredicted].map(count);
    let head = [key.to_owned(), value(aggregate), interval(aggregate), count(counts.scored), passed];
    head.into_iter().chain(tail).collect()
}

fn value(aggregate: &Aggregate) -> String {
    if aggregate.kind == AggregateKind::Categorical {
        let labels =
            aggregate.labels.iter().map(|(label, number)| format!("{} {}", printable_line(label), count(*number)));
        return labels.collect::<Vec<_>>().join(", ");
    }
    aggregate.value.map_or_else(|| "–".to_owned(), decimal)
}

fn interval(aggregate: &Aggregate) -> String {
    match (aggregate.lower, aggregate.upper) {
        (Some(lower), Some(upper)) => format!("{} … {}", decimal(lower), decimal(upper)),
        _ => "–".to_owned(),
    }
}

fn verdict(report: &Report) -> String {
    let verdict = match report.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Incomplete => "incomplete",
        Verdict::NoGate => "done, no gate",
    };
    let reason = report.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let took = time(Duration::from_secs_f64(report.seconds));
    format!("{verdict}: {} in {took}{reason}", counted(report.rows, "row"))
}
