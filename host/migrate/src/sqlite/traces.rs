//! Traces, their spans, and what was said of them.

use std::collections::BTreeMap;

use model::search::{CLIENT_REQUEST_ID, LINKED_PROMPT};
use model::trace::Span;
use rusqlite::{Row, params};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use telemetry::announced::{COST, SESSION, TOKENS};

use super::{Sqlite, begins, page};
use crate::Error;
use crate::source::{Page, SpansIn, ToldTrace};
use crate::wire::traces::{NAME, Raw, own_id, spans, spans_in_file};
use crate::wire::{nanoseconds, written_time};

/// Traces of a page, and spans.
const TRACES: usize = 200;
const SPANS: usize = 200;

/// What newer releases keep in columns of a trace, that was metadata before: its name there, and in the metadata.
const TOKEN_COLUMNS: [&str; 5] =
    ["input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
const COST_COLUMNS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];

impl Sqlite {
    pub(super) fn page_of_traces(&self, experiment: &str, after: Option<&str>) -> Result<Page<ToldTrace>, Error> {
        if !self.has("trace_info") {
            return Ok(Page::whole(Vec::new()));
        }
        let newer = ["client_request_id", "request_preview", "response_preview", "trace_name", "session_id"];
        let newer = newer.iter().chain(&TOKEN_COLUMNS).chain(&COST_COLUMNS).copied();
        let columns: Vec<_> = newer.map(|column| self.column("trace_info", column)).collect();
        let sql = format!(
            "SELECT rowid, request_id, timestamp_ms, execution_time_ms, status, {} FROM trace_info \
             WHERE experiment_id = ? AND rowid > ? ORDER BY rowid LIMIT ?",
            columns.join(", "),
        );
        let rows = self.rows(&sql, params![experiment, begins(after), TRACES as i64], |row| {
            Ok((row.get(0)?, raw(row, experiment)?))
        })?;
        let raws = page(rows, TRACES);
        let mut filled = Vec::with_capacity(raws.items.len());
        for mut raw in raws.items {
            self.fill(&mut raw)?;
            filled.push(raw);
        }
        Ok(Page::read(filled, raws.next, Raw::told))
    }

    /// What stands in other tables.
    fn fill(&self, raw: &mut Raw) -> Result<(), Error> {
        let of = [&raw.id];
        let metadata = self.pairs("SELECT key, value FROM trace_request_metadata WHERE request_id = ?", of)?;
        metadata.into_iter().for_each(|(name, value)| {
            raw.metadata.entry(name).or_insert(value);
        });
        let tags = self.pairs("SELECT key, value FROM trace_tags WHERE request_id = ?", of)?;
        tags.into_iter().for_each(|(name, value)| {
            raw.tags.entry(name).or_insert(value);
        });
        if self.has("entity_associations") {
            let sql = "SELECT destination_id FROM entity_associations \
                       WHERE source_type = 'trace' AND source_id = ? AND destination_type = 'prompt_version'";
            for prompt in self.rows(sql, of, |row| row.get::<_, String>(0))? {
                raw.tags.insert(format!("{LINKED_PROMPT}{prompt}"), "linked".to_owned());
            }
        }
        if self.has("assessments") {
            let sql = "SELECT assessment_id, name, assessment_type, value, error, created_timestamp, last_updated_timestamp, \
                       source_type, source_id, span_id, rationale, overrides, assessment_metadata FROM assessments \
                       WHERE trace_id = ? ORDER BY created_timestamp, rowid";
            for read in self.rows(sql, of, assessment)? {
                match read {
                    Ok(assessment) => raw.assessments.push(assessment),
                    Err(broken) => raw.broken.push(broken),
                }
            }
        }
        Ok(())
    }

    /// Spans in the database; of a trace that has none there, those in its file.
    pub(super) fn page_of_spans(&self, trace: &ToldTrace, after: Option<&str>) -> Result<Page<Span>, Error> {
        if self.has("spans") {
            let sql = "SELECT rowid, content FROM spans WHERE trace_id = ? AND rowid > ? ORDER BY rowid LIMIT ?";
            let rows = self.rows(sql, params![trace.mlflow_id, begins(after), SPANS as i64], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?))
            })?;
            if !rows.is_empty() || after.is_some() {
                return Ok(read(&trace.mlflow_id, page(rows, SPANS)));
            }
        }
        match &trace.spans {
            SpansIn::Database => Ok(Page::whole(Vec::new())),
            SpansIn::File(uri) => {
                let mut text = Vec::new();
                self.copy_file(uri, "traces.json", &mut text)?;
                spans_in_file(&trace.mlflow_id, &String::from_utf8_lossy(&text))
            }
        }
    }

    pub(super) fn all_linked(&self, run: &str) -> Result<Page<String>, Error> {
        if !self.has("entity_associations") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = "SELECT source_id FROM entity_associations \
                   WHERE source_type = 'trace' AND destination_type = 'run' AND destination_id = ?";
        let traces = self.rows(sql, [run], |row| row.get::<_, String>(0))?;
        Ok(Page::whole(traces.iter().filter_map(|id| own_id(id)).collect()))
    }
}

