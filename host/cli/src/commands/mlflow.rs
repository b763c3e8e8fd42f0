//! `karat import mlflow` and `karat export mlflow`: a whole MLflow into the store, and the store to MLflow's server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::registry::Registry;
use migrate::{Access, Destination, Error, Kind, Origin, Place, Redact, Report};
use model::ports::AnnotationChange;
use model::trace::Span;
use serde_json::json;
use server::Redactor;

use super::{serve, upkeep};
use crate::args::{Export, Import};
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::quantities::count;
use crate::terminal::{Terminal, printable_line};
use crate::wiring;

/// How often is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What is told while it goes on.
const TOLD: [Kind; 3] = [Kind::Run, Kind::MetricPoint, Kind::Trace];

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn import(what: Import, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let Import::Mlflow { from, artifacts, redact } = what;
    let place = Place::parse(&from).and_then(|place| match artifacts {
        Some(folder) => place.with_artifacts(folder),
        None => Ok(place),
    });
    let place = place.map_err(stop)?;
    let folder = wiring::store_folder(store)?;
    let store = wiring::store(&folder)?;
    let redacting = Redacting(serve::redactor(redact.as_deref(), &folder)?);
    let registry = Registry::new(store.clone());
    let into = Destination {
        registry: &registry,
        traces: &*store,
        blobs: &*store,
        prices: Arc::new(wiring::prices),
        redact: &redacting,
        now: clock::now_in_milliseconds(),
    };
    let report = migrate::import(&place, access(), &into, &mut telling(terminal)).await.map_err(stop)?;
    tell(&report, "came", terminal)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn export(what: Export, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let Export::Mlflow { to } = what;
    let place = Place::parse(&to).map_err(stop)?;
    let folder = wiring::store_folder(store)?;
    let store = wiring::existing_store(&folder)?.ok_or_else(|| upkeep::none(&folder))?;
    let registry = Registry::new(store.clone());
    let from = Origin { registry: &registry, traces: &*store, blobs: &*store, now: clock::now_in_milliseconds() };
    let report = migrate::export(&from, &place, access(), &mut telling(terminal)).await.map_err(stop)?;
    tell(&report, "went", terminal)
}

struct Redacting(Redactor);

impl Redact for Redacting {
    fn span(&self, experiment: &str, span: &mut Span) {
        self.0.of(experiment).span(span);
    }

    fn change(&self, experiment: &str, change: AnnotationChange) -> AnnotationChange {
        self.0.of(experiment).change(change)
    }
}

/// From where MLflow's own client takes it.
fn access() -> Access {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (said("MLFLOW_TRACKING_USERNAME"), said("MLFLOW_TRACKING_PASSWORD"), said("MLFLOW_TRACKING_TOKEN")) {
        (Some(user), Some(password), _) => Access::Password { user, password },
        (.., Some(token)) => Access::Token(token),
        _ => Access::Open,
    }
}

/// Says every few seconds how far it is. Who does not hear it misses nothing.
fn telling(terminal: &Terminal) -> impl FnMut(&Report) + Send {
    let (terminal, mut last) = (*terminal, Instant::now());
    move |report: &Report| {
        if last.elapsed() >= TOLD_EVERY {
            last = Instant::now();
            let told = TOLD.map(|kind| {
                let of_kind = report.count(kind);
                format!("{} {}", count(of_kind.new + of_kind.known), kind.plural())
            });
            let _ = terminal.say(format_args!("{} so far", told.join(", ")));
        }
    }
}

fn tell(report: &Report, what: &str, terminal: &Terminal) -> Result<Exit, Stop> {
    if terminal.is_json() {
        let counts: serde_json::Map<_, _> = report
            .counts()
            .map(|(kind, count)| (kind.plural().to_owned(), json!({ "new": count.new, "known": count.known })))
            .collect();
        let left_out: Vec<_> = report
            .left_out()
            .map(|one| json!({ "kind": one.kind.plural(), "count": one.count, "names": one.names, "why": one.why }))
            .collect();
        terminal.json(&json!({ "counts": counts, "left_out": left_out }))?;
        return Ok(Exit::Done);
    }
    for (kind, of_kind) in report.counts() {
        let known = match of_kind.known {
            0 => String::new(),
            known => format!(", {} had been there before", count(known)),
        };
        terminal.data(format_args!("{}: {} {what}{known}", kind.plural(), count(of_kind.new)))?;
    }
    for one in report.left_out() {
        terminal.data(format_args!("left out: {}", printable_line(&one.to_string())))?;
    }
    Ok(Exit::Done)
}

fn stop(error: Error) -> Stop {
    match error {
        Error::Place { message, hint } => Stop::message(message).hints(hint),
        Error::Store(error) => wiring::store_error(error),
        error => Stop::wrong(error).hint("what came before is there; the same command goes on"),
    }
}
