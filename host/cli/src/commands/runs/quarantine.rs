//! `karat runs quarantine`: rows that are known to be unsteady.

use std::path::PathBuf;

use ::registry::Registry;
use model::stability::Quarantined;
use storage::SharedStore;

use super::such;
use crate::args::Quarantine;
use crate::clock::now_in_milliseconds;
use crate::commands::datasets;
use crate::exit::{Exit, Stop};
use crate::quantities::{counted, moment};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(what: Quarantine, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = wiring::existing_store(&wiring::store_folder(store)?)?;
    let Some(store) = store else {
        return match what {
            Quarantine::List { .. } => list(&[], terminal),
            Quarantine::Add { suite, .. } | Quarantine::Remove { suite, .. } => Err(no_runs(&suite, &[])),
        };
    };
    let registry = Registry::new(store.clone());
    match what {
        Quarantine::Add { suite, rows, reason } => {
            known(&store, &suite).await?;
            let since = now_in_milliseconds();
            let entry = |row| Quarantined { suite: suite.clone(), row, reason: reason.clone(), since };
            let rows: Vec<_> = rows.into_iter().map(entry).collect();
            registry.quarantine(&rows).await.map_err(datasets::stop)?;
            terminal.note(format_args!("{} in quarantine from the next run on", counted(rows.len() as u64, "row")))?;
        }
        Quarantine::Remove { suite, rows } => {
            let listed = registry.quarantined(Some(&suite)).await.map_err(datasets::stop)?;
            if let Some(row) = rows.iter().find(|row| listed.iter().all(|listed| listed.row != **row)) {
                let stop = Stop::message(format_args!("the row `{row}` of `{suite}` is not in quarantine"));
                return Err(
                    stop.hint("`karat runs quarantine list` shows those that are; a suite's own are in its file")
                );
            }
            for row in &rows {
                registry.release(&suite, row).await.map_err(datasets::stop)?;
            }
            terminal.note(format_args!("{} counted again from the next run on", counted(rows.len() as u64, "row")))?;
        }
        Quarantine::List { suite } => {
            return list(&registry.quarantined(suite.as_deref()).await.map_err(datasets::stop)?, terminal);
        }
    }
    Ok(Exit::Done)
}

/// Refuses the name of a suite that nothing was run of: it would never be looked at.
async fn known(store: &SharedStore, suite: &str) -> Result<(), Stop> {
    let mut names: Vec<_> = such(store, |_| true).await?.into_iter().map(|run| run.header.plan.suite).collect();
    names.sort_unstable();
    names.dedup();
    if names.iter().any(|name| name == suite) { Ok(()) } else { Err(no_runs(suite, &names)) }
}

fn no_runs(suite: &str, names: &[String]) -> Stop {
    let stop = Stop::message(format_args!("there is no run of a suite `{suite}` in this store"));
    stop.hint(match names.is_empty() {
        true => "`karat eval SUITE` makes one".to_owned(),
        false => pipeline::nearest::hint(suite, "suites", names.iter().map(String::as_str)),
    })
}

fn list(listed: &[Quarantined], terminal: &Terminal) -> Result<Exit, Stop> {
    if terminal.is_json() {
        terminal.json(&listed)?;
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        terminal.say("no rows are in quarantine")?;
        return Ok(Exit::Done);
    }
    let rows = listed.iter().map(|Quarantined { suite, row, reason, since }| {
        let reason = reason.as_deref().map(printable_line).unwrap_or_default();
        vec![printable_line(suite), printable_line(row), moment(u64::try_from(*since).unwrap_or_default()), reason]
    });
    terminal.data(table(&["SUITE", "ROW", "SINCE (UTC)", "REASON"], &[], rows))?;
    Ok(Exit::Done)
}
