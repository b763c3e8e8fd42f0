//! Rows cut from what happened: from traces, and from a run.

use std::io::{self, Write};

use model::dataset::{RecordSource, RecordSourceKind};
use model::feedback::Value;
use model::json::Json;
use model::outcome::Outcome;
use model::row::RowRecord;
use model::run::{RowResult, RunId};

use crate::joined::{Joined, JoinedError};

/// The row of a trace as a row of a dataset: the trace is where it comes from, and not in it.
///
/// # Errors
///
/// Fails when `row` is none.
pub fn from_trace(trace: &str, row: &Json) -> Result<Json, serde_json::Error> {
    let row: RowRecord = serde_json::from_str(row.as_str())?;
    let data = Json::from_serialize(&serde_json::json!({ "trace_id": trace }))?;
    let source = Some(RecordSource { kind: RecordSourceKind::Trace, data });
    Json::from_serialize(&RowRecord { trace: None, source, ..row })
}

/// Why the rows of a run can't be cut from it.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    #[error(transparent)]
    Joined(#[from] JoinedError),
    #[error("rows can't be written down")]
    Write(#[from] io::Error),
}

/// Writes the rows of a run of which any trial did not come out well, a line each: a scorer said no or failed, or there was no
/// answer. They keep their identity. Returns how many there are.
///
/// # Errors
///
/// Fails when the run can't be read, or `to` can't be written.
pub async fn failing_rows(run: RunId, mut results: Joined, to: &mut (dyn Write + Send)) -> Result<u64, CutError> {
    let (mut count, mut last) = (0, None);
    while let Some((row, result)) = results.next().await? {
        if !is_failing(&result) || last == Some(result.index) {
            continue;
        }
        last = Some(result.index);
        count += 1;
        let mut row = RowRecord::clone(&row);
        row.id = Some(result.id);
        if row.source.is_none() {
            let data = Json::from_serialize(&serde_json::json!({ "run_id": run })).map_err(io::Error::from)?;
            row.source = Some(RecordSource { kind: RecordSourceKind::Code, data });
        }
        writeln!(to, "{}", serde_json::to_string(&row).map_err(io::Error::from)?)?;
    }
    Ok(count)
}

fn is_failing(result: &RowResult) -> bool {
    let says_no = |outcome: &Outcome| match outcome {
        Outcome::Scored(feedback) => feedback.iter().any(|one| one.value == Value::Boolean(false)),
        Outcome::Abstained { .. } | Outcome::Failed(_) | Outcome::Unpredicted => false,
    };
    result.is_failed() || result.outcomes.iter().any(says_no)
}

#[cfg(test)]
mod tests;
