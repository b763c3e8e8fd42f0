//! One worker process, from its start to its end.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::{SinkExt, StreamExt};
use model::judge::{Asker, JudgeRequest};
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse, Incoming, JudgeDoor};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::Child;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{FramedRead, FramedWrite};

use super::Counted;
use super::carried::Carried;
use super::protocol::{Frames, Refused, Said, Told, frames, received, speak};
use crate::Doors;
use crate::bindings::describe;
use crate::imports::judge;
use crate::instances::{Answered, Question, Setup, Turn};
use crate::load::{Cause, LoadError};
use crate::shared::Shared;

/// Calls of one assignment on a row.
pub(super) struct Call<'a> {
    pub(super) assignment: u32,
    pub(super) setup: &'a Arc<Setup>,
    pub(super) question: &'a Question,
    pub(super) turns: &'a [Turn],
    pub(super) fresh: bool,
}

/// A worker process, as long as it lives.
pub(super) struct Connection {
    tell: mpsc::UnboundedSender<Told>,
    numbers: AtomicU64,
    waiting: Mutex<HashMap<u64, Waiting>>,
    /// What the worker knows of.
    assignments: Mutex<HashMap<u32, Arc<Setup>>>,
    doors: Doors,
    carried: Carried,
    /// Questions to judges that are on their way.
    asking: AtomicUsize,
    /// All of them so far.
    asked: AtomicU64,
    end: Notify,
    /// Why it is no more.
    lost: OnceLock<String>,
}

/// Calls on a row that have not been answered.
struct Waiting {
    calls: usize,
    answers: oneshot::Sender<Vec<Answered>>,
}

