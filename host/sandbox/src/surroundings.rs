//! The world as a guest sees it: no files, no network, no environment, a clock that stands still, seeded randomness.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::row::Row;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};

use crate::tail::Tail;

/// 2001-09-09T01:46:40Z. A constant: neither the suite nor the time of the run may show in a verdict.
pub(crate) const WALL_CLOCK: Duration = Duration::from_secs(1_000_000_000);

/// How far the monotonic clock moves each time it is read, so that a guest that waits for time to pass does not wait
/// forever.
const TICK: u64 = 1_000_000;

/// Most random bytes a guest can ask for at once.
pub(crate) const RANDOM_BYTES: u64 = 64 << 10;

/// 32 bytes that decide everything random in one call.
pub(crate) type Seed = [u8; 32];

/// What decides everything random in a call: the same for the same suite seed, plugin, item, row and trial, in whatever
/// order rows come.
pub(crate) fn seed(suite: u64, plugin: &str, item: &str, row: &Row) -> Seed {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&suite.to_le_bytes());
    hasher.update(&row.trial.to_le_bytes());
    for text in [plugin, item, &row.id] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// The same for a call that is about a run, and about what tells it from others of that run.
pub(crate) fn seed_about(suite: u64, plugin: &str, item: &str, about: &str) -> Seed {
    let mut hasher = blake3::Hasher::new();
    for text in [plugin, item, about] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    *hasher.update(&suite.to_le_bytes()).finalize().as_bytes()
}

/// WASI for one call. It is closed unless said otherwise: `WasiCtxBuilder` starts without files, environment, arguments,
/// standard input and network.
pub(crate) fn closed(seed: Seed, output: &Tail) -> WasiCtx {
    let [low, high] = [&seed[..16], &seed[16..]].map(|half| u128::from_le_bytes(half.try_into().expect("16 bytes")));
    WasiCtxBuilder::new()
        .stdout(output.clone())
        .stderr(output.clone())
        .wall_clock(Frozen)
        .monotonic_clock(Ticks::default())
        .secure_random(ChaCha20Rng::from_seed(seed))
        .insecure_random(ChaCha20Rng::from_seed(seed))
        .insecure_random_seed(low ^ high)
        .max_random_size(RANDOM_BYTES)
        .build()
}

struct Frozen;

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        WALL_CLOCK
    }
}

#[derive(Default)]
struct Ticks(AtomicU64);

impl HostMonotonicClock for Ticks {
    fn resolution(&self) -> u64 {
        TICK
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(TICK, Ordering::Relaxed)
    }
}
