//! Records of datasets: a list of them is JSON in a text, both ways.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use model::dataset::{DatasetRecord, RecordGiven, RecordSource, RecordSourceKind};
use model::json::Json;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::answer::answer;
use super::asked::lacks;
use super::datasets::{USER, id, required_parsed, wrong};
use super::{Answer, Asked, Resource, Wrong, page};
use crate::shared::Shared;

/// The most that a page may have.
const MOST: usize = 50_000;

pub(super) fn resources() -> Vec<Resource> {
    vec![("/3.0/mlflow/datasets/{dataset_id}/records", get(list).post(merge).delete(remove))]
}

/// A record as a client sends it.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    inputs: Option<Json>,
    #[serde(default, deserialize_with = "given")]
    outputs: Option<Option<Json>>,
    #[serde(default)]
    expectations: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    tags: Option<BTreeMap<String, Json>>,
    #[serde(default)]
    source: Option<SentSource>,
}

#[derive(Deserialize)]
struct SentSource {
    source_type: String,
    #[serde(default)]
    source_data: Option<Json>,
}

/// A value that is there, `null` as well.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Json>>, D::Error> {
    Option::<Json>::deserialize(deserializer).map(Some)
}

/// A record as it is sent back.
#[derive(Serialize)]
struct Shown<'r> {
    dataset_record_id: &'r str,
    dataset_id: &'r str,
    inputs: &'r Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<&'r Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectations: Option<&'r BTreeMap<String, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'r BTreeMap<String, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ShownSource<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<RecordSourceKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    created_time: i64,
    last_update_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated_by: Option<&'r str>,
}

#[derive(Serialize)]
struct ShownSource<'r> {
    source_type: RecordSourceKind,
    source_data: &'r Json,
}

/// Where a page of records begins.
#[derive(Deserialize, Serialize)]
struct Begins {
    after: String,
}

async fn merge(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let sent: Vec<Sent> = required_parsed(&asked, "records", "a JSON list of objects")?;
    let records = sent.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let merged = shared.registry.merge_records(id(&asked)?, &records, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "inserted_count": merged.inserted, "updated_count": merged.updated }))
}

fn read(sent: Sent) -> Result<RecordGiven, Wrong> {
    let no_inputs = || Wrong::invalid("Each record must have an 'inputs' field");
    let by =
        sent.tags.as_ref().and_then(|tags| tags.get(USER)).and_then(|by| by.to_value().as_str().map(str::to_owned));
    Ok(RecordGiven {
        inputs: sent.inputs.ok_or_else(no_inputs)?,
        outputs: sent.outputs,
        expectations: sent.expectations,
        tags: sent.tags,
        source: sent.source.map(read_source).transpose()?,
        by,
    })
}

fn read_source(sent: SentSource) -> Result<RecordSource, Wrong> {
    let kind = match sent.source_type.to_ascii_uppercase().as_str() {
        "UNSPECIFIED" => RecordSourceKind::Unspecified,
        "TRACE" => RecordSourceKind::Trace,
        "HUMAN" => RecordSourceKind::Human,
        "DOCUMENT" => RecordSourceKind::Document,
        "CODE" => RecordSourceKind::Code,
        other => {
            return Err(Wrong::invalid(format!(
                "Invalid dataset record source type: {other}. Valid source types: ['UNSPECIFIED', 'TRACE', 'HUMAN', \
                 'DOCUMENT', 'CODE']"
            )));
        }
    };
    let nothing = || Json::parse("{}").expect("an empty object is JSON");
    Ok(RecordSource { kind, data: sent.source_data.unwrap_or_else(nothing) })
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 1000, MOST)?;
    let after = page::begins::<Begins>(&asked)?.map(|begins| begins.after);
    let dataset = id(&asked)?;
    // One more tells whether there is another page.
    let mut records = shared.registry.records(dataset, after.as_deref(), size + 1).await.map_err(wrong)?;
    let is_last = records.len() <= size;
    records.truncate(size);
    let next = records.last().filter(|_| !is_last).map(|last| page::token(&Begins { after: last.id.clone() }));
    let shown: Vec<_> = records.iter().map(|record| shown(dataset, record)).collect();
    let text = serde_json::to_string(&shown).map_err(|error| Wrong::invalid(error.to_string()))?;
    answer(json!({ "records": text, "next_page_token": next }))
}

fn shown<'r>(dataset: &'r str, record: &'r DatasetRecord) -> Shown<'r> {
    let source = record.source.as_ref();
    Shown {
        dataset_record_id: &record.id,
        dataset_id: dataset,
        inputs: &record.inputs,
        outputs: record.outputs.as_ref(),
        expectations: record.expectations.as_ref(),
        tags: record.tags.as_ref(),
        source: source.map(|source| ShownSource { source_type: source.kind, source_data: &source.data }),
        source_type: source.map(|source| source.kind),
        source_id: source.and_then(source_id),
        created_time: record.created,
        last_update_time: record.updated,
        created_by: record.created_by.as_deref(),
        last_updated_by: record.updated_by.as_deref(),
    }
}

/// The trace that it came from, or whatever else its sender calls so.
fn source_id(source: &RecordSource) -> Option<String> {
    let name = if source.kind == RecordSourceKind::Trace { "trace_id" } else { "source_id" };
    source.data.to_value().get(name)?.as_str().map(str::to_owned)
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let ids: Vec<_> = asked.texts("dataset_record_ids")?.into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(lacks("dataset_record_ids"));
    }
    let deleted = shared.registry.delete_records(id(&asked)?, &ids, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "deleted_count": deleted }))
}
