//! A scorer that a client names, for rows that it sends: what a suite of one scorer would say, without a run.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use model::json::Json;
use model::outcome::Outcome;
use model::ports::{BadCall, BrokenTrace, Catalog, TraceReader};
use model::row::{Row, RowRecord};
use model::run::PlannedScorer;
use serde_json::json;

use crate::nearest;
use crate::plan::{self, PlannedBinding};
use crate::problem::{Problem, Problems};
use crate::score::no_answer;
use crate::suite::{self, Source, SuiteFile};

/// Where the entry is in its suite.
const ENTRY: &str = "scorers[0]";

/// What a client may say of a scorer. What a call may take, and where it runs, is for whoever runs the server to say.
const SAID: [&str; 5] = ["use", "plugin", "name", "with", "config"];

/// The most that an entry may have, in bytes.
const LONGEST: usize = 64 << 10;

/// A scorer, ready to look at rows. It may reach nothing but them.
pub struct Asked {
    scorer: PlannedScorer,
    binding: PlannedBinding,
}

/// Finds a scorer by an entry as suites have it. Where a `digest` is given, its plugin has to have it.
///
/// # Errors
///
/// Fails with what is wrong first.
pub fn plan(entry: &Json, digest: Option<&str>, catalog: &dyn Catalog) -> Result<Asked, BadCall> {
    if entry.as_str().len() > LONGEST {
        return Err(wrong("scorer", format!("the entry has more than {LONGEST} bytes")));
    }
    let entry = entry.to_value();
    if let Some(key) = entry.as_object().and_then(|entry| entry.keys().find(|key| !SAID.contains(&key.as_str()))) {
        let hint = format!("a client says {}; the rest is for suites", nearest::list(SAID));
        return Err(BadCall { hint: Some(hint), ..wrong(&format!("scorer.{key}"), "is not for a client to say") });
    }
    // There is nothing to choose traces by: its rows are those that are sent.
    let suite = json!({ "name": "asked", "data": { "traces": "" }, "scorers": [entry] });
    let read = suite::typed(suite, Source::new("request"));
    let planned = read.and_then(|(suite, source)| plan::scorer(&SuiteFile { suite, source }, catalog));
    let (scorer, binding) = planned.map_err(first)?;
    let there = &scorer.plugin.digest;
    if digest.is_some_and(|digest| digest != there) {
        let message = format!("the plugin of `{}` is not the one that was meant: its digest is {there}", scorer.key);
        let hint = "add that version to this machine again, or register the scorer anew";
        return Err(BadCall { hint: Some(hint.to_owned()), ..wrong("digest", message) });
    }
    match scorer.grant.is_empty() {
        true => Ok(Asked { scorer, binding }),
        false => {
            let words = scorer.grant.words().join("; to ");
            let hint = "a server lets scorers of clients look at rows and nothing else: run this one with `karat eval`";
            let message = format!("`{}` asks to {words}", scorer.key);
            Err(BadCall { hint: Some(hint.to_owned()), ..wrong("scorer.grant", message) })
        }
    }
}

fn wrong(field: &str, message: impl Into<String>) -> BadCall {
    BadCall { field: field.to_owned(), message: message.into(), hint: None }
}

fn first(problems: Problems) -> BadCall {
    let Some(Problem { field, message, hint, .. }) = problems.0.into_iter().next() else {
        return wrong("scorer", "the scorer can't be used");
    };
    let within = field.as_deref().and_then(|field| field.strip_prefix(ENTRY)).unwrap_or_default();
    BadCall { field: format!("scorer{within}"), message, hint }
}

/// Rows as clients send them. One without an id is called by its place, from 0.
///
/// # Errors
///
/// Fails with the first trace that is none.
pub fn rows(records: Vec<RowRecord>, traces: &dyn TraceReader) -> Result<Vec<Row>, BadCall> {
    let row = |(place, record): (usize, RowRecord)| {
        let RowRecord { id, inputs, outputs, expectations, tags, trace, session, .. } = record;
        let trace = trace.as_ref().map(|written| traces.read(written)).transpose();
        let trace = trace.map_err(|BrokenTrace { field, message, hint }| {
            let dot = if field.is_empty() { "" } else { "." };
            BadCall { hint, ..wrong(&format!("rows[{place}].trace{dot}{field}"), message) }
        })?;
        let id = id.unwrap_or_else(|| place.to_string());
        let trace = trace.map(Arc::new);
        Ok(Row { index: place as u64, id, trial: 0, inputs, outputs, expectations, tags, session, trace })
    };
    records.into_iter().enumerate().map(row).collect()
}

impl Asked {
    pub fn scorer(&self) -> &PlannedScorer {
        &self.scorer
    }

    /// What comes of each row, in their order; `at_once` rows are looked at at a time.
    pub async fn score(&self, rows: &[Row], at_once: usize) -> Vec<Outcome> {
        let scoring = self.binding.plugin.bind(self.binding.binding.clone());
        let scoring = &scoring;
        let score = async |row: &Row| {
            if row.outputs.is_none() && self.scorer.needs_outputs {
                return Outcome::Unpredicted;
            }
            scoring.score(row, &[0]).await.pop().unwrap_or_else(no_answer)
        };
        stream::iter(rows).map(score).buffered(at_once.max(1)).collect().await
    }
}
