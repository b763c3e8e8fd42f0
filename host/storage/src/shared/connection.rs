//! A user's side: asks the process that owns the store.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::protocol::{self, Answer, HEAD, Hello, Request};
use super::socket;

/// The owner is gone, or about to go. What was asked may have been done or not.
#[derive(Debug)]
pub(super) struct Gone;

/// Requests that wait for their answers. None once the owner is gone.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>>;

/// A connection to the owner.
pub(super) struct Connection {
    stream: Arc<Mutex<UnixStream>>,
    next: AtomicU64,
    waiting: Waiting,
}

impl Connection {
    /// Connects to the owner of the store, and waits until it answers.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let mut stream = socket::connect(root)?;
        stream.write_all(&protocol::encode(0, &Hello::ours())?)?;
        receive::<Hello>(&mut stream)?.1.check()?;
        let waiting = Waiting::new(Mutex::new(Some(HashMap::new())));
        let (answers, told) = (stream.try_clone()?, Arc::clone(&waiting));
        thread::Builder::new().name("store-answers".to_owned()).spawn(move || hand_out(answers, &told))?;
        Ok(Self { stream: Arc::new(Mutex::new(stream)), next: AtomicU64::new(1), waiting })
    }

    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, Gone> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        match &mut *lock(&self.waiting) {
            Some(waiting) => _ = waiting.insert(number, sender),
            None => return Err(Gone),
        }
        let bytes = match protocol::encode(number, request) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Answer::Failed(model::ports::StoreError::Io(error).into())),
        };
        let stream = Arc::clone(&self.stream);
        let sent = tokio::task::spawn_blocking(move || lock(&stream).write_all(&bytes)).await;
        match sent {
            Ok(Ok(())) => answer.await.map_err(|_| Gone),
            _ => Err(Gone),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Ends the thread that hands out answers.
        let _ = lock(&self.stream).shutdown(Shutdown::Both);
    }
}

/// Gives each answer to who asked, until the owner is gone.
fn hand_out(mut answers: UnixStream, waiting: &Waiting) {
    while let Ok((number, answer)) = receive(&mut answers) {
        if let Some(asked) = lock(waiting).as_mut().and_then(|waiting| waiting.remove(&number)) {
            let _ = asked.send(answer);
        }
    }
    *lock(waiting) = None;
}

fn receive<T: DeserializeOwned>(answers: &mut UnixStream) -> io::Result<(u64, T)> {
    let mut head = [0; HEAD];
    answers.read_exact(&mut head)?;
    let (number, length) = protocol::head(head)?;
    let mut bytes = Vec::new();
    answers.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((number, protocol::decode(&bytes)?))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
