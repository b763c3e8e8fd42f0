//! `karat traces`: what applications did.

mod files;
mod score;
mod show;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::assessment::{Assessment, Said};
use model::digest::State;
use model::ports::{StoreError, TraceStore};
use model::search::{Comparison, Cursor, Field, Filter, Page, Query, Test, TraceInfo, Value};
use serde::Serialize;

use crate::args::{Kept, Page as Wanted, Traces};
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::quantities::{count, counted, dollars, latency, moment};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

pub(super) use show::assessed;

/// Traces that are read at once where all of them are wanted.
const MANY: usize = 1000;

/// How often is looked for new traces.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn run(what: Traces, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    match what {
        Traces::Kept(what) => look(what, store, terminal),
        Traces::Score(what) => score::run(what, store, terminal),
        Traces::Import(what) => files::import(what, store, terminal),
        Traces::Export(what) => files::export(what, store, terminal),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn look(what: Kept, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let Some(store) = wiring::existing_store(&folder)?.map(|store| -> Arc<dyn TraceStore> { store }) else {
        return no_store(&what, terminal);
    };
    match what {
        Kept::List { page } => search(&*store, "", &page, terminal).await,
        Kept::Search { filter, page } => search(&*store, &filter, &page, terminal).await,
        Kept::Show { trace, full, spans } => {
            let info = find(&*store, &trace).await?;
            let spans = store.spans(&info.id, 0, spans as usize).await?;
            show::show(&info, spans, full, terminal)
        }
        Kept::Delete { traces, filter: None, older_than: None, .. } => {
            let mut ids = Vec::with_capacity(traces.len());
            for named in traces {
                ids.push(find(&*store, &named).await?.id);
            }
            deleted(store.delete_traces(&ids).await?, terminal)
        }
        Kept::Delete { filter, older_than, experiment, .. } => {
            let mut filters = Vec::from_iter(parsed(filter.as_deref().unwrap_or_default())?);
            if let Some(age) = older_than {
                let before = clock::now().saturating_sub(age).as_secs_f64() * 1e3;
                filters.push(Filter::Trace(Field::Start, Test::Is(Comparison::Less, Value::Number(before))));
            }
            let experiments = Vec::from_iter(experiment);
            let query = Query { experiments, filter: Some(Filter::All(filters)), order: Vec::new() };
            delete_found(&*store, &query, terminal).await
        }
    }
}

fn no_store(what: &Kept, terminal: &Terminal) -> Result<Exit, Stop> {
    match what {
        Kept::List { .. } | Kept::Search { .. } if terminal.is_json() => {
            terminal.json(&Listed { traces: &[], next: None })?;
        }
        Kept::List { .. } | Kept::Search { .. } => terminal.say("no traces yet: `karat serve` takes them in")?,
        Kept::Show { trace, .. } => return Err(unknown(trace)),
        Kept::Delete { traces, .. } => return traces.first().map_or(Ok(Exit::Done), |trace| Err(unknown(trace))),
    }
    Ok(Exit::Done)
}

/// The trace a user means: its id, or the beginning of it where no other begins so.
pub(super) async fn find(store: &dyn TraceStore, named: &str) -> Result<TraceInfo, Stop> {
    let named = named.strip_prefix("tr-").unwrap_or(named);
    if let Some(info) = store.trace(named).await? {
        return Ok(info);
    }
    if named.is_empty() || !named.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(unknown(named));
    }
    let test = Test::Like { pattern: format!("{}%", named.to_lowercase()), ignores_case: false };
    let query = Query { filter: Some(Filter::Trace(Field::Id, test)), ..Query::default() };
    let mut found = store.search(&query, None, 2).await?.traces;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(unknown(named)),
        _ => Err(Stop::message(format_args!("several traces begin with `{named}`")).hint("write more of the id")),
    }
}

fn unknown(trace: &str) -> Stop {
    Stop::message(format_args!("there is no trace `{trace}` in this store"))
        .hint("`karat traces list` shows the newest")
}

/// What a filter says, or where it can't be read.
fn parsed(filter: &str) -> Result<Option<Filter>, Stop> {
    let now = clock::now().as_nanos() as u64;
    search::parse(filter, now).map_err(|problem| unreadable("filter", filter, problem))
}

fn unreadable(what: &str, text: &str, problem: search::Problem) -> Stop {
    let shown = problem.under(text);
    Stop::message(format_args!("the {what} can't be read: {problem}\n{shown}")).hints(problem.hint)
}

async fn search(store: &dyn TraceStore, filter: &str, wanted: &Wanted, terminal: &Terminal) -> Result<Exit, Stop> {
    let order = search::parse_order(&wanted.order).map_err(|problem| unreadable("order", &wanted.order, problem))?;
    let query = Query { experiments: wanted.experiment.clone(), filter: parsed(filter)?, order };
    if wanted.follow {
        return follow(store, &query, terminal).await;
    }
    let after = wanted.after.clone().map(Cursor);
    let page = page(store, &query, after, wanted.limit as usize).await.map_err(wiring::store_error)?;
    if wanted.explain {
        explain(&query, &page, terminal)?;
    }
    if terminal.is_json() {
        terminal.json(&Listed { traces: &page.traces, next: page.next.as_ref() })?;
        return Ok(Exit::Done);
    }
    terminal.data(table(HEADER, NUMBERS, page.traces.iter().map(line)))?;
    if let Some(Cursor(next)) = &page.next {
        terminal.say(format_args!("there are more: `--after {next}` goes on, `--limit N` shows more at once"))?;
    }
    Ok(Exit::Done)
}

