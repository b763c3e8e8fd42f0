//! Cases of a plugin's author: single rows, and what a scorer should say of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::feedback::Value;
use model::json::Json;
use model::judge::{Format, JudgeReply, JudgeRequest, ToolCall, Usage};
use model::outcome::{Failure, FailureKind, Outcome};
use model::row::RowRecord;
use model::telemetry::Receipt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use crate::problem::Problems;
use crate::schema::Checker;
use crate::suite::document;

/// One case.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The scorer to call; needed where the plugin offers several.
    #[serde(default)]
    pub scorer: Option<String>,
    /// The predictor to call instead; needed where the plugin offers several, or scorers as well.
    #[serde(default)]
    pub predictor: Option<String>,
    /// The exporter to hand a batch to; needed where the plugin offers several, or others as well.
    #[serde(default)]
    pub exporter: Option<String>,
    /// Its parameters.
    #[serde(default)]
    pub with: Map<String, serde_json::Value>,
    pub row: RowRecord,
    /// What scorers said of the row, by their keys: with it all that is in the batch of an exporter.
    #[serde(default)]
    pub verdicts: BTreeMap<String, Value>,
    /// What is answered to requests over HTTP; others are denied.
    #[serde(default)]
    pub http: Vec<Answer>,
    /// What a judge replies: the first that fits; other questions are denied.
    #[serde(default)]
    pub judge: Vec<ReplyEntry>,
    pub expect: Expected,
}

/// The answer to a request over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// In upper case.
    pub method: String,
    pub url: String,
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A text as it is, anything else as JSON.
    #[serde(default)]
    pub body: serde_json::Value,
}

/// A judge's reply as it is, or with more said about it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ReplyEntry {
    Text(String),
    Full(Reply),
}

/// What a judge replies to some questions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// Only to a question that has this in one of its messages.
    pub contains: Option<String>,
    /// Only to a question to this role.
    pub role: Option<String>,
    pub text: Option<String>,
    /// In place of a text: any value.
    pub json: Option<serde_json::Value>,
    /// Tools that the judge calls.
    pub tool_calls: Vec<Called>,
}

/// A judge's call of a tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Called {
    pub name: String,
    #[serde(default)]
    pub arguments: Map<String, serde_json::Value>,
}

fn ok() -> u16 {
    200
}

/// What should come of it. What is not named may be anything.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The main verdict.
    pub value: Option<serde_json::Value>,
    /// Why, word for word.
    pub rationale: Option<String>,
    /// Verdicts by name.
    pub parts: BTreeMap<String, serde_json::Value>,
    /// The scorer abstains, with a reason that has this in it.
    pub abstained: Option<String>,
    /// What was called fails, with a message that has this in it.
    pub failed: Option<String>,
    /// What the predictor answers.
    pub outputs: Option<serde_json::Value>,
    /// What the exporter writes to its file, byte for byte.
    pub written: Option<String>,
    /// The exporter rejects the row, with a message that has this in it.
    pub rejected: Option<String>,
}

/// What an exporter did with a batch and all that it held back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub receipt: Receipt,
    pub written: String,
}

/// Reads a file with cases.
///
/// # Errors
///
/// Fails with every problem of the text, sorted by line.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, Problems> {
    document(file, text).map(|(cases, _)| cases)
}

impl Answer {
    /// The body in bytes.
    pub fn bytes(&self) -> Vec<u8> {
        match &self.body {
            serde_json::Value::Null => Vec::new(),
            serde_json::Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        }
    }
}

