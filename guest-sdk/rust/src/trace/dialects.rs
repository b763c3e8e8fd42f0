//! What spans say in the words of MLflow, OpenTelemetry (generative AI), OpenInference and OpenLLMetry.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Span;

/// Types of steps, by `gen_ai.operation.name`.
const OPERATIONS: [(&str, &str); 9] = [
    ("chat", "CHAT_MODEL"),
    ("create_agent", "AGENT"),
    ("embeddings", "EMBEDDING"),
    ("execute_tool", "TOOL"),
    ("generate_content", "LLM"),
    ("invoke_agent", "AGENT"),
    ("invoke_workflow", "WORKFLOW"),
    ("retrieval", "RETRIEVER"),
    ("text_completion", "LLM"),
];

const INPUTS: [&str; 5] = [
    "mlflow.spanInputs",
    "gen_ai.tool.call.arguments",
    "gen_ai.input.messages",
    "input.value",
    "traceloop.entity.input",
];

const OUTPUTS: [&str; 6] = [
    "mlflow.spanOutputs",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "gen_ai.output.messages",
    "output.value",
    "traceloop.entity.output",
];

/// Names of input and output tokens.
const TOKENS: [(&str, &str); 3] = [
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
];

/// How OpenInference begins what it says of one document: `retrieval.documents.0.document.content`.
const DOCUMENTS: &str = "retrieval.documents.";

/// Tokens that a step used of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

impl Span {
    /// What type of step the span is, in MLflow's words, such as `TOOL`, `RETRIEVER` or `CHAT_MODEL`; an application may
    /// have its own. In upper case; none where the span does not say.
    pub fn span_type(&self) -> Option<String> {
        let operation = || {
            let name = self.text("gen_ai.operation.name")?;
            let known = OPERATIONS.iter().find(|(operation, _)| *operation == name);
            known.map(|(_, step)| (*step).to_owned())
        };
        let named = |key| self.text(key).map(|name| name.to_uppercase()).filter(|name| name != "UNKNOWN");
        named("mlflow.spanType")
            .or_else(operation)
            .or_else(|| named("openinference.span.kind"))
            .or_else(|| named("traceloop.span.kind"))
    }

    /// Whether the span is of this [type](Span::span_type), in either case.
    pub fn is(&self, span_type: &str) -> bool {
        self.span_type().is_some_and(|own| own.eq_ignore_ascii_case(span_type))
    }

    /// What went into the step.
    pub fn inputs(&self) -> Option<Value> {
        INPUTS.iter().find_map(|key| self.told(key))
    }

    /// What came out of the step.
    pub fn outputs(&self) -> Option<Value> {
        OUTPUTS.iter().find_map(|key| self.told(key)).or_else(|| self.documents())
    }

    /// The name of the tool that a step of the type `TOOL` called.
    pub fn tool_name(&self) -> String {
        let named = || ["gen_ai.tool.name", "tool.name"].iter().find_map(|key| self.text(key));
        // OpenTelemetry names such a span after the operation, too.
        named().unwrap_or_else(|| self.name.strip_prefix("execute_tool ").unwrap_or(&self.name).to_owned())
    }

    /// Tokens that the step used, its own steps' included where it has counted them.
    pub fn tokens(&self) -> Option<Tokens> {
        if let Some(Value::Object(told)) = self.told("mlflow.chat.tokenUsage") {
            let tokens = |name| told.get(name).and_then(count).unwrap_or_default();
            return Some(Tokens { input: tokens("input_tokens"), output: tokens("output_tokens") });
        }
        TOKENS.iter().find_map(|(input, output)| {
            let (input, output) = (self.told(input), self.told(output));
            let tokens = |told: &Option<Value>| told.as_ref().and_then(count).unwrap_or_default();
            (input.is_some() || output.is_some()).then(|| Tokens { input: tokens(&input), output: tokens(&output) })
        })
    }

    /// What the step cost in US dollars, its own steps included where it has counted them.
    pub fn cost(&self) -> Option<f64> {
        if let Some(told) = self.told("mlflow.llm.cost") {
            return told.get("total_cost").and_then(Value::as_f64);
        }
        ["llm.cost.total", "gen_ai.usage.cost"].iter().find_map(|key| self.told(key)?.as_f64())
    }

