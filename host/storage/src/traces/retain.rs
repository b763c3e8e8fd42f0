//! Which traces are beyond the limits of their experiment, and what is of use where.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use model::ports::Retention;

use super::Traces;
use super::id::TraceId;
use super::part::Chunk;

/// A trace that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kept<T> {
    /// When the last of it came, in milliseconds.
    pub(crate) arrived: u64,
    pub(crate) id: T,
    /// What its spans take.
    pub(crate) bytes: u64,
}

/// Those that are beyond the limits, the oldest first.
pub(crate) fn beyond<T: Ord>(limits: &Retention, now: u64, mut all: Vec<Kept<T>>) -> Vec<Kept<T>> {
    all.sort_unstable();
    let oldest = limits.max_age.map_or(0, |age| now.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)));
    let (mut traces, mut bytes) = (0, 0_u64);
    let kept = all.iter().rev().take_while(|trace| {
        traces += 1;
        bytes = bytes.saturating_add(trace.bytes);
        let is_new = trace.arrived >= oldest;
        is_new
            && limits.max_traces.is_none_or(|most| traces <= most)
            && limits.max_bytes.is_none_or(|most| bytes <= most)
    });
    let kept = kept.count();
    all.truncate(all.len() - kept);
    all
}

impl Traces {
    /// Traces of an experiment that are beyond its limits, the oldest first.
    pub(crate) fn beyond(&self, experiment: &str, limits: &Retention, now: u64) -> Vec<Kept<TraceId>> {
        let table = self.table();
        let Some(experiment) = table.strings.find_whole(experiment) else { return Vec::new() };
        let kept = table.slots().iter().flat_map(|slot| {
            let part = &slot.part;
            let of_experiment = part.present().filter(move |&at| part.experiment[at] == experiment);
            of_experiment.map(|at| Kept { arrived: part.arrived[at], id: part.id[at], bytes: bytes(part.chunks(at)) })
        });
        let all = kept.collect();
        drop(table);
        beyond(limits, now, all)
    }

    /// How many bytes of each segment of the log are of use.
    pub(crate) fn bytes_by_segment(&self) -> BTreeMap<u64, u64> {
        let table = self.table();
        let (mut bytes, mut notes) = (BTreeMap::<u64, u64>::new(), BTreeSet::new());
        let places = table.slots().iter().flat_map(|slot| slot.part.present().map(|at| (&slot.part, at)));
        for (part, at) in places {
            for chunk in part.chunks(at) {
                *bytes.entry(chunk.segment).or_default() += self::bytes(iter::once(chunk));
            }
            for more in part.more[at].iter() {
                let said = more.tags.iter().map(|tag| tag.note).chain(more.assessments.iter().map(|said| said.note));
                for note in said {
                    // Others of its frame may have been counted.
                    if notes.insert((note.segment, note.offset)) {
                        *bytes.entry(note.segment).or_default() += u64::from(note.length);
                    }
                }
            }
        }
        bytes
    }
}

fn bytes<'a>(chunks: impl Iterator<Item = &'a Chunk>) -> u64 {
    chunks.map(|chunk| u64::from(chunk.digests) + u64::from(chunk.spans)).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check_goes(limits: Retention, expected: &[u64]) {
        // Each came a second after the one before.
        let all = (1..=5).rev().map(|id| Kept { arrived: id * 1000, id, bytes: id * 10 }).collect();
        let gone: Vec<u64> = beyond(&limits, 6000, all).iter().map(|kept| kept.id).collect();
        assert_eq!(gone, expected, "{limits:?}");
    }

    #[test]
    fn the_oldest_go_and_whatever_limit_is_met_first_counts() {
        let none = Retention::default();
        check_goes(none, &[]);
        check_goes(Retention { max_traces: Some(2), ..none }, &[1, 2, 3]);
        check_goes(Retention { max_traces: Some(0), ..none }, &[1, 2, 3, 4, 5]);
        check_goes(Retention { max_bytes: Some(90), ..none }, &[1, 2, 3]);
        check_goes(Retention { max_bytes: Some(89), ..none }, &[1, 2, 3, 4]);
        check_goes(Retention { max_age: Some(Duration::from_secs(3)), ..none }, &[1, 2]);
        check_goes(Retention { max_age: Some(Duration::MAX), ..none }, &[]);
        let all = Retention { max_age: Some(Duration::from_secs(4)), max_traces: Some(3), max_bytes: Some(1000) };
        check_goes(all, &[1, 2]);
    }
}
