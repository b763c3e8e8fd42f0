//! The tools that an application called and the documents that it found, wherever a row tells of them.
//!
//! Nothing is made up: where neither the trace nor the row says anything, there is no answer, which is not the same as
//! none.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::json::{Fields, Json};
use crate::row::Row;
use crate::trace::{self, Span};

/// A call of a tool.
///
/// It is read from `{name, arguments}`, also with `args` or `input` for `arguments`, and from what OpenAI's interface
/// has, `{function: {name, arguments}}`; arguments that are a text are taken as the JSON it holds.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Told")]
pub struct ToolCall {
    pub name: String,
    /// None where nothing is said of them.
    pub arguments: Option<Value>,
}

#[derive(Deserialize)]
struct Told {
    function: Option<Box<Told>>,
    name: Option<String>,
    #[serde(alias = "args", alias = "input")]
    arguments: Option<Value>,
}

impl TryFrom<Told> for ToolCall {
    type Error = &'static str;

    fn try_from(told: Told) -> Result<Self, Self::Error> {
        let Told { function, name, arguments } = told;
        let (name, arguments) = function.map_or((name, arguments), |function| (function.name, function.arguments));
        let name = name.ok_or("a call of a tool without a `name`")?;
        let arguments = match arguments {
            Some(Value::String(text)) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            other => other,
        };
        Ok(Self { name, arguments })
    }
}

/// A document, or a piece of one.
///
/// It is read from a text, or from an object with `id`, `doc_uri` and `page_content`, `content` or `text`; what is not
/// there is looked for in its `metadata`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(from = "Value")]
pub struct Document {
    /// What it may be known by: its `id`, its `doc_uri`, or both.
    pub ids: Vec<String>,
    pub text: Option<String>,
    /// How much it is worth, where a dataset grades that.
    pub relevance: Option<f64>,
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        let Value::Object(fields) = value else { return Self { text: text(&value), ..Self::default() } };
        let metadata = fields.get("metadata").and_then(Value::as_object);
        let find = |name: &str| fields.get(name).or_else(|| metadata?.get(name)).and_then(text);
        Self {
            ids: ["id", "doc_uri"].into_iter().filter_map(find).collect(),
            text: ["page_content", "content", "text"].into_iter().find_map(find),
            relevance: fields.get("relevance").and_then(Value::as_f64),
        }
    }
}

impl Document {
    /// Whether it is the same as another one: where both are known by an id, by any of these, else by their texts but
    /// for white space around them.
    pub fn is(&self, other: &Self) -> bool {
        if !self.ids.is_empty() && !other.ids.is_empty() {
            return self.ids.iter().any(|id| other.ids.contains(id));
        }
        match (&self.text, &other.text) {
            (Some(text), Some(other)) => text.trim() == other.trim(),
            _ => false,
        }
    }
}

/// A string, and the JSON of anything else that is there.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What the application did, and what it should have done.
impl Row {
    /// The tools that the application called, by start.
    ///
    /// They are the trace's steps of the type `TOOL`; where it has none, `outputs.tool_calls`. Where neither has any, but
    /// the trace says of its steps what type they are, no tool was called. None where nothing tells.
    ///
    /// # Errors
    ///
    /// Fails as bad input when `outputs.tool_calls` are none.
    pub fn tool_calls(&self) -> Result<Option<Vec<ToolCall>>, Failure> {
        let spans = trace::spans(None).unwrap_or_default();
        let called: Vec<_> = spans.iter().filter(|span| span.is("TOOL")).map(called).collect();
        if !called.is_empty() {
            return Ok(Some(called));
        }
        if let Some(listed) = self.output_fields().get("tool_calls") {
            return listed.parse().map(Some);
        }
        Ok(spans.iter().any(|span| span.span_type().is_some()).then(Vec::new))
    }

