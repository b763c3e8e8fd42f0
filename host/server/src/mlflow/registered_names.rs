//! Which names, tags and aliases there may be, in MLflow's words (`mlflow/utils/validation.py`).

use super::{Wrong, limits};

/// The most characters of a value of a tag.
const LONGEST_VALUE: usize = 100_000;

const LONGEST_ALIAS: usize = 255;

/// The tag that has the text of a prompt.
pub(super) const PROMPT_TEXT: &str = "mlflow.prompt.text";

/// A name of a prompt or model.
pub(super) fn check_model_name(name: &str) -> Result<(), Wrong> {
    if name.trim().is_empty() {
        return Err(Wrong::invalid("Missing value for required parameter 'name'."));
    }
    if name.contains(['/', ':']) {
        return Err(Wrong::invalid(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    // What is forbidden in other names may be in these; only detours may not.
    match name == "." || name.starts_with("..") {
        true => limits::name("name", name),
        false => Ok(()),
    }
}

pub(super) fn check_tag(key: &str, value: &str) -> Result<(), Wrong> {
    limits::name("key", key)?;
    limits::length("key", key, limits::KEY)?;
    if key == PROMPT_TEXT && value.chars().count() > LONGEST_VALUE {
        return Err(Wrong::invalid(format!("Prompt text exceeds max length of {LONGEST_VALUE} characters.")));
    }
    limits::length("value", value, LONGEST_VALUE)
}

pub(super) fn check_alias(alias: &str) -> Result<(), Wrong> {
    if !alias.chars().all(|c| is_word(c) || c == '-') {
        return Err(Wrong::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    limits::length("Registered model alias name", alias, LONGEST_ALIAS)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_name_is_told_why() {
        let said = |checked: Result<(), Wrong>| checked.map_err(|wrong| wrong.message);
        let cases = [
            (check_model_name("greet me"), None),
            (check_model_name(" "), Some("Missing value for required parameter 'name'.")),
            (check_model_name("a/b"), Some("Invalid model name 'a/b'. Names cannot contain '/' or ':'.")),
            (check_model_name(".."), Some("This name would resolve to '..'")),
            (check_tag("a b/c.d", "x"), None),
            (
                check_tag("a\"b", "x"),
                Some("Invalid value \"a\\\"b\" for parameter 'key' supplied: Names may only contain"),
            ),
            (check_tag("a/", "x"), Some("This name would resolve to 'a'")),
            (check_tag(&"k".repeat(251), "x"), Some("'key' exceeds the maximum length of 250 characters")),
            (check_tag("k", &"x".repeat(100_001)), Some("'value' exceeds the maximum length of 100000 characters")),
            (
                check_tag(PROMPT_TEXT, &"x".repeat(100_001)),
                Some("Prompt text exceeds max length of 100000 characters."),
            ),
            (check_alias("prod-1"), None),
            (
                check_alias("a b"),
                Some(
                    "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-).",
                ),
            ),
            (
                check_alias(&"a".repeat(256)),
                Some("'Registered model alias name' exceeds the maximum length of 255 characters"),
            ),
        ];
        for (checked, expected) in cases {
            match (said(checked), expected) {
                (Ok(()), None) => {}
                (Err(message), Some(expected)) => assert!(message.contains(expected), "{message}"),
                (checked, expected) => panic!("{checked:?} instead of {expected:?}"),
            }
        }
    }
}
