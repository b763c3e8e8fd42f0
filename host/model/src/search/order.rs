//! Which of two traces comes first.

use std::cmp::Ordering;

use super::{Field, Found, Order, TraceInfo, found};

/// Compares two traces by `orders`, the first of them that tells them apart; then later starts come first, then
/// smaller ids.
///
/// A field of several values is ordered by its first, assessments by the newest. False comes before true, both before numbers,
/// and those before texts, which are ordered by their characters.
pub fn compare(orders: &[Order], a: &TraceInfo, b: &TraceInfo) -> Ordering {
    let told_apart = orders.iter().map(|order| by(order, a, b)).find(|ordering| ordering.is_ne());
    told_apart.unwrap_or_else(|| b.header.start.cmp(&a.header.start).then_with(|| a.id.cmp(&b.id)))
}

fn by(order: &Order, a: &TraceInfo, b: &TraceInfo) -> Ordering {
    match (key(&order.field, a), key(&order.field, b)) {
        (Some(a), Some(b)) if order.descending => values(&b, &a),
        (Some(a), Some(b)) => values(&a, &b),
        // What is missing comes last, either way.
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn key<'a>(field: &Field, info: &'a TraceInfo) -> Option<Found<'a>> {
    let mut values = found(field, info);
    let place = match field {
        Field::Feedback(_) | Field::Expectation(_) => values.len().checked_sub(1)?,
        _ => 0,
    };
    (place < values.len()).then(|| values.swap_remove(place))
}

fn values(a: &Found<'_>, b: &Found<'_>) -> Ordering {
    let rank = |found: &Found<'_>| match found {
        Found::Boolean(_) => 0,
        Found::Number(_) => 1,
        Found::Text(_) => 2,
    };
    match (a, b) {
        (Found::Boolean(a), Found::Boolean(b)) => a.cmp(b),
        (Found::Number(a), Found::Number(b)) => a.total_cmp(b),
        (Found::Text(a), Found::Text(b)) => a.cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}