fn read(mlflow_id: &str, rows: Page<String>) -> Page<Span> {
    let contents = Page::read(rows.items, None, |content| {
        let name = content.chars().take(60).collect();
        RawValue::from_string(content).map_err(|error| (name, error.to_string()))
    });
    let mut read = spans(mlflow_id, &contents.items);
    read.broken.extend(contents.broken);
    read.next = rows.next;
    read
}

fn raw(row: &Row<'_>, experiment: &str) -> rusqlite::Result<Raw> {
    let mut metadata = BTreeMap::new();
    let mut tags = BTreeMap::new();
    let text = |column| row.get::<_, Option<String>>(column);
    metadata.extend(text(5)?.map(|id| (CLIENT_REQUEST_ID.to_owned(), id)));
    tags.extend(text(8)?.map(|name| (NAME.to_owned(), name)));
    metadata.extend(text(9)?.map(|session| (SESSION.to_owned(), session)));
    let mut from = 10;
    let mut tokens = Map::new();
    for name in TOKEN_COLUMNS {
        tokens.extend(row.get::<_, Option<i64>>(from)?.map(|count| (name.to_owned(), json!(count))));
        from += 1;
    }
    let mut costs = Map::new();
    for name in COST_COLUMNS {
        costs.extend(row.get::<_, Option<f64>>(from)?.map(|cost| (name.to_owned(), json!(cost))));
        from += 1;
    }
    for (name, fields) in [(TOKENS, tokens), (COST, costs)] {
        if !fields.is_empty() {
            metadata.insert(name.to_owned(), Value::Object(fields).to_string());
        }
    }
    Ok(Raw {
        id: row.get(1)?,
        experiment: experiment.to_owned(),
        start: nanoseconds(row.get(2)?),
        took: row.get::<_, Option<i64>>(3)?.map(nanoseconds),
        state: row.get(4)?,
        inputs: text(6)?,
        outputs: text(7)?,
        metadata,
        tags,
        assessments: Vec::new(),
        broken: Vec::new(),
    })
}

/// An assessment as the API has it; else its name, and why it can't be read.
fn assessment(row: &Row<'_>) -> rusqlite::Result<Result<Value, (String, String)>> {
    let text = |column| row.get::<_, Option<String>>(column);
    let time = |column| Ok::<_, rusqlite::Error>(written_time(nanoseconds(row.get(column)?)));
    let (id, name) = (text(0)?.unwrap_or_default(), text(1)?.unwrap_or_default());
    let mut json = Vec::with_capacity(3);
    for (column, what) in [(3, "value"), (4, "error"), (12, "metadata")] {
        // Python writes numbers that are none, which JSON does not have.
        match text(column)?.as_deref().map(serde_json::from_str::<Value>).transpose() {
            Ok(value) => json.push(value.unwrap_or_default()),
            Err(error) => return Ok(Err((id, format!("its {what} is no JSON: {error}")))),
        }
    }
    let [value, error, metadata] = <[Value; 3]>::try_from(json).expect("three columns");
    let mut fields = json!({
        "assessment_id": id,
        "assessment_name": name,
        "create_time": time(5)?,
        "last_update_time": time(6)?,
        "source": { "source_type": text(7)?, "source_id": text(8)? },
        "span_id": text(9)?,
        "rationale": text(10)?,
        "overrides": text(11)?,
        "metadata": metadata,
    });
    match text(2)?.as_deref() {
        Some("expectation") => fields["expectation"] = json!({ "value": value }),
        Some("issue") => {
            let issue = value["issue_name"].as_str().unwrap_or(&name);
            fields["issue"] = json!({ "issue_name": issue });
        }
        _ => fields["feedback"] = json!({ "value": value, "error": error }),
    }
    Ok(Ok(fields))
}
