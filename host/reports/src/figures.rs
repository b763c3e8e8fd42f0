//! The numbers of an aggregate as people read them.

use model::aggregate::{Aggregate, Basis, Bounds, ClusterKey, Clusters, Variance};

use crate::quantities::{count, counted, decimal};
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

/// What a number rests on, where that is more than single rows.
pub fn basis(basis: &Basis) -> Option<String> {
    let mut told = Vec::new();
    told.extend(basis.reduce.map(|reduce| format!("`{reduce}` of the trials of a row")));
    told.extend(basis.variance.map(|Variance { within_rows, between_rows }| {
        format!("variance {} within rows, {} between", decimal(within_rows), decimal(between_rows))
    }));
    told.extend(basis.clusters.map(|Clusters { by, count: groups }| match by {
        ClusterKey::Cluster => format!("the interval rests on {}", counted(groups, "cluster")),
        ClusterKey::Session => format!("the interval rests on {}", counted(groups, "session")),
    }));
    told.extend(basis.bounds.map(|Bounds { lower, upper }| {
        format!("{} … {} whatever was not scored would have been", decimal(lower), decimal(upper))
    }));
    (!told.is_empty()).then(|| told.join("; "))
}
