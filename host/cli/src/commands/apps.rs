//! `karat apps`: versions of applications, of which MLflow's clients know as logged models.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::registry::{Error, NewApp, Registry};
use model::app::{AppStatus, AppVersion};
use model::run::{Run, RunHeader, RunId};
use model::tracking::Experiment;
use serde::Serialize;

use super::runs;
use crate::args::{AddApp, Apps};
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::git;
use crate::quantities::{decimal, moment};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(what: Apps, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let store = match what {
        Apps::Add(_) => Some(wiring::store(&folder)?),
        _ => wiring::existing_store(&folder)?,
    };
    let Some(store) = store else {
        return match what {
            Apps::List { .. } if terminal.is_json() => terminal.json(&[(); 0]).map(|()| Exit::Done).map_err(Stop::from),
            Apps::List { .. } | Apps::Add(_) => {
                terminal.say("no versions yet: `karat apps add NAME` makes one")?;
                Ok(Exit::Done)
            }
            Apps::Show { app } | Apps::Delete { app } => Err(unknown(&app)),
        };
    };
    let registry = Registry::new(Arc::clone(&store));
    match what {
        Apps::List { experiment } => list(&registry, experiment.as_deref(), terminal).await,
        Apps::Show { app } => {
            let app = find(&registry, &app).await?;
            let of_app = |header: &RunHeader| header.origin.app.as_ref().is_some_and(|of| of.id == app.id);
            show(&app, &runs::such(&*store, of_app).await?, terminal)
        }
        Apps::Add(what) => add(&registry, what, terminal).await,
        Apps::Delete { app } => {
            registry.delete_app(&app, clock::now_in_milliseconds()).await.map_err(stop)?;
            terminal.note(format_args!("deleted {app}"))?;
            Ok(Exit::Done)
        }
    }
}

/// Versions of an experiment, or of all, newest first.
async fn all(registry: &Registry, experiment: Option<&str>) -> Result<Vec<(Experiment, AppVersion)>, Stop> {
    let experiments = match experiment {
        Some(name) => vec![self::experiment(registry, name).await?],
        None => registry.experiments().await.map_err(stop)?,
    };
    let mut found = Vec::new();
    for experiment in experiments {
        let apps = registry.apps(&experiment.id).await.map_err(stop)?;
        found.extend(apps.into_iter().map(|app| (experiment.clone(), app)));
    }
    found.sort_by(|(_, a), (_, b)| (b.created, &b.id).cmp(&(a.created, &a.id)));
    Ok(found)
}

async fn experiment(registry: &Registry, name: &str) -> Result<Experiment, Stop> {
    let found = registry.experiment_by_name(name).await.map_err(stop)?;
    found.ok_or_else(|| stop(Error::Missing { what: "experiment", name: name.to_owned() }))
}

/// The version of an id, or the newest of a name.
pub(super) async fn find(registry: &Registry, named: &str) -> Result<AppVersion, Stop> {
    match registry.app(named).await {
        Err(Error::Missing { .. }) => {}
        found => return found.map_err(stop),
    }
    let mut of_name = all(registry, None).await?.into_iter().map(|(_, app)| app).filter(|app| app.name == named);
    of_name.next().ok_or_else(|| unknown(named))
}

pub(super) fn unknown(named: &str) -> Stop {
    stop(Error::Missing { what: "app version", name: named.to_owned() })
}

async fn list(registry: &Registry, experiment: Option<&str>, terminal: &Terminal) -> Result<Exit, Stop> {
    let found = all(registry, experiment).await?;
    if terminal.is_json() {
        terminal.json(&found.iter().map(|(_, app)| app).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows = found.iter().map(|(experiment, app)| {
        let commit = app.tags.get("mlflow.source.git.commit").map(|commit| &commit[..commit.len().min(12)]);
        vec![
            app.id.clone(),
            printable_line(&app.name),
            printable_line(&experiment.name),
            printable_line(commit.unwrap_or_default()),
            moment(app.created.unsigned_abs()),
        ]
    });
    terminal.data(table(&["VERSION", "NAME", "EXPERIMENT", "COMMIT", "MADE (UTC)"], &[], rows))?;
    Ok(Exit::Done)
}

fn show(app: &AppVersion, runs: &[Run], terminal: &Terminal) -> Result<Exit, Stop> {
    /// The version, and the evaluations of it.
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        app: &'a AppVersion,
        runs: Vec<RunId>,
    }
    if terminal.is_json() {
        terminal.json(&Shown { app, runs: runs.iter().map(|run| run.header.id).collect() })?;
        return Ok(Exit::Done);
    }
    let made = moment(app.created.unsigned_abs());
    terminal.data(format_args!("{} {}, made {made} UTC", printable_line(&app.name), app.id))?;
    for (what, pairs) in [("parameters", &app.params), ("tags", &app.tags)] {
        if !pairs.is_empty() {
            terminal.data(format_args!("{what}:"))?;
        }
        for (name, value) in pairs {
            terminal.data(printable_line(&format!("  {name} = {value}")))?;
        }
    }
    if !app.metrics.is_empty() {
        terminal.data("measured:")?;
    }
    for metric in &app.metrics {
        let run = metric.run.as_deref().map(|run| format!(", run {run}")).unwrap_or_default();
        terminal.data(printable_line(&format!("  {} = {}{run}", metric.key, decimal(metric.value))))?;
    }
    if !runs.is_empty() {
        terminal.data(format_args!("\n{}", runs::listing(runs)))?;
    }
    Ok(Exit::Done)
}

async fn add(registry: &Registry, what: AddApp, terminal: &Terminal) -> Result<Exit, Stop> {
    let AddApp { name, param, tag, experiment: of, no_git } = what;
    let experiment = match of {
        Some(name) => experiment(registry, &name).await?.id,
        None => {
            registry.adopt(&[], clock::now_in_milliseconds()).await.map_err(stop)?;
            Experiment::DEFAULT.to_owned()
        }
    };
    let mut tags = BTreeMap::new();
    if !no_git {
        let here = std::env::current_dir()?;
        tags = git::facts(&here).ok_or_else(|| {
            Stop::message("there is no commit of git here")
                .hint("go to the application's folder, or say that it is none of git's with `--no-git`")
        })?;
    }
    tags.extend(tag);
    let new = NewApp { experiment, name, tags, params: param.into_iter().collect(), ..NewApp::default() };
    let is_same = |app: &AppVersion| (&app.name, &app.tags, &app.params) == (&new.name, &new.tags, &new.params);
    let known = registry.apps(&new.experiment).await.map_err(stop)?.into_iter().find(is_same);
    let app = match known {
        Some(app) => app,
        None => {
            let made = registry.create_app(new, clock::now_in_milliseconds()).await.map_err(stop)?;
            let now = clock::now_in_milliseconds();
            registry.set_app_status(&made.id, AppStatus::Ready, now).await.map_err(stop)?
        }
    };
    if terminal.is_json() {
        terminal.json(&app)?;
    } else {
        terminal.data(&app.id)?;
    }
    Ok(Exit::Done)
}

fn stop(error: Error) -> Stop {
    match error {
        Error::Store(error) => wiring::store_error(error),
        error @ Error::Missing { what: "app version", .. } => {
            Stop::wrong(error).hint("`karat apps list` shows those there are")
        }
        error => Stop::wrong(error),
    }
}
