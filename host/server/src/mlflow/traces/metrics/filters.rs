//! Which items are looked at: clauses of which all must hold.
//!
//! ```text
//! clause := trace.status = value | trace.(tag | metadata).key = value | span.(name | status | type) = value
//!         | assessment.(name | type) = value
//! ```
//!
//! A key with special characters stands in backticks. Other filters of MLflow (`mlflow/filter.rs`) have one dot, and more
//! comparisons.

use std::sync::LazyLock;

use model::search::{Comparison, Field, Filter, SpanField, SpanFilter, Test, Value};
use regex::{Captures, Regex};
use telemetry::announced::{SESSION, USER};

use super::catalogue::{Dimension, View};
use super::item::{Item, NO_TYPE};
use crate::mlflow::Wrong;
use crate::mlflow::traces::tags;

#[derive(Debug, Default)]
pub(super) struct Filters {
    traces: Vec<Filter>,
    /// Of spans or assessments, whichever is asked for.
    items: Vec<(Dimension, String)>,
    are_of_spans: bool,
}

impl Filters {
    pub(super) fn read(clauses: &[&str], view: View) -> Result<Self, Wrong> {
        let mut filters = Self { are_of_spans: view == View::Spans, ..Self::default() };
        clauses.iter().try_for_each(|clause| filters.add(clause, view))?;
        Ok(filters)
    }

    fn add(&mut self, clause: &str, view: View) -> Result<(), Wrong> {
        let wrong = |what: &str| Err(Wrong::invalid(format!("Invalid trace metrics filter '{clause}': {what}")));
        let Some(parts) = parts(clause) else {
            return wrong("expected <view>.<field> = '<value>' or <view>.<field>.<key> = '<value>'");
        };
        if &parts["comparator"] != "=" {
            return wrong(&format!("comparator '{}' is not supported, only '=' is", &parts["comparator"]));
        }
        let text = |names: &[&str]| names.iter().find_map(|name| parts.name(name)).map(|text| text.as_str().to_owned());
        let key = text(&["backticked", "quoted", "bare"]);
        let value = text(&["single", "double"]).unwrap_or_default();
        match (&parts["view"], &parts["field"], key) {
            ("trace", "status", None) => self.traces.push(is(Field::Status, value)),
            ("trace", "tag", Some(key)) => self.traces.push(tag(key, value)),
            ("trace", "metadata", Some(key)) => self.traces.push(metadata(key, value)),
            ("span" | "assessment", "name", None) => self.items.push((Dimension::Name, value)),
            ("span" | "assessment", "type", None) => self.items.push((Dimension::Type, value)),
            ("span", "status", None) => self.items.push((Dimension::Status, value)),
            ("trace" | "span" | "assessment", field, _) => {
                return wrong(&format!("there is no such field '{field}', or it lacks a key or has one too many"));
            }
            (other, ..) => return wrong(&format!("'{other}' is none of 'trace', 'span', 'assessment'")),
        }
        match (&parts["view"], view) {
            ("span", View::Traces | View::Assessments) => {
                wrong("filtering by span is only supported for SPANS view type")
            }
            ("assessment", View::Traces | View::Spans) => {
                wrong("filtering by assessment is only supported for ASSESSMENTS view type")
            }
            _ => Ok(()),
        }
    }

    /// What must hold of a trace, for it to have items of which all holds.
    pub(super) fn of_traces(&self) -> Vec<Filter> {
        let mut filters = self.traces.clone();
        let spans: Vec<SpanFilter> = match self.are_of_spans {
            true => self.items.iter().filter_map(|(dimension, value)| of_a_span(*dimension, value)).collect(),
            false => Vec::new(),
        };
        if !spans.is_empty() {
            filters.push(Filter::Span(SpanFilter::All(spans)));
        }
        filters
    }

    /// Whether an item of a trace that was found is looked at.
    pub(super) fn hold(&self, item: &Item<'_>) -> bool {
        self.items.iter().all(|(dimension, value)| item.dimension(*dimension).as_ref() == Some(value))
    }
}

fn parts(clause: &str) -> Option<Captures<'_>> {
    static CLAUSE: LazyLock<Regex> = LazyLock::new(|| {
        let key = r#"(?:`(?<backticked>[^`]+)`|"(?<quoted>[^"]+)"|(?<bare>[^\s=<>!'"`]+))"#;
        let value = r#"(?:'(?<single>[^']*)'|"(?<double>[^"]*)")"#;
        let comparator = r"\s*(?<comparator>[=<>!]+|\b[A-Za-z]+)\s*";
        let clause = format!(r"^\s*(?<view>\w+)\.(?<field>\w+)(?:\.{key})?{comparator}{value}\s*;?\s*$");
        Regex::new(&clause).expect("a regular expression")
    });
    CLAUSE.captures(clause)
}

fn is(field: Field, value: String) -> Filter {
    Filter::Trace(field, Test::Is(Comparison::Equal, Value::Text(value)))
}

/// One of the two, the second where the first is not there.
fn is_either(first: Field, second: Field, value: String) -> Filter {
    let missing = Filter::Trace(first.clone(), Test::Missing);
    Filter::Any(vec![is(first, value.clone()), Filter::All(vec![missing, is(second, value)])])
}

/// The name of a trace is a tag with MLflow.
fn tag(key: String, value: String) -> Filter {
    let is_name = key == tags::NAME;
    let tag = Field::Tag(key);
    if is_name { is_either(tag, Field::Name, value) } else { is(tag, value) }
}

/// What is a fact with us is metadata with MLflow.
fn metadata(key: String, value: String) -> Filter {
    let fact = match key.as_str() {
        SESSION => Some(Field::Session),
        USER => Some(Field::User),
        _ => None,
    };
    let metadata = Field::Metadata(key);
    match fact {
        Some(fact) => is_either(metadata, fact, value),
        None => is(metadata, value),
    }
}

/// What the store can be asked of a span.
fn of_a_span(dimension: Dimension, value: &str) -> Option<SpanFilter> {
    let field = match dimension {
        Dimension::Name => SpanField::Name,
        Dimension::Status => SpanField::Status,
        Dimension::Type if value != NO_TYPE => SpanField::Type,
        _ => return None,
    };
    Some(SpanFilter::Span(field, Test::Is(Comparison::Equal, Value::Text(value.to_owned()))))
}
