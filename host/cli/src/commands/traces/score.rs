//! `karat traces score`: a run whose rows are traces.

use std::path::PathBuf;

use model::suite::Data;
use pipeline::suite::{self, SuiteFile};
use serde_json::json;

use crate::args::{Eval, Score};
use crate::commands::eval::{self, Asked};
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// What a suite is called that is put together from names of scorers.
const NAME: &str = "traces";

/// What stands where a suite's file would be named.
const PUT_TOGETHER: &str = "karat traces score";

pub(super) fn run(what: Score, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let (mut suite, path) = match &what.suite {
        Some(path) => {
            let path = eval::suite_path(path);
            (eval::read_suite(&path)?, path)
        }
        None => (of_scorers(&what)?, PathBuf::from("karat.yaml")),
    };
    // The traces say what came in and went out.
    suite.suite.predict = None;
    suite.suite.data = Data {
        traces: Some(what.filter.clone()),
        experiment: what.experiment.clone(),
        sample: what.sample,
        seed: Some(what.seed),
        ..Data::default()
    };
    // As it is run, whatever the file says of data.
    let text = eval::suite_text(PUT_TOGETHER.to_owned(), serde_json::to_string(&suite.suite)?);
    let again = command(&what);
    let what = Eval {
        suite: path.clone(),
        resume: what.resume,
        max_usd: what.max_usd,
        no_cache: what.no_cache,
        allow: what.allow,
        policy: what.policy,
        ..Eval::default()
    };
    eval::run_suite(Asked { suite, text, path, what, again }, store, terminal)
}

fn of_scorers(what: &Score) -> Result<SuiteFile, Stop> {
    let text = json!({ "name": NAME, "data": { "traces": what.filter }, "scorers": what.scorer }).to_string();
    Ok(suite::parse(PUT_TOGETHER, &text)?)
}

fn command(what: &Score) -> String {
    let mut command = format!("karat traces score {}", quoted(&what.filter));
    let scorers = what.scorer.iter().map(|name| format!(" --scorer {name}"));
    let suite = what.suite.iter().map(|path| format!(" --suite {}", path.display()));
    let experiment = what.experiment.iter().map(|name| format!(" --experiment {}", quoted(name)));
    let sample = what.sample.iter().map(|sample| format!(" --sample {sample}"));
    command.extend(scorers.chain(suite).chain(experiment).chain(sample));
    if what.seed != 0 {
        command.push_str(&format!(" --seed {}", what.seed));
    }
    command
}

/// A text as a shell takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
