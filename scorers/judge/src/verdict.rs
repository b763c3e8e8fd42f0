//! What a judge replies: why, and then what it has decided.

use karat_sdk::judge::{Question, Reply};
use karat_sdk::{Failure, Feedback};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Characters of a rationale: without a bound, small models go on until they are cut off.
const LONGEST: usize = 500;

/// A reason, and a decision of some type.
#[derive(Deserialize)]
pub(crate) struct Decided<T> {
    pub(crate) rationale: String,
    pub(crate) verdict: T,
}

/// A JSON object with these fields, in this order, and no others.
pub(crate) fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<_, _> = fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    serde_json::json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A text that a judge has no more to say in than it needs.
pub(crate) fn brief() -> Value {
    serde_json::json!({ "type": "string", "maxLength": LONGEST })
}

/// A rationale, then a verdict of this schema: who has given the reason first decides by it.
pub(crate) fn schema(verdict: Value) -> Value {
    object(&[("rationale", brief()), ("verdict", verdict)])
}

pub(crate) fn one_of(labels: &[&str]) -> Value {
    serde_json::json!({ "enum": labels })
}

/// Asks for one of some labels.
pub(crate) fn label(question: Question, labels: &[&str]) -> Result<Decided<String>, Failure> {
    question.schema(&schema(one_of(labels))).send()?.json()
}

const PASS: &str = "pass";
const LABELS: [&str; 2] = [PASS, "fail"];

/// Has a question answered by `pass` or `fail`.
pub(crate) fn pass_or_fail(question: Question) -> Question {
    question.schema(&schema(one_of(&LABELS)))
}

/// Reads the answer to such a question.
pub(crate) fn passed(reply: &Reply) -> Result<Feedback<bool>, Failure> {
    let Decided::<String> { rationale, verdict } = reply.json()?;
    Ok(Feedback::from(verdict == PASS).because(rationale))
}

/// Asks whether something holds.
pub(crate) fn holds(question: Question) -> Result<Feedback<bool>, Failure> {
    passed(&pass_or_fail(question).send()?)
}