    /// The tools that it should have called: `expectations.expected_tool_calls`. None where that is absent.
    ///
    /// # Errors
    ///
    /// Fails as bad input when these are no calls of tools.
    pub fn expected_tool_calls(&self) -> Result<Option<Vec<ToolCall>>, Failure> {
        self.expectations().get("expected_tool_calls").map(Json::parse).transpose()
    }

    /// The documents that the application found, best first.
    ///
    /// They are what came out of the trace's steps of the type `RETRIEVER`, step after step, leaving out steps within
    /// such a step; where there are none, `outputs.retrieved_context`, `outputs.retrieved_contexts` or the same of
    /// `inputs`. None where nothing tells.
    ///
    /// # Errors
    ///
    /// Fails as bad input when a field of the row is no list.
    pub fn retrieved(&self) -> Result<Option<Vec<Document>>, Failure> {
        let spans = trace::spans(None).unwrap_or_default();
        let searches = trace::outermost(&spans, |span| span.is("RETRIEVER"));
        if !searches.is_empty() {
            return Ok(Some(searches.into_iter().flat_map(found).collect()));
        }
        let places = [self.output_fields(), self.inputs()];
        let named = |fields: Fields<'_>| {
            let field = ["retrieved_context", "retrieved_contexts"].into_iter().find_map(|name| fields.get(name));
            field.map(|field| field.parse())
        };
        places.into_iter().find_map(named).transpose()
    }

    /// The documents that it should have found: `expectations.expected_retrieved_context`. None where that is absent.
    ///
    /// # Errors
    ///
    /// Fails as bad input when it is no list.
    pub fn expected_documents(&self) -> Result<Option<Vec<Document>>, Failure> {
        self.expectations().get("expected_retrieved_context").map(Json::parse).transpose()
    }
}

fn called(span: &Span) -> ToolCall {
    ToolCall { name: span.tool_name(), arguments: span.inputs() }
}

