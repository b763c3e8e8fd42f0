//! Our nouns and the guest's, across the border. What comes from a guest is checked here and nowhere else.

use std::collections::HashSet;

use model::aggregate::Measure;
use model::feedback::{Feedback, Value};
use model::grant::{Grant, RowPart};
use model::json::Json;
use model::outcome::{Failure, FailureKind, Outcome};
use model::row::Row;
use model::scorer::{Determinism, Direction, ItemDescription, Needs, PluginDescription, ScorerDescription, ValueKind};

use crate::bindings::{aggregator, describe, types};
use crate::instances::Reply;

/// Feedback items in one answer.
const MOST_FEEDBACK: usize = 64;

/// Bytes in the name of a sub-feedback.
const LONGEST_NAME: usize = 64;

/// The row as a guest sees it: of one that may ask a judge, what it may put into a question. Its seed is set for each call.
pub(crate) fn row(row: &Row, grant: &Grant) -> types::Row {
    let text = |json: &Json| json.as_str().to_owned();
    let sees = |part| sees(grant, part);
    let tags = row.tags.iter().filter(|_| sees(RowPart::Tags));
    types::Row {
        id: row.id.clone(),
        inputs: if sees(RowPart::Inputs) { text(&row.inputs) } else { "{}".to_owned() },
        outputs: row.outputs.as_ref().filter(|_| sees(RowPart::Outputs)).map(text),
        candidate: None,
        expectations: row.expectations.as_ref().filter(|_| sees(RowPart::Expectations)).map(text),
        tags: tags.map(|(name, value)| (name.clone(), value.clone())).collect(),
        session: row.session.clone().filter(|_| sees(RowPart::Tags)),
        trial: row.trial,
        seed: 0,
    }
}

/// Whether a guest with this grant sees a part of its row.
pub(crate) fn sees(grant: &Grant, part: RowPart) -> bool {
    grant.judge.as_ref().is_none_or(|judge| judge.may_send(part))
}

/// What a guest answered, if it keeps to what its scorer declared.
pub(crate) fn outcome(reply: Reply, scorer: &ScorerDescription) -> Outcome {
    let Reply::Scored(answer) = reply else { return Outcome::Failed(unknown(&scorer.name)) };
    match answer {
        Ok(types::Outcome::Scored(items)) => match feedback(items, scorer) {
            Ok(feedback) => Outcome::Scored(feedback),
            Err(message) => Outcome::Failed(Failure::new(FailureKind::InvalidOutput, message)),
        },
        Ok(types::Outcome::Abstained(reason)) => Outcome::Abstained { reason },
        Err(said) => Outcome::Failed(failure(said)),
    }
}

/// What a scorer found, for an aggregator; none where it found nothing.
pub(crate) fn verdict(outcome: &Outcome) -> Option<types::Outcome> {
    let given = |value: &Value| match value.clone() {
        Value::Boolean(value) => types::Value::Boolean(value),
        Value::Number(value) => types::Value::Number(value),
        Value::Text(value) => types::Value::Text(value),
        Value::Booleans(values) => types::Value::Booleans(values),
        Value::Numbers(values) => types::Value::Numbers(values),
        Value::Texts(values) => types::Value::Texts(values),
    };
    let feedback = |Feedback { name, value, rationale }: &Feedback| types::Feedback {
        name: name.clone(),
        value: given(value),
        rationale: rationale.clone(),
    };
    match outcome {
        Outcome::Scored(items) => Some(types::Outcome::Scored(items.iter().map(feedback).collect())),
        Outcome::Abstained { reason } => Some(types::Outcome::Abstained(reason.clone())),
        Outcome::Failed(_) | Outcome::Unpredicted => None,
    }
}

/// The numbers of an aggregator, the main one first, or what is wrong with them.
pub(crate) fn measures(said: Vec<aggregator::Measure>) -> Result<Vec<Measure>, String> {
    if said.len() > MOST_FEEDBACK {
        return Err(format!("it gave {} numbers, more than {MOST_FEEDBACK}", said.len()));
    }
    let mut measures: Vec<Measure> = Vec::with_capacity(said.len());
    for aggregator::Measure { name, value, note } in said {
        if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
            return Err(format!("`{}` is no name for a number", name.escape_debug()));
        }
        if measures.iter().any(|before| before.name == name) {
            return Err(format!(
                "it gave two numbers {}",
                name.map_or("without a name".to_owned(), |name| format!("named `{name}`"))
            ));
        }
        if !value.is_finite() {
            return Err(format!("{value} is not a number that can be compared"));
        }
        measures.push(Measure { name, value: value + 0.0, note });
    }
    measures.sort_by_key(|measure| measure.name.is_some());
    match measures.first() {
        Some(Measure { name: None, .. }) => Ok(measures),
        _ => Err("it gave no main number".to_owned()),
    }
}

