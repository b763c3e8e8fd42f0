//! What webhooks are told of, in MLflow's words (`mlflow/webhooks/types.py`).
//!
//! What is true of a prompt and of a model goes by two names, and not all of what happens to a prompt is told of a model.

use std::collections::BTreeMap;

use model::prompt::{IS_PROMPT, Prompt, PromptVersion, says_prompt};
use model::webhook::Event;
use serde_json::{Value, json};

use crate::mlflow::registered_names::PROMPT_TEXT;

/// Which kind of prompt it is, which is its client's business.
const PROMPT_TYPE: &str = "_mlflow_prompt_type";

/// What can happen to what.
pub(super) const EVENTS: [(&str, &[&str]); 10] = [
    ("REGISTERED_MODEL", &["CREATED"]),
    ("MODEL_VERSION", &["CREATED"]),
    ("MODEL_VERSION_TAG", &["DELETED", "SET"]),
    ("MODEL_VERSION_ALIAS", &["CREATED", "DELETED"]),
    ("PROMPT", &["CREATED"]),
    ("PROMPT_VERSION", &["CREATED"]),
    ("PROMPT_TAG", &["DELETED", "SET"]),
    ("PROMPT_VERSION_TAG", &["DELETED", "SET"]),
    ("PROMPT_ALIAS", &["CREATED", "DELETED"]),
    ("BUDGET_POLICY", &["EXCEEDED"]),
];

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mlflow) struct Happened {
    pub(super) event: Event,
    /// What is said of it beside its name.
    pub(super) data: Value,
}

impl Happened {
    fn new(entity: &str, action: &str, data: Value) -> Self {
        Self { event: Event { entity: entity.to_owned(), action: action.to_owned() }, data }
    }

    pub(in crate::mlflow) fn created(prompt: &Prompt) -> Self {
        let entity = if prompt.is_prompt() { "PROMPT" } else { "REGISTERED_MODEL" };
        let data = json!({ "name": prompt.name, "tags": told(&prompt.tags), "description": prompt.description });
        Self::new(entity, "CREATED", data)
    }

    pub(in crate::mlflow) fn version_created(version: &PromptVersion) -> Self {
        let content = &version.content;
        let some = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
        let mut data = json!({
            "name": version.prompt,
            "version": version.number.to_string(),
            "tags": told(&content.tags),
            "description": some(&content.description),
        });
        if says_prompt(&content.tags) {
            data["template"] = json!(content.tags.get(PROMPT_TEXT));
            return Self::new("PROMPT_VERSION", "CREATED", data);
        }
        data["source"] = json!(content.source);
        data["run_id"] = json!(some(&content.run));
        Self::new("MODEL_VERSION", "CREATED", data)
    }

    /// A tag was set, or taken away where there is no value. Of a model nobody is told.
    pub(in crate::mlflow) fn tagged(prompt: &Prompt, key: &str, value: Option<&str>) -> Option<Self> {
        let data = json!({ "name": prompt.name, "key": key });
        prompt.is_prompt().then(|| Self::tag("PROMPT_TAG", data, value))
    }

    /// Likewise, of models as well.
    pub(in crate::mlflow) fn version_tagged(version: &PromptVersion, key: &str, value: Option<&str>) -> Self {
        let entity = if says_prompt(&version.content.tags) { "PROMPT_VERSION_TAG" } else { "MODEL_VERSION_TAG" };
        Self::tag(entity, json!({ "name": version.prompt, "version": version.number.to_string(), "key": key }), value)
    }

    fn tag(entity: &str, mut data: Value, value: Option<&str>) -> Self {
        let Some(value) = value else { return Self::new(entity, "DELETED", data) };
        data["value"] = json!(value);
        Self::new(entity, "SET", data)
    }

    /// An alias stands for a version from now on, or for none any more.
    pub(in crate::mlflow) fn aliased(prompt: &Prompt, alias: &str, version: Option<u32>) -> Self {
        let entity = if prompt.is_prompt() { "PROMPT_ALIAS" } else { "MODEL_VERSION_ALIAS" };
        let mut data = json!({ "name": prompt.name, "alias": alias });
        let Some(version) = version else { return Self::new(entity, "DELETED", data) };
        data["version"] = json!(version.to_string());
        Self::new(entity, "CREATED", data)
    }

    /// What is sent to try a webhook: MLflow's example of the event.
    pub(super) fn example(event: Event) -> Self {
        let of_model = event.entity == "REGISTERED_MODEL" || event.entity.starts_with("MODEL_VERSION");
        let name = if of_model { "example_model" } else { "example_prompt" };
        let (tags, version) = (json!({ "example_key": "example_value" }), "1");
        let data = match (&*event.entity, &*event.action) {
            ("REGISTERED_MODEL", _) => {
                json!({ "name": name, "tags": tags, "description": "An example registered model" })
            }
            ("PROMPT", _) => json!({ "name": name, "tags": tags, "description": "An example prompt" }),
            ("MODEL_VERSION", _) => json!({
                "name": name,
                "version": version,
                "source": "models:/123",
                "run_id": "abcd1234abcd5678",
                "tags": tags,
                "description": "An example model version",
            }),
            ("PROMPT_VERSION", _) => json!({
                "name": name,
                "version": version,
                "template": "Hello {{name}}!",
                "tags": tags,
                "description": "An example prompt version",
            }),
            ("PROMPT_TAG", "SET") => json!({ "name": name, "key": "example_key", "value": "example_value" }),
            ("PROMPT_TAG", _) => json!({ "name": name, "key": "example_key" }),
            ("PROMPT_VERSION_TAG" | "MODEL_VERSION_TAG", "SET") => {
                json!({ "name": name, "version": version, "key": "example_key", "value": "example_value" })
            }
            ("PROMPT_VERSION_TAG" | "MODEL_VERSION_TAG", _) => {
                json!({ "name": name, "version": version, "key": "example_key" })
            }
            ("PROMPT_ALIAS" | "MODEL_VERSION_ALIAS", "CREATED") => {
                json!({ "name": name, "alias": "example_alias", "version": version })
            }
            ("PROMPT_ALIAS" | "MODEL_VERSION_ALIAS", _) => json!({ "name": name, "alias": "example_alias" }),
            _ => json!({
                "budget_policy_id": "bp-abc123",
                "budget_unit": "USD",
                "budget_amount": 100.0,
                "current_spend": 105.5,
                "duration_unit": "MONTHS",
                "duration_value": 1,
                "target_scope": "ENDPOINT",
                "workspace": "default",
                "target_value": "ep-abc123",
                "window_start": 1_704_067_200_000_i64,
            }),
        };
        Self { event, data }
    }
}

/// Tags without those that make a prompt of a model.
fn told(tags: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let is_own = |key: &str| says_prompt(tags) && [IS_PROMPT, PROMPT_TYPE, PROMPT_TEXT].contains(&key);
    tags.iter().map(|(key, value)| (&**key, &**value)).filter(|(key, _)| !is_own(key)).collect()
}
