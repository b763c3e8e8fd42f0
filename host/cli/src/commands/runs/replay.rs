//! `karat runs replay`: a run once more, from what was replied then.

use std::path::PathBuf;

use serde::Serialize;

use super::{find, unknown};
use crate::args::Replay;
use crate::commands::eval::{self, Again};
use crate::exit::{Exit, Stop};
use crate::quantities::{count, counted};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring;

/// What `--json` prints.
#[derive(Serialize)]
struct Replayed<'a> {
    run: model::run::RunId,
    identical: bool,
    #[serde(flatten)]
    again: &'a Again,
}

pub(super) fn run(what: &Replay, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let store = wiring::existing_store(&wiring::store_folder(store)?)?.ok_or_else(|| unknown(&what.run))?;
    let run = runtime.block_on(find(&*store, &what.run))?;
    let id = run.header.id;
    if run.report.is_none() {
        let stop = Stop::message(format_args!("run {id} has not come to its end"));
        return Err(stop.hint(format_args!("`karat eval SUITE --resume {id}` goes on")));
    }
    let again = eval::again(&run, what.cassette.as_deref(), &store, what.rows, &runtime, terminal)?;
    let identical = again.is_identical();
    if terminal.is_json() {
        terminal.json(&Replayed { run: id, identical, again: &again })?;
    } else {
        tell(&run.header.id.to_string(), &again, terminal)?;
    }
    Ok(if identical { Exit::Done } else { Exit::Failed })
}

fn tell(id: &str, again: &Again, terminal: &Terminal) -> Result<(), Stop> {
    if !again.differing.is_empty() {
        let rows = again.differing.iter().map(|row| {
            let what = row.what.iter().map(|what| printable_line(what)).collect::<Vec<_>>().join(", ");
            vec![printable_line(&row.id), row.trial.to_string(), what]
        });
        terminal.data(table(&["ROW", "TRIAL", "DIFFERS IN"], &[1], rows))?;
    }
    for number in &again.numbers {
        terminal.data(format_args!("the numbers of `{}` differ", printable_line(number)))?;
    }
    if again.unanswered > 0 {
        let unanswered = counted(again.unanswered, "question");
        terminal.say(format_args!("{unanswered} not among the replies: `--cassette FILE` takes others"))?;
    }
    let lines = counted(again.lines, "row");
    let from = printable_line(&again.from);
    match again.differing_rows {
        0 if again.is_identical() => {
            terminal.data(format_args!("run {id}: identical, {lines} to the byte, from {from}"))?;
        }
        some => terminal.data(format_args!("run {id}: {} of {lines} differ, from {from}", count(some)))?,
    }
    Ok(())
}
