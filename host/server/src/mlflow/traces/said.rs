//! Assessments as MLflow has them.
//!
//! What MLflow has a field for and we have none, stands among the metadata under names that clients don't see.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{Assessment, AssessmentId, ERROR_CODE, ISSUE, Said, Source, SourceKind};
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use model::search::TraceInfo;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{shown_id, time};
use crate::mlflow::asked::{lacks, not_of_type};
use crate::mlflow::{Asked, Wrong};

/// The one form in which expectations are sent that are no scalars.
const JSON_FORMAT: &str = "JSON_FORMAT";

/// An assessment that a client makes. It may choose the id.
pub(super) fn read(asked: &Asked, now: u64) -> Result<Assessment, Wrong> {
    let name = asked.required("assessment_name")?.to_owned();
    let id = match asked.text("assessment_id")? {
        Some(id) if !id.is_empty() => self::id(id)?,
        _ => AssessmentId(Uuid::new_v4()),
    };
    let mut metadata = metadata(asked)?;
    let said = said(asked, &mut metadata)?
        .ok_or_else(|| Wrong::invalid("An assessment must have one of 'feedback', 'expectation' and 'issue'."))?;
    let created = moment(asked, "create_time")?.unwrap_or(now);
    Ok(Assessment {
        id,
        span: asked.text("span_id")?.filter(|span| !span.is_empty()).map(str::to_owned),
        name,
        said,
        source: source(asked)?,
        rationale: asked.text("rationale")?.map(str::to_owned),
        created,
        updated: moment(asked, "last_update_time")?.unwrap_or(created),
        metadata,
        overrides: asked.text("overrides")?.filter(|id| !id.is_empty()).map(self::id).transpose()?,
    })
}

/// What a client says beside it; names that clients don't see are none of its.
pub(super) fn metadata(asked: &Asked) -> Result<BTreeMap<String, String>, Wrong> {
    let mut metadata = asked.map("metadata")?;
    metadata.retain(|name, _| name != ERROR_CODE && name != ISSUE);
    Ok(metadata)
}

/// What it says; none where it says nothing. What has no place in it goes to the metadata.
pub(super) fn said(asked: &Asked, metadata: &mut BTreeMap<String, String>) -> Result<Option<Said>, Wrong> {
    if let Some(feedback) = asked.message("feedback")? {
        // Older clients have it beside the feedback.
        let error = feedback.message("error")?.or(asked.message("error")?);
        let Some(error) = error else {
            return Ok(Some(Said::Feedback(json_of(feedback.value("value").unwrap_or(&Value::Null))?)));
        };
        if let Some(code) = error.text("error_code")? {
            metadata.insert(ERROR_CODE.to_owned(), code.to_owned());
        }
        let mut failure = Failure::new(FailureKind::Other, error.text("error_message")?.unwrap_or_default());
        failure.detail = error.text("stack_trace")?.map(str::to_owned);
        return Ok(Some(Said::Failed(failure)));
    }
    if let Some(expectation) = asked.message("expectation")? {
        if let Some(serialized) = expectation.message("serialized_value")? {
            let text = serialized.required("value")?;
            let json = Json::parse(text).map_err(|error| {
                Wrong::invalid(format!("The value of expectation 'serialized_value' is no JSON: {error}"))
            })?;
            return Ok(Some(Said::Expectation(json)));
        }
        return Ok(Some(Said::Expectation(json_of(expectation.value("value").unwrap_or(&Value::Null))?)));
    }
    if let Some(issue) = asked.message("issue")? {
        let name = issue.text("issue_name")?.unwrap_or_default();
        metadata.insert(ISSUE.to_owned(), name.to_owned());
        return Ok(Some(Said::Feedback(json_of(&json!(true))?)));
    }
    Ok(None)
}

pub(super) fn source(asked: &Asked) -> Result<Source, Wrong> {
    let Some(source) = asked.message("source")? else { return Err(lacks("source")) };
    let kind = match source.text("source_type")?.unwrap_or_default() {
        "HUMAN" => SourceKind::Human,
        // The second is what it was called once.
        "LLM_JUDGE" | "AI_JUDGE" => SourceKind::LlmJudge,
        "CODE" | "SOURCE_TYPE_UNSPECIFIED" => SourceKind::Code,
        _ => return Err(not_of_type("source_type", source.value("source_type").unwrap_or(&Value::Null))),
    };
    Ok(Source { kind, id: source.text("source_id")?.map(str::to_owned) })
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
fn moment(asked: &Asked, name: &str) -> Result<Option<u64>, Wrong> {
    let Some(text) = asked.text(name)? else { return Ok(None) };
    time::read(text).map(Some).ok_or_else(|| not_of_type(name, &json!(text)))
}

pub(super) fn json_of(value: &Value) -> Result<Json, Wrong> {
    Json::from_serialize(value).map_err(|error| Wrong::invalid(format!("The value can't be kept: {error}")))
}

/// What kind of assessment it is, in MLflow's words.
pub(super) fn kind(assessment: &Assessment) -> &'static str {
    match &assessment.said {
        _ if assessment.metadata.contains_key(ISSUE) => "issue",
        Said::Feedback(_) | Said::Failed(_) => "feedback",
        Said::Expectation(_) => "expectation",
    }
}

