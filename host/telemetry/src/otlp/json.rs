//! OTLP as JSON.

use model::json::Json;
use model::ports::BrokenTrace;

use super::{Limits, Received, Unreadable, sent};
use crate::fields::Fields;
use crate::shape;
use crate::span::{self, Read};
use crate::value::Values;

pub(super) fn receive(request: &[u8], limits: &Limits) -> Result<Received, Unreadable> {
    let text = str::from_utf8(request).map_err(|error| Unreadable(format!("the request is not JSON: {error}")))?;
    // It also sees to it that the request nests no deeper than what follows can walk.
    let json = Json::parse(text).map_err(|error| Unreadable(format!("the request is not JSON: {error}")))?;
    let broken = |broken: BrokenTrace| Unreadable(format!("the request is not OTLP: {}", said(broken)));
    let fields = Fields::read(json.as_str()).map_err(broken)?;
    let mut received = Received::default();
    for (path, raw, source) in shape::otlp(&fields, Values::Sent).map_err(broken)? {
        let source = source.unwrap_or_default();
        received.take(
            || path,
            limits,
            || {
                let Read { trace, span, .. } = span::read(raw.get(), Values::Sent).map_err(said)?;
                sent(trace, span, &source)
            },
        );
    }
    Ok(received)
}

fn said(broken: BrokenTrace) -> String {
    match broken.field.as_str() {
        "" => broken.message,
        field => format!("`{field}` {}", broken.message),
    }
}
