//! `karat plugin bench`: a scorecard for whoever writes a scorer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use bytesize::ByteSize;
use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Reuse};
use model::outcome::Outcome;
use model::ports::{Binding, Call, Plugin};
use model::row::Row;
use sandbox::{Loaded, Measured};
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::exit::{Exit, Stop};
use crate::quantities::count;
use crate::terminal::{Terminal, printable_line, table};

/// Calls of each kind; the median counts.
const TIMES: u32 = 200;

/// A row that suits most scorers.
const SAMPLE: &str = r#"{"inputs": {"question": "What is 6 times 7?"}, "outputs": "The answer is 42.", "expectations": {"expected_response": "42"}}"#;

/// What is to be measured.
pub(super) struct What {
    pub(super) scorer: Option<String>,
    pub(super) parameters: String,
    pub(super) row: Option<PathBuf>,
}

/// The parts of a row that scorers look at.
#[derive(Deserialize)]
struct Given {
    inputs: Json,
    outputs: Option<Json>,
    expectations: Option<Json>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    session: Option<String>,
}

pub(super) fn run(loaded: &Loaded, what: What, runtime: &Runtime, terminal: &Terminal) -> Result<Exit, Stop> {
    let row = row(what.row)?;
    let parameters = Json::parse(&what.parameters).context("`--with` is not JSON")?;
    let names = loaded.description().scorers.iter().map(|scorer| scorer.name.clone());
    let names: Vec<_> = names.filter(|name| what.scorer.as_ref().is_none_or(|asked| asked == name)).collect();
    if names.is_empty() {
        let asked = what.scorer.unwrap_or_default();
        return Err(
            Stop::message(format_args!("the plugin has no scorer `{asked}`")).hint("see `karat plugin inspect`")
        );
    }
    let mut measured = Vec::new();
    for name in names {
        let binding = Binding {
            calls: vec![Call { scorer: name.clone(), parameters: parameters.clone() }],
            limits: CallLimits::default(),
            reuse: Reuse::Never,
            seed: 0,
            grant: Grant::default(),
            config: serde_json::Map::new(),
        };
        let cost = runtime.block_on(loaded.measure(&binding, &row, TIMES)).map_err(Stop::message)?;
        measured.push((name, cost));
    }
    if terminal.is_json() {
        terminal.json(&measured.iter().map(|(name, cost)| object(name, cost)).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows = measured.iter().map(|(name, cost)| {
        let reused = cost.reused.map_or("–".to_owned(), |time| format!("{:.1} µs", time.as_secs_f64() * 1e6));
        vec![
            name.clone(),
            count(cost.fuel),
            ByteSize(cost.memory).to_string(),
            count(cost.host_calls),
            format!("{:.1} µs", cost.fresh.as_secs_f64() * 1e6),
            reused,
            came_of(&cost.outcome),
        ]
    });
    terminal.data(table(
        &["SCORER", "FUEL", "MEMORY", "HOST CALLS", "FRESH", "REUSED", "CAME OF IT"],
        &[1, 2, 3, 4, 5],
        rows,
    ))?;
    Ok(Exit::Done)
}

fn row(path: Option<PathBuf>) -> Result<Row, Stop> {
    let text = match &path {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("can't read `{}`", path.display()))?,
        None => SAMPLE.to_owned(),
    };
    let given: Given = serde_json::from_str(&text).context("the row is not a JSON object with `inputs`")?;
    let Given { inputs, outputs, expectations, tags, session } = given;
    Ok(Row { index: 0, id: "sample".to_owned(), trial: 0, inputs, outputs, expectations, tags, session })
}

fn came_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Scored(_) => "scored".to_owned(),
        Outcome::Abstained { reason } => format!("abstained: {}", printable_line(reason)),
        Outcome::Failed(failure) => format!("failed: {}", printable_line(&failure.message)),
        Outcome::Unpredicted => "unpredicted".to_owned(),
    }
}

fn object(name: &str, cost: &Measured) -> serde_json::Value {
    json!({
        "scorer": name, "fuel": cost.fuel, "memory": cost.memory, "host_calls": cost.host_calls,
        "fresh_us": cost.fresh.as_secs_f64() * 1e6, "reused_us": cost.reused.map(|time| time.as_secs_f64() * 1e6),
        "outcome": came_of(&cost.outcome),
    })
}
