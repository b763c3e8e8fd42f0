//! The rows of a page as data: an index of all of them, and what there is to read of each, in chunks that are only taken
//! apart when they are looked at.
//!
//! Rows that a verdict goes against come first. Both kinds have room of their own, so that neither crowds out the other;
//! a row that finds none is in the index and without its texts.

use model::feedback::Value;
use model::json::Json;
use model::object;
use model::row::RowRecord;
use model::run::{RowResult, RunPlan};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failing::Failing;
use crate::quantities::{count, counted};
use crate::text;
use crate::verdicts::{Line, lines, written};

/// Rows whose texts are one chunk.
const CHUNK: usize = 100;

/// Bytes of texts of either kind: a browser takes a page with both in within two seconds.
const ROOM: usize = 8 << 20;

/// Characters of one text.
const LONGEST: usize = 4000;

/// Scorers and sub-feedback that are in the index; what a plugin names anew on each row is only among the texts.
const COLUMNS: usize = 200;

/// Characters of the name of a scorer or a field.
const NAME: usize = 200;

/// Fields of an object that are told one by one.
const FIELDS: usize = 40;

pub(super) struct Rows {
    /// Keys of scorers and sub-feedback, in the order of the suite and then as they come.
    columns: Vec<String>,
    failing: Kind,
    other: Kind,
}

/// The rows of one kind.
#[derive(Default)]
struct Kind {
    /// An entry of the index for each row, with commas between them.
    index: String,
    rows: usize,
    /// Arrays of texts, the last of them still open.
    chunks: Vec<String>,
    bytes: usize,
    without_texts: u64,
}

/// What the script knows of the rows before it looks at texts.
#[derive(Serialize)]
struct Index<'a> {
    columns: &'a [String],
    /// Rows whose texts are one chunk; a kind's last chunk may have fewer.
    chunk: usize,
    failing: usize,
    failing_chunks: usize,
    without_texts: u64,
    /// The name of a row, and a letter for what came of it in each column.
    rows: Box<RawValue>,
}

/// What there is to read of a row: names and texts; the name is empty where there is but one text.
#[derive(Serialize)]
struct Texts {
    inputs: Vec<(String, String)>,
    outputs: Vec<(String, String)>,
    expectations: Vec<(String, String)>,
    error: Option<String>,
    /// Of each verdict the key, the value or why there is none, and the rationale.
    feedback: Vec<(String, String, String)>,
}

impl Rows {
    pub(super) fn new(plan: &RunPlan) -> Self {
        let columns = plan.scorers.iter().map(|scorer| scorer.key.clone()).collect();
        Self { columns, failing: Kind::default(), other: Kind::default() }
    }

    pub(super) fn add(&mut self, plan: &RunPlan, row: &RowRecord, result: &RowResult) {
        let verdicts: Vec<_> = lines(plan, result).collect();
        let states = self.states(&verdicts);
        let is_failing = result.outcomes.iter().any(|outcome| Failing::of(result, outcome).is_some());
        let kind = if is_failing { &mut self.failing } else { &mut self.other };
        kind.add(&json(&(text::row_name(result), states)), || json(&texts(row, result, &verdicts)));
    }

    /// The index, and the chunks that it speaks of.
    pub(super) fn finish(mut self) -> (String, Vec<String>) {
        let parts = [&self.failing.index, &self.other.index];
        let rows = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(",");
        let mut chunks = self.failing.close();
        let index = Index {
            columns: &self.columns,
            chunk: CHUNK,
            failing: self.failing.rows,
            failing_chunks: chunks.len(),
            without_texts: self.failing.without_texts + self.other.without_texts,
            rows: RawValue::from_string(format!("[{rows}]")).unwrap_or_default(),
        };
        let index = json(&index);
        chunks.extend(self.other.close());
        (index, chunks)
    }

    /// A letter for each column, as far as there is something to say.
    fn states(&mut self, verdicts: &[Line<'_>]) -> String {
        let mut states = vec!['-'; self.columns.len()];
        for verdict in verdicts {
            let key = text::line(&verdict.scorer, NAME);
            let known = self.columns.iter().position(|column| *column == key);
            if known.is_none() && self.columns.len() >= COLUMNS {
                continue;
            }
            let column = known.unwrap_or_else(|| {
                self.columns.push(key);
                self.columns.len() - 1
            });
            states.resize(self.columns.len(), '-');
            states[column] = state(verdict);
        }
        states.into_iter().collect::<String>().trim_end_matches('-').to_owned()
    }
}

impl Kind {
    fn add(&mut self, entry: &str, texts: impl FnOnce() -> String) {
        if self.rows > 0 {
            self.index.push(',');
        }
        self.index.push_str(entry);
        if self.rows.is_multiple_of(CHUNK) {
            self.close_last();
            self.chunks.push("[".to_owned());
        }
        let texts = if self.bytes < ROOM { texts() } else { "null".to_owned() };
        self.without_texts += u64::from(texts == "null");
        self.bytes += texts.len();
        self.rows += 1;
        if let Some(chunk) = self.chunks.last_mut() {
            if chunk.len() > 1 {
                chunk.push(',');
            }
            chunk.push_str(&texts);
        }
    }

    fn close(&mut self) -> Vec<String> {
        self.close_last();
        std::mem::take(&mut self.chunks)
    }

    fn close_last(&mut self) {
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(']');
        }
    }
}

fn state(verdict: &Line<'_>) -> char {
    match (verdict.outcome, verdict.value) {
        (_, Some(Value::Boolean(true))) => 't',
        (_, Some(Value::Boolean(false))) => 'f',
        (_, Some(_)) => 'v',
        ("abstained", None) => 'a',
        ("unpredicted", None) => 'u',
        _ => 'e',
    }
}

fn texts(row: &RowRecord, result: &RowResult, verdicts: &[Line<'_>]) -> Texts {
    let feedback = verdicts.iter().map(|verdict| {
        let value = verdict.value.map_or_else(|| verdict.reason.unwrap_or_default().to_owned(), written);
        (text::line(&verdict.scorer, NAME), bounded(&value), bounded(verdict.rationale.unwrap_or_default()))
    });
    Texts {
        inputs: fields(&row.inputs),
        outputs: result.outputs(row).map(fields).unwrap_or_default(),
        expectations: row.expectations.as_ref().map(fields).unwrap_or_default(),
        error: result.error.as_ref().map(|error| bounded(&error.message)),
        feedback: feedback.collect(),
    }
}

/// The fields of an object, or the one text that anything else is.
fn fields(json: &Json) -> Vec<(String, String)> {
    let Some(entries) = object::entries(json.as_str()).filter(|_| json.is_object()) else {
        return vec![(String::new(), one(json.as_str()))];
    };
    let more = entries.len().saturating_sub(FIELDS);
    let fields = entries.iter().take(FIELDS).map(|(name, value)| (text::line(name, NAME), one(value.get())));
    fields.chain((more > 0).then(|| (String::new(), format!("and {}", counted(more as u64, "more field"))))).collect()
}

/// A JSON text as it is read: what is a string, without quotes.
fn one(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => bounded(&text),
        Err(_) => bounded(json),
    }
}

fn bounded(told: &str) -> String {
    let shown = text::shown(told, LONGEST);
    if text::beginning(told, LONGEST).len() == told.len() {
        return shown;
    }
    format!("{shown} ({} bytes in all)", count(told.len() as u64))
}

/// JSON in which nothing ends the element that it stands in: `<` is only found in its texts.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}
