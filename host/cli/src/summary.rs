//! A run's report as a person reads it.

use std::io;
use std::time::Duration;

use model::aggregate::{Aggregate, AggregateKind};
use model::report::{Cost, Decided, Latency, Predictions, Report, Spent, Verdict};
use model::slice::Sliced;
use reports::figures::{basis, interval, value};

use crate::quantities::{count, counted, dollars, latency as brief, time};
use crate::terminal::{Terminal, printable_line, table};

/// Prints the scorers' table, the gates and the verdict.
pub(crate) fn print(report: &Report, terminal: &Terminal) -> io::Result<()> {
    let header = ["SCORER", "VALUE", "95 % INTERVAL", "SCORED", "PASSED", "ABSTAINED", "FAILED", "UNPREDICTED"];
    let rows = report.scorers.0.iter().map(|(key, aggregate)| row(key, aggregate));
    terminal.data(table(&header, &[1, 2, 3, 4, 5, 6, 7], rows))?;
    if !report.slices.is_empty() {
        let header = ["SLICE", "ROWS", "SCORER", "VALUE", "95 % INTERVAL", "SCORED"];
        terminal.data(table(&header, &[1, 3, 4, 5], report.slices.iter().flat_map(sliced)))?;
    }
    for (key, aggregate) in &report.scorers.0 {
        if let Some(basis) = basis(&aggregate.basis) {
            terminal.data(format_args!("{key}: {basis}"))?;
        }
        if let Some(note) = &aggregate.note {
            terminal.data(format_args!("{key}: {}", printable_line(note)))?;
        }
        if let Some(failure) = &aggregate.failure {
            terminal.data(format_args!("{key}: failed, {}", printable_line(&failure.message)))?;
        }
    }
    if let Some(predictions) = &report.predictions {
        terminal.data(told(predictions))?;
    }
    if let Some(cost) = spent(&report.cost.all) {
        terminal.data(format_args!("judges: {cost}"))?;
    }
    for gate in &report.gates {
        let holds = if gate.holds { "holds" } else { "fails" };
        terminal.data(format_args!("gate {}: {holds}, {}", gate.text, gate.reason))?;
    }
    terminal.data(verdict(report))
}

/// What judges were asked and what it cost, in a line; none where nobody was asked.
pub(crate) fn spent(spent: &Spent) -> Option<String> {
    let Spent { judge_calls, judge_known, judge_failed, input_tokens, output_tokens, usd, .. } = *spent;
    if judge_calls + judge_known + judge_failed == 0 {
        return None;
    }
    let mut told = counted(judge_calls, "question");
    if judge_known > 0 {
        told.push_str(&format!(", {} whose reply was known", count(judge_known)));
    }
    if judge_failed > 0 {
        told.push_str(&format!(", {} without a reply", count(judge_failed)));
    }
    told.push_str(&format!("; tokens {} in, {} out; ", count(input_tokens), count(output_tokens)));
    told.push_str(&match usd {
        Some(usd) => dollars(usd),
        None if judge_calls == 0 => dollars(0.0),
        None => "the price is not known".to_owned(),
    });
    Some(told)
}

/// What was spent, on behalf of whom.
pub(crate) fn accounts(cost: &Cost) -> String {
    let header =
        ["SPENT BY", "CALLS", "FUEL", "SECONDS", "QUESTIONS", "KNOWN", "NO REPLY", "TOKENS IN", "TOKENS OUT", "USD"];
    let row = |name: &str, spent: &Spent| {
        let numbers =
            [spent.judge_calls, spent.judge_known, spent.judge_failed, spent.input_tokens, spent.output_tokens];
        let usd = match spent.usd {
            Some(usd) => format!("{usd:.6}"),
            None if spent.judge_calls == 0 => format!("{:.6}", 0.0),
            None => "unknown".to_owned(),
        };
        let guest = vec![name.to_owned(), count(spent.calls), count(spent.fuel), format!("{:.2}", spent.seconds)];
        [guest, numbers.map(count).to_vec(), vec![usd]].concat()
    };
    let of = cost.of.iter().map(|(key, spent)| row(key, spent));
    table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9], of.chain([row("all", &cost.all)]))
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

fn sliced(sliced: &Sliced) -> impl Iterator<Item = Vec<String>> {
    let slice = printable_line(&sliced.slice.to_string());
    sliced.scorers.0.iter().map(move |(key, aggregate)| {
        let (rows, scored) = (count(sliced.rows), count(aggregate.counts.scored));
        vec![slice.clone(), rows, key.clone(), value(aggregate), interval(aggregate), scored]
    })
}

fn verdict(report: &Report) -> String {
    let verdict = match report.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Incomplete => "incomplete",
        Verdict::NoGate => "done, no gate",
    };
    let reason = report.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let decided = report.decided.as_ref();
    let decided = decided.map(|Decided { reason, .. }| format!(", {reason}")).unwrap_or_default();
    let took = time(Duration::from_secs_f64(report.seconds));
    let left_out = match report.left_out {
        0 => String::new(),
        rows => format!(" ({} of other splits left out)", count(rows)),
    };
    format!("{verdict}: {}{left_out} in {took}{reason}{decided}", counted(report.rows, "row"))
}
