//! What names and texts may be, as MLflow's server has it (`mlflow/utils/validation.py`).

use serde_json::Value;

use super::Wrong;

/// The most characters of a name of a tag, a parameter or a metric, and of most other names.
pub(super) const KEY: usize = 250;

/// The most characters of a wrong value that are said again.
const MOST_SHOWN: usize = 1000;

/// A name of a tag, a parameter or a metric, which the request calls `field`.
pub(super) fn name(field: &str, name: &str) -> Result<(), Wrong> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ' ' | ':');
    if !name.chars().all(is_part) {
        return Err(invalid_value(
            field,
            name,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and \
             slashes (/).",
        ));
    }
    let plain = plain(name);
    if plain != name || plain == "." || plain.starts_with("..") || plain.starts_with('/') {
        return Err(invalid_value(
            field,
            name,
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other names when treated as \
                 such. This name would resolve to '{}'",
                cut(&plain, MOST_SHOWN)
            ),
        ));
    }
    Ok(())
}

/// A text of so many characters at the most.
pub(super) fn length(field: &str, text: &str, most: usize) -> Result<(), Wrong> {
    match text.chars().nth(most) {
        None => Ok(()),
        Some(_) => Err(Wrong::invalid(format!("'{field}' exceeds the maximum length of {most} characters"))),
    }
}

/// The beginning of a text, as much of it as is kept: longer ones are cut, not refused.
pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

pub(super) fn invalid_value(field: &str, value: &str, why: &str) -> Wrong {
    let value = Value::from(cut(value, MOST_SHOWN));
    Wrong::invalid(format!("Invalid value {value} for parameter '{field}' supplied: {why}"))
}

/// What a name comes to as a path.
fn plain(path: &str) -> String {
    let root = match path {
        path if path.starts_with("///") => "/",
        // What two slashes begin with is up to the system.
        path if path.starts_with("//") => "//",
        path if path.starts_with('/') => "/",
        _ => "",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    match format!("{root}{}", parts.join("/")) {
        plain if plain.is_empty() => ".".to_owned(),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "a/b", "a.b c-d_e:f", "größe/p90", "a/..b"] {
            assert_eq!(name("key", good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("a%b", "Names may only contain alphanumerics"),
            ("a\nb", "Names may only contain alphanumerics"),
            ("", "would resolve to '.'"),
            ("a//b", "would resolve to 'a/b'"),
            ("a/./b", "would resolve to 'a/b'"),
            ("a/../b", "would resolve to 'b'"),
            ("../a", "would resolve to '../a'"),
            ("/a", "would resolve to '/a'"),
            ("/../a", "would resolve to '/a'"),
            ("a/", "would resolve to 'a'"),
        ] {
            let wrong = name("key", bad).expect_err(bad);
            assert!(wrong.message.contains(why), "{}", wrong.message);
        }
        assert_eq!(
            name("key", "a\"b").map_err(|wrong| wrong.message[..44].to_owned()),
            Err(r#"Invalid value "a\"b" for parameter 'key' sup"#.to_owned())
        );
    }

    #[test]
    fn of_what_is_wrong_no_more_is_said_again_than_can_be_read() {
        let long = "ä".repeat(5000);
        for bad in [format!("%{long}"), format!("{long}//{long}")] {
            let message = name("key", &bad).expect_err("it is no name").message;
            let shown = message.chars().filter(|c| *c == 'ä').count();
            assert!((999..=2000).contains(&shown), "{shown}");
        }
    }

    #[test]
    fn lengths_are_those_of_characters() {
        assert_eq!(length("key", "äöü", 3), Ok(()));
        let wrong = length("key", "äöüß", 3).expect_err("it is too long");
        assert_eq!(wrong.message, "'key' exceeds the maximum length of 3 characters");
        assert_eq!(cut("äöüß", 3), "äöü");
    }
}
