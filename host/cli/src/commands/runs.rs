//! `karat runs`: what is kept of earlier runs.

mod portable;
mod quarantine;
mod recorded;
mod replay;
mod verify;

pub(super) use recorded::{AsItWas, overrides_of, suite_of};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::registry::Registry;
use model::ports::Store;
use model::report::{Cost, Report, Verdict};
use model::run::{Origin, RowResult, Run, RunHeader, RunId};
use reports::Format;
use reports::failing::Failing as Against;
use serde::Serialize;
use storage::SharedStore;

use super::exporting::{self, To};
use crate::args::{ExportTo, Runs, Written};
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::export;
use crate::quantities::{count, decimal, moment};
use crate::summary;
use crate::terminal::{Terminal, printable, printable_line, table};
use crate::wiring;

/// Runs or results read from the store at once.
const PAGE: usize = 500;

/// One run in `list --json`, and the head of `show --json`.
#[derive(Serialize)]
struct Listed<'a> {
    run: RunId,
    suite: &'a str,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    started: u64,
    rows: u64,
    data: &'a str,
    /// None while it goes on, or after it was cut off.
    verdict: Option<Verdict>,
}

/// A verdict of a row that should not be.
#[derive(Serialize)]
struct Failing {
    id: String,
    trial: u32,
    scorer: String,
    /// `false`, `failed` or `unpredicted`.
    what: &'static str,
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

pub(crate) fn run(what: Runs, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    match what {
        Runs::Export {
            run,
            output,
            to: ExportTo { exporter: Some(exporter), item, parameters, grant, allow, policy },
            ..
        } => {
            let to = To { exporter, item, parameters, servers: grant, allow, policy };
            exporting::run(&run, to, output, store, terminal)
        }
        Runs::Verify(what) => verify::run(&what, store, terminal),
        Runs::Replay(what) => replay::run(&what, store, terminal),
        Runs::Export { run, format: Written::Portable, output: Some(output), .. } => {
            portable::export(&run, &output, store, terminal)
        }
        Runs::Import { file } => portable::import(&file, store, terminal),
        Runs::Quarantine(what) => quarantine::run(what, store, terminal),
        what => look(what, store, terminal),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn look(what: Runs, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let Some(kept) = wiring::existing_store(&folder)? else {
        return no_store(&what, terminal);
    };
    let store: Arc<dyn Store> = kept.clone();
    match what {
        Runs::List { limit } => list(&*store, limit as usize, terminal).await,
        Runs::Show { run, failing, cost, rows } => {
            let run = find(&*store, &run).await?;
            let failing = if failing { Some(failing_rows(&*store, &run.header, rows).await?) } else { None };
            let cost = match &run.report {
                _ if !cost => None,
                Some(report) => Some(report.cost.clone()),
                None => Some(pipeline::cost::cost(&*store, run.header.id).await?),
            };
            show(&run, failing.as_deref(), cost.as_ref(), terminal)
        }
        Runs::Export { run, format: Written::Report(format), output, .. } => {
            let run = find(&*store, &run).await?;
            export_run(store, &run, format, output, terminal).await
        }
        Runs::Delete { older_than: Some(age), .. } => delete_older(&kept, age, terminal).await,
        Runs::Delete { runs, older_than: None } => delete(&kept, &runs, terminal).await,
        // What else there is has been done without.
        Runs::Export { .. } | Runs::Verify(_) | Runs::Replay(_) | Runs::Import { .. } | Runs::Quarantine(_) => {
            Ok(Exit::Done)
        }
    }
}

fn no_store(what: &Runs, terminal: &Terminal) -> Result<Exit, Stop> {
    match what {
        Runs::List { .. } if terminal.is_json() => terminal.json(&[(); 0])?,
        Runs::List { .. } => terminal.say("no runs yet: `karat eval SUITE` makes one")?,
        Runs::Show { run, .. } | Runs::Export { run, .. } => return Err(unknown(run)),
        Runs::Delete { runs, .. } => return runs.first().map_or(Ok(Exit::Done), |run| Err(unknown(run))),
        Runs::Verify(_) | Runs::Replay(_) | Runs::Import { .. } | Runs::Quarantine(_) => {}
    }
    Ok(Exit::Done)
}

/// The run a user means: its id, the beginning of it where no other begins so, or `last`.
pub(crate) async fn find(store: &dyn Store, named: &str) -> Result<Run, Stop> {
    if let Ok(id) = named.parse::<RunId>() {
        return store.run(id).await?.ok_or_else(|| unknown(named));
    }
    if named == "last" {
        return store.runs(None, 1).await?.pop().ok_or_else(|| unknown(named));
    }
    let mut found = such(store, |header| header.id.to_string().starts_with(named)).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(unknown(named)),
        several => Err(Stop::message(format_args!("{several} runs begin with `{named}`")).hint("write more of the id")),
    }
}

/// The runs whose headers are such, newest first.
pub(super) async fn such(store: &dyn Store, is_such: impl Fn(&RunHeader) -> bool) -> Result<Vec<Run>, Stop> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.runs(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.header.id);
        found.extend(page.into_iter().filter(|run| is_such(&run.header)));
    }
}

