//! What is said of traces.

use std::collections::BTreeMap;

use model::assessment::{Assessment, AssessmentId, ERROR_CODE, ISSUE, Said, Source, SourceKind};
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{read_time, traces, written_time};

#[derive(Deserialize)]
struct AssessmentRead {
    assessment_id: String,
    assessment_name: String,
    span_id: Option<String>,
    source: Option<SourceRead>,
    create_time: Option<String>,
    last_update_time: Option<String>,
    rationale: Option<String>,
    overrides: Option<String>,
    metadata: Option<BTreeMap<String, Value>>,
    feedback: Option<FeedbackRead>,
    expectation: Option<ExpectationRead>,
    issue: Option<IssueRead>,
    /// Older releases have it here.
    error: Option<ErrorRead>,
}

#[derive(Deserialize)]
struct SourceRead {
    #[serde(default)]
    source_type: String,
    source_id: Option<String>,
}

#[derive(Deserialize)]
struct FeedbackRead {
    #[serde(default)]
    value: Value,
    error: Option<ErrorRead>,
}

#[derive(Deserialize)]
struct ExpectationRead {
    #[serde(default)]
    value: Value,
    serialized_value: Option<SerializedRead>,
}

#[derive(Deserialize)]
struct SerializedRead {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct IssueRead {
    #[serde(default)]
    issue_name: String,
}

#[derive(Deserialize)]
struct ErrorRead {
    error_code: Option<String>,
    error_message: Option<String>,
    stack_trace: Option<String>,
}

/// Fails with what is wrong with it.
pub(crate) fn read(value: &Value) -> Result<Assessment, String> {
    let read = AssessmentRead::deserialize(value).map_err(|error| error.to_string())?;
    let mut metadata = BTreeMap::new();
    for (name, value) in read.metadata.clone().unwrap_or_default() {
        let text = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        metadata.insert(name, text);
    }
    let said = match (&read.feedback, &read.expectation, &read.issue) {
        (Some(feedback), ..) => match feedback.error.as_ref().or(read.error.as_ref()) {
            Some(error) => Said::Failed(failure(error, &mut metadata)),
            None => Said::Feedback(json_of(&feedback.value)),
        },
        (None, Some(ExpectationRead { serialized_value: Some(serialized), .. }), _) => {
            Said::Expectation(Json::parse(&serialized.value).map_err(|error| error.to_string())?)
        }
        (None, Some(expectation), _) => Said::Expectation(json_of(&expectation.value)),
        (None, None, Some(issue)) => {
            metadata.insert(ISSUE.to_owned(), issue.issue_name.clone());
            Said::Feedback(json_of(&json!(true)))
        }
        (None, None, None) => return Err("it says nothing".to_owned()),
    };
    let id = |text: &str| {
        let id = text.strip_prefix("a-").unwrap_or(text).parse().map(AssessmentId);
        id.map_err(|_| format!("`{text}` is no id of one"))
    };
    let created = read.create_time.as_deref().and_then(read_time).unwrap_or_default();
    Ok(Assessment {
        id: id(&read.assessment_id)?,
        span: read.span_id.clone().filter(|span| !span.is_empty()),
        name: read.assessment_name.clone(),
        said,
        source: source(read.source.as_ref()),
        rationale: read.rationale.clone(),
        created,
        updated: read.last_update_time.as_deref().and_then(read_time).unwrap_or(created),
        metadata,
        overrides: read.overrides.as_deref().filter(|text| !text.is_empty()).map(id).transpose()?,
    })
}

fn failure(error: &ErrorRead, metadata: &mut BTreeMap<String, String>) -> Failure {
    if let Some(code) = &error.error_code {
        metadata.insert(ERROR_CODE.to_owned(), code.clone());
    }
    let message = error.error_message.as_deref().unwrap_or_default();
    Failure { detail: error.stack_trace.clone(), ..Failure::new(FailureKind::Other, message) }
}

fn source(read: Option<&SourceRead>) -> Source {
    let kind = match read.map(|read| read.source_type.as_str()) {
        Some("HUMAN") => SourceKind::Human,
        Some("LLM_JUDGE" | "AI_JUDGE") => SourceKind::LlmJudge,
        _ => SourceKind::Code,
    };
    Source { kind, id: read.and_then(|read| read.source_id.clone()) }
}

fn json_of(value: &Value) -> Json {
    Json::from_serialize(value).expect("JSON is JSON")
}

pub(crate) fn mlflow_id(id: AssessmentId) -> String {
    format!("a-{}", id.0.simple())
}

/// An assessment as one is made.
pub(crate) fn written(trace: &str, assessment: &Assessment) -> Value {
    let mut metadata = assessment.metadata.clone();
    let (code, issue) = (metadata.remove(ERROR_CODE), metadata.remove(ISSUE));
    let kind = match assessment.source.kind {
        SourceKind::Human => "HUMAN",
        SourceKind::LlmJudge => "LLM_JUDGE",
        SourceKind::Code => "CODE",
    };
    let (name, value) = match (&assessment.said, issue) {
        (_, Some(issue)) => ("issue", json!({ "issue_name": issue })),
        (Said::Feedback(value), None) => ("feedback", json!({ "value": value })),
        (Said::Failed(failure), None) => {
            let code = code.as_deref().unwrap_or("SCORER_ERROR");
            let error = json!({
                "error_code": code, "error_message": failure.message, "stack_trace": failure.detail,
            });
            ("feedback", json!({ "value": null, "error": error }))
        }
        (Said::Expectation(value), None) => match value.as_str().starts_with(['{', '[']) {
            true => (
                "expectation",
                json!({ "serialized_value": { "serialization_format": "JSON_FORMAT", "value": value.as_str() } }),
            ),
            false => ("expectation", json!({ "value": value })),
        },
    };
    let mut fields = Map::from_iter([
        ("assessment_id".to_owned(), json!(mlflow_id(assessment.id))),
        ("assessment_name".to_owned(), json!(assessment.name)),
        ("trace_id".to_owned(), json!(traces::mlflow_id(trace))),
        (
            "source".to_owned(),
            json!({ "source_type": kind, "source_id": assessment.source.id.as_deref().unwrap_or("default") }),
        ),
        ("create_time".to_owned(), json!(written_time(assessment.created))),
        ("last_update_time".to_owned(), json!(written_time(assessment.updated))),
        ("metadata".to_owned(), json!(metadata)),
        (name.to_owned(), value),
    ]);
    let mut put = |name: &str, value: Option<String>| value.map(|value| fields.insert(name.to_owned(), json!(value)));
    put("span_id", assessment.span.clone());
    put("rationale", assessment.rationale.clone());
    put("overrides", assessment.overrides.map(mlflow_id));
    Value::Object(fields)
}
