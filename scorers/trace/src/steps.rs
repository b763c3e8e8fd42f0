//! Steps of a trace, and numbers that they come to.

use karat_sdk::prelude::*;
use karat_sdk::trace::{self, Filter, Span};

/// Which steps are meant: those of which all holds that is said.
#[derive(Clone, Copy, Default)]
pub(crate) struct Which<'w> {
    pub(crate) name: Option<&'w str>,
    pub(crate) span_type: Option<&'w str>,
    pub(crate) errors_only: bool,
}

impl<'w> Which<'w> {
    pub(crate) fn new(name: &'w Option<String>, span_type: &'w Option<String>) -> Self {
        Self { name: name.as_deref(), span_type: span_type.as_deref(), errors_only: false }
    }

    /// Has `verdict` look at these steps of the row's trace, by start.
    pub(crate) fn of_trace<V>(self, verdict: impl FnOnce(&[Span]) -> Outcome<V>) -> Outcome<V> {
        let name = self.name.map(str::to_owned);
        let filter = Filter { name, attribute: None, errors_only: self.errors_only };
        let Some(mut spans) = trace::spans(Some(&filter)) else { return Outcome::abstain("the row has no trace") };
        spans.retain(|span| self.span_type.is_none_or(|span_type| span.is(span_type)));
        verdict(&spans)
    }
}

/// Has `verdict` look at all of the row's trace.
pub(crate) fn of_trace<V>(verdict: impl FnOnce(&[Span]) -> Outcome<V>) -> Outcome<V> {
    Which::default().of_trace(verdict)
}

/// How long a step took; none where it never ended.
pub(crate) fn seconds(span: &Span) -> Option<f64> {
    span.end.map(|end| end.saturating_sub(span.start) as f64 / 1e9)
}

/// A number, with the verdict `within` where there is a maximum.
pub(crate) fn measured(value: f64, max: Option<f64>) -> Feedback<f64> {
    let feedback = Feedback::from(value);
    match max {
        None => feedback,
        Some(max) if value > max => {
            feedback.with("within", Feedback::from(false).because(format!("{value} is more than {max}")))
        }
        Some(_) => feedback.with("within", Feedback::from(true)),
    }
}