pub(super) fn unknown(run: &str) -> Stop {
    Stop::message(format_args!("there is no run `{run}` in this store")).hint("`karat runs list` shows those there are")
}

async fn list(store: &dyn Store, limit: usize, terminal: &Terminal) -> Result<Exit, Stop> {
    let runs = store.runs(None, limit).await?;
    if terminal.is_json() {
        terminal.json(&runs.iter().map(listed).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    terminal.data(listing(&runs))?;
    Ok(Exit::Done)
}

/// Runs as a table.
pub(super) fn listing(runs: &[Run]) -> String {
    let rows = runs.iter().map(|run| {
        let Listed { run: id, suite, started, rows, verdict, .. } = listed(run);
        vec![
            id.to_string(),
            printable_line(suite),
            moment(started),
            count(rows),
            state(verdict).to_owned(),
            numbers(run),
        ]
    });
    table(&["RUN", "SUITE", "STARTED (UTC)", "ROWS", "VERDICT", "NUMBERS"], &[3], rows)
}

fn listed(run: &Run) -> Listed<'_> {
    let header = &run.header;
    Listed {
        run: header.id,
        suite: &header.plan.suite,
        started: header.started,
        rows: header.data.rows,
        data: &header.data.path,
        verdict: run.report.as_ref().map(|report| report.verdict),
    }
}

fn state(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Passed) => "passed",
        Some(Verdict::Failed) => "failed",
        Some(Verdict::Incomplete) => "incomplete",
        Some(Verdict::NoGate) => "no gate",
        None => "unfinished",
    }
}

/// The first scorers' numbers, in one line.
fn numbers(run: &Run) -> String {
    let scorers = run.report.iter().flat_map(|report| &report.scorers.0);
    let numbers = scorers.filter_map(|(key, aggregate)| Some(format!("{key} {}", decimal(aggregate.value?))));
    numbers.take(3).collect::<Vec<_>>().join(", ")
}

fn show(run: &Run, failing: Option<&[Failing]>, cost: Option<&Cost>, terminal: &Terminal) -> Result<Exit, Stop> {
    if terminal.is_json() {
        return show_json(run, failing, cost, terminal);
    }
    let Listed { run: id, suite, started, data, verdict, .. } = listed(run);
    terminal.data(format_args!("run {id}"))?;
    terminal.data(format_args!(
        "suite {} on `{}`, started {}",
        printable_line(suite),
        printable_line(data),
        moment(started)
    ))?;
    let Run { header: RunHeader { plan, origin, .. }, .. } = run;
    if let Some(app) = &origin.app {
        terminal.data(printable_line(&format!("application {} {}", app.name, app.id)))?;
    }
    if !plan.prompts.is_empty() {
        let prompts: Vec<_> = plan.prompts.iter().map(ToString::to_string).collect();
        terminal.data(format_args!("prompts {}", prompts.join(", ")))?;
    }
    match &run.report {
        Some(report) => summary::print(report, terminal)?,
        None => terminal.data(format_args!("{}: `karat eval SUITE --resume {id}` goes on", state(verdict)))?,
    }
    if let Some(cost) = cost {
        terminal.data(summary::accounts(cost))?;
    }
    for row in failing.unwrap_or_default() {
        let reason = row.reason.as_deref().unwrap_or_default();
        terminal.data(format_args!(
            "{}  {}  {}  {}",
            printable_line(&row.id),
            row.scorer,
            row.what,
            printable_line(reason)
        ))?;
        for line in row.detail.iter().flat_map(|detail| detail.lines()) {
            terminal.data(format_args!("    {}", printable(line)))?;
        }
    }
    Ok(Exit::Done)
}