/// A page that is full, or the last: a store may stop in between.
async fn page(
    store: &dyn TraceStore,
    query: &Query,
    mut after: Option<Cursor>,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut whole = Page::default();
    loop {
        let page = store.search(query, after.as_ref(), limit - whole.traces.len()).await?;
        whole.traces.extend(page.traces);
        whole.work.scanned += page.work.scanned;
        whole.work.read += page.work.read;
        whole.work.steps = page.work.steps;
        whole.next = page.next;
        if whole.next.is_none() || whole.traces.len() >= limit {
            return Ok(whole);
        }
        after = whole.next.clone();
    }
}

/// `list --json` and `search --json`.
#[derive(Serialize)]
struct Listed<'a> {
    traces: &'a [TraceInfo],
    next: Option<&'a Cursor>,
}

fn explain(query: &Query, page: &Page, terminal: &Terminal) -> Result<(), Stop> {
    if let Some(filter) = &query.filter {
        terminal.say(format_args!("filter: {}", search::write(filter)))?;
    }
    if !query.order.is_empty() {
        terminal.say(format_args!("order: {}", search::write_order(&query.order)))?;
    }
    for step in &page.work.steps {
        terminal.say(format_args!("step: {step}"))?;
    }
    let (scanned, read) = (counted(page.work.scanned, "trace"), counted(page.work.read, "trace"));
    Ok(terminal.say(format_args!("work: {scanned} in the index, {read} in the log"))?)
}

const HEADER: &[&str] =
    &["TRACE", "STARTED (UTC)", "NAME", "STATE", "DURATION", "SPANS", "TOKENS", "COST", "SESSION", "FEEDBACK"];
const NUMBERS: &[usize] = &[4, 5, 6, 7];

fn line(info: &TraceInfo) -> Vec<String> {
    let header = &info.header;
    vec![
        info.id.clone(),
        moment(header.start / 1_000_000),
        printable_line(&header.name),
        state(header.state).to_owned(),
        header.end.map(|end| latency(Duration::from_nanos(end.saturating_sub(header.start)))).unwrap_or_default(),
        count(header.spans as u64),
        header.tokens.map(|tokens| count(tokens.total)).unwrap_or_default(),
        header.cost.map(|cost| cost_of(cost, header.unpriced)).unwrap_or_default(),
        header.session.as_deref().map(printable_line).unwrap_or_default(),
        verdicts(&info.assessments),
    ]
}

/// What a trace has cost; at least that, where some of it has no price.
fn cost_of(cost: f64, unpriced: usize) -> String {
    format!("{}{}", if unpriced > 0 { "≥ " } else { "" }, dollars(cost))
}

fn state(state: State) -> &'static str {
    match state {
        State::InProgress => "in progress",
        State::Ok => "ok",
        State::Error => "error",
    }
}

/// The verdicts that count, in one line.
fn verdicts(assessments: &[Assessment]) -> String {
    let counts = |one: &&Assessment| assessments.iter().all(|other| other.overrides != Some(one.id));
    let verdict = |one: &Assessment| match &one.said {
        Said::Feedback(value) => Some(format!("{} {}", printable_line(&one.name), printable_line(value.as_str()))),
        Said::Failed(_) => Some(format!("{} failed", printable_line(&one.name))),
        Said::Expectation(_) => None,
    };
    assessments.iter().filter(counts).filter_map(verdict).take(4).collect::<Vec<_>>().join(", ")
}

/// Shows what is complete as it comes, the oldest first.
async fn follow(store: &dyn TraceStore, query: &Query, terminal: &Terminal) -> Result<Exit, Stop> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut is_first = true;
    loop {
        let found = store.search(query, None, MANY).await?.traces;
        let is_complete = |info: &&TraceInfo| info.header.state != State::InProgress;
        let new: Vec<&TraceInfo> = found.iter().filter(is_complete).filter(|info| !seen.contains(&info.id)).collect();
        for info in new.iter().rev().skip(if is_first { new.len().saturating_sub(10) } else { 0 }) {
            if terminal.is_json() {
                terminal.json(info)?;
            } else {
                terminal.data(line(info).join("  "))?;
            }
        }
        // What has left the newest traces does not come back among them.
        seen = found.iter().filter(is_complete).map(|info| info.id.clone()).collect();
        is_first = false;
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}

async fn delete_found(store: &dyn TraceStore, query: &Query, terminal: &Terminal) -> Result<Exit, Stop> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = store.search(query, after.as_ref(), MANY).await.map_err(wiring::store_error)?;
        let ids: Vec<String> = page.traces.into_iter().map(|info| info.id).collect();
        count += store.delete_traces(&ids).await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return deleted(count, terminal),
        }
    }
}

fn deleted(count: u64, terminal: &Terminal) -> Result<Exit, Stop> {
    terminal.note(format_args!("deleted {}", counted(count, "trace")))?;
    Ok(Exit::Done)
}