/// What a judge replies to a question, by the replies of a case.
///
/// # Errors
///
/// Fails as `denied` where none of them fits, as `unavailable` where the one that does is not what the question asks for.
pub fn reply(replies: &[ReplyEntry], request: &JudgeRequest) -> Result<JudgeReply, Failure> {
    let Some(reply) = replies.iter().map(ReplyEntry::full).find(|reply| reply.fits(request)) else {
        let question: String = request.question().chars().take(QUOTED).collect();
        let message = format!("the case has no reply of a judge to `{}`", question.escape_debug());
        return Err(Failure::new(FailureKind::Denied, message));
    };
    let text = reply.spoken();
    check(&text, &request.format).map_err(|wrong| {
        Failure::new(FailureKind::Unavailable, format!("the case replies `{}`: {wrong}", text.escape_debug()))
    })?;
    let call = |(number, call): (usize, &Called)| {
        let arguments = Json::from_serialize(&call.arguments).expect("an object can be written");
        ToolCall { id: format!("call-{}", number + 1), name: call.name.clone(), arguments }
    };
    let tool_calls = reply.tool_calls.iter().enumerate().map(call).collect();
    Ok(JudgeReply { text, tool_calls, usage: Usage::default(), cached: false })
}

/// Characters of a question in a message.
const QUOTED: usize = 60;

impl ReplyEntry {
    fn full(&self) -> Cow<'_, Reply> {
        match self {
            Self::Text(text) => Cow::Owned(Reply { text: Some(text.clone()), ..Reply::default() }),
            Self::Full(reply) => Cow::Borrowed(reply),
        }
    }
}

impl Reply {
    fn fits(&self, request: &JudgeRequest) -> bool {
        let is_role = self.role.as_ref().is_none_or(|role| *role == request.role);
        let has = |part: &String| request.messages.iter().any(|message| message.content.contains(part.as_str()));
        is_role && self.contains.as_ref().is_none_or(has)
    }

