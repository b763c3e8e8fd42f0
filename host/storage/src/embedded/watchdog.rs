//! Ends a process that hangs in sled.
//!
//! sled 0.34 was seen to deadlock, rarely and for good. Nothing that was acknowledged is lost with the process; what
//! hangs is neither done nor refused.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a group of writes takes on a disk that works.
const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_secs(5);

type Since = Arc<Mutex<Option<Instant>>>;

/// Watches one thread, until it is dropped.
pub(crate) struct Watchdog {
    since: Since,
    _stop: Sender<()>,
}

/// The thread is at work, until this is dropped.
pub(crate) struct Busy(Since);

impl Watchdog {
    pub(crate) fn start() -> io::Result<Self> {
        let since = Since::default();
        let (stop, stopped) = channel();
        let watched = Arc::clone(&since);
        thread::Builder::new().name("store-watchdog".to_owned()).spawn(move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                let since = *watched.lock().unwrap_or_else(PoisonError::into_inner);
                if since.is_some_and(|since| since.elapsed() > PATIENCE) {
                    tracing::error!("the store hangs; nothing acknowledged is lost, start again");
                    std::process::abort();
                }
            }
        })?;
        Ok(Self { since, _stop: stop })
    }

    pub(crate) fn busy(&self) -> Busy {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Busy(Arc::clone(&self.since))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