/// A plan named a scorer that the plugin does not have.
pub(crate) fn unknown(scorer: &str) -> Failure {
    Failure::new(FailureKind::Internal, format!("there is no scorer `{scorer}`"))
}

fn feedback(items: Vec<types::Feedback>, scorer: &ScorerDescription) -> Result<Vec<Feedback>, String> {
    if items.len() > MOST_FEEDBACK {
        return Err(format!("it gave {} verdicts at once, more than {MOST_FEEDBACK}", items.len()));
    }
    let mut names = HashSet::new();
    let mut feedback = Vec::with_capacity(items.len());
    for item in items {
        if let Some(name) = item.name.as_deref().filter(|name| !is_name(name)) {
            return Err(format!("`{}` is no name for a verdict", name.escape_debug()));
        }
        if !names.insert(item.name.clone()) {
            return Err(format!("it gave two verdicts named `{}`", item.name.as_deref().unwrap_or(&scorer.name)));
        }
        let value = value(item.value)?;
        if item.name.is_none() {
            check_kind(&value, scorer)?;
        }
        feedback.push(Feedback { name: item.name, value, rationale: item.rationale });
    }
    if names.contains(&None) || (scorer.value == ValueKind::Any && !feedback.is_empty()) {
        return Ok(feedback);
    }
    Err("it gave no main verdict".to_owned())
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn value(value: types::Value) -> Result<Value, String> {
    Ok(match value {
        types::Value::Boolean(value) => Value::Boolean(value),
        types::Value::Number(value) => Value::Number(finite(value)?),
        types::Value::Text(value) => Value::Text(value),
        types::Value::Booleans(values) => Value::Booleans(values),
        types::Value::Numbers(values) => Value::Numbers(values.into_iter().map(finite).collect::<Result<_, _>>()?),
        types::Value::Texts(values) => Value::Texts(values),
    })
}

/// Zero has one sign here: two results that compare equal are written alike.
fn finite(number: f64) -> Result<f64, String> {
    if number.is_finite() { Ok(number + 0.0) } else { Err(format!("{number} is not a number that can be averaged")) }
}

fn check_kind(value: &Value, scorer: &ScorerDescription) -> Result<(), String> {
    let fits = match (scorer.value, value) {
        (ValueKind::Boolean, Value::Boolean(_))
        | (ValueKind::Number, Value::Number(_))
        | (ValueKind::Text, Value::Text(_))
        | (ValueKind::Booleans, Value::Booleans(_))
        | (ValueKind::Numbers, Value::Numbers(_))
        | (ValueKind::Texts, Value::Texts(_))
        | (ValueKind::Any, _) => true,
        (ValueKind::Label, Value::Text(label)) => {
            if !scorer.labels.contains(label) {
                return Err(format!("`{}` is none of its labels: {}", label.escape_debug(), scorer.labels.join(", ")));
            }
            true
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("it declares {} but gave {}", declared(scorer.value), given(value))) }
}

fn declared(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Boolean => "true or false",
        ValueKind::Number => "a number",
        ValueKind::Label => "a label",
        ValueKind::Text => "a text",
        ValueKind::Booleans => "a list of true or false",
        ValueKind::Numbers => "a list of numbers",
        ValueKind::Texts => "a list of texts",
        ValueKind::Any => "anything",
    }
}

fn given(value: &Value) -> &'static str {
    match value {
        Value::Boolean(_) => "true or false",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::Booleans(_) => "a list of true or false",
        Value::Numbers(_) => "a list of numbers",
        Value::Texts(_) => "a list of texts",
    }
}

/// What a guest says went wrong.
pub(crate) fn failure(said: types::Failure) -> Failure {
    Failure::new(failure_kind(said.code), said.message)
}

