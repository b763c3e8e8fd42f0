//! Requests that came before: an exporter that did not see the answer sends the same bytes again.
//!
//! The store takes spans twice and keeps them once; this spares the work. It holds the last requests that were taken, for a
//! while: longer than exporters try, and not so long that what was deleted by somebody else could not be brought back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::telemetry::Encoding;

use super::Answer;

/// BLAKE3 of the request, and of where its spans go.
pub(super) type Key = [u8; 32];

const MOST: usize = 1024;
const REMEMBERED: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Repeated(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    answers: HashMap<Key, Answer>,
    /// By age.
    taken: VecDeque<(Key, Instant)>,
}

pub(super) fn key(request: &[u8], encoding: Encoding, experiment: &str) -> Key {
    let encoding = match encoding {
        Encoding::OtlpJson => 0,
        Encoding::OtlpProtobuf => 1,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[encoding]).update(&(experiment.len() as u64).to_le_bytes()).update(experiment.as_bytes());
    hasher.update(request).finalize().into()
}

impl Repeated {
    /// What was answered then; none of a request that is new.
    pub(super) fn answer(&self, key: &Key) -> Option<Answer> {
        let mut ring = self.ring();
        ring.pass(Instant::now());
        ring.answers.get(key).cloned()
    }

    /// Keeps in mind a request that was taken.
    pub(super) fn remember(&self, key: Key, answer: Answer) {
        let mut ring = self.ring();
        if ring.answers.insert(key, answer).is_none() {
            ring.taken.push_back((key, Instant::now()));
        }
        ring.pass(Instant::now());
    }

    pub(super) fn clear(&self) {
        *self.ring() = Ring::default();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn pass(&mut self, now: Instant) {
        while let Some((key, taken)) = self.taken.front()
            && (self.taken.len() > MOST || now.duration_since(*taken) > REMEMBERED)
        {
            self.answers.remove(key);
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_for_the_same_bytes_and_place() {
        let one = key(b"spans", Encoding::OtlpJson, "default");
        assert_eq!(one, key(b"spans", Encoding::OtlpJson, "default"));
        for other in [
            key(b"span", Encoding::OtlpJson, "default"),
            key(b"spans", Encoding::OtlpProtobuf, "default"),
            key(b"spans", Encoding::OtlpJson, "other"),
            key(b"tspans", Encoding::OtlpJson, "defaul"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let repeated = Repeated::default();
        let key = |number: usize| key(&number.to_le_bytes(), Encoding::OtlpJson, "default");
        (0..=MOST).for_each(|number| repeated.remember(key(number), Answer::default()));
        assert_eq!((repeated.answer(&key(0)), repeated.answer(&key(1))), (None, Some(Answer::default())));
        repeated.clear();
        assert_eq!(repeated.answer(&key(1)), None);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let repeated = Repeated::default();
        repeated.remember([1; 32], Answer::default());
        repeated.ring().pass(Instant::now() + REMEMBERED + Duration::from_secs(1));
        assert_eq!(repeated.answer(&[1; 32]), None);
    }
}
