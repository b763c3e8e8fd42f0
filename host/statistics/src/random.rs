//! Draws that a seed decides, the same on every machine and for any number of threads.

use std::num::NonZero;
use std::thread;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One of the many streams of a seed.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, each as probable as the others (Lemire 2019, ACM TOMACS 29:3).
    pub(crate) fn below(&mut self, bound: u32) -> usize {
        let mut product = u64::from(self.0.next_u32()) * u64::from(bound);
        if (product as u32) < bound {
            let rejected = bound.wrapping_neg() % bound;
            while (product as u32) < rejected {
                product = u64::from(self.0.next_u32()) * u64::from(bound);
            }
        }
        (product >> 32) as usize
    }
}

/// One number from each of the first so many streams of a seed, in their order, worked on by all cores.
pub(crate) fn numbers(seed: u64, streams: usize, draw: impl Fn(&mut Stream) -> f64 + Sync) -> Vec<f64> {
    let mut numbers = vec![0.0; streams];
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let part = streams.div_ceil(cores).max(1);
    thread::scope(|scope| {
        for (index, part_of_them) in numbers.chunks_mut(part).enumerate() {
            let draw = &draw;
            scope.spawn(move || {
                for (offset, number) in part_of_them.iter_mut().enumerate() {
                    *number = draw(&mut Stream::new(seed, (index * part + offset) as u64));
                }
            });
        }
    });
    numbers
}