fn failure_kind(code: types::ErrorCode) -> FailureKind {
    match code {
        types::ErrorCode::BadInput => FailureKind::BadInput,
        types::ErrorCode::BadParameter => FailureKind::BadParameter,
        types::ErrorCode::Denied => FailureKind::Denied,
        types::ErrorCode::BudgetExceeded => FailureKind::BudgetExceeded,
        types::ErrorCode::RateLimited => FailureKind::RateLimited,
        types::ErrorCode::TimedOut => FailureKind::TimedOut,
        types::ErrorCode::Cancelled => FailureKind::Cancelled,
        types::ErrorCode::TooLarge => FailureKind::TooLarge,
        types::ErrorCode::Unavailable => FailureKind::Unavailable,
        types::ErrorCode::Unsupported => FailureKind::Unsupported,
        types::ErrorCode::Internal => FailureKind::Internal,
        types::ErrorCode::Other => FailureKind::Other,
    }
}

/// What a plugin said about itself, or what is wrong with it.
pub(crate) fn description(
    said: describe::PluginDescription,
    digest: String,
    asks: Grant,
    reads_traces: bool,
) -> Result<PluginDescription, String> {
    if said.scorers.is_empty() && said.aggregators.is_empty() && said.predictors.is_empty() && said.exporters.is_empty()
    {
        return Err("it offers nothing".to_owned());
    }
    let mut names = HashSet::new();
    let mut scorers = Vec::with_capacity(said.scorers.len());
    for scorer in said.scorers {
        if !names.insert(scorer.name.clone()) {
            return Err(format!("it offers two scorers named `{}`", scorer.name.escape_debug()));
        }
        scorers.push(scorer_description(scorer)?);
    }
    let aggregators = items("aggregator", said.aggregators)?;
    let predictors = items("predictor", said.predictors)?;
    let exporters = items("exporter", said.exporters)?;
    let (name, version) = (said.name, said.version);
    Ok(PluginDescription { name, version, digest, asks, reads_traces, scorers, aggregators, predictors, exporters })
}

fn items(noun: &str, said: Vec<describe::ItemDescription>) -> Result<Vec<ItemDescription>, String> {
    let mut items: Vec<ItemDescription> = Vec::with_capacity(said.len());
    for describe::ItemDescription { name, summary, parameters } in said {
        if !is_name(&name) {
            return Err(format!("`{}` is no name for a {noun}: use a-z, 0-9 and _", name.escape_debug()));
        }
        if items.iter().any(|before| before.name == name) {
            return Err(format!("it offers two {noun}s named `{name}`"));
        }
        items.push(ItemDescription { parameters: schema(&name, &parameters)?, name, summary });
    }
    Ok(items)
}

fn schema(name: &str, parameters: &str) -> Result<Json, String> {
    Json::parse(parameters).map_err(|error| format!("the parameter schema of `{name}` is not JSON: {error}"))
}

fn scorer_description(said: describe::ScorerDescription) -> Result<ScorerDescription, String> {
    if !is_name(&said.name) {
        return Err(format!("`{}` is no name for a scorer: use a-z, 0-9 and _", said.name.escape_debug()));
    }
    let parameters = schema(&said.name, &said.parameters)?;
    let value = value_kind(said.value);
    if (value == ValueKind::Label) == said.labels.is_empty() {
        return Err(format!("`{}` must list labels if and only if its value is one", said.name));
    }
    Ok(ScorerDescription {
        name: said.name,
        summary: said.summary,
        parameters,
        value,
        labels: said.labels,
        better: direction(said.better),
        needs: Needs {
            outputs: said.needs.contains(describe::Needs::OUTPUTS),
            expectations: said.needs.contains(describe::Needs::EXPECTATIONS),
        },
        determinism: determinism(said.determinism),
        prompt: None,
    })
}

fn value_kind(kind: describe::ValueKind) -> ValueKind {
    match kind {
        describe::ValueKind::Boolean => ValueKind::Boolean,
        describe::ValueKind::Number => ValueKind::Number,
        describe::ValueKind::Label => ValueKind::Label,
        describe::ValueKind::Text => ValueKind::Text,
        describe::ValueKind::Booleans => ValueKind::Booleans,
        describe::ValueKind::Numbers => ValueKind::Numbers,
        describe::ValueKind::Texts => ValueKind::Texts,
        describe::ValueKind::Any => ValueKind::Any,
    }
}

fn determinism(said: describe::Determinism) -> Determinism {
    match said {
        describe::Determinism::Pure => Determinism::Pure,
        describe::Determinism::Judge => Determinism::Judge,
        describe::Determinism::Volatile => Determinism::Volatile,
    }
}

fn direction(better: describe::Direction) -> Direction {
    match better {
        describe::Direction::Maximize => Direction::Maximize,
        describe::Direction::Minimize => Direction::Minimize,
        describe::Direction::Neutral => Direction::Neutral,
    }
}
