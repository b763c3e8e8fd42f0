//! Takes out of a question what should not leave: by looks, not by meaning.

use std::borrow::Cow;

use model::endpoint::Redaction;
use model::json::Json;
use model::judge::{Format, JudgeRequest, Message, Tool, ToolCall};
use model::sensitive::{Look, without};
use regex::{Captures, Regex};

/// What one endpoint is not told.
pub(super) struct Redactor(Vec<Rule>);

struct Rule {
    looks: Regex,
    /// Whether something that looks so is it.
    is_it: fn(&str) -> bool,
    /// What stands in its place.
    instead: String,
}

impl Redactor {
    /// # Errors
    ///
    /// Fails with what is wrong with a pattern.
    pub(super) fn new(redactions: &[Redaction]) -> Result<Self, String> {
        redactions.iter().map(Rule::new).collect::<Result<_, _>>().map(Self)
    }

    /// The question as the endpoint may have it: all that the plugin put into it.
    pub(super) fn question(&self, mut request: JudgeRequest) -> JudgeRequest {
        if self.0.is_empty() {
            return request;
        }
        for Message { content, tool_calls, answers, .. } in &mut request.messages {
            for text in std::iter::once(content).chain(answers) {
                *text = self.text(text).into_owned();
            }
            for ToolCall { id, name, arguments } in tool_calls {
                for text in [id, name] {
                    *text = self.text(text).into_owned();
                }
                self.json(arguments);
            }
        }
        for Tool { name, description, parameters } in &mut request.tools {
            for text in [name, description] {
                *text = self.text(text).into_owned();
            }
            self.json(parameters);
        }
        match &mut request.format {
            Format::Text => {}
            Format::Schema(schema) => self.json(schema),
            Format::Choice(choices) => choices.iter_mut().for_each(|text| *text = self.text(text).into_owned()),
        }
        request
    }

    /// What is put in is neither a quote nor a backslash: JSON stays JSON unless a number is taken out of it.
    fn json(&self, json: &mut Json) {
        if let Cow::Owned(clean) = self.text(json.as_str()) {
            let quoted = || Json::from_serialize(&clean).expect("a text");
            *json = Json::parse(&clean).unwrap_or_else(|_| quoted());
        }
    }

    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for Rule { looks, is_it, instead } in &self.0 {
            let instead = |_: &str| instead.clone();
            let replaced =
                looks.replace_all(&clean, |found: &Captures<'_>| without(&found[0], *is_it, &instead).into_owned());
            if let Cow::Owned(replaced) = replaced {
                clean = Cow::Owned(replaced);
            }
        }
        clean
    }
}

impl Rule {
    fn new(redaction: &Redaction) -> Result<Self, String> {
        let (looks, is_it, instead): (Cow<'_, str>, fn(&str) -> bool, &str) = match redaction {
            Redaction::Known(sensitive) => {
                let Look { pattern, is_it, name } = sensitive.look();
                (pattern, is_it, name)
            }
            Redaction::Pattern { pattern, name } => (pattern.into(), |_| true, name.as_deref().unwrap_or("REDACTED")),
        };
        let looks = Regex::new(&looks).map_err(|error| format!("`{looks}` is no regular expression: {error}"))?;
        Ok(Self { looks, is_it, instead: format!("[{instead}]") })
    }
}

#[cfg(test)]
mod tests {
    use model::sensitive::Sensitive;

    use super::*;

    #[track_caller]
    fn check(redactions: &[Redaction], text: &str, expected: &str) {
        assert_eq!(Redactor::new(redactions).expect("patterns").text(text), expected);
    }

    fn known(sensitive: Sensitive) -> [Redaction; 1] {
        [Redaction::Known(sensitive)]
    }

    #[test]
    fn whatever_leaves_is_looked_through() {
        let json = |value: serde_json::Value| Json::from_serialize(&value).expect("JSON");
        let (mail, clean) = ("ann@example.org", "[EMAIL]");
        let request = |secret: &str| JudgeRequest {
            role: "default".to_owned(),
            messages: vec![Message {
                speaker: model::judge::Speaker::Tool,
                content: format!("from {secret}"),
                tool_calls: vec![ToolCall {
                    id: secret.to_owned(),
                    name: secret.to_owned(),
                    arguments: json(serde_json::json!({ "to": secret })),
                }],
                answers: Some(secret.to_owned()),
            }],
            tools: vec![Tool {
                name: secret.to_owned(),
                description: secret.to_owned(),
                parameters: json(serde_json::json!({ "title": secret })),
            }],
            format: Format::Schema(json(serde_json::json!({ "const": secret }))),
            max_output_tokens: None,
            temperature: None,
            sample: 0,
        };
        let redactor = Redactor::new(&known(Sensitive::Email)).expect("patterns");
        assert_eq!(redactor.question(request(mail)), request(clean));
        let choice = |text: &str| JudgeRequest { format: Format::Choice(vec![text.to_owned()]), ..request(clean) };
        assert_eq!(redactor.question(choice(mail)), choice(clean));
    }

    #[test]
    fn addresses_are_taken_out_and_what_only_has_an_at_is_left() {
        let email = known(Sensitive::Email);
        check(&email, "write to Ann.Lee+x@mail.example.co.uk, please", "write to [EMAIL], please");
        check(&email, "a@b @here user@localhost 3@4.", "a@b @here user@localhost 3@4.");
        check(&email, "<o'neil@example.org>", "<[EMAIL]>");
    }

    #[test]
    fn phone_numbers_are_taken_out_and_dates_amounts_and_plain_numbers_are_left() {
        let phone = known(Sensitive::Phone);
        check(&phone, "call +49 30 123456-78 or (555) 123-4567.", "call [PHONE] or [PHONE].");
        check(&phone, "+14155552671", "[PHONE]");
        let kept = "on 2024-05-17 we sold 12345678 for 1234567.89 in 3 days";
        check(&phone, kept, kept);
    }

    #[test]
    fn cards_are_known_by_their_check_digit() {
        let card = known(Sensitive::Card);
        check(&card, "4111 1111 1111 1111 and 4111-1111-1111-1112", "[CARD] and 4111-1111-1111-1112");
        check(&card, "4111 1111 1111 1111 12/27, cvv 4111 1111 1111 1111 123", "[CARD] 12/27, cvv [CARD] 123");
        check(&card, "order 12345 4111 1111 1111 1111", "order 12345 [CARD]");
        check(&card, "378282246310005, 0000000000000000", "[CARD], 0000000000000000");
    }

    #[test]
    fn keys_are_known_by_their_marks() {
        let key = known(Sensitive::Key);
        check(&key, "use sk-proj-abcdefghijklmnop1234 now", "use [KEY] now");
        check(&key, "AKIAIOSFODNN7EXAMPLE ghp_0123456789abcdefghij0123456789abcdef", "[KEY] [KEY]");
        check(&key, "Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "Authorization: [KEY]");
        check(&key, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx", "[KEY]\nx");
        check(&key, "a sk-ill is no key", "a sk-ill is no key");
    }

    #[test]
    fn a_pattern_of_ones_own_has_a_name_of_its_own() {
        let pattern =
            |name: Option<&str>| [Redaction::Pattern { pattern: r"T-\d+".to_owned(), name: name.map(str::to_owned) }];
        check(&pattern(Some("TICKET")), "see T-123", "see [TICKET]");
        check(&pattern(None), "see T-123", "see [REDACTED]");
    }
}
