//! A filter as text.

use model::search::{Comparison, Filter, Order, SpanFilter, Test, Value};

use crate::condition::COMPARISONS;
use crate::field::Asked;
use crate::kind::{Kind, quoted};

/// Writes a filter that [`parse`](crate::parse) has read, so that it is read as the same. Moments are written out; what stood
/// in brackets without need is not.
pub fn write(filter: &Filter) -> String {
    of_trace(filter, Around::Nothing)
}

/// Writes an order, so that [`parse_order`](crate::parse_order) reads the same.
pub fn write_order(orders: &[Order]) -> String {
    let one = |order: &Order| {
        let name = Asked::Trace(order.field.clone()).name();
        if order.descending { format!("{name} desc") } else { name }
    };
    orders.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a part stands in, which says whether it takes brackets.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Nothing,
    Any,
    All,
    Not,
}

impl Around {
    fn bracketed(self, bare: &[Self], text: String) -> String {
        if bare.contains(&self) { text } else { format!("({text})") }
    }
}

fn of_trace(filter: &Filter, around: Around) -> String {
    let joined = |filters: &[Filter], word: &str, around| {
        filters.iter().map(|filter| of_trace(filter, around)).collect::<Vec<_>>().join(word)
    };
    match filter {
        // What holds of every trace, and of none.
        Filter::All(filters) if filters.is_empty() => "id is not null".to_owned(),
        Filter::Any(filters) if filters.is_empty() => "id is null".to_owned(),
        Filter::All(filters) => {
            around.bracketed(&[Around::Nothing, Around::Any], joined(filters, " and ", Around::All))
        }
        Filter::Any(filters) => around.bracketed(&[Around::Nothing], joined(filters, " or ", Around::Any)),
        Filter::Not(filter) => format!("not {}", of_trace(filter, Around::Not)),
        Filter::Trace(field, test) => condition(&Asked::Trace(field.clone()), "", test),
        // Beside nothing else, it takes nothing that keeps it apart.
        Filter::Span(SpanFilter::Span(field, test)) if matches!(around, Around::Nothing | Around::Not) => {
            condition(&Asked::Span(field.clone()), "span.", test)
        }
        Filter::Span(filter) => format!("span({})", of_span(filter, Around::Nothing)),
    }
}

fn of_span(filter: &SpanFilter, around: Around) -> String {
    let joined = |filters: &[SpanFilter], word: &str, around| {
        filters.iter().map(|filter| of_span(filter, around)).collect::<Vec<_>>().join(word)
    };
    match filter {
        SpanFilter::All(filters) if filters.is_empty() => "name is not null".to_owned(),
        SpanFilter::Any(filters) if filters.is_empty() => "name is null".to_owned(),
        SpanFilter::All(filters) => {
            around.bracketed(&[Around::Nothing, Around::Any], joined(filters, " and ", Around::All))
        }
        SpanFilter::Any(filters) => around.bracketed(&[Around::Nothing], joined(filters, " or ", Around::Any)),
        SpanFilter::Not(filter) => format!("not {}", of_span(filter, Around::Not)),
        SpanFilter::Span(field, test) => condition(&Asked::Span(field.clone()), "", test),
    }
}

fn condition(asked: &Asked, before: &str, test: &Test) -> String {
    let kind = asked.kind();
    let name = format!("{before}{}", asked.name());
    match test {
        Test::Is(comparison, value) => format!("{name} {} {}", sign(*comparison), kind.written(value)),
        Test::Like { pattern, ignores_case: false } => format!("{name} like {}", quoted(pattern)),
        Test::Like { pattern, ignores_case: true } => format!("{name} ilike {}", quoted(pattern)),
        Test::Matches(expression) => format!("{name} rlike {}", quoted(expression)),
        Test::Contains(text) => format!("{name} contains {}", quoted(text)),
        Test::AnyOf(values) => format!("{name} in ({})", list(kind, values)),
        Test::NoneOf(values) => format!("{name} not in ({})", list(kind, values)),
        Test::Between(low, high) => format!("{name} between {} and {}", kind.written(low), kind.written(high)),
        Test::Present => format!("{name} is not null"),
        Test::Missing => format!("{name} is null"),
    }
}

fn list(kind: Kind, values: &[Value]) -> String {
    values.iter().map(|value| kind.written(value)).collect::<Vec<_>>().join(", ")
}

fn sign(comparison: Comparison) -> &'static str {
    let found = COMPARISONS.iter().find(|(_, known)| *known == comparison);
    found.map(|(sign, _)| *sign).unwrap_or_default()
}