    fn spoken(&self) -> String {
        match (&self.text, &self.json) {
            (Some(text), _) => text.clone(),
            (None, Some(json)) => json.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// Fails with what a reply should be.
fn check(text: &str, format: &Format) -> Result<(), String> {
    match format {
        Format::Text => Ok(()),
        Format::Choice(choices) if choices.iter().any(|choice| choice == text) => Ok(()),
        Format::Choice(choices) => Err(format!("it should be one of {}", choices.join(", "))),
        Format::Schema(schema) => {
            let value = serde_json::from_str(text).map_err(|error| format!("it should be JSON: {error}"))?;
            let schema = schema.to_value();
            let checker = Checker::new(&schema).map_err(|error| format!("its schema is none: {error}"))?;
            match checker.check(&value).first() {
                Some(violation) => Err(format!("`{}` {}", violation.place, violation.message)),
                None => Ok(()),
            }
        }
    }
}

impl Expected {
    /// What came otherwise, in lines.
    pub fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let came = || told(outcome);
        match (outcome, &self.abstained, &self.failed) {
            (Outcome::Scored(_), None, None) => self.differences_of_verdicts(outcome),
            (Outcome::Abstained { reason }, Some(part), None) if reason.contains(part) => Vec::new(),
            (Outcome::Failed(failure), None, Some(part)) if failure.message.contains(part) => Vec::new(),
            (_, Some(reason), _) => vec![format!("expected abstained ({reason}), came {}", came())],
            (_, None, Some(message)) => vec![format!("expected failed ({message}), came {}", came())],
            (_, None, None) => vec![format!("expected a verdict, came {}", came())],
        }
    }

    /// What came otherwise of a predictor, in lines.
    pub fn differences_of_prediction(&self, answer: &Result<Json, Failure>) -> Vec<String> {
        match (answer, &self.failed, &self.outputs) {
            (Ok(outputs), None, Some(expected)) if outputs.to_value() == *expected => Vec::new(),
            (Ok(_), None, None) => Vec::new(),
            (Ok(outputs), None, Some(expected)) => vec![format!("outputs: expected {expected}, came {outputs}")],
            (Ok(outputs), Some(message), _) => vec![format!("expected failed ({message}), came {outputs}")],
            (Err(failure), Some(part), _) if failure.message.contains(part) => Vec::new(),
            (Err(failure), Some(message), _) => vec![format!("expected failed ({message}), came failed ({failure})")],
            (Err(failure), None, _) => vec![format!("expected outputs, came failed ({failure})")],
        }
    }

    /// What came otherwise of an exporter, in lines.
    pub fn differences_of_export(&self, came: &Result<Exported, Failure>) -> Vec<String> {
        let told = match came {
            Ok(Exported { receipt: Receipt { rejected: 0, .. }, .. }) => "accepted".to_owned(),
            Ok(Exported { receipt, .. }) => format!("rejected ({})", receipt.message.as_deref().unwrap_or_default()),
            Err(failure) => format!("failed ({failure})"),
        };
        let expected = match (&self.failed, &self.rejected) {
            (Some(part), _) => format!("failed ({part})"),
            (None, Some(part)) => format!("rejected ({part})"),
            (None, None) => "accepted".to_owned(),
        };
        let is_expected = match (came, &self.failed, &self.rejected) {
            (Err(failure), Some(part), _) => failure.message.contains(part),
            (Ok(Exported { receipt, .. }), None, Some(part)) => {
                receipt.rejected > 0 && receipt.message.as_deref().unwrap_or_default().contains(part)
            }
            (Ok(Exported { receipt, .. }), None, None) => receipt.rejected == 0,
            _ => false,
        };
        let mut differences = Vec::new();
        if !is_expected {
            differences.push(format!("expected {expected}, came {told}"));
        }
        if let (Ok(Exported { written, .. }), Some(expected)) = (came, &self.written)
            && written != expected
        {
            differences.push(format!("written: expected {expected:?}, came {written:?}"));
        }
        differences
    }

    fn differences_of_verdicts(&self, outcome: &Outcome) -> Vec<String> {
        let Outcome::Scored(feedback) = outcome else { return Vec::new() };
        let given = |name: Option<&str>| feedback.iter().find(|one| one.name.as_deref() == name);
        let parts = self.parts.iter().map(|(name, expected)| (format!("parts.{name}"), Some(name.as_str()), expected));
        let values = self.value.iter().map(|expected| ("value".to_owned(), None, expected)).chain(parts);
        let mut differences = Vec::new();
        for (what, name, expected) in values {
            match given(name).map(|one| &one.value) {
                Some(came) if is_same(expected, came) => {}
                Some(came) => differences.push(format!("{what}: expected {expected}, came {}", shown(came))),
                None => differences.push(format!("{what}: expected {expected}, came none")),
            }
        }
        let why = given(None).and_then(|one| one.rationale.as_deref()).unwrap_or_default();
        if let Some(expected) = self.rationale.as_ref().filter(|expected| *expected != why) {
            differences.push(format!("rationale: expected {expected:?}, came {why:?}"));
        }
        differences
    }
}

/// What came of a call, in a line.
pub fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Scored(feedback) => {
            let told = feedback.iter().map(|one| {
                let name = one.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                let why = one.rationale.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
                format!("{name}{}{why}", shown(&one.value))
            });
            told.collect::<Vec<_>>().join(", ")
        }
        Outcome::Abstained { reason } => format!("abstained ({reason})"),
        Outcome::Failed(failure) => format!("failed ({})", failure.message),
        Outcome::Unpredicted => "nothing: the row has no outputs".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}

/// Numbers are the same where only their last digits differ: languages add up in different orders.
fn is_same(expected: &serde_json::Value, came: &Value) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    match (expected, came) {
        (serde_json::Value::Number(expected), Value::Number(came)) => {
            expected.as_f64().is_some_and(|expected| near(expected, *came))
        }
        (serde_json::Value::Array(expected), Value::Numbers(came)) => {
            let mut pairs = expected.iter().zip(came);
            expected.len() == came.len() && pairs.all(|(expected, came)| is_same(expected, &Value::Number(*came)))
        }
        _ => serde_json::to_value(came).is_ok_and(|came| came == *expected),
    }
}

#[cfg(test)]
mod tests {
    use model::feedback::Feedback;
    use model::judge::{Message, Speaker};

    use super::*;

