//! Assessments: what people, judges and code say of a trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use http::StatusCode;
use model::assessment::{Assessment, AssessmentId, Said, Source};
use model::json::Json;
use model::outcome::Failure;
use model::ports::{Annotation, AnnotationChange};
use serde::Deserialize;
use uuid::Uuid;

use super::input::{Input, check_name, span_id, trace_id};
use super::traces::missing;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// What is said, by one of `feedback`, `expectation` and `failed`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    name: String,
    feedback: Option<Json>,
    expectation: Option<Json>,
    failed: Option<Failure>,
    source: Source,
    rationale: Option<String>,
    span: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    overrides: Option<AssessmentId>,
}

impl Saying {
    pub(super) fn assessment(self, id: AssessmentId, created: u64, updated: u64) -> Result<Assessment, Refusal> {
        check_name(&self.name)?;
        let said = match (self.feedback, self.expectation, self.failed) {
            (Some(value), None, None) => Said::Feedback(value),
            (None, Some(value), None) => Said::Expectation(value),
            (None, None, Some(failure)) => Said::Failed(failure),
            _ => {
                let hint = "give one of `feedback`, `expectation` and `failed`";
                return Err(Refusal::bad_request("the assessment does not say one thing").hint(hint).field("feedback"));
            }
        };
        Ok(Assessment {
            id,
            span: self.span.as_deref().map(span_id).transpose()?,
            name: self.name,
            said,
            source: self.source,
            rationale: self.rationale,
            created,
            updated,
            metadata: self.metadata,
            overrides: self.overrides,
        })
    }
}

pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Input(saying): Input<Saying>,
) -> Result<(StatusCode, axum::Json<Assessment>), Refusal> {
    let (trace, now) = (trace_id(&id)?, (shared.now)());
    let assessment = saying.assessment(AssessmentId(Uuid::now_v7()), now, now)?;
    let change = AnnotationChange::Assess(assessment.clone());
    shared.annotate(vec![Annotation { trace, change }]).await?;
    Ok((StatusCode::CREATED, axum::Json(assessment)))
}

/// Says something else, or for the first time under this id.
pub(super) async fn put(
    State(shared): State<Arc<Shared>>,
    Path((id, aid)): Path<(String, String)>,
    Input(saying): Input<Saying>,
) -> Result<axum::Json<Assessment>, Refusal> {
    let (trace, aid, now) = (trace_id(&id)?, assessment_id(&aid)?, (shared.now)());
    let known = shared.traces.trace(&trace).await?.ok_or_else(|| missing(&trace))?;
    let before = known.assessments.iter().find(|assessment| assessment.id == aid);
    let assessment = saying.assessment(aid, before.map_or(now, |before| before.created), now)?;
    let change = AnnotationChange::Assess(assessment.clone());
    shared.annotate(vec![Annotation { trace, change }]).await?;
    Ok(axum::Json(assessment))
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((id, aid)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let change = AnnotationChange::Withdraw(assessment_id(&aid)?);
    shared.annotate(vec![Annotation { trace: trace_id(&id)?, change }]).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn assessment_id(id: &str) -> Result<AssessmentId, Refusal> {
    let bad = |error| Refusal::bad_request(format!("the id of the assessment is none: {error}")).field("aid");
    id.parse().map(AssessmentId).map_err(bad)
}
