//! Another tool's record as a row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::json::Json;
use model::object::{self, kind_of};
use model::row::RowRecord;
use serde_json::value::RawValue;

use super::Peer;
use super::table::{Other, Place};
use super::tag;
use crate::dataset::row::Flaw;
use crate::nearest;

type Entry<'a> = (Cow<'a, str>, &'a RawValue);

impl Peer {
    /// A null is as good as an absent field.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong, by their names of fields.
    pub(in crate::dataset) fn read(&self, fields: &[Entry<'_>]) -> Result<RowRecord, Vec<Flaw>> {
        let mut reading = Reading { peer: self, row: Parts::default(), flaws: Vec::new() };
        for (number, (key, value)) in fields.iter().enumerate() {
            if fields[..number].iter().any(|(before, _)| before == key) {
                reading.flaw(key, "is there twice".to_owned());
            } else if value.get() != "null" {
                reading.field(key, value);
            }
        }
        let is_there = |name: &str| fields.iter().any(|(key, value)| key == name && value.get() != "null");
        if !self.required.is_empty() && !is_there(self.required) {
            let message = format!("missing key `{}`, which every record of {} has", self.required, self.name);
            reading.flaws.push(Flaw { field: None, message, hint: None });
        }
        reading.finish()
    }
}

/// A row in the making.
#[derive(Default)]
struct Parts {
    id: Option<String>,
    inputs: BTreeMap<String, Json>,
    outputs: Option<Json>,
    expectations: BTreeMap<String, Json>,
    tags: BTreeMap<String, String>,
    split: Option<String>,
}

struct Reading<'p> {
    peer: &'p Peer,
    row: Parts,
    flaws: Vec<Flaw>,
}

