//! What tells one question from another.

use model::endpoint::Endpoint;
use model::judge::JudgeRequest;
use model::ports::CacheKey;
use serde::Serialize;

/// Changed when the same question would be put otherwise.
const FORM: &str = "karat judge 1";

/// Everything that decides what is sent and what a reply has to be.
#[derive(Serialize)]
struct Question<'a> {
    form: &'a str,
    model: String,
    base_url: &'a str,
    parameters: &'a serde_json::Map<String, serde_json::Value>,
    max_output_tokens: u32,
    /// As it leaves. The role is no part of it: who is behind it is.
    request: JudgeRequest,
    trial: u32,
}

/// The digest of a question as an endpoint has it. The same question for another plugin has the same.
pub(super) fn content(endpoint: &Endpoint, request: &JudgeRequest, trial: u32) -> CacheKey {
    let question = Question {
        form: FORM,
        model: endpoint.model.to_string(),
        base_url: &endpoint.base_url,
        parameters: &endpoint.parameters,
        max_output_tokens: request.max_output_tokens.unwrap_or(endpoint.max_output_tokens),
        request: JudgeRequest { role: String::new(), ..request.clone() },
        trial,
    };
    let mut hasher = blake3::Hasher::new();
    serde_json::to_writer(&mut hasher, &question).expect("a question can be written");
    hasher.finalize().into()
}

/// The key under which a reply is kept for one plugin: what another was replied it can neither see nor spoil.
pub(super) fn of_plugin(content: &CacheKey, plugin: &str) -> CacheKey {
    blake3::Hasher::new().update(content).update(plugin.as_bytes()).finalize().into()
}

pub(super) fn hex(key: &CacheKey) -> String {
    blake3::Hash::from_bytes(*key).to_hex().to_string()
}
