//! Time that stands still, and chance that follows from the seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::bindings::ambient::Host;
use crate::guest::Guest;
use crate::surroundings::{RANDOM_BYTES, WALL_CLOCK};

impl Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(WALL_CLOCK.as_nanos() as u64)
    }

    fn random(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        let mut random = ChaCha20Rng::from_seed(self.turn.seed);
        // Each call goes on where no other stream of this call is.
        random.set_stream(self.used.host_calls);
        let mut bytes = vec![0; (length as usize).min(RANDOM_BYTES as usize)];
        random.fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn cancelled(&mut self) -> wasmtime::Result<bool> {
        Ok(false)
    }
}
