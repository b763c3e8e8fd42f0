//! What the application did on the way to its answer. Natively, as in unit tests, it is what a
//! [test's row](crate::testing::TestRow::trace) was given.

mod dialects;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

pub use crate::bindings::karat::eval::traces::{Filter, Span, SpanKind, Status};
use crate::failure::Failure;
pub use dialects::Tokens;

/// Spans that are asked for at once.
#[cfg(target_family = "wasm")]
const PAGE: u32 = 256;

/// All spans of the row's trace that fit, by start; none where the row has no trace.
pub fn spans(filter: Option<&Filter>) -> Option<Vec<Span>> {
    #[cfg(target_family = "wasm")]
    {
        let trace = crate::bindings::karat::eval::traces::of_row(0)?;
        let mut spans = Vec::new();
        loop {
            let page = trace.spans(filter, spans.len() as u32, PAGE);
            if page.is_empty() {
                return Some(spans);
            }
            spans.extend(page);
        }
    }
    #[cfg(not(target_family = "wasm"))]
    {
        crate::testing::spans(filter)
    }
}

/// The first step that is nobody's part.
pub fn root(spans: &[Span]) -> Option<&Span> {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    spans.iter().find(|span| span.parent.as_deref().is_none_or(|parent| !ids.contains(parent)))
}

/// Spans that `fit`, but for those within another one that fits: what a step says of itself has what is in it, as MLflow
/// counts tokens and reads retrievals.
pub fn outermost(spans: &[Span], mut fits: impl FnMut(&Span) -> bool) -> Vec<&Span> {
    let steps: BTreeMap<&str, (Option<&str>, bool)> =
        spans.iter().map(|span| (span.id.as_str(), (span.parent.as_deref(), fits(span)))).collect();
    let is_within = |span: &Span| {
        let mut above = span.parent.as_deref();
        // A trace that was made up may have a step within itself.
        for _ in 0..spans.len() {
            match above.and_then(|id| steps.get(id)) {
                Some((_, true)) => return true,
                Some((parent, false)) => above = *parent,
                None => return false,
            }
        }
        false
    };
    spans.iter().filter(|span| steps[span.id.as_str()].1 && !is_within(span)).collect()
}

impl Span {
    /// An attribute, where the span has it.
    ///
    /// # Errors
    ///
    /// Fails as bad input when it is of another shape.
    pub fn attribute<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        let found = self.attributes.iter().find(|attribute| attribute.key == key);
        found
            .map(|attribute| serde_json::from_str(&attribute.value))
            .transpose()
            .map_err(|error| Failure::bad_input(format!("`{key}` of the span `{}` can't be read: {error}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;
    use serde_json::json;

    fn step(name: &str, parent: &str) -> Span {
        Span { parent: Some(parent.to_owned()), ..span(name, json!({})) }
    }

    #[test]
    fn the_outermost_that_fit_are_those_that_are_in_no_other() {
        let spans = [step("a", "gone"), step("b1", "a"), step("c", "b1"), step("b2", "c"), step("b3", "a")];
        let names: Vec<_> =
            outermost(&spans, |span| span.name.starts_with('b')).iter().map(|span| &span.name).collect();
        assert_eq!(names, ["b1", "b3"]);
        assert_eq!(outermost(&[step("a", "b"), step("b", "a")], |span| span.name == "a").len(), 0);
    }

    #[test]
    fn the_root_is_the_first_whose_parent_is_not_there() {
        let spans = [step("b", "a"), step("a", "gone"), span("c", json!({}))];
        assert_eq!(root(&spans).map(|span| span.name.as_str()), Some("a"));
        assert_eq!(root(&[]), None);
    }
}
