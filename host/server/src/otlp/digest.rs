//! What each span adds to its trace, as far as names, times and statuses tell.

use model::digest::SpanDigest;
use model::trace::{Span, Status};
use telemetry::facts::Prices;

pub(super) fn digest(spans: &[Span], _prices: &dyn Prices) -> Vec<SpanDigest> {
    let digest = |span: &Span| SpanDigest {
        end: span.end,
        start: span.start,
        id: span.id.clone(),
        parent: span.parent.clone(),
        name: span.name.clone(),
        is_error: matches!(span.status, Status::Error(_)),
        ..SpanDigest::default()
    };
    spans.iter().map(digest).collect()
}
