//! Foreign records as rows, by the suite's `map`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::json::Json;
use model::object;
use serde_json::value::RawValue;

use super::path::find;
use super::path::{self, Step};
use super::row::FIELDS;
use crate::nearest;

/// Fields of a row that hold objects, so that a target can reach into them.
const OBJECTS: [&str; 5] = ["inputs", "outputs", "expectations", "tags", "trace"];

/// An entry of a map that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapError {
    /// None where an entry is missing.
    pub target: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

/// A map, ready to be applied.
#[derive(Debug)]
pub(crate) struct Map {
    sources: Vec<Source>,
    /// The fields of a row, each with what goes into it.
    fields: Vec<Branch>,
}

#[derive(Debug)]
pub(super) struct Source {
    pub target: String,
    pub text: String,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Branch {
    key: String,
    holds: Holds,
}

#[derive(Debug)]
enum Holds {
    /// What a source leads to.
    Source(usize),
    Object(Vec<Branch>),
}

impl Map {
    /// # Errors
    ///
    /// Fails with every entry that makes no sense.
    pub(crate) fn new(entries: &BTreeMap<String, String>) -> Result<Self, Vec<MapError>> {
        let mut map = Self { sources: Vec::new(), fields: Vec::new() };
        let mut errors = Vec::new();
        for (target, source) in entries {
            if let Err((message, hint)) = map.add(target, source) {
                errors.push(MapError { target: Some(target.clone()), message, hint });
            }
        }
        if errors.is_empty() && !map.fields.iter().any(|field| field.key == "inputs") {
            let hint = "say where they come from, such as `inputs.question: question`".to_owned();
            let message = "nothing is mapped to `inputs`".to_owned();
            errors.push(MapError { target: None, message, hint: Some(hint) });
        }
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }

    fn add(&mut self, target: &str, source: &str) -> Result<(), (String, Option<String>)> {
        let keys = path::parse(target).map_err(|reason| no_path("target", target, &reason))?;
        let keys: Option<Vec<_>> = keys
            .into_iter()
            .map(|step| match step {
                Step::Key(key) => Some(key),
                Step::Index(_) => None,
            })
            .collect();
        let keys = keys.ok_or((format!("the target `{target}` can't index a list"), None))?;
        let steps = path::parse(source).map_err(|reason| no_path("source", source, &reason))?;
        if !FIELDS.contains(&keys[0].as_str()) {
            let hint = nearest::hint(&keys[0], "fields", FIELDS);
            return Err((format!("`{}` is no field of a row", keys[0]), Some(hint)));
        }
        if keys.len() > 1 && !OBJECTS.contains(&keys[0].as_str()) {
            return Err((format!("`{}` holds no object", keys[0]), None));
        }
        if !grow(&mut self.fields, &keys, self.sources.len()) {
            return Err((format!("`{target}` overlaps another target"), None));
        }
        self.sources.push(Source { target: target.to_owned(), text: source.to_owned(), steps });
        Ok(())
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The fields of a row, made from those of a record. Sets `seen` for each source that leads somewhere.
    pub(super) fn apply<'a>(&self, record: &'a Json, seen: &mut [bool]) -> Vec<(Cow<'_, str>, Cow<'a, RawValue>)> {
        let entries = object::entries(record.as_str()).unwrap_or_default();
        let values: Vec<_> = self.sources.iter().map(|source| find(&entries, &source.steps)).collect();
        for (seen, value) in seen.iter_mut().zip(&values) {
            *seen |= value.is_some();
        }
        self.fields
            .iter()
            .filter_map(|field| Some((Cow::Borrowed(field.key.as_str()), value(field, &values)?)))
            .collect()
    }
}

fn no_path(what: &str, text: &str, reason: &str) -> (String, Option<String>) {
    let hint = "dots descend, `[n]` indexes, `\\.` is a dot in a name";
    (format!("the {what} `{text}` is no path: {reason}"), Some(hint.to_owned()))
}

/// Puts a source at its place. Returns whether that was free.
fn grow(branches: &mut Vec<Branch>, keys: &[String], source: usize) -> bool {
    let [key, rest @ ..] = keys else { return false };
    let found = branches.iter_mut().find(|branch| branch.key == *key);
    match (found, rest) {
        (None, []) => {
            branches.push(Branch { key: key.clone(), holds: Holds::Source(source) });
            true
        }
        (None, _) => {
            let mut inner = Vec::new();
            let is_free = grow(&mut inner, rest, source);
            branches.push(Branch { key: key.clone(), holds: Holds::Object(inner) });
            is_free
        }
        (Some(Branch { holds: Holds::Object(inner), .. }), [_, ..]) => grow(inner, rest, source),
        (Some(_), _) => false,
    }
}

fn value<'a>(field: &Branch, values: &[Option<&'a RawValue>]) -> Option<Cow<'a, RawValue>> {
    match &field.holds {
        Holds::Source(source) => Some(cast(wanted(&field.key), values[*source]?)),
        Holds::Object(inner) => {
            let mut text = String::new();
            let wanted = if field.key == "tags" { Wanted::Text } else { Wanted::Any };
            write(inner, values, wanted, &mut text);
            // An object of values that were valid JSON is valid JSON.
            (text != "{}").then(|| RawValue::from_string(text).map(Cow::Owned).ok()).flatten()
        }
    }
}

