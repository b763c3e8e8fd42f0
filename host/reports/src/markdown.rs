//! Markdown as GitHub and GitLab render it, for the summary of a job and for one comment on a pull request that is found
//! again by its first line.

mod comparison;
mod escape;

use std::fmt::Write as _;
use std::io::{self, Write};

use model::row::RowRecord;
use model::run::{RowResult, Run};
use model::slice::Sliced;

pub use self::comparison::comparison;
use self::escape::{NAME, REASON, SENTENCE, code, marker, words};
use crate::Report;
use crate::failing::{Failing, What};
use crate::figures;
use crate::ledgers;
use crate::quantities::{count, counted, moment};
use crate::sentence;
use crate::text;

/// No comment may be longer, in characters. No character takes less than a byte, so that bytes are counted.
pub(crate) const LONGEST: usize = 65_536;

/// The table of failing rows ends here, so that the lines behind it fit.
const ROWS_END: usize = LONGEST - 4096;

/// Verdicts that are told; nobody reads more of them in a comment.
const LISTED: usize = 50;

pub(crate) struct Markdown<'a, W> {
    run: &'a Run,
    out: W,
    rows: Vec<String>,
    failing: u64,
}

impl<'a, W: Write> Markdown<'a, W> {
    pub(crate) fn new(run: &'a Run, out: W) -> Self {
        Self { run, out, rows: Vec::new(), failing: 0 }
    }
}

impl<W: Write> Report for Markdown<'_, W> {
    fn add(&mut self, row: &RowRecord, result: &RowResult) -> io::Result<()> {
        let verdicts = self.run.header.plan.scorers.iter().zip(&result.outcomes);
        let mut failing: Vec<_> = verdicts
            .filter_map(|(scorer, outcome)| Some((scorer.key.as_str(), Failing::of(result, outcome)?)))
            .collect();
        self.failing += u64::from(!failing.is_empty());
        // Where nothing could be scored, once is enough.
        failing.dedup_by(|(_, one), (_, before)| one.what == What::Unpredicted && before.what == What::Unpredicted);
        let outputs = result.outputs(row).map_or("", |outputs| outputs.as_str());
        let room = LISTED - self.rows.len();
        self.rows.extend(failing.iter().take(room).map(|(scorer, failing)| line(result, scorer, failing, outputs)));
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let mut text = head(self.run);
        text.push_str(&numbers(self.run));
        stability(&mut text, self.run);
        rows(&mut text, &self.rows, self.failing, self.run);
        text.push_str(&lineage(self.run));
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn head(run: &Run) -> String {
    let mark = match sentence::word(run) {
        "passed" => "✅",
        "failed" => "❌",
        "done" => "ℹ️",
        _ => "⚠️",
    };
    let suite = words(&text::line(&run.header.plan.suite, NAME));
    let sentence = words(&text::line(&sentence::verdict(run), SENTENCE));
    format!(
        "<!-- karat:{} -->\n### {mark} {suite}: {}\n\n{sentence}\n",
        marker(&run.header.plan.suite),
        sentence::word(run)
    )
}

/// Gates and scorers, as many as leave room for rows.
fn numbers(run: &Run) -> String {
    const END: usize = LONGEST / 2;
    let Some(report) = &run.report else { return String::new() };
    let gates = report.gates.iter().map(|gate| {
        let mark = if gate.holds { "✅ holds" } else { "❌ fails" };
        format!("| {mark} | {} | {} |\n", code(&gate.text, NAME), words(&text::line(&gate.reason, REASON)))
    });
    let scorers = report.scorers.0.iter().map(|(key, aggregate)| {
        let counts = aggregate.counts;
        let without = counts.abstained + counts.failed + counts.unpredicted;
        format!(
            "| {} | {} | {} | {} | {} |\n",
            code(key, NAME),
            words(&figures::value(aggregate)),
            figures::interval(aggregate),
            count(counts.scored),
            count(without)
        )
    });
    let mut text = String::new();
    table(&mut text, "\n| gate | | |\n| :-- | :-- | :-- |\n", gates, END / 2);
    let scorers_head =
        "\n| scorer | value | 95 % interval | scored | without a value |\n| :-- | --: | --: | --: | --: |\n";
    table(&mut text, scorers_head, scorers, END);
    let slices: Vec<_> = report.slices.iter().flat_map(sliced).collect();
    let head = "\n| slice | scorer | value | 95 % interval | rows |\n| :-- | :-- | --: | --: | --: |\n";
    table(&mut text, head, slices.into_iter(), END + END / 4);
    text
}

fn sliced(sliced: &Sliced) -> impl Iterator<Item = String> {
    let numbers = sliced.scorers.0.iter().filter(|(_, aggregate)| aggregate.value.is_some());
    numbers.map(|(key, aggregate)| {
        format!(
            "| {} | {} | {} | {} | {} |\n",
            code(&sliced.slice.to_string(), NAME),
            code(key, NAME),
            figures::value(aggregate),
            figures::interval(aggregate),
            count(sliced.rows)
        )
    })
}

/// What earlier runs say of single rows.
fn stability(text: &mut String, run: &Run) {
    const END: usize = LONGEST / 4 * 3;
    let ledgers = run.report.iter().flat_map(|report| &report.ledgers);
    let lines: Vec<_> = ledgers
        .clone()
        .map(|ledger| {
            let runs = count(ledger.runs.len() as u64);
            let counts = ledgers::counts(ledger).map(|(_, number)| count(number)).join(" | ");
            format!("| {} | {runs} | {counts} |\n", code(&ledger.scorer, NAME))
        })
        .collect();
    let head = "\n| row by row | runs | always passed | always failed | flaky | in quarantine | not known |\n\
                | :-- | --: | --: | --: | --: | --: | --: |\n";
    table(text, head, lines.into_iter(), END);
    let news = ledgers.flat_map(|ledger| ledgers::news(ledger).map(|news| (&ledger.scorer, news)));
    let line = |(scorer, (what, rows, named)): (&String, (&str, u64, Vec<String>))| {
        let more = ledgers::more(rows, named.len()).map(|more| format!(" {more}")).unwrap_or_default();
        let named = named.iter().map(|id| code(id, NAME)).collect::<Vec<_>>().join(", ");
        format!("- {}: {} {what}: {named}{more}\n", code(scorer, NAME), counted(rows, "row"))
    };
    table(text, "\n", news.map(line).collect::<Vec<_>>().into_iter(), END);
}

/// A table of as many lines as fit before `end`; what is left out is counted.
fn table(text: &mut String, head: &str, lines: impl ExactSizeIterator<Item = String>, end: usize) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    text.push_str(head);
    for (told, line) in lines.enumerate() {
        if text.len() + line.len() > end {
            let _ = writeln!(text, "\n{} left out.", counted((all - told) as u64, "more line"));
            return;
        }
        text.push_str(&line);
    }
}

