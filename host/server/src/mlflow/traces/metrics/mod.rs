//! Numbers of many traces, for charts: how many there are, how long they took, what they used, what is said of them.
//!
//! ```text
//! request ─▶ question (asking, filters) ─▶ traces, a page at a time ─▶ items ─▶ points (aggregation)
//! ```
//!
//! What is counted is a trace, a span or an assessment, by the view that is asked for. Only values that a percentile needs are
//! kept until the end, and never more groups than are answered.

mod aggregation;
mod asking;
mod catalogue;
mod filters;
mod item;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::ports::StoreError;
use model::search::{Query, TraceInfo};

use super::experiment;
use crate::mlflow::{Answer, Asked, Wrong, page};
use crate::shared::Shared;
use aggregation::Points;
use asking::Question;
use catalogue::View;
use item::Item;

/// Traces that are looked at at once.
const PAGE: usize = 500;

pub(super) async fn query(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let question = Question::read(&asked)?;
    let experiments = experiment::all(&shared, &question.experiments).await?;
    let names: Vec<String> = experiments.into_iter().map(|experiment| experiment.traces).collect();
    let mut points = Points::new(&question);
    // No name at all would be every experiment.
    if !names.is_empty() {
        let query = Query { experiments: names, filter: question.filter(), order: Vec::new() };
        look_at_all(&shared, &query, &question, &mut points).await?;
    }
    Ok(Json(page::answer("data_points", points.shown().into(), None)))
}

async fn look_at_all(
    shared: &Shared,
    query: &Query,
    question: &Question,
    points: &mut Points<'_>,
) -> Result<(), Wrong> {
    let mut after = None;
    loop {
        let page = shared.traces.search(query, after.as_ref(), PAGE).await?;
        for trace in &page.traces {
            look_at(shared, trace, question, points).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn look_at(
    shared: &Shared,
    trace: &TraceInfo,
    question: &Question,
    points: &mut Points<'_>,
) -> Result<(), Wrong> {
    match question.metric.view {
        View::Traces => points.add(&Item::Trace(trace)),
        View::Spans => {
            let spans = match shared.traces.spans(&trace.id, 0, usize::MAX).await {
                // Deleted since it was found.
                Err(StoreError::Missing { .. }) => Vec::new(),
                spans => spans?,
            };
            spans.iter().for_each(|(span, digest)| points.add(&Item::Span { trace, span, digest }));
        }
        // With those that others stand in for: MLflow's server counts what was said, not what counts.
        View::Assessments => trace.assessments.iter().for_each(|one| points.add(&Item::Assessment(one))),
    }
    Ok(())
}
