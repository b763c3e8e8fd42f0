//! Reading many parts of one large trace on all cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// Fewer items are done before another thread has begun.
const FEW: usize = 8;

/// Does something with each item. Returns what came of it in the order of items, or the first failure.
pub(super) fn each<T: Sync, U: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    if items.len() < FEW {
        // To ask how many cores there are is to read files of the system's.
        return items.iter().map(work).collect();
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let work = &work;
    thread::scope(|scope| {
        let shares: Vec<_> = items
            .chunks(items.len().div_ceil(threads))
            .map(|share| scope.spawn(move || share.iter().map(work).collect::<Result<Vec<U>, E>>()))
            .collect();
        let mut done = Vec::with_capacity(items.len());
        for share in shares {
            done.extend(share.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(done)
    })
}
