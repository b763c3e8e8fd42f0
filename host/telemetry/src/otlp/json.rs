//! OTLP as JSON.

use std::sync::Arc;

use model::ports::BrokenTrace;
use serde_json::value::RawValue;

use super::{Limits, Received, Unreadable, sent};
use crate::fields::Fields;
use crate::shape;
use crate::span::{self, Read};
use crate::value::Values;

pub(super) fn receive(request: &[u8], limits: &Limits) -> Result<Received, Unreadable> {
    let unreadable = |error: serde_json::Error| Unreadable(format!("the request is not JSON: {error}"));
    let raw: &RawValue = serde_json::from_slice(request).map_err(unreadable)?;
    let broken = |broken: BrokenTrace| Unreadable(format!("the request is not OTLP: {}", said(broken)));
    let fields = Fields::read(raw.get()).map_err(broken)?;
    let mut received = Received::default();
    for (path, raw, source) in shape::otlp(&fields, Values::Lenient).map_err(broken)? {
        let source = source.unwrap_or_else(|| Arc::default());
        let read = span::read(raw.get(), Values::Lenient).map_err(said);
        let read = read.and_then(|Read { trace, span, .. }| sent(trace, span, &source));
        received.take(read, || path, limits);
    }
    Ok(received)
}

fn said(broken: BrokenTrace) -> String {
    match broken.field.as_str() {
        "" => broken.message,
        field => format!("`{field}` {}", broken.message),
    }
}
