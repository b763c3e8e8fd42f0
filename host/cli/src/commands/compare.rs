//! `karat compare` and `karat power`: whether one run is better than another, and how many rows it takes to know.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use decisions::{Demand, Error, Options, Wanted};
use model::comparison::{Adjustment, Comparison, Finding, Regression, Told};
use model::ports::Store;
use model::run::{Run, RunId};
use model::slice::SliceKey;

use super::runs;
use crate::args::{Adjust, Compare, ComparisonFormat, Power};
use crate::exit::{Exit, Stop};
use crate::export;
use crate::quantities::{count, decimal};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn compare(what: Compare, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = existing(store, &what.run_a)?;
    let (a, b) = (runs::find(&*store, &what.run_a).await?, runs::find(&*store, &what.run_b).await?);
    if a.header.id == b.header.id {
        return Err(
            Stop::message("a run can't be compared with itself").hint("`karat runs list` shows those there are")
        );
    }
    for run in [&a, &b] {
        if run.report.is_none() {
            let id = run.header.id;
            terminal.say(format_args!("run {id} has not ended: it is compared as far as it is"))?;
        }
    }
    let options = Options {
        adjustment: match what.adjust {
            Adjust::Holm => Adjustment::Holm,
            Adjust::Bh => Adjustment::BenjaminiHochberg,
        },
        alpha: what.alpha,
        confidence: 1.0 - what.alpha,
        margins: what.margin.into_iter().collect(),
        settle: what.settle,
        regressions: what.rows,
        ..Options::default()
    };
    let comparison = compared(&*store, &a, &b, &what.slice, options).await?;
    for (format, path) in &what.report {
        write(&comparison, *format, path)?;
    }
    if terminal.is_json() {
        terminal.json(&comparison)?;
    } else {
        print(&comparison, terminal)?;
    }
    let is_worse = comparison.scorers.iter().any(|one| one.finding == Finding::Worse);
    Ok(if what.fail_on_worse && is_worse { Exit::Failed } else { Exit::Done })
}

/// Holds B against A, by the names that the two have.
pub(super) async fn compared(
    store: &dyn Store,
    a: &Run,
    b: &Run,
    slices: &[SliceKey],
    options: Options,
) -> Result<Comparison, Stop> {
    let labels = pipeline::labels::labels(store, &b.header, Arc::new(formats::Reader), slices).await?;
    let mut options = Options { labels, ..options };
    let names = [a, b].map(|run| run.header.origin.name.clone());
    if let [Some(a), Some(b)] = names
        && a != b
    {
        options.names = (a, b);
    }
    decisions::compare(store, a.header.id, b.header.id, &options).await.map_err(stop)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn power(what: Power, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = existing(store, &what.run)?;
    let id = async |named: &str| -> Result<RunId, Stop> { Ok(runs::find(&*store, named).await?.header.id) };
    let run = id(&what.run).await?;
    let other = match &what.with {
        Some(named) => Some(id(named).await?),
        None => None,
    };
    let wanted = Wanted { difference: what.difference, demand: Demand { alpha: what.alpha, power: what.power } };
    let needed = decisions::power(&*store, run, other, wanted).await.map_err(stop)?;
    if terminal.is_json() {
        terminal.json(&needed)?;
        return Ok(Exit::Done);
    }
    if needed.is_empty() {
        terminal.say("no scorer of this run gives a number that could differ")?;
    }
    for one in needed {
        terminal.data(printable_line(&one.sentence))?;
    }
    Ok(Exit::Done)
}

fn existing(store: Option<PathBuf>, named: &str) -> Result<Arc<dyn Store>, Stop> {
    let folder = wiring::store_folder(store)?;
    Ok(wiring::existing_store(&folder)?.ok_or_else(|| runs::unknown(named))?)
}

/// To a file that appears when it is whole.
fn write(comparison: &Comparison, format: ComparisonFormat, path: &Path) -> Result<(), Stop> {
    let text = match format {
        ComparisonFormat::Html => reports::html::comparison(comparison)?,
        ComparisonFormat::Markdown => reports::markdown::comparison(comparison),
        ComparisonFormat::Json => serde_json::to_string(comparison)? + "\n",
    };
    let temporary = export::temporary(path)?;
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|error| export::unwritable(path, error))
}

pub(super) fn print(comparison: &Comparison, terminal: &Terminal) -> Result<(), Stop> {
    terminal.data(printable_line(&comparison.sentence))?;
    if !comparison.regressions.is_empty() {
        let (shown, all) = (comparison.regressions.len() as u64, comparison.all_regressions);
        terminal.data(format_args!("\nworse in B, {} of {}:", count(shown), count(all)))?;
    }
    for Regression { row, scorer, a, b } in &comparison.regressions {
        terminal.data(format_args!(
            "  {}  {scorer}  {} → {}",
            printable_line(row),
            decimal(a.mean),
            decimal(b.mean)
        ))?;
        for (side, told) in [("A", a), ("B", b)] {
            tell(side, told, terminal)?;
        }
    }
    let header = ["SCORER", "ROWS", "A", "B", "B − A", "INTERVAL", "P, ADJUSTED", "DETECTABLE"];
    let slices = comparison.slices.iter().flat_map(|slice| slice.scorers.iter().map(|one| (Some(&*slice.name), one)));
    let all = comparison.scorers.iter().map(|one| (None, one)).chain(slices);
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), decimal);
    let rows = all.clone().map(|(slice, one)| {
        let name = slice.map_or_else(|| one.scorer.clone(), |slice| format!("{} [{slice}]", one.scorer));
        let interval =
            one.lower.zip(one.upper).map(|(lower, upper)| format!("{} … {}", decimal(lower), decimal(upper)));
        vec![
            printable_line(&name),
            count(one.rows),
            decimal(one.a),
            decimal(one.b),
            decimal(one.difference),
            interval.unwrap_or_else(|| "–".to_owned()),
            number(one.adjusted_p),
            number(one.detectable),
        ]
    });
    terminal.data(format_args!("\n{}", table(&header, &[1, 2, 3, 4, 6, 7], rows)))?;
    for (slice, one) in all {
        let of = slice.map(|slice| format!("{slice}: ")).unwrap_or_default();
        terminal.data(printable_line(&format!("{of}{}", one.sentence)))?;
    }
    for one in &comparison.not_compared {
        terminal.data(printable_line(&format!("{} is not compared: {}", one.scorer, one.reason)))?;
    }
    let alone = [("A", comparison.rows.only_a), ("B", comparison.rows.only_b)];
    for (side, rows) in alone.into_iter().filter(|(_, rows)| *rows > 0) {
        terminal.data(format_args!("{} rows are in {side} alone, and are left out", count(rows)))?;
    }
    Ok(())
}

/// What a run said of a row, and why.
fn tell(side: &str, told: &Told, terminal: &Terminal) -> Result<(), Stop> {
    let outputs = told.outputs.as_ref().map(|outputs| printable_line(outputs.as_str()));
    let rationale = told.rationale.as_deref().map(printable_line);
    for said in outputs.into_iter().chain(rationale) {
        terminal.data(format_args!("    {side}: {said}"))?;
    }
    Ok(())
}

fn stop(error: Error) -> Stop {
    match error {
        Error::Store(error) => wiring::store_error(error),
        error => Stop::wrong(error),
    }
}
