//! What a client asks for.

use http::StatusCode;
use model::json::Json;
use model::object;
use model::ports::{ModelDoor, ModelOffer, ModelOperation};
use serde_json::{Value, json};

use super::wrong::Wrong;

/// A call, read.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) operation: ModelOperation,
    /// As the client calls it.
    pub(super) model: String,
    /// What is passed on.
    pub(super) body: Json,
    /// What the client said.
    pub(super) said: Value,
    pub(super) streams: bool,
    /// Tokens are counted at the end of a stream though the client did not ask for it.
    pub(super) hides_usage: bool,
}

const USAGE: &str = "include_usage";

impl Asked {
    pub(super) fn read(operation: ModelOperation, bytes: &[u8]) -> Result<Self, Wrong> {
        let text = str::from_utf8(bytes).map_err(|_| Wrong::invalid("the body is no UTF-8"))?;
        let body = Json::parse(text).map_err(|error| Wrong::invalid(format!("the body is no JSON: {error}")))?;
        if !body.is_object() {
            return Err(Wrong::invalid("the body should be an object"));
        }
        let said = body.to_value();
        let model = said.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| Wrong::invalid("`model` should be the name of an endpoint").param("model"))?;
        let model = model.to_owned();
        let streams = said.get("stream").and_then(Value::as_bool).unwrap_or(false);
        let mut asked = Self { operation, model, body, said, streams, hides_usage: false };
        if streams && operation == ModelOperation::Chat {
            asked.count_tokens();
        }
        Ok(asked)
    }

    /// Has tokens counted at the end of a stream.
    fn count_tokens(&mut self) {
        let options = self.said.get("stream_options");
        if options.and_then(|options| options.get(USAGE)) == Some(&Value::Bool(true)) {
            return;
        }
        let mut options = match options {
            Some(Value::Object(options)) => options.clone(),
            None | Some(Value::Null) => serde_json::Map::new(),
            // That is for the endpoint to refuse.
            Some(_) => return,
        };
        options.insert(USAGE.to_owned(), Value::Bool(true));
        let entries = object::entries(self.body.as_str()).unwrap_or_default();
        let kept = entries.iter().filter(|(name, _)| name != "stream_options");
        let kept = kept.map(|(name, value)| format!("{}:{}", json!(name), value.get()));
        let added = format!("\"stream_options\":{}", Value::Object(options));
        let body = format!("{{{}}}", kept.chain([added]).collect::<Vec<_>>().join(","));
        if let Ok(body) = Json::parse(&body) {
            self.body = body;
            self.hides_usage = true;
        }
    }

    /// The most tokens that all answers together may have, if the client says so.
    pub(super) fn max_output_tokens(&self) -> Option<u64> {
        let answers = self.number("n").unwrap_or(1).max(1);
        Some(self.max_tokens()?.saturating_mul(answers))
    }

    /// The same for one answer.
    pub(super) fn max_tokens(&self) -> Option<u64> {
        ["max_completion_tokens", "max_tokens", "max_output_tokens"].iter().find_map(|name| self.number(name))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.said.get(name).and_then(Value::as_u64)
    }

    /// The endpoint that is meant: by its name, else by its model's.
    pub(super) fn endpoint<'d>(&self, door: &'d dyn ModelDoor) -> Result<&'d ModelOffer, Wrong> {
        let models = door.models();
        let named = |offer: &&ModelOffer| offer.name == self.model;
        let of_model = |offer: &&ModelOffer| offer.model.name == self.model || offer.model.to_string() == self.model;
        let found = models.iter().find(named).or_else(|| models.iter().find(of_model));
        let offer = found.ok_or_else(|| {
            let names: Vec<_> = models.iter().map(|offer| format!("`{}`", offer.name)).collect();
            let message = format!("there is no endpoint `{}`; there are {}", self.model, names.join(", "));
            Wrong::missing("model_not_found", message).param("model")
        })?;
        if offer.is_open_ai {
            return Ok(offer);
        }
        let provider = offer.model.provider.name();
        let message = format!(
            "the endpoint `{}` is one of `{provider}`, and calls are passed on as they are: only to endpoints that speak \
             OpenAI's interface (`openai:/…` with a `base_url`, `azure:/…`)",
            offer.name
        );
        let kind = "invalid_request_error";
        Err(Wrong::new(StatusCode::NOT_IMPLEMENTED, kind, "unsupported_provider", message).param("model"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str, hides_usage: bool) {
        let asked = Asked::read(ModelOperation::Chat, body.as_bytes()).expect("a call");
        assert_eq!((asked.body.as_str(), asked.hides_usage), (expected, hides_usage));
    }

    #[test]
    fn a_stream_is_asked_for_its_tokens_and_nothing_else_changes() {
        check(r#"{"z": 0.70, "model":"m"}"#, r#"{"z":0.70,"model":"m"}"#, false);
        check(
            r#"{"z":0.70,"stream":true,"model":"m"}"#,
            r#"{"z":0.70,"stream":true,"model":"m","stream_options":{"include_usage":true}}"#,
            true,
        );
        check(
            r#"{"stream":true,"stream_options":{"include_usage":false,"x":1},"model":"m"}"#,
            r#"{"stream":true,"model":"m","stream_options":{"include_usage":true,"x":1}}"#,
            true,
        );
        for same in [
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"model":"m","stream":true,"stream_options":7}"#,
            r#"{"model":"m","stream":false}"#,
        ] {
            check(same, same, false);
        }
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for (body, said) in [
            (&b"\xff"[..], "the body is no UTF-8"),
            (b"{", "the body is no JSON"),
            (b"[]", "the body should be an object"),
            (b"{}", "`model` should be the name of an endpoint"),
            (b"{\"model\":7}", "`model` should be the name of an endpoint"),
        ] {
            let wrong = Asked::read(ModelOperation::Chat, body).expect_err("wrong");
            assert!(wrong.message.starts_with(said), "{}", wrong.message);
        }
    }

    #[test]
    fn the_most_that_may_come_out_is_of_all_answers() {
        let most = |body: &str| Asked::read(ModelOperation::Chat, body.as_bytes()).expect("a call").max_output_tokens();
        assert_eq!(most(r#"{"model":"m","max_tokens":5,"n":3}"#), Some(15));
        assert_eq!(most(r#"{"model":"m","max_completion_tokens":7,"max_tokens":5}"#), Some(7));
        assert_eq!(most(r#"{"model":"m","n":3}"#), None);
    }
}