/// What it says, as MLflow has it: the name of an issue, and `null` of a verdict that there is none of.
pub(super) fn value(assessment: &Assessment) -> Value {
    if let Some(issue) = assessment.metadata.get(ISSUE) {
        return json!(issue);
    }
    match &assessment.said {
        Said::Feedback(value) | Said::Expectation(value) => doubles(value.to_value()),
        Said::Failed(_) => Value::Null,
    }
}

/// The id of an assessment, which MLflow has `a-` before.
pub(super) fn id(text: &str) -> Result<AssessmentId, Wrong> {
    let bare = text.strip_prefix("a-").unwrap_or(text);
    Uuid::parse_str(bare).map(AssessmentId).map_err(|_| missing(text))
}

pub(super) fn missing(id: &str) -> Wrong {
    Wrong::missing(format!("Assessment with ID '{id}' not found."))
}

/// All assessments of a trace.
pub(super) fn all(info: &TraceInfo) -> Vec<Value> {
    let overridden: BTreeSet<AssessmentId> = info.assessments.iter().filter_map(|one| one.overrides).collect();
    info.assessments.iter().map(|one| shown(&info.id, one, !overridden.contains(&one.id))).collect()
}

/// One of them; it is valid where none stands in for it.
pub(super) fn one(info: &TraceInfo, id: AssessmentId) -> Option<Value> {
    let found = info.assessments.iter().find(|assessment| assessment.id == id)?;
    let is_valid = info.assessments.iter().all(|other| other.overrides != Some(id));
    Some(shown(&info.id, found, is_valid))
}

fn shown(trace: &str, assessment: &Assessment, is_valid: bool) -> Value {
    let mut metadata = assessment.metadata.clone();
    let (code, issue) = (metadata.remove(ERROR_CODE), metadata.remove(ISSUE));
    let kind = match assessment.source.kind {
        SourceKind::Human => "HUMAN",
        SourceKind::LlmJudge => "LLM_JUDGE",
        SourceKind::Code => "CODE",
    };
    let source_id = assessment.source.id.as_deref().unwrap_or("default");
    let mut fields = Map::from_iter([
        ("assessment_id".to_owned(), json!(shown_assessment_id(assessment.id))),
        ("assessment_name".to_owned(), json!(assessment.name)),
        ("trace_id".to_owned(), json!(shown_id(trace))),
        ("source".to_owned(), json!({ "source_type": kind, "source_id": source_id })),
        ("create_time".to_owned(), json!(time::write(assessment.created))),
        ("last_update_time".to_owned(), json!(time::write(assessment.updated))),
    ]);
    let (name, value) = match (&assessment.said, issue) {
        (_, Some(issue)) => ("issue", json!({ "issue_name": issue })),
        (Said::Feedback(value), None) => ("feedback", json!({ "value": doubles(value.to_value()) })),
        (Said::Failed(failure), None) => {
            let mut error =
                json!({ "error_code": code.as_deref().unwrap_or("SCORER_ERROR"), "error_message": failure.message });
            if let Some(detail) = &failure.detail {
                error["stack_trace"] = json!(detail);
            }
            ("feedback", json!({ "value": null, "error": error }))
        }
        (Said::Expectation(value), None) => (
            "expectation",
            match value.to_value() {
                Value::Array(_) | Value::Object(_) => {
                    let serialized = json!({ "serialization_format": JSON_FORMAT, "value": value.as_str() });
                    json!({ "serialized_value": serialized })
                }
                scalar => json!({ "value": doubles(scalar) }),
            },
        ),
    };
    fields.insert(name.to_owned(), value);
    let mut put = |name: &str, value: Option<Value>| value.map(|value| fields.insert(name.to_owned(), value));
    put("span_id", assessment.span.as_ref().map(|span| json!(span)));
    put("rationale", assessment.rationale.as_ref().map(|text| json!(text)));
    put("metadata", (!metadata.is_empty()).then(|| json!(metadata)));
    put("overrides", assessment.overrides.map(|id| json!(shown_assessment_id(id))));
    // Only feedback is ever stood in for.
    put("valid", Some(json!(is_valid)));
    Value::Object(fields)
}

fn shown_assessment_id(id: AssessmentId) -> String {
    format!("a-{}", id.0.simple())
}

/// Numbers as protobuf's `Value` has them: all are doubles.
fn doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.into_iter().map(doubles).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, doubles(value))).collect(),
        other => other,
    }
}
