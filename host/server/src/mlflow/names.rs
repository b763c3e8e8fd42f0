//! Which names, tags and aliases there may be, in MLflow's words (`mlflow/utils/validation.py`).

use serde_json::json;

use super::Wrong;

/// The most characters of a tag of what is registered.
const LONGEST_KEY: usize = 250;
const LONGEST_VALUE: usize = 100_000;

const LONGEST_ALIAS: usize = 255;

/// The tag that has the text of a prompt.
const PROMPT_TEXT: &str = "mlflow.prompt.text";

/// A name of a prompt or model.
pub(super) fn check_model_name(name: &str) -> Result<(), Wrong> {
    if name.trim().is_empty() {
        return Err(Wrong::invalid("Missing value for required parameter 'name'."));
    }
    if name.contains(['/', ':']) {
        return Err(Wrong::invalid(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    check_path("name", name)
}

pub(super) fn check_tag(key: &str, value: &str) -> Result<(), Wrong> {
    check_tag_key(key)?;
    check_length("key", LONGEST_KEY, key)?;
    if key == PROMPT_TEXT && value.chars().count() > LONGEST_VALUE {
        return Err(Wrong::invalid(format!("Prompt text exceeds max length of {LONGEST_VALUE} characters.")));
    }
    check_length("value", LONGEST_VALUE, value)
}

pub(super) fn check_tag_key(key: &str) -> Result<(), Wrong> {
    let is_part = |c: char| is_word(c) || matches!(c, '/' | '.' | '-' | ' ' | ':');
    match key.chars().all(is_part) {
        true => check_path("key", key),
        false => Err(invalid(
            "key",
            key,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and \
             slashes (/).",
        )),
    }
}

pub(super) fn check_alias(alias: &str) -> Result<(), Wrong> {
    if !alias.chars().all(|c| is_word(c) || c == '-') {
        return Err(Wrong::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    check_length("Registered model alias name", LONGEST_ALIAS, alias)
}

pub(super) fn check_length(what: &str, most: usize, value: &str) -> Result<(), Wrong> {
    match value.chars().count() > most {
        true => Err(Wrong::invalid(format!("'{what}' exceeds the maximum length of {most} characters"))),
        false => Ok(()),
    }
}

/// Names may be treated as paths, where each must lie where it says.
fn check_path(field: &str, name: &str) -> Result<(), Wrong> {
    let plain = plain_path(name);
    if plain == name && plain != "." && !plain.starts_with("..") && !plain.starts_with('/') {
        return Ok(());
    }
    Err(invalid(
        field,
        name,
        &format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. \
             This name would resolve to '{plain}'"
        ),
    ))
}

/// A path without detours, as POSIX has it: two slashes at its beginning are something else than one.
fn plain_path(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", None) if !root.is_empty() => {}
            ("..", Some(&last)) if last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let plain = format!("{root}{}", parts.join("/"));
    if plain.is_empty() { ".".to_owned() } else { plain }
}

fn invalid(field: &str, value: &str, why: &str) -> Wrong {
    Wrong::invalid(format!("Invalid value {} for parameter '{field}' supplied: {why}", json!(value)))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        for (path, plain) in [
            ("", "."),
            ("a/b", "a/b"),
            ("a//b/", "a/b"),
            ("./a", "a"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("//a", "//a"),
            ("///a", "/a"),
        ] {
            assert_eq!(plain_path(path), plain, "{path}");
        }
    }

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