    fn check(expect: &str, outcome: &Outcome, expected: &[&str]) {
        let text = format!("- name: x\n  row: {{ inputs: {{ a: 1 }}, outputs: y }}\n  expect: {expect}\n");
        let case = parse("cases.yaml", &text).expect("a case").remove(0);
        assert_eq!(case.expect.differences(outcome), expected, "{expect}");
    }

    #[test]
    fn what_came_otherwise_is_told() {
        let part = Feedback { name: Some("words".to_owned()), value: Value::Number(3.0), rationale: None };
        let main = Feedback { name: None, value: Value::Boolean(true), rationale: Some("why".to_owned()) };
        let scored = Outcome::Scored(vec![main, part]);
        check("{ value: true, rationale: why, parts: { words: 3 } }", &scored, &[]);
        check("{}", &scored, &[]);
        check("{ value: false }", &scored, &["value: expected false, came true"]);
        check("{ rationale: because }", &scored, &["rationale: expected \"because\", came \"why\""]);
        check("{ parts: { words: 3.0000000000001, tone: 1 } }", &scored, &["parts.tone: expected 1, came none"]);
        check("{ abstained: no }", &scored, &["expected abstained (no), came true (why), words: 3"]);
        let failed = Outcome::Failed(Failure::new(FailureKind::Other, "ValueError: x"));
        check("{ failed: ValueError }", &failed, &[]);
        check("{ value: 1 }", &failed, &["expected a verdict, came failed (ValueError: x)"]);
    }

    fn replied(judge: &str, role: &str, question: &str, format: Format) -> Result<String, String> {
        let text = format!("- {{ name: x, row: {{ inputs: {{}} }}, judge: {judge}, expect: {{}} }}\n");
        let case = parse("cases.yaml", &text).expect("a case").remove(0);
        let content = question.to_owned();
        let message = Message { speaker: Speaker::User, content, tool_calls: Vec::new(), answers: None };
        let (messages, role) = (vec![message], role.to_owned());
        let (tools, max_output_tokens, temperature) = (Vec::new(), None, None);
        let request = JudgeRequest { role, messages, tools, format, max_output_tokens, temperature, sample: 0 };
        let said = reply(&case.judge, &request).map_err(|failure| format!("{:?}: {failure}", failure.kind))?;
        Ok(said.tool_calls.iter().fold(said.text, |text, call| format!("{text} {}({})", call.name, call.arguments)))
    }

