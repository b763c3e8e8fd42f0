use super::*;
use crate::recorded;

/// What a span says, a fact a line; what it does not say is left out.
pub(crate) fn told(span: &Span) -> String {
    let facts = Facts::of(span);
    let mut lines = vec![format!("{}: {}", span.name, facts.kind.as_deref().unwrap_or("-"))];
    let mut line = |name: &str, value: Option<String>| lines.extend(value.map(|value| format!("  {name}: {value}")));
    let short = |json: &Json| json.as_str().chars().take(60).collect::<String>();
    line("in", facts.inputs.as_ref().map(short));
    line("out", facts.outputs.as_ref().map(short));
    for (name, messages) in [("asked", &facts.input_messages), ("answered", &facts.output_messages)] {
        for message in messages {
            let calls = message.tool_calls.iter().map(|call| {
                let arguments = call.arguments.as_ref().map(Json::as_str).unwrap_or_default();
                format!("{}({arguments})#{}", call.name, call.id.as_deref().unwrap_or_default())
            });
            let answers = message.answers.iter().map(|call| format!("to {call}"));
            let said: Vec<_> = [message.content.clone()]
                .into_iter()
                .chain(calls)
                .chain(answers)
                .filter(|one| !one.is_empty())
                .collect();
            line(name, Some(format!("{} {}", message.role, said.join(" "))));
        }
    }
    let models = [facts.model_asked, facts.model.clone()].into_iter().flatten().collect::<Vec<_>>().join(" > ");
    line("model", facts.model.map(|_| format!("{models} by {}", facts.provider.as_deref().unwrap_or("-"))));
    line(
        "tokens",
        facts.tokens.map(|t| {
            format!(
                "{} + {} = {}, cache {} / {}, reasoning {}",
                t.input, t.output, t.total, t.cache_read, t.cache_write, t.reasoning
            )
        }),
    );
    line("cost", facts.cost.map(|cost| format!("{cost:.6}")));
    line(
        "tool",
        facts.tool.map(|tool| {
            let shown = |json: Option<Json>| json.map(|json| json.as_str().to_owned()).unwrap_or_default();
            format!("{}({}) -> {}", tool.name, shown(tool.arguments), shown(tool.result))
        }),
    );
    for document in &facts.documents {
        line("document", Some(format!("{:?} {:?} {:?}", document.id, document.content, document.score)));
    }
    line("of", facts.session.map(|session| format!("{session} {}", facts.user.as_deref().unwrap_or("-"))));
    line("error", facts.error.map(|error| format!("{} {}", error.kind.as_deref().unwrap_or("-"), error.message)));
    lines.join("\n")
}

/// What the spans of a recording say, against what is written down beside it.
#[track_caller]
fn check(name: &str, expected: &str) {
    let told: Vec<_> = recorded::spans(name).iter().map(told).collect();
    assert_eq!(told.join("\n"), expected.trim_end(), "\n{}", told.join("\n"));
}

#[test]
fn every_dialect_says_the_same_in_its_own_words() {
    check("adk", include_str!("../../tests/dialects/adk.txt"));
    check("by_hand", include_str!("../../tests/dialects/by_hand.txt"));
    check("gen_ai", include_str!("../../tests/dialects/gen_ai.txt"));
    check("langfuse", include_str!("../../tests/dialects/langfuse.txt"));
    check("mlflow", include_str!("../../tests/dialects/mlflow.txt"));
    check("openinference", include_str!("../../tests/dialects/openinference.txt"));
    check("openllmetry", include_str!("../../tests/dialects/openllmetry.txt"));
    check("vercel", include_str!("../../tests/dialects/vercel.txt"));
}

fn span(name: &str, attributes: serde_json::Value) -> Span {
    let attributes = attributes.as_object().expect("an object").iter();
    let attributes = attributes.map(|(key, value)| (key.clone(), Json::from_serialize(value).expect("JSON"))).collect();
    Span { name: name.to_owned(), attributes, ..Span::default() }
}

