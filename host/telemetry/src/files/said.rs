//! What peers say of a trace beside its spans, and how it is said here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::assessment::{AssessmentId, Source, SourceKind};
use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::{Attributes, Span};
use serde::Serialize;
use uuid::Uuid;

use crate::fields::{Fields, Names, within, wrong};
use crate::value::keep_last;
use crate::{facts, id};

/// Attributes on their way into a span.
#[derive(Default)]
pub(super) struct Said(Attributes);

impl Said {
    /// A value as it was written. A null says nothing.
    pub(super) fn put(&mut self, key: impl Into<String>, raw: &str) {
        if raw != "null"
            && let Ok(value) = Json::parse(raw)
        {
            self.0.push((key.into(), value));
        }
    }

    pub(super) fn put_field(&mut self, key: &str, fields: &Fields<'_>, name: &str) {
        if let Some(raw) = fields.raw(name) {
            self.put(key, raw);
        }
    }

    pub(super) fn put_made(&mut self, key: impl Into<String>, value: &(impl Serialize + ?Sized)) {
        self.0.extend(Json::from_serialize(value).ok().map(|value| (key.into(), value)));
    }

    /// The fields of an object under a prefix; anything else under the prefix without its dot.
    pub(super) fn put_spread(&mut self, prefix: &str, raw: &str) {
        match Fields::read(raw) {
            Ok(fields) => fields.entries().for_each(|(name, raw)| self.put(format!("{prefix}{name}"), raw.get())),
            Err(_) => self.put(prefix.trim_end_matches('.'), raw),
        }
    }

    /// Fields of a record that nothing else is made of.
    pub(super) fn put_rest(&mut self, prefix: &str, fields: &Fields<'_>, known: &[&str]) {
        for (name, raw) in fields.entries().filter(|(name, _)| !known.contains(name)) {
            self.put(format!("{prefix}{name}"), raw.get());
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(own, _)| own == key)
    }

    pub(super) fn into_attributes(mut self) -> Attributes {
        keep_last(&mut self.0);
        self.0
    }

    /// Adds to what a span says already, which counts.
    pub(super) fn add_to(mut self, span: &mut Span) {
        self.0.append(&mut span.attributes);
        span.attributes = self.into_attributes();
    }
}

/// An id of so many bytes: as it is where it is one, else always the same hash of it. Says whether it is hashed.
pub(super) fn own_id<const N: usize>(text: &str) -> (String, bool) {
    let digits: Cow<'_, str> = match text.contains('-') {
        true => text.chars().filter(|c| *c != '-').collect::<String>().into(),
        false => text.strip_prefix("0x").unwrap_or(text).into(),
    };
    let is_id = digits.len() == 2 * N
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits.bytes().any(|byte| byte != b'0');
    match is_id {
        true => (digits.to_ascii_lowercase(), *digits != *text),
        false => (id::made::<N>(&[b"karat 2026 id of another's", text.as_bytes()]), true),
    }
}

/// The id of an assessment that has this one elsewhere.
pub(super) fn assessment_id(text: &str) -> AssessmentId {
    let own = Uuid::try_parse(text.strip_prefix("a-").unwrap_or(text)).ok();
    AssessmentId(own.unwrap_or_else(|| {
        let hash = blake3::derive_key("karat 2026 id of another's assessment", text.as_bytes());
        uuid::Builder::from_custom_bytes(*hash.first_chunk().expect("32 bytes")).into_uuid()
    }))
}

pub(super) fn source(kind: &str, id: Option<String>) -> Result<Source, BrokenTrace> {
    let kind = match kind.to_ascii_uppercase().as_str() {
        "HUMAN" | "ANNOTATION" => SourceKind::Human,
        "LLM_JUDGE" | "AI_JUDGE" | "LLM" | "EVAL" => SourceKind::LlmJudge,
        "CODE" | "API" | "SOURCE_TYPE_UNSPECIFIED" => SourceKind::Code,
        _ => return Err(wrong(format!("`{}` is no kind of source", kind.chars().take(40).collect::<String>()))),
    };
    Ok(Source { kind, id })
}

/// An object of texts: what is no text stands as its JSON. A list of keys with values is as good.
pub(super) fn texts(raw: &str) -> Result<BTreeMap<String, String>, BrokenTrace> {
    if raw.starts_with('[') {
        let pairs: Vec<BTreeMap<String, String>> =
            serde_json::from_str(raw).map_err(|_| wrong("expected a list of keys with values"))?;
        return Ok(pairs
            .into_iter()
            .filter_map(|mut pair| Some((pair.remove("key")?, pair.remove("value")?)))
            .collect());
    }
    let fields = Fields::read(raw)?;
    let read = |(name, raw): (&str, &serde_json::value::RawValue)| {
        let value = Json::from_raw(raw);
        let text = facts::text(&value).unwrap_or_else(|| value.as_str().to_owned());
        (text != "null").then(|| (name.to_owned(), text))
    };
    Ok(fields.entries().filter_map(read).collect())
}

/// A text, or a number that stands for one.
pub(super) fn text(raw: &str) -> Result<String, BrokenTrace> {
    let is_number = raw.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if is_number { Ok(raw.to_owned()) } else { crate::fields::text(raw) }
}

/// What can be read of a list; what can't is left out, and told.
pub(super) fn each<T>(
    fields: &Fields<'_>,
    names: Names,
    most: usize,
    left_out: &mut Vec<BrokenTrace>,
    read: impl Fn(&str) -> Result<T, BrokenTrace>,
) -> Result<Vec<T>, BrokenTrace> {
    let mut found = Vec::new();
    for (path, raw) in fields.list(names, most)? {
        match read(raw.get()) {
            Ok(one) => found.push(one),
            Err(broken) => left_out.push(within(broken, &path)),
        }
    }
    Ok(found)
}
