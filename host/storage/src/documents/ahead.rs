//! What documents will be once the group that is being planned is written.

use std::collections::HashMap;

use model::document::{Change, Expected, Kind};
use model::json::Json;
use model::ports::StoreError;

use super::read;
use crate::database::Snapshot;
use crate::log::Log;
use crate::view::{Pointer, keys, pointer};

/// Documents that commits of the group change; without a value where they remove them.
#[derive(Default)]
pub(crate) struct Ahead(HashMap<(Kind, String), Option<Json>>);

/// What is to be done about a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Write,
    /// All documents are as wanted, or will be with the group.
    Leave,
    Conflict,
}

/// What there is in the place of a change.
enum There<'a> {
    /// It will be there with the group, under a version that nobody can know.
    Coming(&'a Json),
    Kept(Pointer),
    Nothing,
}

impl Ahead {
    /// Whether a commit rests on another of the group.
    pub(crate) fn is_under(&self, changes: &[Change]) -> bool {
        changes.iter().any(|change| self.0.contains_key(&(change.kind, change.key.clone())))
    }

    pub(crate) fn judge(&self, changes: &[Change], now: Snapshot<'_>, log: &Log) -> Result<Verdict, StoreError> {
        let there = changes.iter().map(|change| Ok((change, self.there(change, now)?)));
        let there: Vec<(&Change, There<'_>)> = there.collect::<Result<_, StoreError>>()?;
        // The log is read only where there is no other difference.
        let may_be_as_wanted = there.iter().all(|(change, there)| match there {
            There::Coming(value) => Some(*value) == change.value.as_ref(),
            There::Kept(_) => change.value.is_some(),
            There::Nothing => change.value.is_none(),
        });
        if may_be_as_wanted && there.iter().all(|(change, there)| is_as_wanted(change, there, log)) {
            return Ok(Verdict::Leave);
        }
        let is_as_expected = there.iter().all(|(change, there)| match (change.expected, there) {
            (Expected::Anything, _) | (Expected::Absent, There::Nothing) => true,
            (Expected::Version(version), There::Kept(kept)) => kept.as_of == version,
            _ => false,
        });
        Ok(if is_as_expected { Verdict::Write } else { Verdict::Conflict })
    }

    /// Takes in a commit that is going to be written.
    pub(crate) fn add(&mut self, changes: Vec<Change>) {
        self.0.extend(changes.into_iter().map(|change| ((change.kind, change.key), change.value)));
    }

    fn there(&self, change: &Change, now: Snapshot<'_>) -> Result<There<'_>, StoreError> {
        if let Some(coming) = self.0.get(&(change.kind, change.key.clone())) {
            return Ok(coming.as_ref().map_or(There::Nothing, There::Coming));
        }
        let kept = pointer(now, &keys::document(change.kind as u8, &change.key))?;
        Ok(kept.map_or(There::Nothing, There::Kept))
    }
}

/// Where presence is as wanted already. A value that can't be read is not: so it can be replaced.
fn is_as_wanted(change: &Change, there: &There<'_>, log: &Log) -> bool {
    match there {
        There::Kept(kept) => read::value(log, kept.address, change.kind, &change.key)
            .is_ok_and(|value| Some(&value) == change.value.as_ref()),
        There::Coming(_) | There::Nothing => true,
    }
}
