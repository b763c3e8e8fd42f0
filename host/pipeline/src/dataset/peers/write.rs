//! A row as another tool's record.

use std::collections::BTreeMap;

use model::json::Json;
use model::object;
use model::row::RowRecord;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::read::{is_whole, renamed};
use super::table::{Other, Place};
use super::{Peer, Unheld, tag};

impl Peer {
    /// Writes a row in this shape, so that it is read as the same row again.
    ///
    /// # Errors
    ///
    /// Fails with everything of the row that the shape can't hold.
    pub fn write(&self, row: &RowRecord) -> Result<Json, Vec<Unheld>> {
        let mut left = Left::of(row);
        let mut fields = Vec::new();
        let mut unheld = Vec::new();
        for (key, place) in self.fields {
            match left.take(*place) {
                Ok(value) => fields.extend(value.map(|value| ((*key).to_owned(), value))),
                Err(told) => unheld.push(told),
            }
        }
        if self.other == Other::Input {
            fields.extend(std::mem::take(&mut left.inputs));
            let named = left.expectations.extract_if(.., |name, _| name.starts_with("__"));
            fields.extend(named);
        }
        if !self.required.is_empty() && !fields.iter().any(|(key, _)| key == self.required) && unheld.is_empty() {
            let place = self.fields.iter().find(|(key, _)| *key == self.required).map(|(_, place)| *place);
            let field = match place {
                Some(Place::Input(name)) => format!("inputs.{name}"),
                _ => "inputs".to_owned(),
            };
            let message = format!("is what {} has as `{}`, and is not there", self.name, self.required);
            unheld.push(Unheld { field, message });
        }
        unheld.extend(left.fields().map(|field| {
            let message = format!("has no place in a record of {}", self.name);
            Unheld { field, message }
        }));
        let ends = Fields(&fields);
        if unheld.is_empty() { Ok(Json::from_serialize(&ends).expect("values are JSON")) } else { Err(unheld) }
    }
}

/// An object whose fields stay in their order.
struct Fields<'f>(&'f [(String, Json)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// What of a row has not been written yet.
struct Left<'r> {
    id: Option<&'r String>,
    inputs: BTreeMap<String, Json>,
    outputs: Option<&'r Json>,
    expectations: BTreeMap<String, Json>,
    tags: BTreeMap<&'r String, &'r String>,
    split: Option<&'r String>,
    /// Fields that no shape has.
    others: Vec<&'static str>,
}

impl<'r> Left<'r> {
    fn of(row: &'r RowRecord) -> Self {
        let RowRecord {
            id,
            inputs,
            outputs,
            expectations,
            tags,
            trace,
            session,
            trials,
            split,
            cluster,
            weight,
            source,
        } = row;
        let others = [
            ("trace", trace.is_some()),
            ("session", session.is_some()),
            ("trials", trials.is_some()),
            ("cluster", cluster.is_some()),
            ("weight", weight.is_some()),
            ("source", source.is_some()),
        ];
        Self {
            id: id.as_ref(),
            inputs: entries(Some(inputs)),
            outputs: outputs.as_ref(),
            expectations: entries(expectations.as_ref()),
            tags: tags.iter().collect(),
            split: split.as_ref(),
            others: others.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect(),
        }
    }

    fn take(&mut self, place: Place) -> Result<Option<Json>, Unheld> {
        let text = |text: &String| Json::from_serialize(text).expect("a text is JSON");
        let object = |all: BTreeMap<String, Json>| Json::from_serialize(&all).expect("values are JSON");
        Ok(match place {
            Place::Id => self.id.take().map(|id| match is_whole(id) {
                true => Json::parse(id).expect("a number is JSON"),
                false => text(id),
            }),
            Place::Inputs => Some(object(std::mem::take(&mut self.inputs))),
            Place::InputsOr(name) => match self.inputs.len() == 1 {
                true if self.inputs.contains_key(name) => self.inputs.remove(name),
                _ => Some(object(std::mem::take(&mut self.inputs))),
            },
            Place::Input(name) => self.inputs.remove(name),
            Place::Outputs => self.outputs.take().cloned(),
            Place::Expectations => {
                let all = std::mem::take(&mut self.expectations);
                (!all.is_empty()).then(|| object(all))
            }
            Place::Expectation(name) => self.expectations.remove(name),
            Place::Calls(name, theirs) => match self.expectations.remove(name) {
                Some(calls) => Some(
                    calls_with(&calls, theirs)
                        .map_err(|message| Unheld { field: format!("expectations.{name}"), message })?,
                ),
                None => None,
            },
            Place::Tag(name) => self.tags.remove(&name.to_owned()).map(|value| tag::read(value)),
            Place::TagNames => {
                let named: Vec<_> =
                    self.tags.extract_if(.., |_, value| value.is_empty()).map(|(name, _)| name).collect();
                (!named.is_empty()).then(|| Json::from_serialize(&named).expect("texts are JSON"))
            }
            Place::Tags => {
                let all: BTreeMap<_, _> =
                    std::mem::take(&mut self.tags).into_iter().map(|(name, value)| (name, tag::read(value))).collect();
                (!all.is_empty()).then(|| Json::from_serialize(&all).expect("values are JSON"))
            }
            Place::Split => self.split.take().map(text),
        })
    }

    /// The fields that are left.
    fn fields(&self) -> impl Iterator<Item = String> {
        let id = self.id.iter().map(|_| "id".to_owned());
        let inputs = self.inputs.keys().map(|name| format!("inputs.{name}"));
        let outputs = self.outputs.iter().map(|_| "outputs".to_owned());
        let expectations = self.expectations.keys().map(|name| format!("expectations.{name}"));
        let tags = self.tags.keys().map(|name| format!("tags.{name}"));
        let split = self.split.iter().map(|_| "split".to_owned());
        let others = self.others.iter().map(|name| (*name).to_owned());
        id.chain(inputs).chain(outputs).chain(expectations).chain(tags).chain(split).chain(others)
    }
}

fn calls_with(calls: &Json, theirs: &str) -> Result<Json, String> {
    let raw: &RawValue = serde_json::from_str(calls.as_str()).map_err(|error| error.to_string())?;
    renamed(raw, "arguments", theirs)
}

fn entries(object: Option<&Json>) -> BTreeMap<String, Json> {
    let entries = object.and_then(|object| object::entries(object.as_str())).unwrap_or_default();
    entries.into_iter().map(|(name, value)| (name.into_owned(), Json::from_raw(value))).collect()
}
