//! What a version of a prompt says: a template with variables. It is kept in the version's tags, where MLflow's clients look
//! for it (`mlflow/prompt/constants.py` of 3.18), so that a prompt that was made here can be loaded there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

const TEXT: &str = "mlflow.prompt.text";
const TYPE: &str = "_mlflow_prompt_type";
const MODEL: &str = "_mlflow_prompt_model_config";
const RESPONSE: &str = "_mlflow_prompt_response_format";

/// The tags that say what is in a template, and are nothing that somebody tagged it with.
pub const TAGS: [&str; 5] = [TEXT, TYPE, MODEL, RESPONSE, crate::prompt::IS_PROMPT];

/// A text, or messages of a chat, with variables as `{{name}}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Template {
    Text(String),
    Chat(Vec<Message>),
}

/// A message of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Such as `system`, `user` or `assistant`.
    pub role: String,
    pub content: String,
}

/// What a version has beside its template. Both are JSON objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The model that it is for, and how that is asked.
    pub model: Option<String>,
    /// The JSON Schema of what is answered.
    pub response: Option<String>,
}

impl Template {
    /// What the tags of a version say; none where they say nothing, as of a registered model, or nothing that can be read.
    pub fn of(tags: &BTreeMap<String, String>) -> Option<Self> {
        let text = tags.get(TEXT)?;
        match tags.get(TYPE).map(String::as_str) {
            Some("chat") => serde_json::from_str(text).ok().map(Self::Chat),
            _ => Some(Self::Text(text.clone())),
        }
    }

    /// The tags of a version that says this.
    pub fn into_tags(self, settings: Settings) -> BTreeMap<String, String> {
        let (kind, text) = match self {
            Self::Text(text) => ("text", text),
            Self::Chat(messages) => ("chat", serde_json::json!(messages).to_string()),
        };
        let tags =
            [(crate::prompt::IS_PROMPT, Some("true".to_owned())), (TYPE, Some(kind.to_owned())), (TEXT, Some(text))];
        let settings = [(MODEL, settings.model), (RESPONSE, settings.response)];
        let said = tags.into_iter().chain(settings);
        said.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The names that have to be filled in, such as `user.name` of `{{ user.name }}`.
    pub fn variables(&self) -> BTreeSet<String> {
        match self {
            Self::Text(text) => variables(text).map(|(_, name)| name.to_owned()).collect(),
            Self::Chat(messages) => messages
                .iter()
                .flat_map(|message| variables(&message.content))
                .map(|(_, name)| name.to_owned())
                .collect(),
        }
    }

    /// The same with values in place of variables. What stands in a value is no variable.
    ///
    /// # Errors
    ///
    /// Fails with the first variable that has no value.
    pub fn filled(&self, values: &BTreeMap<String, String>) -> Result<Self, String> {
        match self {
            Self::Text(text) => fill(text, values).map(Self::Text),
            Self::Chat(messages) => messages
                .iter()
                .map(|message| Ok(Message { role: message.role.clone(), content: fill(&message.content, values)? }))
                .collect::<Result<_, _>>()
                .map(Self::Chat),
        }
    }
}

/// A template as people read it: the messages of a chat below each other.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Chat(messages) => {
                for (place, Message { role, content }) in messages.iter().enumerate() {
                    let gap = if place > 0 { "\n\n" } else { "" };
                    write!(f, "{gap}{role}:\n{content}")?;
                }
                Ok(())
            }
        }
    }
}

impl Settings {
    pub fn of(tags: &BTreeMap<String, String>) -> Self {
        Self { model: tags.get(MODEL).cloned(), response: tags.get(RESPONSE).cloned() }
    }
}

fn fill(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = 0;
    for (place, name) in variables(text) {
        filled.push_str(&text[rest..place.start]);
        filled.push_str(values.get(name).ok_or_else(|| name.to_owned())?);
        rest = place.end;
    }
    filled.push_str(&text[rest..]);
    Ok(filled)
}

/// The variables of a text: where each stands, braces included, and its name. MLflow's rule: names of letters, digits and
/// `_` that begin with no digit, joined by dots, with white space around them.
fn variables(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text[at..].find("{{") {
            let start = at + found;
            // Of three braces, the inner two are the variable's.
            at = start + 1;
            let inner = &text[start + 2..];
            if let Some(end) = inner.find("}}")
                && is_name(inner[..end].trim())
            {
                at = start + 2 + end + 2;
                return Some((start..at, inner[..end].trim()));
            }
        }
        None
    })
}

fn is_name(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Template {
        Template::Text(text.to_owned())
    }

    #[test]
    fn variables_are_what_mlflow_takes_for_them() {
        for (template, names) in [
            ("Hello {{name}}, you are {{ user.age }}.", vec!["name", "user.age"]),
            ("{name} {{1st}} {{a b}} {{}} {{a", vec![]),
            ("{{{x}}} {{ y\n}} {{x}}", vec!["x", "y"]),
        ] {
            assert_eq!(text(template).variables().into_iter().collect::<Vec<_>>(), names, "{template}");
        }
    }

    #[test]
    fn values_are_filled_in_and_not_looked_into() {
        let values = BTreeMap::from([("a".to_owned(), "{{b}}".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(text("{{a}} is {{ b }}{").filled(&values), Ok(text("{{b}} is 2{")));
        assert_eq!(text("{{c}}").filled(&values), Err("c".to_owned()));
    }

    #[test]
    fn a_template_comes_back_from_its_tags() {
        let message = Message { role: "user".to_owned(), content: "{{q}}".to_owned() };
        for template in [text("Hello"), Template::Chat(vec![message])] {
            let settings = Settings { model: Some("{}".to_owned()), response: None };
            let tags = template.clone().into_tags(settings.clone());
            assert_eq!((Template::of(&tags), Settings::of(&tags)), (Some(template), settings));
            assert!(crate::prompt::says_prompt(&tags));
        }
        assert_eq!(Template::of(&BTreeMap::new()), None);
    }
}
