//! `command`: an application that is a program of the user's machine, and goes on from row to row.
//!
//! It is written one JSON object a line and answers each with one, on standard output:
//!
//! ```text
//! > {"id": "q1", "trial": 0, "inputs": {…}, "tags": {…}, "session": …, "seed": …, "traceparent": "00-…"}
//! < {"outputs": …, "usage"?: {"input_tokens"?, "output_tokens"?}}      or  {"error": "…", "retry"?: true}
//! ```

use std::cell::RefCell;

use karat_sdk::predictor::{SpanContext, traceparent};
use karat_sdk::prelude::*;
use karat_sdk::process::{self, Conversation};
use karat_sdk::{Prediction, Predictor, excerpt};
use serde_json::Value;

use crate::template::Parts;

/// A program of this machine that reads a JSON object a line and answers with one. It is not sandboxed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct Command {}

/// What the suite calls it under `grant: { process: [{ name: app, run: […] }] }`.
const COMMAND: &str = "app";

thread_local! {
    /// The program, as long as this instance lives; none after it broke off.
    static RUNNING: RefCell<Option<Conversation>> = const { RefCell::new(None) };
}

/// A line of the program.
#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    #[serde(default, deserialize_with = "there")]
    outputs: Option<Value>,
    error: Option<String>,
    #[serde(default)]
    retry: bool,
    #[serde(default)]
    usage: Usage,
}

#[derive(Default, Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// Tells a null from what is not there.
fn there<'de, D: karat_sdk::serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Predictor for Command {
    const NAME: &str = "command";
    const SUMMARY: &str = "a program of this machine that answers in lines of JSON; not sandboxed";

    fn predict(&self, row: &Row, span: &SpanContext) -> Result<Prediction, Failure> {
        let mut question = Parts::of(row)?.as_object().clone();
        question.insert("traceparent".to_owned(), traceparent(span).into());
        let running = match RUNNING.take() {
            Some(running) => running,
            None => process::start(COMMAND, &[])?,
        };
        running.write_line(&Value::Object(question).to_string())?;
        let line = running.read_line()?.ok_or_else(|| Failure {
            code: ErrorCode::Unavailable,
            message: "the program ended instead of answering".to_owned(),
        })?;
        let answer = read(&line, row.id())?;
        RUNNING.set(Some(running));
        match answer {
            Answer { error: Some(message), retry, .. } => {
                Err(Failure { code: if retry { ErrorCode::Unavailable } else { ErrorCode::Other }, message })
            }
            Answer { outputs: Some(outputs), usage, .. } => {
                Ok(Prediction::new(outputs).tokens(usage.input_tokens, usage.output_tokens))
            }
            Answer { .. } => Err(Failure::other("the program's answer has neither `outputs` nor `error`")),
        }
    }
}

fn read(line: &[u8], id: &str) -> Result<Answer, Failure> {
    let answer: Answer = serde_json::from_slice(line).map_err(|error| {
        let shown = excerpt(&String::from_utf8_lossy(line));
        Failure::other(format!(
            "the program's line is no answer ({error}): {shown}; what is not for Karat belongs to standard error"
        ))
    })?;
    match &answer.id {
        Some(other) if other != id => {
            Err(Failure::other(format!("the program answered for `{other}` when it was asked about `{id}`")))
        }
        _ => Ok(answer),
    }
}
