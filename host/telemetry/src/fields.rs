//! JSON objects by their fields, with words for what is wrong and where.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use model::object::{self, kind_of};
use model::ports::BrokenTrace;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A field by each of its spellings: `start_time_unix_nano`, `startTimeUnixNano`.
pub(crate) type Names = &'static [&'static str];

/// The fields of an object. A null is as good as an absent field.
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(crate) fn read(raw: &'a str) -> Result<Self, BrokenTrace> {
        object::entries(raw).map(Self).ok_or_else(|| wrong(format!("expected an object, found {}", kind_of(raw))))
    }

    /// The value of a field and the name that it goes by here.
    pub(crate) fn get(&self, names: Names) -> Option<(&str, &'a RawValue)> {
        let is_meant = |(name, raw): &&(Cow<'_, str>, &RawValue)| names.contains(&name.as_ref()) && raw.get() != "null";
        self.0.iter().find(is_meant).map(|(name, raw)| (name.as_ref(), *raw))
    }

    pub(crate) fn has(&self, names: Names) -> bool {
        self.get(names).is_some()
    }

    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.raw(name).is_some())
    }

    /// The value of a field, where it is no null.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let is_meant = |(own, raw): &&(Cow<'_, str>, &RawValue)| own == name && raw.get() != "null";
        self.0.iter().find(is_meant).map(|(_, raw)| raw.get())
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    pub(crate) fn text(&self, names: Names) -> Result<Option<String>, BrokenTrace> {
        self.map(names, text)
    }

    /// A whole number, or a text that is one.
    pub(crate) fn whole(&self, names: Names) -> Result<Option<u64>, BrokenTrace> {
        self.map(names, |raw| {
            let digits = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
            digits.parse().map_err(|_| wrong(format!("expected a whole number, found {}", shown(raw))))
        })
    }

    /// The items of a list, each with its path; none where there is no list. Of more than `most`, none is kept.
    pub(crate) fn list(&self, names: Names, most: usize) -> Result<Vec<(String, &'a RawValue)>, BrokenTrace> {
        let Some((name, raw)) = self.get(names) else { return Ok(Vec::new()) };
        let items = items::<&RawValue>(raw.get(), most).map_err(|broken| within(broken, name))?;
        let items =
            items.ok_or_else(|| within(wrong(format!("expected a list, found {}", kind_of(raw.get()))), name))?;
        Ok(items.into_iter().enumerate().map(|(index, item)| (format!("{name}[{index}]"), item)).collect())
    }

    /// What `read` makes of a field, with the field's name to what is wrong.
    pub(crate) fn map<T>(
        &self,
        names: Names,
        read: impl FnOnce(&'a str) -> Result<T, BrokenTrace>,
    ) -> Result<Option<T>, BrokenTrace> {
        let Some((name, raw)) = self.get(names) else { return Ok(None) };
        read(raw.get()).map(Some).map_err(|broken| within(broken, name))
    }
}

/// The items of a list; none where it is no list of them. What is beyond `most` is counted and not kept.
pub(crate) fn items<'a, T: Deserialize<'a>>(raw: &'a str, most: usize) -> Result<Option<Vec<T>>, BrokenTrace> {
    let Ok(Items { kept, count }) =
        Bounded { most, of: PhantomData }.deserialize(&mut serde_json::Deserializer::from_str(raw))
    else {
        return Ok(None);
    };
    match count > most {
        true => Err(wrong(format!("has {count} items, more than {most}"))),
        false => Ok(Some(kept)),
    }
}

struct Items<T> {
    kept: Vec<T>,
    count: usize,
}

struct Bounded<T> {
    most: usize,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Bounded<T> {
    type Value = Items<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Items<T>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Bounded<T> {
    type Value = Items<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items<T>, A::Error> {
        let mut items = Items { kept: Vec::new(), count: 0 };
        loop {
            let more = match items.count < self.most {
                true => list.next_element()?.map(|item| items.kept.push(item)),
                false => list.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if more.is_none() {
                return Ok(items);
            }
            items.count += 1;
        }
    }
}

pub(crate) fn text(raw: &str) -> Result<String, BrokenTrace> {
    serde_json::from_str(raw).map_err(|_| wrong(format!("expected a text, found {}", kind_of(raw))))
}

/// Something is wrong with the value at hand.
pub(crate) fn wrong(message: impl Into<String>) -> BrokenTrace {
    BrokenTrace { field: String::new(), message: message.into(), hint: None }
}

/// The same, seen from one level further out.
pub(crate) fn within(broken: BrokenTrace, name: &str) -> BrokenTrace {
    let field = match broken.field.as_str() {
        "" => name.to_owned(),
        inner if inner.starts_with('[') => format!("{name}{inner}"),
        inner => format!("{name}.{inner}"),
    };
    BrokenTrace { field, ..broken }
}

/// A value as a message can have it.
pub(crate) fn shown(raw: &str) -> String {
    const MOST: usize = 40;
    if raw.starts_with(['{', '[']) {
        return kind_of(raw).to_owned();
    }
    let mut shown: String = raw.chars().take(MOST).collect();
    if shown.len() < raw.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}
