//! Sessions: what people, judges and code say of several traces as a whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use model::assessment::{Assessment, AssessmentId};
use model::ports::{Annotation, AnnotationChange};
use model::search;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::assessments::Saying;
use super::input::Input;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    /// The session of this experiment only.
    experiment: Option<String>,
}

/// What is said of a session, and the trace that it stands on.
#[derive(Serialize)]
pub(super) struct OnTrace {
    trace_id: String,
    #[serde(flatten)]
    assessment: Assessment,
}

pub(super) async fn assess(
    State(shared): State<Arc<Shared>>,
    Path(session): Path<String>,
    place: Result<Query<Where>, QueryRejection>,
    Input(saying): Input<Saying>,
) -> Result<(StatusCode, Json<OnTrace>), Refusal> {
    let Query(Where { experiment }) = place.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let now = (shared.now)();
    let assessment = saying.assessment(AssessmentId(Uuid::now_v7()), now, now)?.of_session(&session);
    if assessment.span.is_some() {
        return Err(Refusal::bad_request("what is said of a session is of none of its spans").field("span"));
    }
    let query = search::Query::of_session(&session, experiment);
    let first = shared.traces.search(&query, None, 1).await?.traces.pop();
    let missing = || Refusal::new(Kind::Missing, format!("there is no trace of session `{session}`")).field("session");
    let trace_id = first.ok_or_else(missing)?.id;
    let change = AnnotationChange::Assess(assessment.clone());
    shared.annotate(vec![Annotation { trace: trace_id.clone(), change }]).await?;
    Ok((StatusCode::CREATED, Json(OnTrace { trace_id, assessment })))
}
