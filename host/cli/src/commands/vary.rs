//! `karat eval --vary`: a suite once for each of several values, and whether that makes it better.

use std::path::PathBuf;

use decisions::Options;
use model::comparison::Comparison;
use model::report::Report;
use pipeline::prompts;
use pipeline::suite::SuiteFile;
use serde::Serialize;
use serde_json::Value;

use super::eval::{Asked, Checked, exit, read_suite_text, suite_path};
use super::{compare, runs};
use crate::args::{Eval, Vary};
use crate::exit::{Exit, Stop};
use crate::terminal::{Terminal, printable_line};
use crate::{summary, wiring};

/// What `--json` prints.
#[derive(Serialize)]
struct Varied {
    runs: Vec<Report>,
    /// Of each run but the first with the first.
    comparisons: Vec<Comparison>,
}

/// All of them are checked before the first is run; each run is called by its value.
pub(super) fn run(what: &Eval, vary: &Vary, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let path = suite_path(&what.suite);
    let mut checked = Vec::new();
    let (suite, text) = read_suite_text(&path)?;
    for (name, suite) in variants(&suite, vary)? {
        let what = Eval { name: Some(name.clone()), ..what.clone() };
        let again = format!("karat eval {} --vary …", what.suite.display());
        let asked = Asked { suite, text: text.clone(), path: path.clone(), what, again };
        checked.push((name, Checked::new(asked, store.clone(), terminal)?));
    }
    let mut reports = Vec::new();
    for (name, suite) in checked {
        if !terminal.is_json() {
            terminal.data(printable_line(&name))?;
        }
        let report = suite.report()?;
        if !terminal.is_json() {
            summary::print(&report, terminal)?;
            terminal.data("")?;
        }
        reports.push(report);
    }
    let comparisons = compared(&reports, store)?;
    let worst = reports.iter().map(|report| exit(report.verdict)).max_by_key(|exit| *exit as u8);
    if terminal.is_json() {
        terminal.json(&Varied { runs: reports, comparisons })?;
    } else {
        for comparison in &comparisons {
            compare::print(comparison, terminal)?;
        }
    }
    Ok(worst.unwrap_or(Exit::Done))
}

#[tokio::main(flavor = "current_thread")]
async fn compared(reports: &[Report], store: Option<PathBuf>) -> Result<Vec<Comparison>, Stop> {
    let store = wiring::store(&wiring::store_folder(store)?)?;
    let mut found = Vec::new();
    for report in reports {
        found.push(runs::find(&*store, &report.run.to_string()).await?);
    }
    let mut comparisons = Vec::new();
    if let Some((first, others)) = found.split_first() {
        for other in others {
            comparisons.push(compare::compared(&*store, first, other, &[], Options::default()).await?);
        }
    }
    Ok(comparisons)
}

/// The suite with each of the values, and what that is called.
fn variants(file: &SuiteFile, vary: &Vary) -> Result<Vec<(String, SuiteFile)>, Stop> {
    match vary {
        Vary::Prompts(versions) => versions
            .iter()
            .map(|version| {
                let mut file = file.clone();
                if prompts::put(&mut file.suite, version) {
                    return Ok((version.to_string(), file));
                }
                let text = format_args!("the suite does not name the prompt `{}`", version.name).to_string();
                let hint = format!("write it where the prompt is to stand, such as `prompt: \"{}\"`", version.uri());
                Err(Stop::message(text).hint(hint))
            })
            .collect(),
        Vary::Parameter { name, values } => values
            .iter()
            .map(|value| {
                let mut file = file.clone();
                if prompts::set_parameter(&mut file.suite, name, typed(value)) {
                    return Ok((format!("{name}={value}"), file));
                }
                let text = format_args!("`{name}` can't vary: the suite has no `predict`").to_string();
                Err(Stop::message(text)
                    .hint("rows carry their outputs; compare runs on other data with `karat compare`"))
            })
            .collect(),
    }
}

/// A number, a boolean or a text, as a suite would have it.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}
