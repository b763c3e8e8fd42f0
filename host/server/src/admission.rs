//! How much may be in flight: requests that have come in and are not answered yet.
//!
//! The promise is about the sum, in bytes. A request holds what it has sent and what that became decompressed until it is
//! answered; where there is no room it is turned away at once, since a sender knows better when to come back than a queue.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// The room that there is.
pub(crate) struct Admission {
    free: Arc<Semaphore>,
    most: usize,
}

impl Admission {
    pub(crate) fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), most }
    }

    /// # Errors
    ///
    /// Refuses as `unavailable` where there is no room for that much now, as `too large` where there never is;
    /// [`Held::grow`] likewise.
    pub(crate) fn enter(&self, bytes: usize) -> Result<Held, Refusal> {
        let mut held = Held { free: Arc::clone(&self.free), most: self.most, bytes: 0, permit: None };
        held.grow(bytes)?;
        Ok(held)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.most - self.free.available_permits()
    }
}

/// What one request holds, until it is dropped.
pub(crate) struct Held {
    free: Arc<Semaphore>,
    most: usize,
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let most = self.most;
        if self.bytes + bytes > most {
            return Err(Refusal::too_large(format!(
                "the request takes more than the {most} bytes that there are for all"
            )));
        }
        let count = u32::try_from(bytes).map_err(|_| busy())?;
        let more = Arc::clone(&self.free).try_acquire_many_owned(count).map_err(|_| busy())?;
        self.bytes += bytes;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

fn busy() -> Refusal {
    Refusal::unavailable("more is on its way in than there is room for; send it again later")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Kind;

    #[test]
    fn what_is_held_comes_back() {
        let admission = Admission::new(100);
        let mut first = admission.enter(60).expect("room");
        first.grow(10).expect("room");
        let refused = admission.enter(40).err().expect("no room");
        assert_eq!((refused.kind, admission.in_flight()), (Kind::Unavailable, 70));
        assert!(refused.retry_after.is_some());
        drop(first);
        assert_eq!(admission.in_flight(), 0);
        assert!(admission.enter(100).is_ok());
    }

    #[test]
    fn what_never_fits_is_not_asked_for_again() {
        let admission = Admission::new(100);
        assert_eq!(admission.enter(101).err().expect("too large").kind, Kind::TooLarge);
        let mut held = admission.enter(50).expect("room");
        assert_eq!(held.grow(51).expect_err("too large").kind, Kind::TooLarge);
    }
}
