//! The numbers of an aggregate as people read them.

use model::aggregate::Aggregate;

use crate::quantities::{count, decimal};
use crate::text;

/// What stands where there is no number.
pub const NONE: &str = "–";

/// The value; how often each label was given where that is all there is.
pub fn value(aggregate: &Aggregate) -> String {
    const LONGEST: usize = 400;
    if aggregate.labels.is_empty() {
        return aggregate.value.map_or_else(|| NONE.to_owned(), decimal);
    }
    let labels =
        aggregate.labels.iter().map(|(label, number)| format!("{} {}", text::line(label, LONGEST), count(*number)));
    labels.collect::<Vec<_>>().join(", ")
}

/// The ends of the interval.
pub fn interval(aggregate: &Aggregate) -> String {
    match (aggregate.lower, aggregate.upper) {
        (Some(lower), Some(upper)) => format!("{} … {}", decimal(lower), decimal(upper)),
        _ => NONE.to_owned(),
    }
}
