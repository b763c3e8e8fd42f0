//! What a request of MLflow's client says, whether in its query or in its body.
//!
//! Fields are protobuf's: names in snake case, or in lower camel case in a body; a list in a query is a name that comes
//! again; numbers may be texts, and booleans are as Python writes them. `null` is a field that is not there, and what is not
//! known is passed over. What is wrong with one is said as MLflow's server says it (`mlflow/server/handlers.py`).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::RequestExt;
use axum::extract::{FromRequest, Path, Request};
use http::header;
use serde_json::{Map, Value};

use super::Wrong;
use crate::refusal::Refusal;

/// The most that a request may have. Records of datasets come in one.
const MOST_BYTES: usize = 64 << 20;

/// How long it may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

const SEE: &str = "See the API docs for more information about request parameters.";

/// The fields of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked(Map<String, Value>);

impl<S: Sync> FromRequest<S> for Asked {
    type Rejection = Wrong;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Wrong> {
        let path: Vec<(String, String)> =
            request.extract_parts::<Path<Vec<(String, String)>>>().await.map(|path| path.0).unwrap_or_default();
        let mut fields = Self::of_query(request.uri().query().unwrap_or_default());
        fields.read_body(request).await?;
        // The path says again what query or body may say; it is what was asked for.
        fields.0.extend(path.into_iter().map(|(name, value)| (name, Value::String(value))));
        Ok(fields)
    }
}

impl Asked {
    /// The fields of a query alone, where the body is none of them.
    pub(crate) fn of_query(query: &str) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            fields.add(name, value);
        }
        fields
    }

    async fn read_body(&mut self, request: Request) -> Result<(), Wrong> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let has_kind = !kind.is_empty();
        let over = |_| Wrong::from(Refusal::too_large(format!("the request has more than {MOST_BYTES} bytes")));
        let late = |_| Wrong::from(Refusal::unavailable("the request took too long to come in"));
        let bytes = axum::body::to_bytes(request.with_limited_body().into_body(), MOST_BYTES);
        let bytes = tokio::time::timeout(PATIENCE, bytes).await.map_err(late)?.map_err(over)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if has_kind && !is_json {
            let message = "Bad Request. Content-Type must be one of ['application/json'].";
            return Err(Wrong::invalid(message));
        }
        // What is no JSON has no fields: MLflow's server then misses the first that it needs.
        if let Ok(Value::Object(body)) = serde_json::from_slice(&bytes) {
            self.0.extend(body.into_iter().map(|(name, value)| (snake_case(&name), value)));
        }
        Ok(())
    }

    /// Adds a value from a query.
    fn add(&mut self, name: String, value: String) {
        let value = Value::String(value);
        match self.0.get_mut(&name) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(self.0.insert(name, value)),
        }
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; none where the request does not say.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Wrong> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(not_of_type(name, other)),
        }
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Wrong> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| lacks(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Wrong> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let read = match value {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        read.map(Some).ok_or_else(|| not_of_type(name, value))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Wrong> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let read = match value {
            Value::Number(number) => number.as_f64(),
            // As protobuf writes what JSON has no number for.
            Value::String(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                text => text.parse().ok(),
            },
            _ => None,
        };
        read.map(Some).ok_or_else(|| not_of_type(name, value))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Wrong> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value {
            Value::Bool(value) => Ok(Some(*value)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            other => Err(not_of_type(name, other)),
        }
    }

    /// A list of texts. One alone is a list, too: a query can't say it otherwise.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, Wrong> {
        fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Wrong> {
            value.as_str().ok_or_else(|| not_of_type(name, value))
        }
        self.list(name).into_iter().map(|value| text(name, value)).collect()
    }

    /// A list of messages.
    pub(crate) fn messages(&self, name: &str) -> Result<Vec<Self>, Wrong> {
        let message = |value: &Value| Self::message_of(value).ok_or_else(|| not_of_type(name, value));
        self.list(name).into_iter().map(message).collect()
    }

    /// A message; none where the request does not say.
    pub(crate) fn message(&self, name: &str) -> Result<Option<Self>, Wrong> {
        let message = |value| Self::message_of(value).ok_or_else(|| not_of_type(name, value));
        self.value(name).map(message).transpose()
    }

    /// A message that must be there.
    pub(crate) fn required_message(&self, name: &str) -> Result<Self, Wrong> {
        self.message(name)?.ok_or_else(|| lacks(name))
    }

    fn message_of(value: &Value) -> Option<Self> {
        let fields = value.as_object()?.iter();
        Some(Self(fields.map(|(name, value)| (snake_case(name), value.clone())).collect()))
    }

    /// A map of texts; empty where the request does not say.
    pub(crate) fn map(&self, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
        let Some(value) = self.value(name) else { return Ok(BTreeMap::new()) };
        let entry = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        let map = value.as_object().and_then(|map| map.iter().map(entry).collect());
        map.ok_or_else(|| not_of_type(name, value))
    }

    fn list(&self, name: &str) -> Vec<&Value> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
        }
    }
}

/// What is said of a field that is not there.
pub(crate) fn lacks(name: &str) -> Wrong {
    Wrong::invalid(format!("Missing value for required parameter '{name}'. {SEE}"))
}

/// What is said of a value of the wrong type.
pub(crate) fn not_of_type(name: &str, value: &Value) -> Wrong {
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    Wrong::invalid(format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. {SEE}"
    ))
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, body: &str) -> Asked {
        let request = Request::builder().uri(uri).header("content-type", "application/json");
        let request = request.body(body.to_owned().into()).expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(Asked::from_request(request, &())).expect("it is read")
    }

    #[test]
    fn a_query_says_what_a_body_says() {
        let by_query = asked("/x?trace_ids=a&trace_ids=b&max_results=5&allow_partial=False&run_id=r%201", "");
        let by_body =
            asked("/x", r#"{"traceIds":["a","b"],"maxResults":5,"allow_partial":false,"run_id":"r 1","x":null}"#);
        for asked in [by_query, by_body] {
            assert_eq!(asked.texts("trace_ids"), Ok(vec!["a", "b"]));
            assert_eq!(asked.integer("max_results"), Ok(Some(5)));
            assert_eq!(asked.boolean("allow_partial"), Ok(Some(false)));
            assert_eq!(asked.required("run_id"), Ok("r 1"));
            assert_eq!(asked.text("x"), Ok(None));
        }
        assert_eq!(asked("/x?trace_ids=a", "").texts("trace_ids"), Ok(vec!["a"]));
    }

    #[test]
    fn what_is_wrong_is_said_in_mlflows_words() {
        let message = |wrong: Wrong| wrong.message;
        let lacks = "Missing value for required parameter 'name'. See the API docs for more information about request parameters.";
        for body in ["", "{", "[]", "{}", r#"{"name":""}"#, r#"{"name":null}"#] {
            assert_eq!(asked("/x", body).required("name").map_err(message), Err(lacks.to_owned()), "{body}");
        }
        let wrong = "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.";
        assert_eq!(asked("/x", r#"{"name":5}"#).required("name").map_err(message), Err(wrong.to_owned()));
    }
}