impl Connection {
    /// Starts a worker with compiled code, and has the plugin describe itself.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        code: Bytes,
    ) -> Result<(Arc<Self>, describe::PluginDescription), LoadError> {
        let failed = |error: io::Error| LoadError::Worker(error.to_string());
        let (mut child, socket) = spawn(shared).map_err(failed)?;
        let (read, write) = socket.into_split();
        let (mut said, mut told) = (FramedRead::new(read, frames()), FramedWrite::new(write, frames()));
        let first = async {
            told.send(code).await?;
            said.next().await.transpose()
        };
        let description = match first.await {
            Ok(Some(message)) => match postcard::from_bytes(&message) {
                Ok(Said::Described(Ok(description))) => description,
                Ok(Said::Described(Err(Refused::Invalid(cause)))) => {
                    return Err(LoadError::Invalid(Cause::new(cause)));
                }
                Ok(Said::Described(Err(Refused::Mismatch(cause)))) => {
                    return Err(LoadError::Mismatch(Cause::new(cause)));
                }
                Ok(Said::Described(Err(Refused::Describe(failure)))) => {
                    return Err(LoadError::Describe(failure.into()));
                }
                _ => return Err(LoadError::Worker("it does not speak as it should".to_owned())),
            },
            Ok(None) | Err(_) => return Err(LoadError::Worker(ending(&mut child).await)),
        };
        let (tell, to_tell) = mpsc::unbounded_channel();
        let connection = Arc::new(Self {
            tell,
            numbers: AtomicU64::default(),
            waiting: Mutex::default(),
            assignments: Mutex::default(),
            doors: shared.doors.clone(),
            carried: Carried::default(),
            asking: AtomicUsize::default(),
            asked: AtomicU64::default(),
            end: Notify::new(),
            lost: OnceLock::new(),
        });
        tokio::spawn(speak(told, to_tell));
        tokio::spawn(Arc::clone(&connection).listen(said, child));
        Ok((connection, description))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lost.get().is_some()
    }

    /// Ends the worker.
    pub(super) fn close(&self) {
        self.end.notify_one();
    }

    /// Makes calls there. Dropping the future ends them.
    ///
    /// # Errors
    ///
    /// Fails with what became of the worker.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Vec<Answered>, String> {
        let Call { assignment, setup, question, turns, fresh } = call;
        if lock(&self.assignments).insert(assignment, Arc::clone(setup)).is_none() {
            let setup = serde_json::to_vec(&**setup).expect("a setup can be written");
            self.tell(Told::Assigned { assignment, setup });
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (sender, answers) = oneshot::channel();
        lock(&self.waiting).insert(number, Waiting { calls: turns.len(), answers: sender });
        let _guard = Cancel { connection: self, number };
        self.tell(Told::Called { number, assignment, question: question.clone(), turns: turns.to_vec(), fresh });
        // Its end may have come before the call was noted down.
        if self.is_closed() {
            lock(&self.waiting).remove(&number);
        }
        answers.await.map_err(|_| self.lost.get().cloned().unwrap_or_else(|| "has ended".to_owned()))
    }

    fn tell(&self, message: Told) {
        // A worker that is gone is noticed by its end.
        let _ = self.tell.send(message);
    }

    /// Hears what the worker says until it ends.
    async fn listen(self: Arc<Self>, mut said: Frames<OwnedReadHalf>, mut child: Child) {
        loop {
            let message = tokio::select! {
                message = said.next() => message,
                () = self.end.notified() => None,
            };
            let Some(Ok(message)) = message else { break };
            match postcard::from_bytes(&message) {
                Ok(Said::Answered { number, answers }) => {
                    if let Some(waiting) = lock(&self.waiting).remove(&number) {
                        // One that answers another number of calls than was asked is not to be believed.
                        if answers.len() != waiting.calls {
                            break;
                        }
                        let _ = waiting.answers.send(answers.into_iter().map(received).collect());
                    }
                }
                Ok(Said::Fetch { number, assignment, most, request }) => {
                    self.carried.begin(number, Arc::clone(&self).fetch(number, assignment, most, request));
                }
                Ok(Said::Open { number, assignment, most, request }) => {
                    let opening = Arc::clone(&self).open_stream(assignment, most, request);
                    self.carried.open(number, opening, self.tell.clone());
                }
                Ok(Said::Ask { number, assignment, asker, request }) => {
                    self.carried.begin(number, Arc::clone(&self).ask(number, assignment, asker, request));
                }
                Ok(Said::Budget { number, assignment, asker }) => {
                    self.carried.begin(number, Arc::clone(&self).budget(number, assignment, asker));
                }
                Ok(Said::Read { number, most }) => self.carried.read(number, most),
                Ok(Said::Done { number }) => self.carried.end(number),
                Ok(Said::Described(_)) | Err(_) => break,
            }
        }
        self.carried.end_all();
        let lost = ending(&mut child).await;
        let _ = self.lost.set(lost);
        lock(&self.waiting).clear();
    }

    /// Goes out for a guest, as far as the host's own copy of the grant allows.
    async fn fetch(self: Arc<Self>, number: u64, assignment: u32, most: u64, request: HttpRequest) {
        let answer = self.send(assignment, most, request).await;
        self.tell(Told::Fetched { number, answer: answer.map_err(Into::into) });
    }

    async fn send(&self, assignment: u32, most: u64, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let (door, setup) = self.door(assignment)?;
        let request = setup.vouched(request);
        door.send(&setup.grant.http, most.min(setup.limits.http_bytes), request).await
    }

    async fn open_stream(
        self: Arc<Self>,
        assignment: u32,
        most: u64,
        request: HttpRequest,
    ) -> Result<Box<dyn Incoming>, Failure> {
        let (door, setup) = self.door(assignment)?;
        let request = setup.vouched(request);
        door.open(&setup.grant.http, most.min(setup.limits.http_bytes), request).await
    }

    fn door(&self, assignment: u32) -> Result<(&dyn HttpDoor, Arc<Setup>), Failure> {
        let denied = || Failure::new(FailureKind::Denied, "http was not granted to this plugin");
        self.doors.http.as_deref().zip(self.setup(assignment)).ok_or_else(denied)
    }

    fn setup(&self, assignment: u32) -> Option<Arc<Setup>> {
        lock(&self.assignments).get(&assignment).cloned()
    }

    /// Asks a judge for a guest, as far as the host's own copy of the grant allows.
    async fn ask(self: Arc<Self>, number: u64, assignment: u32, asker: Asker, request: Vec<u8>) {
        let _asking = Counted::new(&self.asking);
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = self.complete(assignment, &asker, &request).await;
        self.tell(Told::Replied { number, answer: answer.map_err(Into::into) });
    }

    async fn complete(&self, assignment: u32, asker: &Asker, request: &[u8]) -> Result<Vec<u8>, Failure> {
        let (door, setup) = self.judge(assignment, asker)?;
        let internal = |error: serde_json::Error| Failure::new(FailureKind::Internal, error.to_string());
        let request: JudgeRequest = serde_json::from_slice(request).map_err(internal)?;
        let rule = judge::granted(&setup.grant, &request.role)?;
        serde_json::to_vec(&door.complete(asker, rule, request).await?).map_err(internal)
    }

    async fn budget(self: Arc<Self>, number: u64, assignment: u32, asker: Asker) {
        let answer = match self.judge(assignment, &asker) {
            Ok((door, setup)) => match &setup.grant.judge {
                Some(rule) => Ok(door.budget(&asker, rule).await),
                None => Err(judge::nobody()),
            },
            Err(nobody) => Err(nobody),
        };
        self.tell(Told::Left { number, answer: answer.map_err(Into::into) });
    }

    /// The judges' door for somebody who is what they say.
    fn judge(&self, assignment: u32, asker: &Asker) -> Result<(&dyn JudgeDoor, Arc<Setup>), Failure> {
        let door = self.doors.judge.as_deref().zip(self.setup(assignment));
        door.filter(|(_, setup)| setup.is_of(asker)).ok_or_else(judge::nobody)
    }

    /// Whether a guest waits for a judge, who may take as long as the host lets it, or has since so many were asked.
    pub(super) fn is_asking(&self, asked: u64) -> bool {
        self.asking.load(Ordering::Relaxed) > 0 || self.asked() > asked
    }

    /// Questions to judges so far.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Has the worker stop what nobody waits for.
struct Cancel<'a> {
    connection: &'a Connection,
    number: u64,
}

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        let waited = lock(&self.connection.waiting).remove(&self.number);
        if waited.is_some() {
            self.connection.tell(Told::Cancelled { number: self.number });
        }
    }
}

/// Starts a worker that hears how many slots it is to have.
fn spawn(shared: &Shared) -> io::Result<(Child, tokio::net::UnixStream)> {
    let program = shared.worker.as_ref().ok_or_else(|| io::Error::other("there is no program for it"))?;
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut command = program.command();
    command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn()?;
    ours.write_all(&shared.all_slots.to_le_bytes())?;
    ours.set_nonblocking(true)?;
    Ok((child, tokio::net::UnixStream::from_std(ours)?))
}

/// Makes sure of the end of a worker, and says what it was.
async fn ending(child: &mut Child) -> String {
    let patience = std::time::Duration::from_secs(1);
    let ended = match tokio::time::timeout(patience, child.wait()).await {
        Ok(ended) => ended,
        Err(_) => {
            let _ = child.start_kill();
            child.wait().await
        }
    };
    match ended {
        Ok(status) => format!("ended: {status}"),
        Err(error) => format!("is gone: {error}"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
