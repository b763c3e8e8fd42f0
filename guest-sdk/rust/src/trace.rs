//! What the application did on the way to its answer. Natively, as in unit tests, there is none.

pub use crate::bindings::karat::eval::traces::{Filter, Span, SpanKind, Status};
use crate::failure::Failure;
use serde::de::DeserializeOwned;

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
        let _ = filter;
        None
    }
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