    #[test]
    fn the_first_reply_that_fits_is_the_judges() {
        let judge = "[{ contains: polite, text: yes it is }, { role: strict, json: { score: 1 } }, { contains: call, \
             tool_calls: [{ name: add, arguments: { a: 1 } }] }, { contains: sum, text: \"3\" }]";
        let said = |role: &str, question: &str| replied(judge, role, question, Format::Text);
        assert_eq!(said("strict", "is it polite?").as_deref(), Ok("yes it is"));
        assert_eq!(said("strict", "a sum").as_deref(), Ok(r#"{"score":1}"#));
        assert_eq!(said("default", "call for a sum").as_deref(), Ok(r#" add({"a":1})"#));
        let long = "why? ".repeat(100);
        let denied = said("default", &long).expect_err("nothing fits");
        assert_eq!(denied, format!("Denied: the case has no reply of a judge to `{}`", &long[..60]));
        assert_eq!(replied("[fine]", "any", "at all", Format::Text).as_deref(), Ok("fine"));
    }

    #[test]
    fn the_case_of_the_guide_is_one() {
        let guide = include_str!("../../../docs/plugins.md");
        let (_, behind) = guide.split_once("```yaml\n- name: a rude answer").expect("it is there");
        let (case, _) = behind.split_once("```").expect("it ends");
        let cases = parse("plugins.md", &format!("- name: a rude answer{case}")).expect("a case");
        assert_eq!((cases[0].http.len(), cases[0].judge.len()), (1, 3));
    }

    #[test]
    fn a_reply_of_another_shape_than_was_asked_for_is_told() {
        let choice = || Format::Choice(vec!["yes".to_owned(), "no".to_owned()]);
        assert!(replied("[\"yes\"]", "r", "q", choice()).is_ok());
        let other = replied("[perhaps]", "r", "q", choice()).expect_err("none of them");
        assert_eq!(other, "Unavailable: the case replies `perhaps`: it should be one of yes, no");
        let schema = || Format::Schema(Json::parse(r#"{"properties": {"score": {"type": "number"}}}"#).expect("JSON"));
        assert!(replied("[{ json: { score: 1 } }]", "r", "q", schema()).is_ok());
        let wrong = replied("[{ json: { score: much } }]", "r", "q", schema()).expect_err("no number");
        assert!(wrong.contains("`/score` expected a number"), "{wrong}");
        assert!(replied("[fine]", "r", "q", schema()).is_err());
    }

    #[test]
    fn what_a_predictor_answered_otherwise_is_told() {
        let check = |expect: &str, answer: &Result<Json, Failure>, expected: &[&str]| {
            let text = format!("- name: x\n  row: {{ inputs: {{ a: 1 }} }}\n  expect: {expect}\n");
            let case = parse("cases.yaml", &text).expect("a case").remove(0);
            assert_eq!(case.expect.differences_of_prediction(answer), expected, "{expect}");
        };
        let answer = Ok(Json::parse("{\"a\":1}").expect("JSON"));
        check("{ outputs: { a: 1 } }", &answer, &[]);
        check("{ outputs: { a: 2 } }", &answer, &["outputs: expected {\"a\":2}, came {\"a\":1}"]);
        check("{ failed: no }", &answer, &["expected failed (no), came {\"a\":1}"]);
        let failed = Err(Failure::new(FailureKind::Other, "status 503"));
        check("{ failed: \"503\" }", &failed, &[]);
        check("{ outputs: 1 }", &failed, &["expected outputs, came failed (status 503)"]);
    }

    #[test]
    fn what_an_exporter_did_otherwise_is_told() {
        let check = |expect: &str, came: Result<Exported, Failure>, expected: &[&str]| {
            let text = format!("- name: x\n  row: {{ inputs: {{ a: 1 }} }}\n  expect: {expect}\n");
            let case = parse("cases.yaml", &text).expect("a case").remove(0);
            assert_eq!(case.expect.differences_of_export(&came), expected, "{expect}");
        };
        let exported = |rejected, message: Option<&str>| {
            let receipt = Receipt { accepted: 1 - rejected, rejected, message: message.map(str::to_owned) };
            Ok(Exported { receipt, written: "a\n".to_owned() })
        };
        check("{}", exported(0, None), &[]);
        check(r#"{ written: "a\n" }"#, exported(0, Some("a warning")), &[]);
        check("{ written: b }", exported(0, None), &[r#"written: expected "b", came "a\n""#]);
        check("{ rejected: old }", exported(1, Some("too old")), &[]);
        check("{ rejected: new }", exported(1, Some("too old")), &["expected rejected (new), came rejected (too old)"]);
        check("{ rejected: old }", exported(0, None), &["expected rejected (old), came accepted"]);
        check("{}", exported(1, None), &["expected accepted, came rejected ()"]);
        let failed = || Err(Failure::new(FailureKind::Unavailable, "status 503"));
        check("{ failed: \"503\" }", failed(), &[]);
        check("{ written: a }", failed(), &["expected accepted, came failed (status 503)"]);
        check("{ failed: \"503\" }", exported(0, None), &["expected failed (503), came accepted"]);
    }

    #[test]
    fn a_case_that_is_none_is_told_with_its_line() {
        let problems = parse("cases.yaml", "- name: x\n  row: { inputs: {} }\n  expects: {}\n").expect_err("wrong");
        let told: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.starts_with("cases.yaml:3: ") && told.contains("`expects`")), "{told:?}");
    }
}
