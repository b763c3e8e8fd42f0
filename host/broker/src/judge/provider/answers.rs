//! What is made of answers of every kind, from every provider.

use std::time::Duration;

use serde_json::json;

use super::requests::endpoint;
use super::samples::{ANTHROPIC, Expected, GEMINI, OLLAMA, OPENAI, Sample, errors, samples};
use super::*;

fn response(status: u16, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.into(), truncated: false }
}

fn answered(model: &str, response: &HttpResponse) -> Result<Answer, Trouble> {
    answer(&endpoint(model), response, SystemTime::UNIX_EPOCH)
}

#[test]
fn a_reply_is_found_in_every_answer_that_has_one() {
    for Sample { name, model, body, expected } in samples() {
        let came = answered(model, &response(200, body));
        let came = came.as_ref().map_err(|trouble| trouble.kind).map(|answer| {
            let calls = answer.tool_calls.iter().map(|call| (&call.name[..], call.arguments.as_str()));
            (&answer.text[..], calls.collect::<Vec<_>>(), (answer.tokens.input, answer.tokens.output))
        });
        let expected = expected.map(|Expected { text, calls, tokens }| (text, calls, tokens));
        assert_eq!(came, expected, "{model}: {name}");
    }
}

#[test]
fn what_was_used_before_trouble_is_known_where_it_is_said() {
    let truncated = json!({"choices": [{"message": {}, "finish_reason": "length"}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}});
    let used = |response| answered(OPENAI, &response).expect_err("trouble").tokens;
    assert_eq!(used(response(200, truncated.to_string())), Tokens { input: Some(9), output: Some(2) });
    assert_eq!(used(response(200, "?")), Tokens::UNKNOWN);
    assert_eq!(used(response(500, "?")), Tokens::NONE_USED);
    assert_eq!(used(HttpResponse { truncated: true, ..response(200, "{}") }), Tokens::UNKNOWN);
}

#[test]
fn an_answer_that_is_no_text_or_too_long_is_none() {
    let kind = |response| answered(OPENAI, &response).expect_err("trouble").kind;
    assert_eq!(kind(response(200, b"{\"choices\": \"\xff\"}".to_vec())), TroubleKind::Unavailable);
    assert_eq!(kind(response(400, b"\xff\xfe".to_vec())), TroubleKind::BadRequest);
    assert_eq!(kind(HttpResponse { truncated: true, ..response(200, "{}") }), TroubleKind::TooLarge);
    assert_eq!(kind(HttpResponse { truncated: true, ..response(429, "x") }), TroubleKind::RateLimited);
}

#[test]
fn calls_without_ids_are_told_apart() {
    let call = json!({"functionCall": {"name": "look_up", "args": {}}});
    let body = json!({"candidates": [{"content": {"parts": [call, call]}}]}).to_string();
    let answer = answered(GEMINI, &response(200, body)).expect("calls");
    assert_eq!(answer.tool_calls.iter().map(|call| &call.id[..]).collect::<Vec<_>>(), ["call_0", "call_1"]);
}

#[test]
fn an_error_says_what_can_be_done() {
    for (model, status, body, expected) in errors() {
        let trouble = answered(model, &response(status, body.to_string())).expect_err("an error");
        assert_eq!(trouble.kind, expected, "{model} {status} {body}");
        assert_eq!(trouble.tokens, Tokens::NONE_USED);
    }
}

#[test]
fn an_error_tells_a_plugin_no_more_than_it_may_know() {
    let told = |model: &str, status: u16, message: &str| {
        let body = json!({"error": {"message": message, "code": "c-1"}}).to_string();
        answered(model, &response(status, body)).expect_err("an error").message
    };
    let long = format!("gpt-5-mini at https://10.0.0.1/v1 says\u{1b}[2J (request ID: req_123) {}", "no ".repeat(1000));
    let bad = told(OPENAI, 400, &long);
    assert!(
        bad.starts_with(
            "the judge's provider does not take the question (400): the model at … says [2J (request ID: …) no"
        ),
        "{bad}"
    );
    assert!(bad.chars().count() < 370, "{bad}");
    for status in [401, 403, 404, 429, 500, 503] {
        let message = told(OPENAI, status, "org-1 sk-1 gpt-5-mini canary");
        assert!(!message.contains("canary") && !message.contains("gpt"), "{message}");
    }
    assert_eq!(
        answered(OPENAI, &response(400, "")).expect_err("bad").message,
        "the judge's provider does not take the question (400)"
    );
}

#[test]
fn pace_is_told_with_replies_and_with_trouble() {
    let headers = vec![("retry-after".to_owned(), b"7".to_vec())];
    let reply = json!({"choices": [{"message": {"content": "yes"}}]}).to_string();
    let good = answered(OPENAI, &HttpResponse { headers: headers.clone(), ..response(200, reply) });
    assert_eq!(good.expect("a reply").pace.retry_after, Some(Duration::from_secs(7)));
    let bad = answered(OPENAI, &HttpResponse { headers, ..response(429, "") });
    assert_eq!(bad.expect_err("slower").pace.retry_after, Some(Duration::from_secs(7)));
    let body = json!({"error": {"code": 429, "details": [{"retryDelay": "3s"}]}}).to_string();
    assert_eq!(
        answered(GEMINI, &response(429, body)).expect_err("slower").pace.retry_after,
        Some(Duration::from_secs(3))
    );
}

/// Whatever comes is a reply or trouble.
#[test]
fn no_answer_is_too_strange() {
    let mut random = fastrand::Rng::with_seed(6);
    let good = samples().into_iter().map(|Sample { model, body, .. }| (model, 200, body));
    let bad = errors().into_iter().map(|(model, status, body, _)| (model, status, body.to_string()));
    let all: Vec<_> = good.chain(bad).filter(|(_, _, body)| body.len() < 10_000).collect();
    for (model, status, body) in &all {
        for _ in 0..200 {
            let mut bytes = body.clone().into_bytes();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(0..=bytes.len());
                match random.u8(0..5) {
                    0 => bytes.truncate(place),
                    1 => bytes.insert(place, random.u8(..)),
                    2 => bytes.extend_from_within(place..),
                    3 if place < bytes.len() => bytes[place] ^= 1 << random.u8(0..8),
                    _ if place < bytes.len() => drop(bytes.remove(place)),
                    _ => {}
                }
            }
            let name = ["retry-after", "x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-reset"];
            let header = (name[random.usize(0..name.len())].to_owned(), bytes.iter().copied().take(20).collect());
            let response = HttpResponse { status: *status, headers: vec![header], body: bytes, truncated: false };
            // Any provider may say it.
            for model in [*model, OPENAI, ANTHROPIC, GEMINI, OLLAMA] {
                if let Err(trouble) = answered(model, &response) {
                    assert!(trouble.message.chars().count() < 400, "{}", trouble.message);
                    assert!(!trouble.message.contains(char::is_control), "{:?}", trouble.message);
                }
            }
        }
    }
}
