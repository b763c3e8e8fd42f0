//! `karat judge card`: how far judges can be trusted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::card::{Agreement, JudgeCard, JudgeCards, Measured, NextLabels, Verdicts};
use model::comparison::NotCompared;
use model::ports::Store;
use pipeline::card::{CardError, Options, card};

use super::eval::{Asked, Checked, read_suite_text, suite_path};
use super::runs;
use crate::args::{Card, Eval};
use crate::exit::{Exit, Stop};
use crate::quantities::{count, counted, decimal, dollars, latency};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

pub(super) fn run(what: Card, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let Card { of, human, scorer: scorers, pass, scale, next, repeats, allow, policy } = what;
    let options = Options { human, scorers, pass, scale: scale.map(Into::into), next };
    options.check().map_err(|error| stop(error, None))?;
    let named = match Path::new(&of).exists() {
        true => {
            let path = suite_path(Path::new(&of));
            let what = Eval { suite: path.clone(), allow, policy, ..Eval::default() };
            judged(path, what, repeats, store.clone(), terminal)?
        }
        false if repeats.is_some() => {
            let text = format!("`{of}` is no suite, and a run that is kept can't be repeated");
            return Err(Stop::message(text).hint("name the suite, or set its `trials`"));
        }
        false => of,
    };
    let cards = made(&named, &options, store, terminal)?;
    if terminal.is_json() {
        terminal.json(&cards)?;
    } else {
        print(&cards, terminal)?;
    }
    Ok(Exit::Done)
}

