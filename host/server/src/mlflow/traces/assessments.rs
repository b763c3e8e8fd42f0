//! What people, judges and code say of a trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::assessment::{Assessment, AssessmentId, Said};
use model::ports::{Annotation, AnnotationChange};
use model::search::TraceInfo;
use serde_json::json;

use super::{read, said, store_id};
use crate::mlflow::{Answer, Asked, Wrong};
use crate::shared::Shared;

pub(super) async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let trace = asked.required("trace_id")?;
    let assessment = said::read(&asked.required_message("assessment")?, (shared.now)())?;
    if let Some(overridden) = assessment.overrides {
        find(&read::find(&shared, trace).await?, overridden)?;
    }
    put(&shared, &store_id(trace)?, assessment).await
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (trace, id) = named(&shared, &asked).await?;
    let shown = said::one(&trace, id).ok_or_else(|| missing(&asked))?;
    Ok(Json(json!({ "assessment": shown })))
}

pub(super) async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (trace, id) = named(&shared, &asked).await?;
    let change = asked.required_message("assessment")?;
    let mut assessment = find(&trace, id)?.clone();
    for path in asked.text("update_mask")?.unwrap_or_default().split(',').filter(|path| !path.is_empty()) {
        match path.trim() {
            "assessmentName" | "assessment_name" => {
                assessment.name = change.required("assessment_name")?.to_owned();
            }
            "feedback" | "expectation" => {
                let said =
                    said::said(&change, &mut assessment.metadata)?.ok_or_else(|| crate::mlflow::asked::lacks(path))?;
                if matches!(said, Said::Expectation(_)) != matches!(assessment.said, Said::Expectation(_)) {
                    let message = "Cannot change an assessment from feedback to expectation, or the other way.";
                    return Err(Wrong::invalid(message));
                }
                assessment.said = said;
            }
            "rationale" => assessment.rationale = change.text("rationale")?.map(str::to_owned),
            "metadata" => assessment.metadata.extend(said::metadata(&change)?),
            // Whether it is valid follows from what overrides it.
            "valid" => {}
            other => return Err(Wrong::invalid(format!("Field '{other}' of an assessment can't be updated."))),
        }
    }
    assessment.updated = (shared.now)();
    put(&shared, &trace.id, assessment).await
}

/// One that is not there is gone already.
pub(super) async fn delete(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let trace = read::find(&shared, asked.required("trace_id")?).await?;
    let id = said::id(asked.required("assessment_id")?);
    if let Some(id) = id.ok().filter(|id| find(&trace, *id).is_ok()) {
        shared.annotate(vec![Annotation { trace: trace.id, change: AnnotationChange::Withdraw(id) }]).await?;
    }
    Ok(Json(json!({})))
}

async fn put(shared: &Shared, trace: &str, assessment: Assessment) -> Answer {
    let id = assessment.id;
    let change = AnnotationChange::Assess(assessment);
    let said = shared.annotate(vec![Annotation { trace: trace.to_owned(), change }]).await;
    let trace = shared.traces.trace(trace).await?.ok_or_else(|| super::missing(&super::shown_id(trace)))?;
    said?;
    Ok(Json(json!({ "assessment": said::one(&trace, id) })))
}

async fn named(shared: &Shared, asked: &Asked) -> Result<(TraceInfo, AssessmentId), Wrong> {
    let trace = read::find(shared, asked.required("trace_id")?).await?;
    Ok((trace, said::id(asked.required("assessment_id")?)?))
}

fn find(trace: &TraceInfo, id: AssessmentId) -> Result<&Assessment, Wrong> {
    let found = trace.assessments.iter().find(|assessment| assessment.id == id);
    found.ok_or_else(|| said::missing(&format!("a-{}", id.0.simple())))
}

fn missing(asked: &Asked) -> Wrong {
    said::missing(asked.text("assessment_id").ok().flatten().unwrap_or_default())
}
