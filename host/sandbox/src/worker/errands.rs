//! The doors as a worker has them: the host goes out for it, if its own rules for the assignment say so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::grant::{HttpRule, JudgeRule};
use model::judge::{Asker, JudgeReply, JudgeRequest, Usage};
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse, Incoming, JudgeDoor};
use tokio::sync::{mpsc, oneshot};

use super::protocol::{Failed, Head, Said};

/// What the host has been asked for and has not brought yet.
#[derive(Default)]
pub(super) struct Errands {
    next: AtomicU64,
    pub(super) fetched: Waiting<HttpResponse>,
    pub(super) opened: Waiting<Head>,
    pub(super) read: Waiting<Option<Vec<u8>>>,
    pub(super) replied: Waiting<Vec<u8>>,
    pub(super) left: Waiting<Option<Usage>>,
}

/// Those who wait for answers of one kind, by number.
pub(super) struct Waiting<T>(Mutex<HashMap<u64, oneshot::Sender<Result<T, Failure>>>>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Waiting<T> {
    /// Asks for something, and waits for it.
    async fn of(&self, number: u64, ask: impl FnOnce()) -> Result<T, Failure> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
        ask();
        receiver.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Unavailable, "the host is gone")))
    }

    pub(super) fn end(&self, number: u64, answer: Result<T, Failed>) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        // A guest that was ended meanwhile waits no more.
        let _ = waiting.map(|waiting| waiting.send(answer.map_err(Failure::from)));
    }
}

/// The way out of the instances of one assignment.
#[derive(Clone)]
pub(super) struct Door {
    assignment: u32,
    say: mpsc::UnboundedSender<Said>,
    errands: Arc<Errands>,
}

impl Door {
    pub(super) fn new(assignment: u32, say: mpsc::UnboundedSender<Said>, errands: Arc<Errands>) -> Self {
        Self { assignment, say, errands }
    }

    /// Something to ask the host for.
    fn errand(&self) -> Errand {
        Errand { door: self.clone(), number: self.errands.next.fetch_add(1, Ordering::Relaxed) }
    }

    fn say(&self, said: Said) {
        // Without a host there is no worker for long.
        let _ = self.say.send(said);
    }
}

#[async_trait]
impl HttpDoor for Door {
    async fn send(&self, _: &[HttpRule], most: u64, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let (errand, assignment) = (self.errand(), self.assignment);
        let number = errand.number;
        self.errands.fetched.of(number, || self.say(Said::Fetch { number, assignment, most, request })).await
    }

    async fn open(&self, _: &[HttpRule], most: u64, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
        let (errand, assignment) = (self.errand(), self.assignment);
        let number = errand.number;
        let head =
            self.errands.opened.of(number, || self.say(Said::Open { number, assignment, most, request })).await?;
        Ok(Box::new(Arriving { errand, head }))
    }
}

#[async_trait]
impl JudgeDoor for Door {
    async fn complete(&self, asker: &Asker, _: &JudgeRule, request: JudgeRequest) -> Result<JudgeReply, Failure> {
        let (errand, assignment, asker) = (self.errand(), self.assignment, asker.clone());
        let number = errand.number;
        let request = serde_json::to_vec(&request).expect("a request can be written");
        let ask = || self.say(Said::Ask { number, assignment, asker, request });
        let reply = self.errands.replied.of(number, ask).await?;
        serde_json::from_slice(&reply).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))
    }

    async fn budget(&self, asker: &Asker, _: &JudgeRule) -> Option<Usage> {
        let (errand, assignment, asker) = (self.errand(), self.assignment, asker.clone());
        let number = errand.number;
        let left = self.errands.left.of(number, || self.say(Said::Budget { number, assignment, asker })).await;
        // A host that is gone gives nothing more.
        left.unwrap_or(Some(Usage { cost: Some(0), ..Usage::default() }))
    }
}

/// What the host has been asked for, as long as somebody wants it: a guest can be ended at any time.
struct Errand {
    door: Door,
    number: u64,
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.door.say(Said::Done { number: self.number });
    }
}

/// An answer that the host holds.
struct Arriving {
    errand: Errand,
    head: Head,
}

#[async_trait]
impl Incoming for Arriving {
    fn status(&self) -> u16 {
        self.head.status
    }

    fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.head.headers
    }

    async fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure> {
        let Errand { door, number } = &self.errand;
        door.errands.read.of(*number, || door.say(Said::Read { number: *number, most })).await
    }
}
