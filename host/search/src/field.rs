//! What can be asked for, and under which names.

use model::search::{APP_VERSION, CLIENT_REQUEST_ID, Field, RUN, SpanField, TokenKind};

use crate::kind::Kind;
use crate::nearest;
use crate::token::Name;

/// A field of a trace or of its spans.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Trace(Field),
    Span(SpanField),
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) asked: Asked,
    /// MLflow keeps these in whole milliseconds, so that its clients compare with whole ones.
    pub(crate) is_whole: bool,
}

/// Names of a field. The first is the one that is written.
type Known<F> = (&'static [&'static str], F);

const TRACE: &[Known<Field>] = &[
    (&["id", "trace_id", "request_id"], Field::Id),
    (&["name"], Field::Name),
    (&["status"], Field::Status),
    (&["service"], Field::Service),
    (&["session"], Field::Session),
    (&["user"], Field::User),
    (&["model"], Field::Model),
    (&["prompt"], Field::Prompt),
    (&["start", "timestamp", "timestamp_ms"], Field::Start),
    (&["end", "end_time", "end_time_ms"], Field::End),
    (&["duration", "latency", "execution_time", "execution_time_ms"], Field::Duration),
    (&["cost"], Field::Cost),
    (&["tokens", "tokens.total", "total_tokens"], Field::Tokens(TokenKind::Total)),
    (&["tokens.input", "input_tokens"], Field::Tokens(TokenKind::Input)),
    (&["tokens.output", "output_tokens"], Field::Tokens(TokenKind::Output)),
    (&["tokens.cache_read", "cache_read_tokens"], Field::Tokens(TokenKind::CacheRead)),
    (&["tokens.cache_write", "cache_write_tokens"], Field::Tokens(TokenKind::CacheWrite)),
    (&["tokens.reasoning", "reasoning_tokens"], Field::Tokens(TokenKind::Reasoning)),
    (&["spans"], Field::Spans),
    (&["errors"], Field::Errors),
    (&["inputs", "request"], Field::Inputs),
    (&["outputs", "response"], Field::Outputs),
    (&["text"], Field::Text),
];

/// Names for one key of the metadata.
const METADATA: &[(&str, &str)] =
    &[("run_id", RUN), ("app_version", APP_VERSION), ("client_request_id", CLIENT_REQUEST_ID)];

/// Behind `span.`, or within `span(…)`.
const SPAN: &[Known<SpanField>] = &[
    (&["name"], SpanField::Name),
    (&["type"], SpanField::Type),
    (&["status"], SpanField::Status),
    (&["model"], SpanField::Model),
    (&["duration", "latency"], SpanField::Duration),
    (&["content"], SpanField::Content),
];

/// Names for a field of a trace itself, as MLflow has them.
const ATTRIBUTE: [&str; 3] = ["attribute", "attributes", "trace"];

/// What has a key behind a dot, and what that makes.
type Keyed = (&'static str, fn(String) -> Field);

const KEYED: &[Keyed] = &[
    ("tag", Field::Tag),
    ("tags", Field::Tag),
    ("metadata", Field::Metadata),
    ("request_metadata", Field::Metadata),
    ("feedback", Field::Feedback),
    ("expectation", Field::Expectation),
];

/// What others call what we have, or have and we don't.
const ELSEWHERE: &[(&str, &str)] = &[
    ("experiment_id", "experiments are chosen beside the filter"),
    ("state", "did you mean `status`?"),
    ("request_time", "did you mean `start`?"),
    ("issue", "issues can't be searched by"),
    ("gen_ai", "attributes of spans are `span.attributes.<key>`"),
];

/// Why a name stands for nothing, and what to write instead.
type Unknown = (String, String);

/// What a name stands for where traces are asked for.
pub(crate) fn of_trace(name: &Name<'_>) -> Result<Found, Unknown> {
    if name.first == "span" {
        let asked = name.rest.as_deref().map_or_else(|| Err(no_key("span", "name")), of_span)?;
        return Ok(Found { asked: Asked::Span(asked), is_whole: false });
    }
    if let Some((_, field)) = KEYED.iter().find(|(entity, _)| *entity == name.first) {
        return match name.rest.as_deref() {
            None | Some("") => Err(no_key(&name.first, "some_key")),
            Some(key) => Ok(Found { asked: Asked::Trace(field(key.to_owned())), is_whole: false }),
        };
    }
    let full = match name.rest.as_deref() {
        Some(rest) if ATTRIBUTE.contains(&&*name.first) => rest.to_owned(),
        Some(rest) => format!("{}.{rest}", name.first),
        None => name.first.clone(),
    };
    let is_whole = full.starts_with("timestamp") || full.starts_with("execution_time") || full.starts_with("end_time");
    match attribute(&full) {
        Some(field) => Ok(Found { asked: Asked::Trace(field), is_whole }),
        None => Err(unknown("field", &full, names())),
    }
}

/// What a name stands for within `span(…)`, where it may begin with `span.`, too.
pub(crate) fn in_span(name: &Name<'_>) -> Result<SpanField, Unknown> {
    match (&*name.first, name.rest.as_deref()) {
        ("span", Some(rest)) => of_span(rest),
        (first, Some(rest)) => of_span(&format!("{first}.{rest}")),
        (first, None) => of_span(first),
    }
}

fn of_span(name: &str) -> Result<SpanField, Unknown> {
    let key = ["attributes.", "attribute."].iter().find_map(|entity| name.strip_prefix(entity));
    match key {
        Some("") => return Err(no_key("span.attributes", "some_key")),
        Some(key) => return Ok(SpanField::Attribute(key.to_owned())),
        None if name == "attributes" => return Err(no_key("span.attributes", "some_key")),
        None => {}
    }
    let found = SPAN.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, field)| field.clone()).ok_or_else(|| {
        let names = SPAN.iter().map(|(names, _)| names[0]);
        unknown("field of spans", name, names.chain(["attributes.<key>"]))
    })
}

