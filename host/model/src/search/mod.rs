//! Which traces are asked for: what the language of searches says, what that means, and what a store answers.
//!
//! The meaning is here once, for every store and for all that looks at traces as they come: what a field [finds](found), how a
//! [test](CompiledTest) takes it, whether a filter [holds](Matcher) of a whole trace, and which of two [comes first](compare).
//! It is told the slow, obvious way; a store may be as clever as it likes, as long as it answers the same.
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z and durations milliseconds, both with fractions; costs are US dollars.

mod found;
mod matcher;
mod order;
mod pattern;
mod test;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::assessment::Assessment;
use crate::digest::Header;

pub use found::{Found, content, found, found_in_json, found_in_span};
pub use matcher::{Matcher, Subject};
pub use order::compare;
pub use test::CompiledTest;

/// What a trace's metadata calls the run that it was made in; the name is MLflow's.
pub const RUN: &str = "mlflow.sourceRun";

/// What a trace's metadata calls the version of the application that made it; the name is MLflow's.
pub const APP_VERSION: &str = "mlflow.modelId";

/// What a trace's metadata calls the id that the application's client gave the request. MLflow has a field for it, no name.
pub const CLIENT_REQUEST_ID: &str = "karat.clientRequestId";

/// A tag with this before the id of a run links the trace to it; of a prompt, before its name, a slash and a version. MLflow keeps
/// links beside traces.
pub const LINKED_RUN: &str = "karat.run.";
pub const LINKED_PROMPT: &str = "karat.prompt.";

/// A question for traces.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Query {
    /// Where to look; everywhere if there is none.
    pub experiments: Vec<String>,
    /// None takes every trace.
    pub filter: Option<Filter>,
    /// Behind these, later starts come first, and of equal starts, smaller ids.
    pub order: Vec<Order>,
}

impl Query {
    /// Asks for the traces of a session, the first at first: what is said of the session as a whole stands on that.
    pub fn of_session(session: &str, experiment: Option<String>) -> Self {
        let is_it = Test::Is(Comparison::Equal, Value::Text(session.to_owned()));
        Self {
            experiments: Vec::from_iter(experiment),
            filter: Some(Filter::Trace(Field::Session, is_it)),
            order: vec![Order { field: Field::Start, descending: false }],
        }
    }
}

/// What must hold of a trace.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// A test of what the trace does not have fails, whatever it tests, but for [`Test::Missing`].
    Trace(Field, Test),
    /// There is a span of which this holds.
    Span(SpanFilter),
}

/// What must hold of one and the same span.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum SpanFilter {
    All(Vec<SpanFilter>),
    Any(Vec<SpanFilter>),
    Not(Box<SpanFilter>),
    Span(SpanField, Test),
}

/// What can be asked of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Field {
    /// In lower-case hexadecimal.
    Id,
    Name,
    /// `IN_PROGRESS`, `OK` or `ERROR`.
    Status,
    Service,
    Session,
    User,
    /// Any of its models; a prompt likewise, as `name` or `name/version`.
    Model,
    Prompt,
    Start,
    End,
    Duration,
    Cost,
    Tokens(TokenKind),
    /// How many spans there are, and how many of them failed.
    Spans,
    Errors,
    Tag(String),
    Metadata(String),
    /// The value of an assessment that none overrides; any of those of this name, on the trace or on its session as a whole.
    Feedback(String),
    Expectation(String),
    /// The beginning of what came in and went out.
    Inputs,
    Outputs,
    /// Everything that its spans say.
    Text,
}

/// What can be asked of a span.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum SpanField {
    Name,
    /// `LLM`, `TOOL` and so on.
    Type,
    /// `UNSET`, `OK` or `ERROR`.
    Status,
    Model,
    Duration,
    /// As text: a string as it is, anything else as JSON.
    Attribute(String),
    /// Everything that it says: name, attributes, events.
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum TokenKind {
    Input,
    Output,
    Total,
    CacheRead,
    CacheWrite,
    Reasoning,
}

/// How a value is tested.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Test {
    Is(Comparison, Value),
    /// SQL's `LIKE`: `%` stands for any text, `_` for one character.
    Like {
        pattern: String,
        ignores_case: bool,
    },
    /// A regular expression is found in it.
    Matches(String),
    /// The text is in it, in either case.
    Contains(String),
    AnyOf(Vec<Value>),
    NoneOf(Vec<Value>),
    /// Both ends are within.
    Between(Value, Value),
    /// The trace has it.
    Present,
    /// The trace does not have it.
    Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// What a value is compared with. A value that is a number is equal to the text that spells it, and so are `true` and `false`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Value {
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// Traces that do not have the field come last, either way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    pub field: Field,
    pub descending: bool,
}

/// Where a page ends: what comes after it stays the same whatever is written meanwhile. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Page {
    pub traces: Vec<TraceInfo>,
    /// None where there is nothing more. A page may be short of its limit, even empty, and not be the last: a search that has
    /// to read much stops in between.
    pub next: Option<Cursor>,
    pub work: Work,
}

/// What a page took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Work {
    /// Steps of the plan, in words.
    pub steps: Vec<String>,
    /// Traces that were looked at in the index.
    pub scanned: u64,
    /// Traces that had to be read from the log.
    pub read: u64,
}

/// A trace without its spans.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct TraceInfo {
    pub id: String,
    pub experiment: String,
    #[serde(flatten)]
    pub header: Header,
    /// Set by hand or by programs, by name.
    pub tags: std::collections::BTreeMap<String, String>,
    /// By age, with those that are overridden.
    pub assessments: Vec<Assessment>,
}
