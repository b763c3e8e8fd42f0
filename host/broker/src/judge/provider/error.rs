//! Errors of providers: what they are, by status and by what is said.

use model::endpoint::Endpoint;
use serde_json::Value;

use super::excerpt::excerpt;
use super::{Feature, Pace, Tokens, Trouble, TroubleKind};

/// Bytes of a message that more than fill an excerpt.
const LOOKED_AT: usize = 4096;

/// What a provider says about an error.
#[derive(Default)]
struct Complaint {
    /// For people.
    message: String,
    /// The names of what is wrong, and of what it is wrong with: in lower case, one behind the other.
    codes: String,
    /// Of an answer that was a success by its own status.
    status: Option<u16>,
}

/// The trouble behind an answer that is an error, whatever its status.
pub(super) fn trouble(
    endpoint: &Endpoint,
    status: u16,
    body: Option<&Value>,
    text: Option<&str>,
    pace: Pace,
) -> Trouble {
    let mut complaint = body.map(Complaint::read).unwrap_or_default();
    if body.is_none() {
        complaint.message = text.unwrap_or_default().trim().to_owned();
    }
    // Whether it was billed can't be told where an error comes as a success.
    let is_success = (200..300).contains(&status);
    let tokens = if is_success { Tokens::UNKNOWN } else { Tokens::NONE_USED };
    let status = if is_success { complaint.status() } else { status };
    let kind = complaint.kind(status);
    let message = match kind {
        TroubleKind::RateLimited => "the judge's provider wants to be asked slower".to_owned(),
        TroubleKind::QuotaExhausted => "the quota at the judge's provider is used up".to_owned(),
        TroubleKind::Overloaded => "the judge's provider has too much to do".to_owned(),
        TroubleKind::Refused => "the judge's provider does not accept the key of the endpoint".to_owned(),
        TroubleKind::NoSuchModel => {
            "the judge's provider does not know the model of the endpoint, or is not at its address".to_owned()
        }
        TroubleKind::Declined => "the judge's provider declined the question".to_owned(),
        TroubleKind::BadRequest | TroubleKind::Unsupported(_) => {
            let said = &complaint.message[..complaint.message.floor_char_boundary(LOOKED_AT)];
            let said = excerpt(&said.replace(&endpoint.model.name, "the model"));
            let separator = if said.is_empty() { "" } else { ": " };
            format!("the judge's provider does not take the question ({status}){separator}{said}")
        }
        _ => format!("the judge's provider failed ({status})"),
    };
    Trouble::new(kind, message, tokens, pace)
}

impl Complaint {
    fn read(body: &Value) -> Self {
        // Some put it in a list.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let texts = [error, body].into_iter().flat_map(|at| [Some(at), at.get("message"), at.get("detail")]).flatten();
        let message = texts.filter_map(|text| text.as_str().map(str::to_owned).or_else(|| list(text))).next();
        let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
        let violations = details.clone().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        let quotas = violations.filter_map(|violation| violation.get("quotaId"));
        let names = ["code", "type", "status", "param", "reason"];
        let named = std::iter::once(error).chain(details).flat_map(|at| names.map(|name| at.get(name))).flatten();
        let codes = named.chain(quotas).filter_map(Value::as_str).fold(String::new(), |codes, code| codes + code + " ");
        let status = ["code", "status"].iter().find_map(|name| error.get(name)?.as_u64());
        Self {
            message: message.unwrap_or_default(),
            codes: codes.to_lowercase(),
            status: status.and_then(|status| u16::try_from(status).ok()),
        }
    }

    /// What the status should have been.
    fn status(&self) -> u16 {
        let named = |names: &[&str]| names.iter().any(|name| self.codes.contains(name));
        match self.status {
            Some(status @ 400..=599) => status,
            _ if named(&["rate_limit", "resource_exhausted"]) => 429,
            _ if named(&["overloaded", "unavailable"]) => 503,
            _ if named(&["authentication", "permission", "api_key"]) => 401,
            _ if named(&["not_found"]) => 404,
            _ if named(&["invalid_request", "invalid_argument", "bad_request"]) => 400,
            _ => 500,
        }
    }

    fn kind(&self, status: u16) -> TroubleKind {
        let message = self.message.to_lowercase();
        let named = |names: &[&str]| names.iter().any(|name| self.codes.contains(name));
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match status {
            402 => TroubleKind::QuotaExhausted,
            429 if named(&["insufficient_quota", "perday"]) => TroubleKind::QuotaExhausted,
            // An error of 400 may repeat what was asked.
            400 if named(&["billing"]) || says(&["credit balance is too low"]) => TroubleKind::QuotaExhausted,
            403 if says(&["billing"]) => TroubleKind::QuotaExhausted,
            429 => TroubleKind::RateLimited,
            503 | 529 => TroubleKind::Overloaded,
            400 if named(&["api_key_invalid"]) => TroubleKind::Refused,
            400 if named(&["content_filter", "content_policy"]) => TroubleKind::Declined,
            403 if says(&["moderation", "flagged"]) => TroubleKind::Declined,
            401 | 403 => TroubleKind::Refused,
            400 | 404 | 422 | 500 | 501 if let Some(feature) = unsupported(&message, &self.codes) => {
                TroubleKind::Unsupported(feature)
            }
            404 | 410 => TroubleKind::NoSuchModel,
            408 | 409 | 425 | 500.. => TroubleKind::Unavailable,
            _ => TroubleKind::BadRequest,
        }
    }
}

/// The messages of a list of what is wrong.
fn list(wrong: &Value) -> Option<String> {
    let said: Vec<_> = wrong.as_array()?.iter().filter_map(|one| one.get("msg")?.as_str()).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What it is that an endpoint does not take, if that is what it says, in lower case.
fn unsupported(message: &str, codes: &str) -> Option<Feature> {
    let about = |names: &[&str]| names.iter().any(|name| message.contains(name) || codes.contains(name));
    let is_unknown = about(&[
        "unsupported",
        "not support",
        "n't support",
        "unknown",
        "unrecognized",
        "unexpected",
        "not permitted",
        "not allowed",
        "not enabled",
        "not available",
        "no longer",
        "deprecated",
        "may not be",
        "cannot",
        "requires",
        "no endpoints found",
    ]);
    let is_of_schema = about(&["schema", "grammar"]);
    let is_of_format = is_of_schema
        || about(&[
            "response_format",
            "response format",
            "mime type",
            "output_config",
            "structured output",
            "json mode",
        ])
        || about(&["tool", "function call", "functioncalling", "`format`", "'format'", "\"format\""]);
    match () {
        () if !is_unknown && !is_of_schema => None,
        () if !is_unknown => Some(Feature::Schema),
        () if about(&["temperature"]) => Some(Feature::Temperature),
        () if about(&["max_tokens", "max_completion_tokens"]) => Some(Feature::Limit),
        () if about(&["seed"]) => Some(Feature::Seed),
        () if about(&["invalid schema", "invalid json schema", "additionalproperties", "keyword"]) => {
            Some(Feature::Schema)
        }
        () if is_of_format => Some(Feature::Format),
        () => None,
    }
}
