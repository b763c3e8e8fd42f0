//! `http_json`: an application that takes and gives JSON over HTTP.

use std::collections::BTreeMap;

use karat_sdk::http::{self, Method, Request};
use karat_sdk::predictor::{SpanContext, traceparent};
use karat_sdk::prelude::*;
use karat_sdk::{Prediction, Predictor};
use serde_json::Value;

use crate::answer;
use crate::select::{number, select};
use crate::template::Parts;

/// An application that takes and gives JSON over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct HttpJson {
    /// Where it is; `{{ … }}` in it is filled in with parts of the row, such as `{{ inputs.user }}`.
    url: String,
    #[serde(default)]
    method: Verb,
    /// Further headers; `{{secret:NAME}}` is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What is sent, with parts of the row filled in; the row's inputs by default.
    #[serde(default)]
    body: Option<Value>,
    /// Which part of the answer the outputs are, as JSONPath such as `$.answer`; all of it by default.
    #[serde(default)]
    outputs: Option<String>,
    /// Where the answer says what it used of a model.
    #[serde(default)]
    tokens: Tokens,
    /// Whether a header `traceparent` says which trace the call belongs to.
    #[serde(default = "yes")]
    traceparent: bool,
}

/// JSONPaths to whole numbers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
struct Tokens {
    /// Such as `$.usage.prompt_tokens`.
    #[serde(default)]
    input: Option<String>,
    /// Such as `$.usage.completion_tokens`.
    #[serde(default)]
    output: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "karat_sdk::schemars")]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    /// Without a body.
    Get,
    #[default]
    Post,
    Put,
}

fn yes() -> bool {
    true
}

impl Predictor for HttpJson {
    const NAME: &str = "http_json";
    const SUMMARY: &str = "an application that takes and gives JSON over HTTP";

    fn predict(&self, row: &Row, span: &SpanContext) -> Result<Prediction, Failure> {
        let answer = answer::json(&self.request(row, span)?.send()?)?;
        let outputs = match &self.outputs {
            Some(path) => select(&answer, path)?,
            None => answer.clone(),
        };
        let tokens = |path: &Option<String>| path.as_ref().map_or(Ok(None), |path| number(&answer, path));
        Ok(Prediction::new(outputs).tokens(tokens(&self.tokens.input)?, tokens(&self.tokens.output)?))
    }
}

impl HttpJson {
    fn request(&self, row: &Row, span: &SpanContext) -> Result<Request, Failure> {
        let parts = Parts::of(row)?;
        let method = match self.method {
            Verb::Get => Method::Get,
            Verb::Post => Method::Post,
            Verb::Put => Method::Put,
        };
        let mut request = http::request(method, parts.text(&self.url)?);
        for (name, value) in &self.headers {
            request = request.header(name, parts.text(value)?);
        }
        if self.traceparent {
            request = request.header("traceparent", traceparent(span));
        }
        if method == Method::Get {
            return Ok(request);
        }
        let body = match &self.body {
            Some(template) => parts.fill(template)?,
            None => parts.inputs().clone(),
        };
        Ok(request.json(&body))
    }
}
