//! JSON objects by their fields, with words for what is wrong and where.

use std::borrow::Cow;

use model::object::{self, kind_of};
use model::ports::BrokenTrace;
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

    /// The items of a list, each with its path; none where there is no list.
    pub(crate) fn list(&self, names: Names) -> Result<Vec<(String, &'a RawValue)>, BrokenTrace> {
        let Some((name, raw)) = self.get(names) else { return Ok(Vec::new()) };
        let items: Vec<&RawValue> = serde_json::from_str(raw.get())
            .map_err(|_| within(wrong(format!("expected a list, found {}", kind_of(raw.get()))), name))?;
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