#[test]
fn where_several_dialects_are_spoken_the_first_that_says_something_counts() {
    let both = serde_json::json!({
        "mlflow.spanType": "\"UNKNOWN\"", "gen_ai.operation.name": "chat", "openinference.span.kind": "CHAIN",
        "mlflow.spanInputs": "{\"q\": 1}", "input.value": "other", "output.value": "answer",
        "gen_ai.usage.input_tokens": "many", "llm.token_count.prompt": 7.0,
    });
    let facts = Facts::of(&span("step", both));
    assert_eq!(facts.kind.as_deref(), Some("CHAT_MODEL"));
    assert_eq!(facts.inputs.as_ref().map(Json::as_str), Some(r#"{"q":1}"#));
    assert_eq!(facts.outputs.as_ref().map(Json::as_str), Some("\"answer\""));
    assert_eq!(facts.tokens, Some(Tokens { input: 7, total: 7, ..Tokens::default() }));
}

#[test]
fn what_nobody_says_stays_unknown() {
    assert_eq!(
        Facts::of(&span("step", serde_json::json!({ "http.request.method": "GET", "model": "x" }))),
        Facts::default()
    );
}

#[test]
fn an_application_may_have_types_of_its_own() {
    let kind = |kind| Facts::of(&span("step", serde_json::json!({ "mlflow.spanType": kind }))).kind;
    assert_eq!(kind("Planner").as_deref(), Some("PLANNER"));
    assert_eq!((kind(""), kind("unknown")), (None, None));
}

#[test]
fn a_cost_may_be_told_in_its_parts() {
    for (attributes, expected) in [
        (serde_json::json!({ "mlflow.llm.cost": "{\"input_cost\": 0.25, \"output_cost\": 0.5}" }), 0.75),
        (serde_json::json!({ "mlflow.llm.cost": { "input_cost": 0.25, "output_cost": 0.5, "total_cost": 1.0 } }), 1.0),
        (serde_json::json!({ "llm.cost.prompt": 0.25, "llm.cost.completion": 0.5 }), 0.75),
    ] {
        let facts = Facts::of(&span("call", attributes));
        assert_eq!((facts.input_cost, facts.output_cost, facts.cost), (Some(0.25), Some(0.5), Some(expected)));
    }
    let whole = Facts::of(&span("call", serde_json::json!({ "mlflow.llm.cost": { "total_cost": 1.0 } })));
    assert_eq!((whole.input_cost, whole.output_cost, whole.cost), (None, None, Some(1.0)));
}

#[test]
fn an_agent_has_no_price_of_its_own() {
    let of = |kind: &str| {
        let said =
            serde_json::json!({ "mlflow.spanType": kind, "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 2 });
        let prices = |_: Option<&str>, _: &str, tokens: &Tokens| Some(Cost { input: tokens.input as f64, output: 0.5 });
        let facts = Facts::of(&span("step", said)).priced(&prices);
        (facts.input_cost, facts.output_cost, facts.cost)
    };
    assert_eq!((of("LLM"), of("AGENT")), ((Some(2.0), Some(0.5), Some(2.5)), (None, None, None)));
}

#[test]
fn a_span_that_went_well_has_no_error() {
    let failed = span("step", serde_json::json!({ "error.type": "timeout" }));
    assert_eq!(Facts::of(&failed).error.and_then(|error| error.kind).as_deref(), Some("timeout"));
    assert_eq!(Facts::of(&Span { status: Status::Ok, ..failed }).error, None);
}

/// A model may answer with a number, or with JSON.
#[test]
fn an_answer_that_is_json_is_an_answer() {
    let event = |key: &str, said: &str| {
        let name = key.replace("gen_ai.", "gen_ai.content.");
        let attributes = vec![(key.to_owned(), Json::from_serialize(said).expect("JSON"))];
        Span { events: vec![model::trace::Event { name, attributes, ..Default::default() }], ..Span::default() }
    };
    for said in ["7", "null", r#"{"city": "Oslo"}"#, r#"["a", "b"]"#, r#""quoted""#] {
        for span in [
            span("step", serde_json::json!({ "ai.operationId": "ai.generateText", "ai.response.text": said })),
            span("step", serde_json::json!({ "gen_ai.completion": said })),
            event("gen_ai.completion", said),
        ] {
            let expected = Message { role: "assistant".to_owned(), content: said.to_owned(), ..Message::default() };
            assert_eq!(Facts::of(&span).output_messages, [expected]);
        }
    }
}

#[test]
fn an_agent_that_tells_what_its_tools_gave_has_still_answered() {
    let answer = serde_json::json!([{ "role": "assistant", "parts": [
        { "type": "text", "content": "It is 7 degrees." },
        { "type": "tool_call", "id": "call_1", "name": "weather", "arguments": { "city": "Oslo" } },
        { "type": "tool_call_response", "id": "call_1", "response": "7 degrees" },
    ] }]);
    let facts = Facts::of(&span("step", serde_json::json!({ "gen_ai.output.messages": answer.to_string() })));
    let [message] = &facts.output_messages[..] else { panic!("{:?}", facts.output_messages) };
    assert_eq!((message.role.as_str(), message.content.as_str()), ("assistant", "It is 7 degrees."));
    assert_eq!(message.tool_calls.len(), 1);
}

#[test]
fn an_answer_that_is_nothing_but_calls_has_them_as_outputs() {
    let outputs = |said: serde_json::Value| {
        let calls = r#"[{"toolName":"weather"}]"#;
        let mut span = span(
            "step",
            serde_json::json!({ "ai.operationId": "ai.streamText.doStream", "ai.response.toolCalls": calls }),
        );
        span.attributes.push(("ai.response.text".to_owned(), Json::from_serialize(&said).expect("JSON")));
        Facts::of(&span).outputs.map(|outputs| outputs.as_str().to_owned())
    };
    assert_eq!(outputs("".into()).as_deref(), Some(r#"[{"toolName":"weather"}]"#));
    assert_eq!(outputs("So be it.".into()).as_deref(), Some("\"So be it.\""));
    let silent = span("step", serde_json::json!({ "ai.operationId": "ai.streamText", "ai.response.text": "" }));
    assert_eq!(Facts::of(&silent).outputs.as_ref().map(Json::as_str), Some("\"\""));
}

#[test]
fn a_step_of_an_agent_is_a_chain() {
    let step = span("step 1", serde_json::json!({ "gen_ai.operation.name": "agent_step" }));
    assert_eq!(Facts::of(&step).kind.as_deref(), Some("CHAIN"));
}

#[test]
fn a_call_that_failed_says_which_model_was_asked() {
    let failed = span(
        "ChatCompletion",
        serde_json::json!({
            "openinference.span.kind": "LLM", "llm.invocation_parameters": r#"{"model": "gpt-4o-mini", "temperature": 0}"#,
        }),
    );
    assert_eq!(Facts::of(&failed).model.as_deref(), Some("gpt-4o-mini"));
}

#[test]
fn usage_in_openais_words_has_its_details() {
    let usage = r#"{"prompt_tokens": 70, "completion_tokens": 8, "total_tokens": 78,
        "prompt_tokens_details": {"cached_tokens": 32}, "completion_tokens_details": {"reasoning_tokens": 5}}"#;
    let said =
        serde_json::json!({ "langfuse.observation.type": "generation", "langfuse.observation.usage_details": usage });
    let expected = Tokens { input: 70, output: 8, total: 78, cache_read: 32, reasoning: 5, ..Tokens::default() };
    assert_eq!(Facts::of(&span("chat", said)).tokens, Some(expected));
}

#[test]
fn ids_that_look_like_something_else_stay_as_they_are() {
    let facts = Facts::of(&span(
        "step",
        serde_json::json!({
            "session.id": "1234567e8", "user.id": "null", "gen_ai.prompt.name": "0012", "gen_ai.prompt.version": "1.10",
            "gen_ai.tool.call.id": "{}", "gen_ai.request.model": "true",
        }),
    ));
    assert_eq!((facts.session.as_deref(), facts.user.as_deref()), (Some("1234567e8"), Some("null")));
    assert_eq!(facts.prompts, [Prompt { name: "0012".to_owned(), version: Some("1.10".to_owned()) }]);
    assert_eq!(facts.model.as_deref(), Some("true"));
    // MLflow writes a string as JSON once more, and what is no string by itself.
    let session = |value| Facts::of(&span("step", serde_json::json!({ "mlflow.trace.session": value }))).session;
    assert_eq!(session(serde_json::json!("\"1.10\"")).as_deref(), Some("1.10"));
    assert_eq!(session(serde_json::json!(7)).as_deref(), Some("7"));
    assert_eq!(session(serde_json::Value::Null), None);
}

#[test]
fn prompts_are_linked_by_name_and_version() {
    let said =
        serde_json::json!({ "langfuse.observation.prompt.name": "greet", "langfuse.observation.prompt.version": 3 });
    let expected = Prompt { name: "greet".to_owned(), version: Some("3".to_owned()) };
    assert_eq!(Facts::of(&span("step", said)).prompts, std::slice::from_ref(&expected));
    let linked = serde_json::json!({ "mlflow.linkedPrompts": "[{\"name\": \"greet\", \"version\": \"3\"}, {\"name\": \"part\"}]" });
    let part = Prompt { name: "part".to_owned(), version: None };
    assert_eq!(Facts::of(&span("step", linked)).prompts, [expected, part]);
}