/// What came out of a search: a list, or an object that has one as `documents`, as LangChain's instrumentation writes.
fn found(span: &Span) -> Vec<Document> {
    let listed = |mut fields: Map<String, Value>| match fields.remove("documents") {
        Some(Value::Array(documents)) => documents,
        Some(other) => vec![other],
        None => vec![Value::Object(fields)],
    };
    let documents = match span.outputs() {
        None => Vec::new(),
        Some(Value::Array(documents)) => documents,
        Some(Value::Object(fields)) => listed(fields),
        Some(other) => vec![other],
    };
    documents.into_iter().map(Document::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestRow, row, span};
    use serde_json::json;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall { name: name.to_owned(), arguments: Some(arguments) }
    }

    #[track_caller]
    fn check_calls(row: TestRow, expected: Option<Vec<ToolCall>>) {
        assert_eq!(row.build().tool_calls(), Ok(expected));
    }

    #[test]
    fn calls_are_the_steps_of_tools() {
        let spans = [
            span("agent", json!({"mlflow.spanType": "AGENT"})),
            span("search", json!({"mlflow.spanType": "TOOL", "mlflow.spanInputs": {"q": 1}})),
            span("run", json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "book"})),
        ];
        let booked = ToolCall { name: "book".to_owned(), arguments: None };
        // The answer's own list may be of its last step only.
        let row = row().outputs(json!({"tool_calls": []})).trace(spans);
        check_calls(row, Some(vec![call("search", json!({"q": 1})), booked]));
    }

    #[test]
    fn calls_are_what_the_outputs_list_where_the_trace_has_none() {
        let outputs = json!({"tool_calls": [
            {"name": "a", "arguments": {"x": 1}},
            {"id": "c1", "type": "function", "function": {"name": "b", "arguments": "{\"y\": 2}"}},
            {"name": "c", "args": {}, "id": "c2"},
        ]});
        let calls = vec![call("a", json!({"x": 1})), call("b", json!({"y": 2})), call("c", json!({}))];
        let chat = span("chat", json!({"gen_ai.operation.name": "chat"}));
        check_calls(row().outputs(&outputs), Some(calls.clone()));
        check_calls(row().outputs(outputs).trace([chat]), Some(calls));
    }

    #[test]
    fn no_call_and_no_word_of_calls_are_not_the_same() {
        check_calls(row().outputs("hi").trace([span("chat", json!({"gen_ai.operation.name": "chat"}))]), Some(vec![]));
        check_calls(row().outputs(json!({"tool_calls": []})), Some(vec![]));
        check_calls(row().outputs("hi").trace([span("http_json", json!({}))]), None);
        check_calls(row().outputs(json!({"tool_calls": null})), None);
    }

    #[test]
    fn what_is_no_call_is_bad_input() {
        let failure = row().outputs(json!({"tool_calls": [{"id": 1}]})).build().tool_calls().expect_err("no name");
        let message = "`outputs.tool_calls` can't be read: a call of a tool without a `name` at line 1 column 10";
        assert_eq!(failure, Failure::bad_input(message));
        let expectations = json!({"expected_tool_calls": "search"});
        assert!(row().expectations(expectations).build().expected_tool_calls().is_err());
        assert_eq!(row().build().expected_tool_calls(), Ok(None));
    }

    fn document(ids: &[&str], text: &str) -> Document {
        let text = Some(text.to_owned()).filter(|text| !text.is_empty());
        Document { ids: ids.iter().map(ToString::to_string).collect(), text, relevance: None }
    }

    #[track_caller]
    fn check_found(row: TestRow, expected: Option<Vec<Document>>) {
        assert_eq!(row.build().retrieved(), Ok(expected));
    }

    #[test]
    fn documents_come_out_of_the_outermost_searches() {
        let search = |name, outputs: Value| {
            span(name, json!({"mlflow.spanType": "RETRIEVER", "mlflow.spanOutputs": outputs.to_string()}))
        };
        let chunk = json!({"page_content": "a", "id": null, "metadata": {"doc_uri": "x.md", "text": "no"}});
        let spans = [
            search("both", json!([chunk, {"content": "b", "id": 7}, "c"])),
            Span { parent: Some("both".to_owned()), ..search("one", json!(["a"])) },
            search("other", json!({"documents": [{"text": "d"}]})),
            search("broken", json!(null)),
        ];
        let documents = [document(&["x.md"], "a"), document(&["7"], "b"), document(&[], "c"), document(&[], "d")];
        check_found(row().outputs(json!({"retrieved_context": ["z"]})).trace(spans), Some(documents.into()));
    }

    #[test]
    fn documents_are_what_the_row_has_where_the_trace_has_no_search() {
        let found = Some(vec![document(&[], "a")]);
        check_found(row().outputs(json!({"retrieved_context": ["a"]})), found.clone());
        check_found(row().outputs(json!({"retrieved_contexts": ["a"]})), found.clone());
        check_found(row().outputs("hi").inputs(json!({"retrieved_context": ["a"]})).trace([]), found);
        check_found(row().outputs("hi"), None);
        assert!(row().outputs(json!({"retrieved_context": "a"})).build().retrieved().is_err());
    }

    #[test]
    fn documents_are_the_same_by_id_or_by_text() {
        assert!(document(&["1"], "a").is(&document(&["1", "x.md"], "b")));
        assert!(!document(&["1"], "a").is(&document(&["2"], "a")));
        assert!(document(&["1"], " a\n").is(&document(&[], "a")));
        assert!(!document(&["1"], "").is(&document(&[], "")));
    }

    #[test]
    fn expected_documents_may_be_graded() {
        let expectations = json!({"expected_retrieved_context": ["a", {"doc_uri": "x.md", "relevance": 2}]});
        let graded = Document { relevance: Some(2.0), ..document(&["x.md"], "") };
        assert_eq!(
            row().expectations(expectations).build().expected_documents(),
            Ok(Some(vec![document(&[], "a"), graded]))
        );
    }
}
