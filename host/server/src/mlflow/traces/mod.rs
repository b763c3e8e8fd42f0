//! Traces, as MLflow's client brings, reads, searches and judges them.
//!
//! ```text
//! client ─▶ POST /v1/traces (OTLP, with the experiment's id) ─▶ spans ─┐
//!        └▶ POST traces (what the trace is as a whole) ─▶ announcement ┴▶ store ─▶ info, spans, assessments
//! ```
//!
//! The two come in either order. Older clients ask for an id first ([`older`]), and bring spans as a file ([`file`]). What is linked to a trace, a run or a version of a prompt, is a tag of it that clients don't
//! see ([`links`]).

mod any;
mod assessments;
mod correlation;
mod delete;
mod experiment;
mod file;
mod info;
mod links;
mod metrics;
mod older;
mod read;
mod said;
mod search;
mod spans;
mod start;
mod tags;
mod time;

use axum::routing::{get, patch, post};

use super::{Resource, Wrong};

pub(crate) use experiment::of_otlp as experiment_of_otlp;
pub(super) use file::File;
pub(super) use search::filter;

pub(super) fn resources() -> [Resource; 20] {
    [
        ("/3.0/mlflow/traces", post(start::start)),
        ("/3.0/mlflow/traces/get", get(read::get)),
        ("/3.0/mlflow/traces/batchGet", get(read::batch_get)),
        ("/3.0/mlflow/traces/batchGetInfos", post(read::batch_get_infos)),
        ("/3.0/mlflow/traces/search", post(search::search)),
        ("/3.0/mlflow/traces/calculate-filter-correlation", post(correlation::calculate)),
        ("/3.0/mlflow/traces/metrics", post(metrics::query)),
        ("/3.0/mlflow/traces/delete-traces", post(delete::delete)),
        ("/3.0/mlflow/traces/{trace_id}", get(read::show)),
        ("/3.0/mlflow/traces/{trace_id}/tags", patch(tags::set).delete(tags::delete)),
        ("/3.0/mlflow/traces/{trace_id}/assessments", post(assessments::create)),
        (
            "/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}",
            get(assessments::show).patch(assessments::update).delete(assessments::delete),
        ),
        ("/3.0/mlflow/get-trace-artifact", get(read::artifact)),
        ("/2.0/mlflow/traces", get(older::search).post(older::start)),
        ("/2.0/mlflow/traces/{trace_id}", get(read::show).patch(older::end)),
        ("/2.0/mlflow/traces/{trace_id}/info", get(older::show)),
        ("/2.0/mlflow/traces/delete-traces", post(delete::delete)),
        ("/2.0/mlflow/traces/link-to-run", post(links::to_run)),
        ("/2.0/mlflow/traces/link-prompts", post(links::to_prompts)),
        ("/2.0/mlflow/traces/{trace_id}/tags", patch(tags::set).delete(tags::delete)),
    ]
}

/// The id of a trace as the store has it, of one that MLflow has `tr-` before.
pub(super) fn store_id(id: &str) -> Result<String, Wrong> {
    let bare = id.strip_prefix("tr-").unwrap_or(id);
    if bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(bare.to_ascii_lowercase());
    }
    Err(missing(id))
}

/// The id of a trace as MLflow has it.
fn shown_id(id: &str) -> String {
    format!("tr-{id}")
}

/// There can't be such a trace, or there is none.
fn missing(id: &str) -> Wrong {
    Wrong::missing(format!("Trace with ID '{id}' not found."))
}