fn write(branches: &[Branch], values: &[Option<&RawValue>], wanted: Wanted, text: &mut String) {
    text.push('{');
    for branch in branches {
        let start = text.len();
        if !text.ends_with('{') {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(branch.key.as_str()).to_string());
        text.push(':');
        let value = text.len();
        match &branch.holds {
            Holds::Source(source) => {
                text.push_str(values[*source].map(|raw| cast(wanted, raw)).as_deref().map_or("", RawValue::get));
            }
            Holds::Object(inner) => write(inner, values, wanted, text),
        }
        if matches!(&text[value..], "" | "{}")
            && !matches!(&branch.holds, Holds::Source(source) if values[*source].is_some())
        {
            text.truncate(start);
        }
    }
    text.push('}');
}

/// What a field of a row can hold.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    Number,
    Any,
}

fn wanted(field: &str) -> Wanted {
    match field {
        "id" | "session" | "split" | "cluster" => Wanted::Text,
        "trials" | "weight" => Wanted::Number,
        _ => Wanted::Any,
    }
}

/// Foreign files number what Karat names, and CSV has nothing but texts.
fn cast(wanted: Wanted, raw: &RawValue) -> Cow<'_, RawValue> {
    let text = raw.get();
    let cast = match (wanted, text.as_bytes().first()) {
        (Wanted::Text, Some(b'0'..=b'9' | b'-' | b't' | b'f')) => Some(format!("\"{text}\"")),
        (Wanted::Number, Some(b'"')) => {
            text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned)
        }
        _ => None,
    };
    match cast.map(RawValue::from_string) {
        Some(Ok(cast)) => Cow::Owned(cast),
        _ => Cow::Borrowed(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> Result<Map, Vec<MapError>> {
        Map::new(&entries.iter().map(|(target, source)| ((*target).to_owned(), (*source).to_owned())).collect())
    }

    #[track_caller]
    fn check(entries: &[(&str, &str)], record: &str, expected: &[&str]) {
        let record = Json::parse(record).expect("a record");
        let map = map(entries).expect("a map");
        let fields = map.apply(&record, &mut vec![false; entries.len()]);
        let seen: Vec<_> = fields.iter().map(|(key, raw)| format!("{key}={}", raw.get())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn targets_build_objects_and_numbers_stay_as_written() {
        check(
            &[
                ("inputs.question", "q"),
                ("inputs.context.n", "meta.n[1]"),
                ("outputs", "6b.solution"),
                ("expectations.expected_response", "gone"),
            ],
            r#"{"q":"?","meta":{"n":[1,2.50]},"6b":{"solution":{"x":1.0}},"other":1}"#,
            &[r#"inputs={"context":{"n":2.50},"question":"?"}"#, r#"outputs={"x":1.0}"#],
        );
        check(&[("inputs", "q")], r#"{"q":{}}"#, &["inputs={}"]);
        check(&[("inputs.a", "q")], r#"{"q":{}}"#, &[r#"inputs={"a":{}}"#]);
    }

    #[test]
    fn a_foreign_number_can_be_an_id_and_a_text_a_weight() {
        check(
            &[("id", "i"), ("inputs.n", "i"), ("tags.lang", "l"), ("weight", "w"), ("trials", "t")],
            r#"{"i":17,"l":3,"w":"0.5","t":"two"}"#,
            &["id=\"17\"", "inputs={\"n\":17}", "tags={\"lang\":\"3\"}", "trials=\"two\"", "weight=0.5"],
        );
    }

    #[test]
    fn a_map_that_makes_no_sense_says_why() {
        let check = |entries: &[(&str, &str)], expected: &str| {
            let error = map(entries).expect_err("no map").remove(0);
            assert_eq!(format!("{}; {}", error.message, error.hint.unwrap_or_default()), expected);
        };
        check(&[("input.q", "q")], "`input` is no field of a row; did you mean `inputs`?");
        check(&[("inputs", "q"), ("inputs.a", "b")], "`inputs.a` overlaps another target; ");
        check(&[("inputs.a[0]", "q")], "the target `inputs.a[0]` can't index a list; ");
        check(&[("id.x", "q")], "`id` holds no object; ");
        check(
            &[("inputs.a", "b..c")],
            "the source `b..c` is no path: a name is missing; dots descend, `[n]` indexes, `\\.` is a dot in a name",
        );
        check(
            &[("outputs", "a")],
            "nothing is mapped to `inputs`; say where they come from, such as `inputs.question: question`",
        );
    }
}
