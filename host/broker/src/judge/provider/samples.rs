//! Answers as providers write them, and what they are.

use serde_json::json;

use super::*;

/// An answer that is a success.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) model: &'static str,
    pub(super) body: String,
    pub(super) expected: Result<Expected, TroubleKind>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Expected {
    pub(super) text: &'static str,
    /// Names and arguments.
    pub(super) calls: Vec<(&'static str, &'static str)>,
    pub(super) tokens: (Option<u64>, Option<u64>),
}

fn says(text: &'static str, input: u64, output: u64) -> Result<Expected, TroubleKind> {
    Ok(Expected { text, calls: Vec::new(), tokens: (Some(input), Some(output)) })
}

fn calls(calls: Vec<(&'static str, &'static str)>, input: u64, output: u64) -> Result<Expected, TroubleKind> {
    Ok(Expected { text: "", calls, tokens: (Some(input), Some(output)) })
}

pub(super) const OPENAI: &str = "openai:/gpt-5-mini";
pub(super) const ANTHROPIC: &str = "anthropic:/claude-haiku-4-5";
pub(super) const GEMINI: &str = "gemini:/gemini-2.5-flash";
pub(super) const OLLAMA: &str = "ollama:/gemma3:270m";

pub(super) fn samples() -> Vec<Sample> {
    let of = |model: &'static str| {
        move |name, body: Value, expected| Sample { name, model, body: body.to_string(), expected }
    };
    let raw = |name, model, body: &str, expected| Sample { name, model, body: body.to_owned(), expected };
    let mut samples = openai(of(OPENAI));
    samples.extend(anthropic(of(ANTHROPIC)));
    samples.extend(gemini(of(GEMINI)));
    samples.extend(ollama(of(OLLAMA)));
    samples.extend(streams(raw));
    samples
}

