//! Stores of layout 1, where a sled database held everything but datasets: reading them into a log.

mod envelope;
mod keys;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::ports::StoreError;
use model::report::Report;
use model::run::{RunHeader, RunId};
use serde::de::DeserializeOwned;

use crate::database::{failed, guarded, open_patiently};
use crate::embedded::layout;
use crate::files::Files;
use crate::log::{self, Appender};
use crate::operation::{self, HEADER, REPORT};
use crate::records;
use envelope::{Record, Records, Schema, damaged};

/// Header of a run or report, as JSON.
const JSON: Schema = 1;

/// A result, as `records` has it.
const RESULT: Schema = 2;

/// Results that are written as one frame.
const GROUP: usize = 256;

/// Moves the store in `root` from layout 1 to the present one. Cut off at any point, it begins anew.
pub(crate) fn run(root: &Path, files: &Arc<dyn Files>, segment_bytes: u64) -> Result<(), StoreError> {
    tracing::info!("the store at `{}` is moved to the present layout", root.display());
    let folder = root.join("log");
    layout::remove_folder(&folder)?;
    layout::remove_folder(&root.join("view"))?;
    layout::folder(&folder)?;
    let mut appender = log::open(Arc::clone(files), &folder, segment_bytes)?.appender;
    guarded(|| {
        let config = sled::Config::new().path(root.join("sled")).flush_every_ms(None);
        copy(&open_patiently(&config).map_err(failed)?, &mut appender)
    })?;
    layout::mark(root)?;
    Ok(fs::remove_dir_all(root.join("sled"))?)
}

fn copy(sled: &sled::Db, appender: &mut Appender) -> Result<(), StoreError> {
    for header in scan(sled, keys::RUNS, keys::RUN_LENGTH) {
        let header: RunHeader = document(&header?)?;
        let run = header.id;
        appender.append(&[operation::document(HEADER, run, &header)?])?;
        copy_results(sled, run, appender)?;
        if let Some(report) = scan(sled, &keys::report(run), keys::RUN_LENGTH).next() {
            let report: Report = document(&report?)?;
            appender.append(&[operation::document(REPORT, run, &report)?])?;
        }
    }
    Ok(())
}

fn copy_results(sled: &sled::Db, run: RunId, appender: &mut Appender) -> Result<(), StoreError> {
    let mut results = scan(sled, &keys::results(run), keys::RESULT_LENGTH).peekable();
    while results.peek().is_some() {
        let group: Vec<_> = results.by_ref().take(GROUP).map(|record| result(&record?)).collect::<Result<_, _>>()?;
        appender.append(&[operation::results(run, &group)?])?;
    }
    Ok(())
}

fn scan(sled: &sled::Db, prefix: &[u8], key_length: usize) -> impl Iterator<Item = Result<Record, StoreError>> + use<> {
    Records::new(sled.scan_prefix(prefix).map(|entry| entry.map_err(failed)), key_length)
}

fn document<T: DeserializeOwned>(record: &Record) -> Result<T, StoreError> {
    expect_schema(record, JSON)?;
    serde_json::from_slice(&record.bytes).map_err(|error| damaged(&record.key, &format!("can't be read: {error}")))
}

fn result(record: &Record) -> Result<model::run::RowResult, StoreError> {
    expect_schema(record, RESULT)?;
    let place = keys::position(&record.key).ok_or_else(|| damaged(&record.key, "has a wrong key"))?;
    records::decode_result(&record.bytes, place).map_err(|why| damaged(&record.key, &why))
}

fn expect_schema(record: &Record, schema: Schema) -> Result<(), StoreError> {
    if record.schema == schema {
        return Ok(());
    }
    Err(damaged(&record.key, &format!("has the unknown form {}", record.schema)))
}