fn line(result: &RowResult, scorer: &str, failing: &Failing<'_>, outputs: &str) -> String {
    format!(
        "| {} | {} | {} | {} | {} |\n",
        code(&text::row_name(result), NAME),
        code(scorer, NAME),
        failing.what.name(),
        code(failing.told(), REASON),
        code(outputs, REASON)
    )
}

fn rows(text: &mut String, rows: &[String], failing: u64, run: &Run) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n<details>\n<summary>{}</summary>\n", counted(failing, "failing row"));
    text.push_str("| row | scorer | verdict | why | output |\n| :-- | :-- | :-- | :-- | :-- |\n");
    let mut told = 0_usize;
    for line in rows {
        if text.len() + line.len() > ROWS_END {
            break;
        }
        text.push_str(line);
        told += 1;
    }
    if told < rows.len() || rows.len() == LISTED {
        let first = counted(told as u64, "verdict");
        let _ =
            writeln!(text, "\nThese are the first {first}; `karat runs show {} --failing` has more.", run.header.id);
    }
    text.push_str("\n</details>\n");
}

fn lineage(run: &Run) -> String {
    let header = &run.header;
    let app = header
        .origin
        .app
        .as_ref()
        .map(|app| format!("application {}", code(&format!("{} {}", app.name, app.id), NAME)));
    let prompts = header.plan.prompts.iter().map(|prompt| format!("prompt {}", code(&prompt.to_string(), NAME)));
    // As many as leave room: what is named beyond them stands in every other report.
    const NAMED: usize = 8;
    let made_with: String = app.into_iter().chain(prompts).take(NAMED).map(|one| format!("{one} · ")).collect();
    let left_out = match header.data.left_out {
        0 => String::new(),
        rows => format!(" ({} of other splits left out)", count(rows)),
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "\n<sub>run <code>{}</code> · started {} UTC · {}{left_out} of {} (<code>{}</code>) · {made_with}seed {} · Karat {}</sub>\n",
        header.id,
        moment(header.started),
        counted(header.data.rows, "row"),
        code(&header.data.path, NAME),
        beginning(&header.data.digest),
        header.plan.seed,
        words(&header.version),
    );
    text
}

fn beginning(digest: &str) -> &str {
    text::beginning(digest, 12)
}