fn openai(of: impl Fn(&'static str, Value, Result<Expected, TroubleKind>) -> Sample) -> Vec<Sample> {
    let choice = |message: Value, reason: &str| {
        let usage = json!({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11});
        json!({"id": "chatcmpl-1", "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage})
    };
    let called = |arguments: Value| {
        let function = json!({"name": "look_up", "arguments": arguments});
        choice(
            json!({"content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}),
            "tool_calls",
        )
    };
    let parts = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "ye"},
        {"type": "text", "text": "s"},
    ]);
    let thought = json!({"content": "yes", "reasoning_content": "hm", "reasoning": "hm"});
    let aloud = |content: &str| choice(json!({"content": content}), "stop");
    vec![
        of("plain", choice(json!({"role": "assistant", "content": " yes "}), "stop"), says(" yes ", 9, 2)),
        of("parts", choice(json!({"content": parts}), "stop"), says("yes", 9, 2)),
        of("thoughts", choice(thought, "stop"), says("yes", 9, 2)),
        of("thoughts aloud", aloud("\n<think>\nno? {\"a\":1}\n</think>\n\nyes"), says("yes", 9, 2)),
        of("thoughts without an end", aloud("<think>and so on"), says("", 9, 2)),
        of("a word about thoughts", aloud("a <think> is a tag"), says("a <think> is a tag", 9, 2)),
        of("refusal", choice(json!({"content": null, "refusal": "I can't."}), "stop"), Err(TroubleKind::Declined)),
        of(
            "refusal part",
            choice(json!({"content": [{"type": "refusal", "refusal": "no"}]}), "stop"),
            Err(TroubleKind::Declined),
        ),
        of("filter", choice(json!({"content": "I"}), "content_filter"), Err(TroubleKind::Declined)),
        of("truncated", choice(json!({"content": "{\"a\":"}), "length"), Err(TroubleKind::Truncated)),
        of("broke off", choice(json!({"content": "I"}), "error"), Err(TroubleKind::Unavailable)),
        of("call", called(json!("{\"q\": 1.0}")), calls(vec![("look_up", "{\"q\":1.0}")], 9, 2)),
        of("call with an object", called(json!({"q": 1})), calls(vec![("look_up", "{\"q\":1}")], 9, 2)),
        of("call of nothing", called(json!("")), calls(vec![("look_up", "{}")], 9, 2)),
        of("broken call", called(json!("{\"q\": ")), calls(vec![("look_up", "\"{\\\"q\\\": \"")], 9, 2)),
        of("no choices", json!({"choices": []}), Err(TroubleKind::Unavailable)),
        of("no object", json!("yes"), Err(TroubleKind::Unavailable)),
        of(
            "no usage",
            json!({"choices": [{"message": {"content": "yes"}}]}),
            Ok(Expected { text: "yes", calls: Vec::new(), tokens: (None, None) }),
        ),
        of(
            "null error",
            json!({"error": null, "choices": [{"message": {"content": "y"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
            says("y", 1, 1),
        ),
        of("error as a success", json!({"error": {"code": 502, "message": "upstream"}}), Err(TroubleKind::Unavailable)),
        of("limit as a success", json!({"error": {"code": "rate_limit_exceeded"}}), Err(TroubleKind::RateLimited)),
        of("load as a success", json!({"error": {"type": "overloaded_error"}}), Err(TroubleKind::Overloaded)),
    ]
}

fn anthropic(of: impl Fn(&'static str, Value, Result<Expected, TroubleKind>) -> Sample) -> Vec<Sample> {
    let message = |content: Value, reason: &str| {
        let usage = json!({"input_tokens": 9, "cache_read_input_tokens": 5, "cache_creation_input_tokens": null, "output_tokens": 2});
        json!({"id": "msg_1", "type": "message", "content": content, "stop_reason": reason, "usage": usage})
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let thought =
        json!([{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "redacted_thinking"}, text("yes")]);
    let called = json!([{"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"q": 1}}]);
    vec![
        of("plain", message(json!([text("ye"), text("s")]), "end_turn"), says("yes", 14, 2)),
        of("thoughts", message(thought, "end_turn"), says("yes", 14, 2)),
        of("nothing", message(json!([]), "end_turn"), says("", 14, 2)),
        of("refusal", message(json!([]), "refusal"), Err(TroubleKind::Declined)),
        of("truncated", message(json!([text("y")]), "max_tokens"), Err(TroubleKind::Truncated)),
        of("window", message(json!([text("y")]), "model_context_window_exceeded"), Err(TroubleKind::Truncated)),
        of("call", message(called, "tool_use"), calls(vec![("look_up", "{\"q\":1}")], 14, 2)),
        of("no content", json!({"type": "message"}), Err(TroubleKind::Unavailable)),
        of(
            "no usage",
            json!({"content": [text("yes")]}),
            Ok(Expected { text: "yes", calls: Vec::new(), tokens: (None, None) }),
        ),
        of(
            "error as a success",
            json!({"type": "error", "error": {"type": "overloaded_error"}}),
            Err(TroubleKind::Overloaded),
        ),
    ]
}

fn gemini(of: impl Fn(&'static str, Value, Result<Expected, TroubleKind>) -> Sample) -> Vec<Sample> {
    let candidate = |parts: Value, reason: &str| {
        let usage = json!({"promptTokenCount": 9, "candidatesTokenCount": 2, "thoughtsTokenCount": 30});
        json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason}], "usageMetadata": usage})
    };
    let text = |text: &str| json!({"text": text});
    let thought = json!([{"text": "hm", "thought": true}, {"text": "yes", "thoughtSignature": "x"}]);
    let called =
        json!([{"functionCall": {"name": "look_up", "args": {"q": 1}}}, {"functionCall": {"name": "look_up"}}]);
    vec![
        of("plain", candidate(json!([text("ye"), text("s")]), "STOP"), says("yes", 9, 32)),
        of("thoughts", candidate(thought, "STOP"), says("yes", 9, 32)),
        of("call", candidate(called, "STOP"), calls(vec![("look_up", "{\"q\":1}"), ("look_up", "{}")], 9, 32)),
        of("safety", candidate(json!([]), "SAFETY"), Err(TroubleKind::Declined)),
        of("truncated", candidate(json!([text("y")]), "MAX_TOKENS"), Err(TroubleKind::Truncated)),
        of("malformed call", candidate(json!([]), "MALFORMED_FUNCTION_CALL"), Err(TroubleKind::Unavailable)),
        of(
            "no content",
            json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1}}),
            says("", 1, 0),
        ),
        of(
            "blocked",
            json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}),
            Err(TroubleKind::Declined),
        ),
        of("no candidates", json!({"usageMetadata": {}}), Err(TroubleKind::Unavailable)),
        of(
            "no usage",
            json!({"candidates": [{"content": {"parts": [text("yes")]}}]}),
            Ok(Expected { text: "yes", calls: Vec::new(), tokens: (None, None) }),
        ),
    ]
}

fn ollama(of: impl Fn(&'static str, Value, Result<Expected, TroubleKind>) -> Sample) -> Vec<Sample> {
    let reply = |message: Value, reason: &str| json!({"message": message, "done": true, "done_reason": reason, "prompt_eval_count": 9, "eval_count": 2});
    let called = json!({"content": "", "tool_calls": [{"function": {"name": "look_up", "arguments": {"q": 1}}}]});
    vec![
        of("plain", reply(json!({"role": "assistant", "content": "yes"}), "stop"), says("yes", 9, 2)),
        of("thoughts", reply(json!({"content": "yes", "thinking": "hm"}), "stop"), says("yes", 9, 2)),
        of("thoughts aloud", reply(json!({"content": "<think>hm</think>yes"}), "stop"), says("yes", 9, 2)),
        of("call", reply(called, "stop"), calls(vec![("look_up", "{\"q\":1}")], 9, 2)),
        of("truncated", reply(json!({"content": "y"}), "length"), Err(TroubleKind::Truncated)),
        of(
            "error as a success",
            json!({"error": "llama runner process has terminated"}),
            Err(TroubleKind::Unavailable),
        ),
        of("no message", json!({"done": true}), Err(TroubleKind::Unavailable)),
        of(
            "prompt known",
            json!({"message": {"content": "yes"}, "done": true, "eval_count": 2}),
            Ok(Expected { text: "yes", calls: Vec::new(), tokens: (None, Some(2)) }),
        ),
    ]
}

fn streams(raw: impl Fn(&'static str, &'static str, &str, Result<Expected, TroubleKind>) -> Sample) -> Vec<Sample> {
    let events = concat!(
        ": PROCESSING\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"ye\"}}]}\n\n",
        "data:{\"choices\":[{\"delta\":{\"content\":\"s\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    );
    let call = |piece: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{piece}]}}}}]}}\n\n");
    let called = [
        call(r#"{"index":0,"id":"a","function":{"name":"look_up","arguments":""}}"#),
        call(r#"{"index":0,"function":{"arguments":"{\"q\""}},{"index":1,"id":"b","function":{"name":"stop","arguments":"{}"}}"#),
        call(r#"{"index":0,"id":"a","function":{"name":"look_up","arguments":":1}"}}"#),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}".to_owned(),
    ];
    let (refused, cut) = (events.replace("content", "refusal"), events.split("\"s\"").next().unwrap_or_default());
    let error = "data: {\"choices\":[{\"delta\":{\"content\":\"y\"}}]}\n\ndata: {\"error\":{\"code\":503,\"message\":\"x\"}}\n\n";
    let lines = concat!(
        "{\"message\":{\"role\":\"assistant\",\"content\":\"ye\"},\"done\":false}\n",
        "{\"message\":{\"content\":\"s\"},\"done\":false}\n",
        "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":2}\n",
    );
    let unavailable = Err(TroubleKind::Unavailable);
    vec![
        raw("stream", OPENAI, events, says("yes", 9, 2)),
        raw("stream of calls", OPENAI, &called.concat(), calls(vec![("look_up", "{\"q\":1}"), ("stop", "{}")], 9, 2)),
        raw("stream of a refusal", OPENAI, &refused, Err(TroubleKind::Declined)),
        raw("stream to the limit", OPENAI, &events.replace("\"stop\"", "\"length\""), Err(TroubleKind::Truncated)),
        raw("stream that breaks off", OPENAI, cut, unavailable),
        raw("stream of an error", OPENAI, error, Err(TroubleKind::Overloaded)),
        raw("lines", OLLAMA, lines, says("yes", 9, 2)),
        raw(
            "lines that break off",
            OLLAMA,
            lines.split("{\"message\":{\"content\":\"\"}").next().unwrap_or_default(),
            Err(TroubleKind::Unavailable),
        ),
        raw(
            "lines of an error",
            OLLAMA,
            "{\"message\":{\"content\":\"y\"}}\n{\"error\":\"x\"}\n",
            Err(TroubleKind::Unavailable),
        ),
        raw("broken JSON", OPENAI, "{\"choices\": [{", Err(TroubleKind::Unavailable)),
        raw("a page", ANTHROPIC, "<html>hello</html>", Err(TroubleKind::Unavailable)),
        raw("nothing", GEMINI, "", Err(TroubleKind::Unavailable)),
        raw("too deep", OPENAI, &"[".repeat(100_000), Err(TroubleKind::Unavailable)),
    ]
}

/// Errors, as each provider writes them, and what can be done about them.
pub(super) fn errors() -> Vec<(&'static str, u16, Value, TroubleKind)> {
    use Feature::{Format, Limit, Schema, Seed, Temperature};
    use TroubleKind::{
        BadRequest, Declined, NoSuchModel, Overloaded, QuotaExhausted, RateLimited, Refused, Unavailable, Unsupported,
    };
    let openai = |code: &str, message: &str| json!({"error": {"message": message, "type": "invalid_request_error", "code": code}});
    let anthropic = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}});
    let gemini = |status: &str, message: &str| json!({"error": {"status": status, "message": message}});
    let day = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota", "details": [
        {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
    ]}});
    let invalid_key = json!({"error": {"status": "INVALID_ARGUMENT", "message": "API key not valid", "details": [
        {"reason": "API_KEY_INVALID"},
    ]}});
    let extra = json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Unknown field: seed"}]});
    vec![
        (OPENAI, 401, openai("invalid_api_key", "Incorrect API key provided: sk-ab****yz"), Refused),
        (OPENAI, 404, openai("model_not_found", "The model `gpt-5-mini` does not exist"), NoSuchModel),
        (OPENAI, 429, openai("rate_limit_exceeded", "Rate limit reached in organization org-1"), RateLimited),
        (OPENAI, 429, openai("insufficient_quota", "You exceeded your current quota"), QuotaExhausted),
        (OPENAI, 402, openai("", "Insufficient Balance"), QuotaExhausted),
        (OPENAI, 400, openai("content_filter", "The response was filtered"), Declined),
        (OPENAI, 403, openai("", "Your input was flagged"), Declined),
        (OPENAI, 400, openai("context_length_exceeded", "maximum context length is 8192 tokens"), BadRequest),
        (
            OPENAI,
            400,
            openai("unsupported_value", "'temperature' does not support 0 with this model."),
            Unsupported(Temperature),
        ),
        (
            OPENAI,
            400,
            openai(
                "unsupported_parameter",
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            ),
            Unsupported(Limit),
        ),
        (OPENAI, 400, openai("", "max_tokens is too large: 99999. This model supports at most 4096"), BadRequest),
        (
            OPENAI,
            400,
            openai("", "'response_format' of type 'json_schema' is not supported with this model"),
            Unsupported(Format),
        ),
        (
            OPENAI,
            400,
            openai("", "Invalid schema for response_format 'reply': 'minimum' is not permitted"),
            Unsupported(Schema),
        ),
        (OPENAI, 400, openai("", "failed to parse grammar"), Unsupported(Schema)),
        (OPENAI, 500, openai("", "tools param requires --jinja flag"), Unsupported(Format)),
        (OPENAI, 404, openai("", "No endpoints found that support tool use."), Unsupported(Format)),
        (OPENAI, 422, extra, Unsupported(Seed)),
        (OPENAI, 422, json!({"detail": "what?"}), BadRequest),
        (OPENAI, 413, json!({"message": "too large"}), BadRequest),
        (OPENAI, 302, json!(null), BadRequest),
        (OPENAI, 408, json!(null), Unavailable),
        (OPENAI, 500, openai("", "The server had an error"), Unavailable),
        (OPENAI, 502, json!("<html>"), Unavailable),
        (OPENAI, 503, json!({"error": {"code": 503, "message": "Loading model"}}), Overloaded),
        (ANTHROPIC, 529, anthropic("overloaded_error", "Overloaded"), Overloaded),
        (ANTHROPIC, 429, anthropic("rate_limit_error", "too fast"), RateLimited),
        (ANTHROPIC, 403, anthropic("permission_error", "no"), Refused),
        (
            ANTHROPIC,
            400,
            anthropic("invalid_request_error", "`temperature` is deprecated for this model."),
            Unsupported(Temperature),
        ),
        (ANTHROPIC, 400, anthropic("invalid_request_error", "Your credit balance is too low"), QuotaExhausted),
        (
            ANTHROPIC,
            400,
            anthropic("invalid_request_error", "Thinking may not be enabled when tool_choice forces tool use."),
            Unsupported(Format),
        ),
        (
            ANTHROPIC,
            400,
            anthropic("invalid_request_error", "output_config: Extra inputs are not permitted"),
            Unsupported(Format),
        ),
        (ANTHROPIC, 400, anthropic("invalid_request_error", "messages: at least one message is required"), BadRequest),
        (GEMINI, 400, invalid_key, Refused),
        (GEMINI, 429, gemini("RESOURCE_EXHAUSTED", "quota exceeded, check your plan and billing details"), RateLimited),
        (GEMINI, 429, day, QuotaExhausted),
        (GEMINI, 503, gemini("UNAVAILABLE", "The model is overloaded."), Overloaded),
        (GEMINI, 404, gemini("NOT_FOUND", "models/x is not found for API version v1beta"), NoSuchModel),
        (
            GEMINI,
            400,
            gemini("INVALID_ARGUMENT", "Function calling with a response mime type: 'application/json' is unsupported"),
            Unsupported(Format),
        ),
        (GEMINI, 400, json!([gemini("INVALID_ARGUMENT", "bad")]), BadRequest),
        (OLLAMA, 404, json!({"error": "model 'gemma3:270m' not found"}), NoSuchModel),
        (
            OLLAMA,
            400,
            json!({"error": "registry.ollama.ai/library/gemma3:270m does not support tools"}),
            Unsupported(Format),
        ),
        (OLLAMA, 503, json!({"error": "server busy, please try again"}), Overloaded),
    ]
}