fn attribute(name: &str) -> Option<Field> {
    let key = METADATA.iter().find(|(alias, _)| *alias == name);
    let field = || TRACE.iter().find(|(names, _)| names.contains(&name)).map(|(_, field)| field.clone());
    key.map(|(_, key)| Field::Metadata((*key).to_owned())).or_else(field)
}

fn no_key(entity: &str, key: &str) -> Unknown {
    (format!("`{entity}` is no field"), format!("a key comes behind it, as in `{entity}.{key}`"))
}

fn unknown<'a>(what: &str, name: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> Unknown {
    let first = name.split('.').next().unwrap_or_default();
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == first);
    let hint = elsewhere.map_or_else(|| nearest::hint(name, "fields", names), |(_, hint)| (*hint).to_owned());
    (format!("unknown {what} `{}`", crate::shown(name)), hint)
}

/// Names of fields of a trace, without those that only MLflow has.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    let keyed = ["tag.<key>", "metadata.<key>", "feedback.<name>", "expectation.<name>"];
    let spans = ["span.name", "span.type", "span.status", "span.content", "span.attributes.<key>"];
    let traces = TRACE.iter().map(|(names, _)| names[0]).chain(METADATA.iter().map(|(name, _)| *name));
    traces.chain(keyed).chain(spans)
}

impl Asked {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Trace(field) => of(field),
            Self::Span(field) => match field {
                SpanField::Name | SpanField::Type | SpanField::Model => Kind::Text,
                SpanField::Status => Kind::Status(&["UNSET", "OK", "ERROR"]),
                SpanField::Duration => Kind::Duration,
                SpanField::Attribute(_) => Kind::Open,
                SpanField::Content => Kind::Content,
            },
        }
    }

    /// As it is written; the name of a span's field stands behind `span.` or within `span(…)`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Trace(field) => match field {
                Field::Tag(key) => keyed("tag", key),
                Field::Metadata(key) => {
                    let alias = METADATA.iter().find(|(_, known)| known == key);
                    alias.map_or_else(|| keyed("metadata", key), |(alias, _)| (*alias).to_owned())
                }
                Field::Feedback(name) => keyed("feedback", name),
                Field::Expectation(name) => keyed("expectation", name),
                field => known(TRACE, field),
            },
            Self::Span(SpanField::Attribute(key)) => keyed("attributes", key),
            Self::Span(field) => known(SPAN, field),
        }
    }
}

fn of(field: &Field) -> Kind {
    match field {
        Field::Id => Kind::Id,
        Field::Status => Kind::Status(&["IN_PROGRESS", "OK", "ERROR"]),
        Field::Name | Field::Service | Field::Session | Field::User | Field::Model | Field::Prompt => Kind::Text,
        Field::Inputs | Field::Outputs => Kind::Text,
        Field::Start | Field::End => Kind::Time,
        Field::Duration => Kind::Duration,
        Field::Cost => Kind::Money,
        Field::Tokens(_) | Field::Spans | Field::Errors => Kind::Count,
        Field::Tag(_) | Field::Metadata(_) | Field::Feedback(_) | Field::Expectation(_) => Kind::Open,
        Field::Text => Kind::Content,
    }
}

fn known<F: PartialEq>(fields: &[Known<F>], field: &F) -> String {
    let found = fields.iter().find(|(_, known)| known == field);
    found.map(|(names, _)| names[0].to_owned()).unwrap_or_default()
}

/// With the key in quotes where it takes them.
fn keyed(entity: &str, key: &str) -> String {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match key.split('.').all(is_part) {
        true => format!("{entity}.{key}"),
        false => format!("{entity}.`{}`", key.replace('`', "``")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_field() {
        let docs = include_str!("../../../docs/search.md");
        let traces = TRACE.iter().flat_map(|(names, _)| names.iter().map(|name| (*name).to_owned()));
        let others = METADATA.iter().map(|(name, _)| *name).chain(KEYED.iter().map(|(name, _)| *name)).chain(ATTRIBUTE);
        let spans = SPAN.iter().flat_map(|(names, _)| names.iter().map(|name| format!("span.{name}")));
        for name in traces.chain(others.map(str::to_owned)).chain(spans) {
            let is_there = [format!("`{name}`"), format!("`{name}.")].iter().any(|text| docs.contains(text));
            assert!(is_there, "{name}");
        }
    }
}
