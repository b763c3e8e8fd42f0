//! What comes in is cleaned by every door before the store has it.

use model::endpoint::Redaction;
use model::redaction::{Action, KeyRule, PatternRule, Redactions, Rules};
use model::sensitive::Sensitive;
use prost::Message;
use server::Options;

use crate::client::{JSON, PROTOBUF};
use crate::spans::talkative;
use crate::{Running, options};

/// One of each kind, with what stands in its place.
const CANARIES: [(Sensitive, &str, &str); 9] = [
    (Sensitive::Email, "ann.lee@example.org", "[EMAIL]"),
    (Sensitive::Phone, "+49 30 12345678", "[PHONE]"),
    (Sensitive::Card, "4111 1111 1111 1111", "[CARD]"),
    (Sensitive::Iban, "DE89370400440532013000", "[IBAN]"),
    (Sensitive::Ip, "203.0.113.77", "[IP]"),
    (Sensitive::Jwt, "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl", "[JWT]"),
    (Sensitive::AwsKey, "AKIAIOSFODNN7EXAMPLE", "[AWS_KEY]"),
    (Sensitive::GithubToken, "ghp_0123456789abcdefghij0123456789abcdef", "[GITHUB_TOKEN]"),
    (Sensitive::Key, "sk-proj-abcdefghijklmnop1234", "[KEY]"),
];

async fn with(rules: Rules) -> Running {
    let redactions = Redactions { everywhere: rules, ..Redactions::default() };
    Running::with(Options { redactions, ..options() }).await
}

#[tokio::test]
async fn no_canary_reaches_the_store_by_any_door() {
    for (sensitive, canary, instead) in CANARIES {
        let rule = PatternRule { looks: Redaction::Known(sensitive), action: Action::Mask };
        let sent = talkative(canary);
        let json = serde_json::to_string(&sent).unwrap();
        // What stands in a text can be spelled in more than one way.
        let escaped = json.replace('@', "\\u0040").replace("4111", "\\u0034111").replace("203.", "203\\u002e");
        for door in ["protobuf", "JSON", "escaped JSON", "gRPC"] {
            let running = with(Rules { patterns: vec![rule.clone()], keys: Vec::new() }).await;
            let status = match door {
                "protobuf" => running.traces(PROTOBUF, sent.encode_to_vec()).send().await.unwrap().status(),
                "JSON" => running.traces(JSON, json.clone().into()).send().await.unwrap().status(),
                "escaped JSON" => running.traces(JSON, escaped.clone().into()).send().await.unwrap().status(),
                _ => {
                    running.grpc().await.export(sent.clone()).await.unwrap();
                    reqwest::StatusCode::OK
                }
            };
            assert_eq!(status, 200, "{door}");
            let kept = format!("{:?}", running.store.puts.borrow());
            assert!(!kept.contains(canary), "{canary} by {door}: {kept}");
            // Five places with seven each, and the status.
            let spans = format!("{:?}", running.store.spans());
            assert_eq!(spans.matches(instead).count(), 36, "{canary} by {door}: {spans}");
        }
    }
}

#[tokio::test]
async fn what_goes_by_a_name_that_is_looked_for_does_not_reach_the_store() {
    let names = ["plain", "list", "messages", "nested", "user.*", "input.value"];
    let keys = names.map(|key| KeyRule { key: key.to_owned(), action: Action::Drop });
    let running = with(Rules { patterns: Vec::new(), keys: keys.to_vec() }).await;
    assert_eq!(running.send(&talkative("canary")).await.status(), 200);
    let kept = format!("{:?}", running.store.spans());
    // Left are a key in each of the five places, and the status.
    assert_eq!(kept.matches("canary").count(), 6, "{kept}");
}