/// Runs a suite, and says which run that is. It is kept: what is wrong with the labels costs no second one.
fn judged(
    path: PathBuf,
    what: Eval,
    repeats: Option<u32>,
    store: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<String, Stop> {
    let (mut suite, text) = read_suite_text(&path)?;
    suite.suite.trials = repeats.or(suite.suite.trials);
    let again = format!("karat eval {}", path.display());
    let report = Checked::new(Asked { suite, text, path, what, again }, store, terminal)?.report()?;
    Ok(report.run.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn made(named: &str, options: &Options, store: Option<PathBuf>, terminal: &Terminal) -> Result<JudgeCards, Stop> {
    let store = wiring::existing_store(&wiring::store_folder(store)?)?;
    let store: Arc<dyn Store> = store.ok_or_else(|| runs::unknown(named))?;
    let run = runs::find(&*store, named).await?;
    if run.report.is_none() {
        terminal.say(format_args!("run {} has not ended: its judges are looked at as far as it is", run.header.id))?;
    }
    let made = card(&store, &run.header, Arc::new(formats::Reader), options).await;
    made.map_err(|error| stop(error, run.header.plan.map.as_ref()))
}

fn stop(error: CardError, map: Option<&BTreeMap<String, String>>) -> Stop {
    let hint = match &error {
        CardError::Place { .. } => Some("write it as `expectations.label`, or `tags.verdict`"),
        CardError::NoLabels { .. } if map.is_some() => {
            Some("the suite's `map` leaves out what it does not name: add `expectations.label: COLUMN`")
        }
        CardError::NoLabels { .. } => {
            Some("`--human` is where a row says what people said, such as `expectations.label`")
        }
        CardError::NoLabel { .. } => Some("a label is true or false, a number or a text"),
        CardError::NotComparable(_) => {
            Some("choose with `--scorer`, and say with `--pass LABEL` which label of people means true")
        }
        CardError::UnknownScorer { .. } | CardError::NoOrder { .. } | CardError::Joined(_) | CardError::Store(_) => {
            None
        }
    };
    match error {
        CardError::Store(error) => wiring::store_error(error),
        error => Stop::wrong(error).hints(hint),
    }
}

fn print(cards: &JudgeCards, terminal: &Terminal) -> Result<(), Stop> {
    for card in &cards.cards {
        terminal.data(printable_line(&card.sentence))?;
    }
    let rows = counted(cards.rows, "row");
    terminal.data(format_args!(
        "\nrun {}: {rows}, {} with a label of people in {}",
        cards.run,
        count(cards.labelled),
        printable_line(&cards.human)
    ))?;
    for card in &cards.cards {
        numbers(card, terminal)?;
    }
    for NotCompared { scorer, reason } in &cards.not_compared {
        terminal.data(printable_line(&format!("{scorer} is not held against people: {reason}")))?;
    }
    Ok(())
}

fn numbers(card: &JudgeCard, terminal: &Terminal) -> Result<(), Stop> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |name: &str, measured: Option<&Measured>| rows.extend(measured.map(|one| row(name, one)));
    if let Some(agreement) = &card.agreement {
        add("the same as people", Some(&agreement.accuracy));
        add("Cohen's kappa", agreement.kappa.as_ref());
        add("Krippendorff's alpha", agreement.alpha.as_ref());
    }
    if let Some(consistency) = &card.consistency {
        add("the same as itself", Some(&consistency.same));
        add("unanimous rows", Some(&consistency.unanimous));
    }
    add("verdicts that the order flips", card.order_flips.as_ref());
    add("more for twice the length", card.length_slope.as_ref());
    if let Some(corrected) = &card.corrected {
        add("rows that people labelled", Some(&corrected.people));
    }
    // Where people have labelled every row, there is nothing to correct.
    if let Some(corrected) = card.corrected.as_ref().filter(|found| found.corrected.of > found.people.of) {
        add("all rows, corrected by people", Some(&corrected.corrected));
        let judged = [decimal(corrected.judged), "–".to_owned(), count(corrected.corrected.of)];
        rows.push(["all rows, by the judge alone".to_owned()].into_iter().chain(judged).collect());
    }
    let header = [card.scorer.as_str(), "VALUE", "95 % INTERVAL", "OF"];
    terminal.data(format_args!("\n{}", table(&header, &[1, 2, 3], rows)))?;
    if let Some(agreement) = &card.agreement {
        terminal.data(format_args!("\n{}", labels(agreement)))?;
    }
    if card.without_verdict > 0 {
        let rows = counted(card.without_verdict, "row");
        terminal.data(format_args!("{rows} that people labelled without a verdict, in no number"))?;
    }
    for note in &card.notes {
        terminal.data(note)?;
    }
    if let Some(verdicts) = &card.verdicts {
        terminal.data(taken(verdicts))?;
    }
    if let Some(NextLabels { drawn, unsure }) = &card.next {
        for (what, ids) in [("label next, drawn by chance", drawn), ("label to learn where it errs", unsure)] {
            if !ids.is_empty() {
                terminal.data(printable_line(&format!("{what}: {}", ids.join(", "))))?;
            }
        }
    }
    Ok(())
}

fn row(name: &str, measured: &Measured) -> Vec<String> {
    let interval = measured.lower.zip(measured.upper);
    let interval = interval.map(|(lower, upper)| format!("{} … {}", decimal(lower), decimal(upper)));
    vec![name.to_owned(), decimal(measured.value), interval.unwrap_or_else(|| "–".to_owned()), count(measured.of)]
}

/// Counts, people's labels below each other, and how well each is told from the others.
fn labels(agreement: &Agreement) -> String {
    let named = |label: &String| printable_line(label);
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), decimal);
    let said = agreement.labels.iter().map(|label| format!("says {}", named(label)));
    let header: Vec<String> = ["PEOPLE".to_owned()].into_iter().chain(said).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).chain(["PRECISION", "RECALL", "F1"]).collect();
    let rows = agreement.labels.iter().zip(&agreement.confusion).zip(&agreement.by_label);
    let rows = rows.map(|((label, counts), scores)| {
        let counts = counts.iter().map(|one| count(*one));
        let scores = [scores.precision, scores.recall, scores.f1].map(number);
        [named(label)].into_iter().chain(counts).chain(scores).collect()
    });
    let numbers: Vec<usize> = (1..header.len()).collect();
    format!("{}\nmacro F1 {}", table(&header, &numbers, rows), decimal(agreement.macro_f1))
}

fn taken(verdicts: &Verdicts) -> String {
    let usd =
        verdicts.usd.map_or_else(|| "a price that is not known".to_owned(), |usd| format!("{} each", dollars(usd)));
    let mut told = format!("{}: {:.1} questions and {usd}", counted(verdicts.count, "verdict"), verdicts.questions);
    if let Some(times) = &verdicts.latency {
        let [p50, p90] = [times.p50, times.p90].map(|seconds| latency(Duration::from_secs_f64(seconds)));
        told.push_str(&format!("; latency p50 {p50}, p90 {p90}"));
    }
    told
}
