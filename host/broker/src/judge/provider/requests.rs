//! Every kind of question, held against what providers publish of the requests they take.

use std::time::Duration;

use jsonschema::Validator;
use model::endpoint::{Flow, KeySource};
use model::judge::{Format, Message, Speaker, Tool};
use serde_json::json;

use super::*;

/// An endpoint whose model is `model`, at its provider's own address.
pub(super) fn endpoint(model: &str) -> Endpoint {
    let model: model::endpoint::Model = model.parse().expect("a model");
    let base_url = model.provider.base_url().unwrap_or("https://karat.openai.azure.com").to_owned();
    let flow = Flow {
        concurrency: 1,
        requests_per_minute: None,
        tokens_per_minute: None,
        retries: 0,
        timeout: Duration::from_secs(30),
        deadline: Duration::from_secs(60),
    };
    Endpoint {
        model,
        base_url,
        api_key: Some(KeySource::Env("JUDGE_KEY".to_owned())),
        parameters: Map::new(),
        max_output_tokens: 1024,
        redact: Vec::new(),
        fallback: None,
        price: None,
        flow,
    }
}

const MODELS: [&str; 5] = [
    "openai:/gpt-5-mini",
    "azure:/my deployment",
    "anthropic:/claude-haiku-4-5",
    "gemini:/gemini-2.5-flash",
    "ollama:/gemma3:270m",
];

fn published(provider: Provider) -> Validator {
    let schema = match provider {
        Provider::OpenAi | Provider::Azure => include_str!("../../../tests/judges/schemas/openai.json"),
        Provider::Anthropic => include_str!("../../../tests/judges/schemas/anthropic.json"),
        Provider::Gemini => include_str!("../../../tests/judges/schemas/gemini.json"),
        Provider::Ollama => include_str!("../../../tests/judges/schemas/ollama.json"),
    };
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::options().offline().build(&schema).expect("a schema")
}

fn said(speaker: Speaker, content: &str) -> Message {
    Message { speaker, content: content.to_owned(), tool_calls: Vec::new(), answers: None }
}

fn question() -> JudgeRequest {
    JudgeRequest {
        role: "default".to_owned(),
        messages: vec![said(Speaker::System, "You judge."), said(Speaker::User, "Is it good?")],
        tools: Vec::new(),
        format: Format::Text,
        max_output_tokens: None,
        temperature: None,
        sample: 0,
    }
}

fn json_of(value: &Value) -> Json {
    Json::from_serialize(value).expect("JSON")
}

