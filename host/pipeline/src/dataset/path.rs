//! Paths into JSON: dots descend, `[n]` indexes, `\` takes the next character as it is.

use std::borrow::Cow;

use model::object;
use serde_json::value::RawValue;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Reads a path; it begins with a key.
///
/// # Errors
///
/// Fails with a reason when `text` is no path.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        let mut key = String::new();
        while let Some(character) = characters.next_if(|next| !matches!(next, '.' | '[')) {
            match character {
                '\\' => key.push(characters.next().ok_or("a `\\` stands at the end")?),
                other => key.push(other),
            }
        }
        if key.is_empty() {
            return Err("a name is missing".to_owned());
        }
        steps.push(Step::Key(key));
        while characters.next_if_eq(&'[').is_some() {
            let digits: String = std::iter::from_fn(|| characters.next_if(char::is_ascii_digit)).collect();
            let index = digits.parse().map_err(|_| "a `[` is not followed by a number".to_owned())?;
            characters.next_if_eq(&']').ok_or("a `[` is never closed")?;
            steps.push(Step::Index(index));
        }
        match characters.next() {
            None => return Ok(steps),
            Some('.') => {}
            Some(other) => return Err(format!("`{other}` stands behind a `]`")),
        }
    }
}

/// What a path leads to, in an object whose keys and values are `entries`.
pub(crate) fn find<'a>(entries: &[(Cow<'a, str>, &'a RawValue)], steps: &[Step]) -> Option<&'a RawValue> {
    let [Step::Key(key), rest @ ..] = steps else { return None };
    let (_, mut value) = *entries.iter().rfind(|(name, _)| name == key)?;
    for step in rest {
        value = match step {
            Step::Key(key) => object::entries(value.get())?.into_iter().rfind(|(name, _)| name == key)?.1,
            Step::Index(index) => *serde_json::from_str::<Vec<&RawValue>>(value.get()).ok()?.get(*index)?,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_objects_and_lists() {
        let row = r#"{"a":{"b":[10,{"c":1.50}]},"d.e":"f","x[0]":2,"\u00e9":3}"#;
        let entries = object::entries(row).expect("an object");
        let at = |path: &str| find(&entries, &parse(path).expect("a path")).map(RawValue::get);
        assert_eq!(at("a.b[1].c"), Some("1.50"));
        assert_eq!(at("a.b[0]"), Some("10"));
        assert_eq!(at(r"d\.e"), Some("\"f\""));
        assert_eq!(at(r"x\[0]"), Some("2"));
        assert_eq!(at("é"), Some("3"));
        for nothing in ["a.c", "a.b[2]", "a[0]", "d.e", "a.b.c", "b"] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (text, reason) in [
            ("", "a name is missing"),
            ("a..b", "a name is missing"),
            (".a", "a name is missing"),
            ("[0]", "a name is missing"),
            ("a.", "a name is missing"),
            ("a[b]", "a `[` is not followed by a number"),
            ("a[0", "a `[` is never closed"),
            ("a[0]b", "`b` stands behind a `]`"),
            ("a\\", "a `\\` stands at the end"),
        ] {
            assert_eq!(parse(text), Err(reason.to_owned()), "{text}");
        }
    }
}