fn show_json(run: &Run, failing: Option<&[Failing]>, spent: Option<&Cost>, terminal: &Terminal) -> Result<Exit, Stop> {
    /// The run's own facts, its report where there is one, and the rows asked for.
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        report: Option<&'a Report>,
        #[serde(flatten)]
        listed: Option<Listed<'a>>,
        plan: &'a model::run::RunPlan,
        #[serde(skip_serializing_if = "Origin::is_empty")]
        origin: &'a Origin,
        version: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        failing: Option<&'a [Failing]>,
        /// What was spent so far, where `cost` of the report is of an earlier time or there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        spent: Option<&'a Cost>,
    }
    let listed = run.report.is_none().then(|| listed(run));
    let Run { header, report } = run;
    let (report, plan, origin, version) = (report.as_ref(), &header.plan, &header.origin, &*header.version);
    terminal.json(&Shown { report, listed, plan, origin, version, failing, spent })?;
    Ok(Exit::Done)
}

/// The first `most` verdicts of a run that are false or missing, in dataset order.
async fn failing_rows(store: &dyn Store, header: &RunHeader, most: usize) -> Result<Vec<Failing>, Stop> {
    let mut failing = Vec::new();
    let mut after = None;
    while failing.len() < most {
        let page = store.results(header.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.index, last.trial));
        failing.extend(page.iter().flat_map(|result| failing_of(result, header)));
    }
    failing.truncate(most);
    Ok(failing)
}

fn failing_of<'a>(result: &'a RowResult, header: &'a RunHeader) -> impl Iterator<Item = Failing> + 'a {
    result.outcomes.iter().zip(&header.plan.scorers).filter_map(|(outcome, scorer)| {
        let Against { what, reason, detail } = Against::of(result, outcome)?;
        Some(Failing {
            id: result.id.clone(),
            trial: result.trial,
            scorer: scorer.key.clone(),
            what: what.name(),
            reason: reason.map(str::to_owned),
            detail: detail.map(str::to_owned),
        })
    })
}

async fn export_run(
    store: Arc<dyn Store>,
    run: &Run,
    format: Format,
    output: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    match output {
        Some(path) => export::to_file(store, run, format, &path).await?,
        None => export::write(store, run, format, terminal.out()).await?,
    }
    Ok(Exit::Done)
}

async fn delete(store: &Arc<SharedStore>, runs: &[String], terminal: &Terminal) -> Result<Exit, Stop> {
    let mut found = Vec::with_capacity(runs.len());
    for named in runs {
        found.push(find(&**store, named).await?);
    }
    delete_found(store, &found, terminal).await
}

async fn delete_older(store: &Arc<SharedStore>, age: Duration, terminal: &Terminal) -> Result<Exit, Stop> {
    let before = clock::now().saturating_sub(age).as_millis();
    let found = such(&**store, |header| u128::from(header.started) < before).await?;
    delete_found(store, &found, terminal).await
}

async fn delete_found(store: &Arc<SharedStore>, runs: &[Run], terminal: &Terminal) -> Result<Exit, Stop> {
    for Run { header, .. } in runs {
        store.delete_run(header.id).await?;
        Registry::new(Arc::clone(store)).forget_run_files(header.id).await?;
        terminal.note(format_args!("deleted run {}", header.id))?;
    }
    Ok(Exit::Done)
}