    /// An attribute, read as JSON once more where it is a string that holds some: that is how MLflow writes what is not a
    /// string, and OpenTelemetry what is not flat. None where it is absent or null.
    fn told(&self, key: &str) -> Option<Value> {
        let attribute = self.attributes.iter().find(|attribute| attribute.key == key)?;
        let value = serde_json::from_str(&attribute.value).unwrap_or_default();
        Some(unwrapped(value)).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Option<String> {
        match self.told(key)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Documents that OpenInference has spread over attributes.
    fn documents(&self) -> Option<Value> {
        let mut documents: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
        for attribute in &self.attributes {
            let Some((place, field)) =
                attribute.key.strip_prefix(DOCUMENTS).and_then(|rest| rest.split_once(".document."))
            else {
                continue;
            };
            if let Ok(place) = place.parse() {
                let value = serde_json::from_str(&attribute.value).unwrap_or_default();
                let value = if field == "metadata" { unwrapped(value) } else { value };
                documents.entry(place).or_default().insert(field.to_owned(), value);
            }
        }
        (!documents.is_empty()).then(|| documents.into_values().collect())
    }
}

/// What a string says as JSON, or the string itself where it is none.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

/// A number of tokens; some write it as a float.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use serde_json::json;

    #[track_caller]
    fn check_type(attributes: Value, expected: Option<&str>) {
        assert_eq!(span("step", attributes).span_type().as_deref(), expected);
    }

    #[test]
    fn every_dialect_says_what_type_a_step_is() {
        check_type(json!({"mlflow.spanType": "TOOL"}), Some("TOOL"));
        check_type(json!({"mlflow.spanType": "\"RETRIEVER\""}), Some("RETRIEVER"));
        check_type(json!({"gen_ai.operation.name": "execute_tool"}), Some("TOOL"));
        check_type(json!({"openinference.span.kind": "RETRIEVER"}), Some("RETRIEVER"));
        check_type(json!({"traceloop.span.kind": "tool"}), Some("TOOL"));
        check_type(json!({"mlflow.spanType": "UNKNOWN", "gen_ai.operation.name": "chat"}), Some("CHAT_MODEL"));
        check_type(json!({"gen_ai.operation.name": "dance"}), None);
        check_type(json!({"mlflow.spanType": 7}), None);
        check_type(json!({}), None);
    }

    #[test]
    fn json_in_strings_is_read() {
        let step = span("step", json!({"mlflow.spanInputs": "{\"q\": 1}", "output.value": "plain"}));
        assert_eq!((step.inputs(), step.outputs()), (Some(json!({"q": 1})), Some(json!("plain"))));
        let step = span("step", json!({"mlflow.spanInputs": null, "input.value": {"q": 2}}));
        assert_eq!((step.inputs(), step.outputs()), (Some(json!({"q": 2})), None));
    }

    #[test]
    fn documents_are_put_together_from_attributes_by_their_number() {
        let step = span(
            "search",
            json!({
                "retrieval.documents.10.document.content": "last",
                "retrieval.documents.2.document.id": "7",
                "retrieval.documents.2.document.metadata": "{\"doc_uri\": \"a.md\"}",
                "retrieval.documents.x.document.id": "none",
            }),
        );
        let documents = json!([{"id": "7", "metadata": {"doc_uri": "a.md"}}, {"content": "last"}]);
        assert_eq!(step.outputs(), Some(documents));
    }

    #[test]
    fn a_tool_has_a_name_of_its_own_or_its_spans() {
        let name = |name, attributes| span(name, attributes).tool_name();
        assert_eq!(name("execute_tool x", json!({"gen_ai.tool.name": "search"})), "search");
        assert_eq!(name("run", json!({"tool.name": "search"})), "search");
        assert_eq!(name("execute_tool search", json!({})), "search");
        assert_eq!(name("search", json!({})), "search");
    }

    #[test]
    fn every_dialect_says_what_a_step_used_and_cost() {
        let tokens = |attributes| span("step", attributes).tokens().map(|tokens| (tokens.input, tokens.output));
        let told = "{\"input_tokens\": 3, \"output_tokens\": 4, \"total_tokens\": 7}";
        assert_eq!(tokens(json!({ "mlflow.chat.tokenUsage": told })), Some((3, 4)));
        assert_eq!(tokens(json!({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4.0})), Some((3, 4)));
        assert_eq!(tokens(json!({"llm.token_count.completion": 4})), Some((0, 4)));
        assert_eq!(tokens(json!({})), None);
        let cost = |attributes| span("step", attributes).cost();
        assert_eq!(cost(json!({"mlflow.llm.cost": "{\"total_cost\": 0.25}"})), Some(0.25));
        assert_eq!(cost(json!({"llm.cost.total": 0.5})), Some(0.5));
        assert_eq!(cost(json!({"gen_ai.usage.cost": 1})), Some(1.0));
        assert_eq!(cost(json!({})), None);
    }
}
