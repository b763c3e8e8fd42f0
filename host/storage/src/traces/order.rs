//! The place of a trace in what a search finds.

use std::borrow::Cow;
use std::cmp::Ordering;

use model::search::{Cursor, Field, Found, Order, found_in_json};
use serde::{Deserialize, Serialize};

use super::condition::{cost, duration, milliseconds, token_place};
use super::id::{self, TraceId};
use super::part::{Part, State};
use super::strings::{ListId, Strings, TextId};

/// What a trace is sorted by: the least comes first.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Place {
    keys: Vec<Key<'static>>,
    pub(super) start: u64,
    pub(super) id: TraceId,
}

/// The value of a field that is sorted by.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Key<'a> {
    value: Value<'a>,
    descending: bool,
}

/// In the order of kinds that [`model::search::compare`] has.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
enum Value<'a> {
    Boolean(bool),
    Number(f64),
    Text(Cow<'a, str>),
    Missing,
}

impl Place {
    pub(super) fn of(part: &Part, at: usize, orders: &[Order], strings: &Strings) -> Self {
        let keys = orders.iter().map(|order| Key::of(part, at, order, strings).into_owned()).collect();
        Self { keys, start: part.start[at], id: part.id[at] }
    }

    /// How this place is to that of a trace, which need not be made for that.
    pub(super) fn to(&self, part: &Part, at: usize, orders: &[Order], strings: &Strings) -> Ordering {
        let keys = self.keys.iter().zip(orders);
        let told_apart = keys.map(|(key, order)| key.compare(&Key::of(part, at, order, strings)));
        let told_apart = told_apart.into_iter().find(|order| order.is_ne());
        told_apart.unwrap_or_else(|| part.start[at].cmp(&self.start).then_with(|| self.id.cmp(&part.id[at])))
    }

    /// A place as it is told, for what comes behind it.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor(id::hex(&postcard::to_stdvec(self).expect("a vector takes everything")))
    }

    /// None where it is not the cursor of a search in this order.
    pub(super) fn read(Cursor(text): &Cursor, orders: &[Order]) -> Option<Self> {
        let digit = |byte: &u8| (*byte as char).to_digit(16);
        let byte = |pair: &[u8]| Some((digit(pair.first()?)? * 16 + digit(pair.get(1)?)?) as u8);
        let bytes: Vec<u8> = text.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
        let place: Self = postcard::from_bytes(&bytes).ok()?;
        let is_so = place.keys.iter().map(|key| key.descending).eq(orders.iter().map(|order| order.descending));
        is_so.then_some(place)
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let told_apart = self.keys.iter().zip(&other.keys).map(|(a, b)| a.compare(b)).find(|order| order.is_ne());
        told_apart.unwrap_or_else(|| other.start.cmp(&self.start).then(self.id.cmp(&other.id)))
    }
}

impl<'a> Key<'a> {
    fn of(part: &Part, at: usize, order: &Order, strings: &'a Strings) -> Self {
        Self { value: value(part, at, &order.field, strings), descending: order.descending }
    }

    fn into_owned(self) -> Key<'static> {
        let value = match self.value {
            Value::Boolean(value) => Value::Boolean(value),
            Value::Number(value) => Value::Number(value),
            Value::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Value::Missing => Value::Missing,
        };
        Key { value, descending: self.descending }
    }

    fn compare(&self, other: &Key<'_>) -> Ordering {
        match (&self.value, &other.value) {
            // What is missing comes last, either way.
            (Value::Missing, _) | (_, Value::Missing) => self.value.rank().cmp(&other.value.rank()),
            (a, b) if self.descending => b.compare(a),
            (a, b) => a.compare(b),
        }
    }
}

impl Value<'_> {
    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Missing => 3,
        }
    }

    fn compare(&self, other: &Value<'_>) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Value::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Value::Text(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

fn value<'a>(part: &Part, at: usize, field: &Field, strings: &'a Strings) -> Value<'a> {
    let text = |id: TextId| strings.text(id).map_or(Value::Missing, |text| Value::Text(text.into()));
    let first = |id: ListId| strings.list(id).first().map_or(Value::Missing, |&id| text(id));
    let number = |number: Option<f64>| number.map_or(Value::Missing, Value::Number);
    match field {
        Field::Id => Value::Text(id::hex(&part.id[at]).into()),
        Field::Name => text(part.name[at]),
        Field::Status => match part.state[at] {
            State::Gone => Value::Missing,
            State::InProgress => Value::Text("IN_PROGRESS".into()),
            State::Ok => Value::Text("OK".into()),
            State::Error => Value::Text("ERROR".into()),
        },
        Field::Service => text(part.service[at]),
        Field::Session => text(part.session[at]),
        Field::User => text(part.user[at]),
        Field::Model => first(part.models[at]),
        Field::Prompt => first(part.prompts[at]),
        Field::Start => Value::Number(milliseconds(part.start[at])),
        Field::End => number((part.end[at] > 0).then(|| milliseconds(part.end[at]))),
        Field::Duration => number(duration(part, at)),
        Field::Cost => number(cost(part, at)),
        Field::Tokens(kind) => number(part.has_tokens[at].then(|| part.tokens[at][token_place(*kind)] as f64)),
        Field::Spans => Value::Number(part.spans[at].into()),
        Field::Errors => Value::Number(part.errors[at].into()),
        Field::Tag(name) => {
            let mut tags = part.more[at].iter().flat_map(|more| &more.tags);
            tags.find(|tag| strings.text(tag.name) == Some(name)).map_or(Value::Missing, |tag| text(tag.value))
        }
        Field::Metadata(name) => {
            let mut pairs = strings.list(part.metadata[at]).as_chunks::<2>().0.iter();
            let value = pairs.find(|[key, _]| strings.text(*key) == Some(name));
            value.map_or(Value::Missing, |[_, value]| text(*value))
        }
        Field::Feedback(name) => said(part, at, name, false, strings),
        Field::Expectation(name) => said(part, at, name, true, strings),
        // Beginnings are in the log, and no text is sorted by all it says.
        Field::Inputs | Field::Outputs | Field::Text => Value::Missing,
    }
}

/// The newest value under a name that counts.
fn said<'a>(part: &Part, at: usize, name: &str, is_expectation: bool, strings: &'a Strings) -> Value<'a> {
    let Some(more) = part.more[at].as_deref() else { return Value::Missing };
    let values = more.assessments.iter().filter(|said| {
        said.is_expectation == is_expectation && strings.text(said.name) == Some(name) && more.counts(said)
    });
    let found = values.filter_map(|said| found_in_json(strings.text(said.value)?)).next_back();
    match found {
        Some(Found::Boolean(value)) => Value::Boolean(value),
        Some(Found::Number(value)) => Value::Number(value),
        Some(Found::Text(value)) => Value::Text(value),
        None => Value::Missing,
    }
}
