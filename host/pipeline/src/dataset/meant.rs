//! Which rows of a dataset a run is about: those of its split, as many as it wants.

use model::row::RowRecord;
use model::run::RunPlan;

/// Looks at rows in dataset order.
pub(crate) struct Meant<'p> {
    split: Option<&'p str>,
    limit: Option<u64>,
    /// Rows of the split so far.
    seen: u64,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Meant,
    /// Of another split, or of none.
    Elsewhere,
    /// There are enough: neither this row nor any behind it is meant.
    Behind,
}

impl<'p> Meant<'p> {
    pub(crate) fn of(plan: &'p RunPlan) -> Self {
        Self { split: plan.split.as_deref(), limit: plan.limit, seen: 0 }
    }

    pub(crate) fn place(&mut self, row: &RowRecord) -> Place {
        if self.split.is_some() && row.split.as_deref() != self.split {
            return Place::Elsewhere;
        }
        self.seen += 1;
        if self.limit.is_some_and(|limit| self.seen > limit) { Place::Behind } else { Place::Meant }
    }
}
