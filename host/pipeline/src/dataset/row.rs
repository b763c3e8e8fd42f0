//! The fields of a record as a row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::dataset::RecordSource;
use model::json::Json;
use model::row::RowRecord;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::nearest;
use model::object::{self, kind_of};

/// Every field that a row can have.
pub(super) const FIELDS: [&str; 12] = [
    "id",
    "inputs",
    "outputs",
    "expectations",
    "tags",
    "trace",
    "session",
    "trials",
    "split",
    "cluster",
    "weight",
    "source",
];

/// Something in a row that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub field: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl Flaw {
    fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Makes a row of its fields; a null is as good as an absent field.
///
/// # Errors
///
/// Fails with everything that is wrong.
pub(super) fn decode(fields: &[(Cow<'_, str>, &RawValue)]) -> Result<RowRecord, Vec<Flaw>> {
    let mut decoding = Decoding { fields, flaws: Vec::new() };
    decoding.check_keys();
    let row = RowRecord {
        id: decoding.scalar("id", "a text"),
        inputs: decoding.object("inputs").unwrap_or_else(|| decoding.missing_inputs()),
        outputs: decoding.get("outputs").map(Json::from_raw),
        expectations: decoding.object("expectations"),
        tags: decoding.tags(),
        trace: decoding.get("trace").map(Json::from_raw),
        session: decoding.scalar("session", "a text"),
        trials: decoding.trials(),
        split: decoding.scalar("split", "a text"),
        cluster: decoding.scalar("cluster", "a text"),
        weight: decoding.weight(),
        source: decoding.source(),
    };
    if decoding.flaws.is_empty() { Ok(row) } else { Err(decoding.flaws) }
}

struct Decoding<'f, 'a> {
    fields: &'f [(Cow<'a, str>, &'a RawValue)],
    flaws: Vec<Flaw>,
}

impl<'a> Decoding<'_, 'a> {
    fn check_keys(&mut self) {
        for (number, (key, _)) in self.fields.iter().enumerate() {
            if !FIELDS.contains(&key.as_ref()) {
                let hint = match nearest::nearest(key, FIELDS) {
                    Some(meant) => format!("did you mean `{meant}`? `data.map` in the suite renames foreign fields"),
                    None => "`data.map` in the suite turns foreign fields into those of a row".to_owned(),
                };
                let flaw = Flaw { field: None, message: format!("unknown key `{key}`"), hint: Some(hint) };
                self.flaws.push(flaw);
            } else if self.fields[..number].iter().any(|(before, _)| before == key) {
                self.flaws.push(Flaw::new(key, "is there twice"));
            }
        }
    }

    fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.fields.iter().find(|(name, _)| name == key)?;
        (raw.get() != "null").then_some(*raw)
    }

    fn missing_inputs(&mut self) -> Json {
        if self.get("inputs").is_none() {
            let hint = "a row is an object such as `{\"inputs\": {\"question\": \"…\"}, \"outputs\": \"…\"}`";
            self.flaws.push(Flaw {
                field: None,
                message: "missing key `inputs`".to_owned(),
                hint: Some(hint.to_owned()),
            });
        }
        Json::from_raw(RawValue::NULL)
    }

    fn object(&mut self, field: &str) -> Option<Json> {
        let raw = self.get(field)?;
        if raw.get().starts_with('{') {
            return Some(Json::from_raw(raw));
        }
        let example = if field == "inputs" { "inputs.question" } else { "expectations.expected_response" };
        let hint = format!("give the value a name of its own, such as `{example}`");
        self.flaws.push(Flaw::new(field, format!("expected an object, found {}", kind_of(raw.get()))).hint(hint));
        None
    }

    fn scalar<T: DeserializeOwned>(&mut self, field: &str, expected: &str) -> Option<T> {
        let raw = self.get(field)?;
        let value = serde_json::from_str(raw.get()).ok();
        if value.is_none() {
            let flaw = Flaw::new(field, format!("expected {expected}, found {}", kind_of(raw.get())));
            self.flaws.push(match raw.get().as_bytes().first() {
                Some(b'0'..=b'9' | b'-') => flaw.hint("write it in quotes"),
                _ => flaw,
            });
        }
        value
    }

    fn trials(&mut self) -> Option<u32> {
        let trials = self.scalar("trials", "a whole number");
        if trials == Some(0) {
            self.flaws.push(Flaw::new("trials", "must be at least 1"));
        }
        trials
    }

    fn weight(&mut self) -> Option<f64> {
        let weight = self.scalar("weight", "a number");
        if weight.is_some_and(|weight: f64| weight < 0.0) {
            self.flaws.push(Flaw::new("weight", "must not be negative"));
        }
        weight
    }

    fn source(&mut self) -> Option<RecordSource> {
        let raw = self.get("source")?;
        let source: Result<RecordSource, _> = serde_json::from_str(raw.get());
        match source {
            Ok(source) if source.data.is_object() => return Some(source),
            Ok(_) => self.flaws.push(Flaw::new("source.data", "expected an object")),
            Err(_) => self.flaws.push(
                Flaw::new("source", "says nothing of where the row comes from")
                    .hint("it is an object such as `{\"kind\": \"TRACE\", \"data\": {\"trace_id\": \"…\"}}`"),
            ),
        }
        None
    }

    fn tags(&mut self) -> BTreeMap<String, String> {
        let Some(raw) = self.get("tags") else { return BTreeMap::new() };
        let Some(entries) = object::entries(raw.get()) else {
            self.flaws.push(Flaw::new("tags", format!("expected an object, found {}", kind_of(raw.get()))));
            return BTreeMap::new();
        };
        let mut tags = BTreeMap::new();
        for (key, raw) in entries {
            match serde_json::from_str(raw.get()) {
                Ok(value) => drop(tags.insert(key.into_owned(), value)),
                Err(_) => {
                    let message = format!("expected a text, found {}", kind_of(raw.get()));
                    self.flaws.push(Flaw::new(&format!("tags.{key}"), message));
                }
            }
        }
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_text(text: &str) -> Result<RowRecord, Vec<String>> {
        let entries = object::entries(text).expect("an object");
        decode(&entries).map_err(|flaws| {
            let shown = |flaw: Flaw| format!("{}: {}", flaw.field.unwrap_or_default(), flaw.message);
            flaws.into_iter().map(shown).collect()
        })
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let row = decode_text(r#"{"inputs":{"n":1.50},"outputs":1e400,"expectations":null}"#).expect("a row");
        assert_eq!(row.inputs.as_str(), r#"{"n":1.50}"#);
        assert_eq!(row.outputs.expect("outputs").as_str(), "1e400");
        assert_eq!(row.expectations, None);
    }

    #[test]
    fn every_flaw_is_named_with_its_field() {
        let check = |text: &str, expected: &[&str]| assert_eq!(decode_text(text).expect_err("flaws"), expected);
        check("{}", &[": missing key `inputs`"]);
        check(r#"{"inputs":"x"}"#, &["inputs: expected an object, found a text"]);
        check(
            r#"{"inputs":{},"expected":1,"outputs":1,"outputs":2}"#,
            &[": unknown key `expected`", "outputs: is there twice"],
        );
        check(
            r#"{"inputs":{},"id":7,"trials":0,"tags":{"a":1},"expectations":[],"weight":"x"}"#,
            &[
                "id: expected a text, found a number",
                "expectations: expected an object, found a list",
                "tags.a: expected a text, found a number",
                "trials: must be at least 1",
                "weight: expected a number, found a text",
            ],
        );
        check(r#"{"inputs":{},"weight":-1}"#, &["weight: must not be negative"]);
    }
}
