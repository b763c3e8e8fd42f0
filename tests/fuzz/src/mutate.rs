//! Inputs that are almost what they should be, and always the same ones: for parsers of what strangers wrote.

use std::time::{Duration, Instant};

/// Seconds each parser is tried: `KARAT_MUTATE_SECONDS`, else ten.
fn time() -> Duration {
    let seconds = std::env::var("KARAT_MUTATE_SECONDS").map_or(10, |seconds| seconds.parse().expect("a number"));
    Duration::from_secs(seconds)
}

/// Calls `check` with every kept input, then with changed ones until the time is up.
pub(crate) fn mutations(kept: &[Vec<u8>], mut check: impl FnMut(&[u8])) {
    kept.iter().for_each(|input| check(input));
    let mut random = fastrand::Rng::with_seed(1);
    let end = Instant::now() + time();
    while Instant::now() < end {
        let mut input = kept[random.usize(0..kept.len())].clone();
        for _ in 0..random.usize(1..5) {
            change(&mut input, kept, &mut random);
        }
        check(&input);
    }
}

fn change(input: &mut Vec<u8>, kept: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(0..=input.len());
    let end = (at + random.usize(0..20)).min(input.len());
    match random.u32(0..6) {
        0 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
        1 => input.insert(at, random.u8(..)),
        2 => drop(input.drain(at..end)),
        3 => {
            let part = input[at..end].to_vec();
            input.splice(at..at, part);
        }
        4 => {
            let other = &kept[random.usize(0..kept.len())];
            let from = random.usize(0..=other.len());
            let part = other[from..(from + random.usize(0..40)).min(other.len())].to_vec();
            input.splice(at..end, part);
        }
        _ => input.truncate(at),
    }
}
