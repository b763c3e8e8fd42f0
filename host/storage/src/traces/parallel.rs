//! Reading many parts of one large trace on all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer items are done before another thread has begun.
const FEW: usize = 8;

/// Does something with each item. Returns what came of it in the order of items, or a failure.
pub(super) fn each<T: Sync, U: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    if items.len() < FEW {
        // To ask how many cores there are is to read files of the system's.
        return items.iter().map(work).collect();
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    // Items are not alike, nor are cores: whoever has time takes the next.
    let next = AtomicUsize::new(0);
    let take = || -> Result<Vec<(usize, U)>, E> {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { return Ok(done) };
            done.push((number, work(item)?));
        }
    };
    let mut done = Vec::with_capacity(items.len());
    thread::scope(|scope| {
        let shares: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(take)).collect();
        for share in shares {
            done.extend(share.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(())
    })?;
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}