impl Reading<'_> {
    fn field(&mut self, key: &str, value: &RawValue) {
        let place = self.peer.fields.iter().find(|(name, _)| *name == key).map(|(_, place)| *place);
        match (place, self.peer.other) {
            (Some(place), _) => self.put(place, key, value),
            (None, Other::Input) if key.starts_with("__") => {
                self.row.expectations.insert(key.to_owned(), Json::from_raw(value));
            }
            (None, Other::Input) => drop(self.row.inputs.insert(key.to_owned(), Json::from_raw(value))),
            (None, Other::Refused) => {
                let message = format!("unknown key `{key}` of a record of {}", self.peer.name);
                let names = self.peer.fields.iter().map(|(name, _)| *name);
                let hint = match nearest::nearest(key, names) {
                    Some(meant) => {
                        format!("did you mean `{meant}`? a `map` takes what it names and leaves out the rest")
                    }
                    None => "a `map` takes what it names and leaves out the rest".to_owned(),
                };
                self.flaws.push(Flaw { field: None, message, hint: Some(hint) });
            }
        }
    }

    fn put(&mut self, place: Place, key: &str, value: &RawValue) {
        let json = || Json::from_raw(value);
        let is_object = value.get().starts_with('{');
        let expected = match place {
            Place::Inputs | Place::Expectations | Place::Tags if !is_object => "an object",
            Place::Calls(..) | Place::TagNames if !value.get().starts_with('[') => "a list",
            Place::Split if !value.get().starts_with('"') => "a text",
            _ => "",
        };
        if !expected.is_empty() {
            return self.flaw(key, format!("expected {expected}, found {}", kind_of(value.get())));
        }
        match place {
            Place::Id => self.id(key, value),
            Place::Inputs => self.row.inputs.extend(entries(value)),
            Place::InputsOr(name) => {
                let all: BTreeMap<_, _> = if is_object { entries(value).collect() } else { BTreeMap::new() };
                // What is written for an object with this name alone is its value.
                match all.len() == 1 && all.contains_key(name) || !is_object {
                    true => drop(self.row.inputs.insert(name.to_owned(), json())),
                    false => self.row.inputs.extend(all),
                }
            }
            Place::Input(name) => drop(self.row.inputs.insert(name.to_owned(), json())),
            Place::Outputs => self.row.outputs = Some(json()),
            Place::Expectations => self.row.expectations.extend(entries(value)),
            Place::Expectation(name) => drop(self.row.expectations.insert(name.to_owned(), json())),
            Place::Calls(name, theirs) => match renamed(value, theirs, "arguments") {
                Ok(calls) => drop(self.row.expectations.insert(name.to_owned(), calls)),
                Err(message) => self.flaw(key, message),
            },
            Place::Tags => {
                let keeps_empty = self.peer.fields.iter().any(|(_, place)| *place == Place::TagNames);
                for (name, value) in object::entries(value.get()).unwrap_or_default() {
                    let own =
                        self.peer.fields.iter().find(|(_, place)| matches!(place, Place::Tag(tag) if *tag == name));
                    if let Some((field, _)) = own {
                        self.flaw(&format!("{key}.{name}"), format!("belongs into the field `{field}`"));
                        continue;
                    }
                    self.tag(&format!("{key}.{name}"), &name, tag::written(value, keeps_empty));
                }
            }
            Place::TagNames => match serde_json::from_str::<Vec<String>>(value.get()) {
                Ok(names) => names.into_iter().for_each(|name| self.tag(key, &name, String::new())),
                Err(_) => self.flaw(key, "expected a list of texts".to_owned()),
            },
            Place::Tag(name) => self.tag(key, name, tag::written(value, false)),
            Place::Split => self.row.split = serde_json::from_str(value.get()).ok(),
        }
    }

    fn id(&mut self, key: &str, value: &RawValue) {
        let text = value.get();
        match serde_json::from_str(text) {
            Ok(id) => self.row.id = Some(id),
            Err(_) if is_whole(text) => self.row.id = Some(text.to_owned()),
            Err(_) => self.flaw(key, format!("expected a text or a whole number, found {}", kind_of(text))),
        }
    }

    fn tag(&mut self, field: &str, name: &str, value: String) {
        if self.row.tags.insert(name.to_owned(), value).is_some() {
            self.flaw(field, format!("there are two values for the tag `{name}`"));
        }
    }

    fn flaw(&mut self, field: &str, message: String) {
        self.flaws.push(Flaw { field: Some(field.to_owned()), message, hint: None });
    }

    fn finish(self) -> Result<RowRecord, Vec<Flaw>> {
        if !self.flaws.is_empty() {
            return Err(self.flaws);
        }
        let Parts { id, inputs, outputs, expectations, tags, split } = self.row;
        let object = |entries: &BTreeMap<String, Json>| Json::from_serialize(entries).expect("values are JSON");
        Ok(RowRecord {
            id,
            inputs: object(&inputs),
            outputs,
            expectations: (!expectations.is_empty()).then(|| object(&expectations)),
            tags,
            trace: None,
            session: None,
            trials: None,
            split,
            cluster: None,
            weight: None,
            source: None,
        })
    }
}

/// A whole number as it is written in one way alone.
pub(super) fn is_whole(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn entries(value: &RawValue) -> impl Iterator<Item = (String, Json)> {
    let entries = object::entries(value.get()).unwrap_or_default();
    entries.into_iter().map(|(name, value)| (name.into_owned(), Json::from_raw(value)))
}

/// A list of objects with another name for one of their fields.
///
/// # Errors
///
/// Fails where something in it is no object, or has the other name already.
pub(super) fn renamed(list: &RawValue, from: &str, to: &str) -> Result<Json, String> {
    let items: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_| "expected a list".to_owned())?;
    let mut renamed = Vec::with_capacity(items.len());
    for item in items {
        let entries = object::entries(item.get())
            .ok_or_else(|| format!("expected a list of objects, found {} in it", kind_of(item.get())))?;
        let mut fields = BTreeMap::new();
        for (name, value) in &entries {
            if name == to {
                return Err(format!("a call has `{to}`, where `{from}` is meant"));
            }
            let name = if name == from { to } else { name.as_ref() };
            fields.insert(name.to_owned(), *value);
        }
        renamed.push(fields);
    }
    Json::from_serialize(&renamed).map_err(|error| error.to_string())
}