/// A question in the middle of a talk, with all that a talk may have.
fn talk() -> JudgeRequest {
    let parameters = json_of(&json!({
        "type": "object",
        "properties": {"place": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "required": ["place"],
    }));
    let tool = Tool { name: "look_up".to_owned(), description: "Looks it up.".to_owned(), parameters };
    let call = |id: &str| ToolCall {
        id: id.to_owned(),
        name: "look_up".to_owned(),
        arguments: json_of(&json!({"place": {"name": id}})),
    };
    let calls = Message { tool_calls: vec![call("a1"), call("b2")], ..said(Speaker::Assistant, "") };
    let answers = |id: &str, content| Message { answers: Some(id.to_owned()), ..said(Speaker::Tool, content) };
    let messages = vec![
        said(Speaker::System, "You judge."),
        said(Speaker::User, "Is it good?"),
        said(Speaker::Assistant, "I'll look it up."),
        said(Speaker::User, "Do."),
        calls,
        answers("a1", "{\"found\": true}"),
        answers("b2", "nothing"),
        said(Speaker::System, "Be brief."),
    ];
    JudgeRequest { messages, tools: vec![tool], ..question() }
}

fn formats() -> Vec<Format> {
    let object = json!({"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]});
    let list = json!({"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}});
    let schemas = [object, list, json!(true)].map(|schema| Format::Schema(json_of(&schema)));
    let choice = Format::Choice(vec!["yes".to_owned(), "no".to_owned()]);
    [Format::Text, choice].into_iter().chain(schemas).collect()
}

fn manner(way: Way, without: &[Feature]) -> Manner {
    Manner { way, without: without.iter().copied().collect() }
}

fn body(endpoint: &Endpoint, question: &JudgeRequest, manner: &Manner) -> Value {
    serde_json::from_slice(&request(endpoint, question, manner).body).expect("JSON")
}

#[test]
fn requests_are_what_providers_publish() {
    let mut requests = 0;
    for model in MODELS {
        let endpoint = endpoint(model);
        let published = published(endpoint.model.provider);
        let bare = question();
        let warm = JudgeRequest { temperature: Some(0.7), sample: 3, max_output_tokens: Some(10), ..question() };
        for question in [bare, warm, talk()] {
            for format in formats() {
                let question = JudgeRequest { format, ..question.clone() };
                for way in Way::of(endpoint.model.provider) {
                    for without in [&[][..], &[Feature::Temperature, Feature::Seed, Feature::Limit]] {
                        let body = body(&endpoint, &question, &manner(*way, without));
                        let errors: Vec<_> = published.iter_errors(&body).map(|error| error.to_string()).collect();
                        assert!(errors.is_empty(), "{model} {way:?}: {errors:?}\n{body:#}");
                        requests += 1;
                    }
                }
            }
        }
    }
    assert_eq!(requests, 3 * 5 * 2 * (4 * 3 + 2));
}

#[test]
fn what_is_misspelt_is_no_request() {
    for model in MODELS {
        let endpoint = endpoint(model);
        let published = published(endpoint.model.provider);
        let mut body = body(&endpoint, &talk(), &manner(Way::Native, &[]));
        body["temprature"] = json!(1);
        assert!(!published.is_valid(&body), "{model}");
    }
}

#[test]
fn a_request_goes_where_its_provider_is_and_names_the_key() {
    for (model, url, header, value) in [
        (
            "openai:/gpt-5-mini",
            "https://api.openai.com/v1/chat/completions",
            "authorization",
            "Bearer {{secret:JUDGE_KEY}}",
        ),
        (
            "azure:/my deployment",
            "https://karat.openai.azure.com/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21",
            "api-key",
            "{{secret:JUDGE_KEY}}",
        ),
        ("anthropic:/claude-haiku-4-5", "https://api.anthropic.com/v1/messages", "x-api-key", "{{secret:JUDGE_KEY}}"),
        (
            "gemini:/gemini-2.5-flash",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            "x-goog-api-key",
            "{{secret:JUDGE_KEY}}",
        ),
        (
            "gemini:/tunedModels/ours",
            "https://generativelanguage.googleapis.com/v1beta/tunedModels/ours:generateContent",
            "x-goog-api-key",
            "{{secret:JUDGE_KEY}}",
        ),
        ("ollama:/gemma3", "http://127.0.0.1:11434/api/chat", "authorization", "Bearer {{secret:JUDGE_KEY}}"),
    ] {
        let mut endpoint = endpoint(model);
        let asked = request(&endpoint, &question(), &manner(Way::Native, &[]));
        assert_eq!((&asked.method[..], &asked.url[..]), ("POST", url));
        assert!(asked.headers.contains(&(header.to_owned(), value.as_bytes().to_vec())), "{:?}", asked.headers);
        assert_eq!(asked.timeout, Some(endpoint.flow.timeout));
        endpoint.api_key = None;
        let without = request(&endpoint, &question(), &manner(Way::Native, &[]));
        assert!(without.headers.iter().all(|(name, value)| name != header && !value.starts_with(b"{{")), "{model}");
    }
}

#[test]
fn a_question_is_written_as_its_provider_writes_it() {
    let check = |model: &str, question: &JudgeRequest, way, expected: Value| {
        assert_eq!(body(&endpoint(model), question, &manner(way, &[])), expected, "{model}");
    };
    let choice = Format::Choice(vec!["yes".to_owned(), "no".to_owned()]);
    let question = JudgeRequest { format: choice, temperature: Some(0.7), sample: 2, ..question() };
    let schema = json!({
        "type": "object",
        "properties": {"reply": {"type": "string", "enum": ["yes", "no"]}},
        "required": ["reply"],
        "additionalProperties": false,
    });
    let description = "Gives the reply. Call it once, when the reply is known.";
    let told = "Is it good?\n\nReply with exactly one of these, and with nothing else:\nyes\nno";
    check(
        "openai:/gpt-5-mini",
        &question,
        Way::Native,
        json!({
            "model": "gpt-5-mini",
            "messages": [{"role": "system", "content": "You judge."}, {"role": "user", "content": "Is it good?"}],
            "max_completion_tokens": 1024,
            "temperature": 0.7,
            "seed": 2,
            "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}},
        }),
    );
    check(
        "anthropic:/claude-haiku-4-5",
        &question,
        Way::Tool,
        json!({
            "model": "claude-haiku-4-5",
            "system": "You judge.",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Is it good?"}]}],
            "max_tokens": 1024,
            "temperature": 0.7,
            "tools": [{"name": "give_reply", "description": description, "input_schema": schema}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        }),
    );
    check(
        "gemini:/gemini-2.5-flash",
        &question,
        Way::Text,
        json!({
            "systemInstruction": {"parts": [{"text": "You judge."}]},
            "contents": [{"role": "user", "parts": [{"text": told}]}],
            "generationConfig": {"maxOutputTokens": 1024, "temperature": 0.7, "seed": 2},
        }),
    );
    check(
        "ollama:/gemma3:270m",
        &question,
        Way::Native,
        json!({
            "model": "gemma3:270m",
            "messages": [{"role": "system", "content": "You judge."}, {"role": "user", "content": "Is it good?"}],
            "format": schema,
            "options": {"num_predict": 1024, "temperature": 0.7, "seed": 2},
            "stream": false,
        }),
    );
}

#[test]
fn calls_and_their_answers_stay_together() {
    let place = |name: &str| json!({"place": {"name": name}});
    let at = |model: &str, pointer: &str| {
        self::body(&endpoint(model), &talk(), &manner(Way::Native, &[])).pointer(pointer).cloned().unwrap_or_default()
    };
    let called = |id: &str| json!({"type": "tool_use", "id": id, "name": "look_up", "input": place(id)});
    assert_eq!(at("anthropic:/x", "/messages/3/content"), json!([called("a1"), called("b2")]));
    let result = |id: &str, said: &str| json!({"type": "tool_result", "tool_use_id": id, "content": said});
    let answers = json!([result("a1", "{\"found\": true}"), result("b2", "nothing")]);
    assert_eq!(at("anthropic:/x", "/messages/4"), json!({"role": "user", "content": answers}));
    assert_eq!(at("anthropic:/x", "/system"), "You judge.\n\nBe brief.");
    let response = |response: Value| json!({"functionResponse": {"name": "look_up", "response": response}});
    let answers = json!([response(json!({"found": true})), response(json!({"result": "nothing"}))]);
    assert_eq!(at("gemini:/x", "/contents/4"), json!({"role": "user", "parts": answers}));
    assert_eq!(at("ollama:/x", "/messages/5/tool_name"), "look_up");
    let mut again = talk();
    let mut second = again.messages[4..6].to_vec();
    second[0].tool_calls[0].name = "put_down".to_owned();
    again.messages.extend(second);
    let body = body(&endpoint("ollama:/x"), &again, &manner(Way::Native, &[]));
    assert_eq!(body["messages"][5]["tool_name"], "look_up");
    assert_eq!(body["messages"][9]["tool_name"], "put_down");
    assert_eq!(at("openai:/x", "/messages/4/tool_calls/1/function/arguments"), r#"{"place":{"name":"b2"}}"#);
    assert_eq!(at("openai:/x", "/messages/4/content"), Value::Null);
    assert_eq!(at("openai:/x", "/messages/6/tool_call_id"), "b2");
}

#[test]
fn the_limit_goes_by_the_name_that_the_server_knows() {
    let check = |model: &str, base_url: &str, without: &[Feature], expected: &str| {
        let endpoint = Endpoint { base_url: base_url.to_owned(), ..endpoint(model) };
        let body = body(&endpoint, &question(), &manner(Way::Native, without));
        assert_eq!(body[expected], 1024, "{model} {base_url}");
    };
    let (old, new) = ("max_tokens", "max_completion_tokens");
    check("openai:/x", "https://api.openai.com/v1", &[], new);
    check("azure:/x", "https://karat.openai.azure.com", &[], new);
    check("openai:/x", "http://127.0.0.1:8099/v1", &[], old);
    check("openai:/x", "https://api.openai.com.example.org/v1", &[], old);
    check("openai:/x", "https://api.openai.com/v1", &[Feature::Limit], old);
    check("openai:/x", "http://127.0.0.1:8099/v1", &[Feature::Limit], new);
}

#[test]
fn an_endpoint_adds_what_is_not_the_question() {
    let check = |model: &str, parameters: Value, pointer: &str, expected: Value| {
        let Value::Object(parameters) = parameters else { panic!("an object") };
        let endpoint = Endpoint { parameters, ..endpoint(model) };
        let body = body(&endpoint, &question(), &manner(Way::Native, &[]));
        assert_eq!(body.pointer(pointer), Some(&expected).filter(|value| !value.is_null()), "{body:#}");
    };
    check("openai:/x", json!({"reasoning_effort": "low"}), "/reasoning_effort", json!("low"));
    check("openai:/x", json!({"model": "y", "messages": []}), "/model", json!("x"));
    check("openai:/x", json!({"messages": []}), "/messages/0/role", json!("system"));
    check("openai:/x", json!({"max_tokens": 5}), "/max_completion_tokens", json!(null));
    check(
        "ollama:/x",
        json!({"options": {"num_ctx": 8192}}),
        "/options",
        json!({"num_ctx": 8192, "num_predict": 1024}),
    );
    check("ollama:/x", json!({"stream": true}), "/stream", json!(false));
    check("gemini:/x", json!({"generationConfig": {"topK": 1}}), "/generationConfig/maxOutputTokens", json!(1024));
}
