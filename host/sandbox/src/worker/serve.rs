//! The worker's side: a process that runs the instances of one plugin and can reach nothing but its host.

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use futures_util::StreamExt;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::codec::{FramedRead, FramedWrite};

#[cfg(target_os = "linux")]
use super::confine::confine;
use super::errands::{Door, Errands};
use super::protocol::{Refused, Said, Told, frames, sent, speak};
use crate::bindings::describe;
use crate::instances::{Instances, Setup};
use crate::linked::Linked;
use crate::load::LoadError;
use crate::shared::Shared;
use crate::{Doors, Options};

/// Runs instances for the process on the other end of standard input, a socket, until that is closed. This is what a
/// worker does; it gives up everything else first.
///
/// # Errors
///
/// Fails when there is no such socket, no WebAssembly on this machine, or nothing that would confine this process.
pub fn work() -> io::Result<()> {
    let mut host = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut slots = [0; 4];
    host.read_exact(&mut slots)?;
    // What needs files comes first.
    let options = Options { slots: u32::from_le_bytes(slots), ..Options::default() };
    let shared = Arc::new(Shared::new(options).map_err(io::Error::other)?);
    confine()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(host, shared))
}

#[cfg(not(target_os = "linux"))]
fn confine() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has the walls for it"))
}

async fn serve(host: UnixStream, shared: Arc<Shared>) -> io::Result<()> {
    host.set_nonblocking(true)?;
    let (read, write) = tokio::net::UnixStream::from_std(host)?.into_split();
    let mut told = FramedRead::new(read, frames());
    let (say, to_say) = mpsc::unbounded_channel();
    tokio::spawn(speak(FramedWrite::new(write, frames()), to_say));
    let Some(code) = told.next().await.transpose()? else { return Ok(()) };
    let (linked, described) = match start(&shared, &code).await {
        Ok((linked, description)) => (Some(linked), Ok(description)),
        Err(refused) => (None, Err(refused)),
    };
    let _ = say.send(Said::Described(described));
    let Some(linked) = linked else {
        // The host closes the socket when it has heard.
        return told.next().await.transpose().map(|_| ());
    };
    let mut worker =
        Working { linked, say, assignments: HashMap::new(), calls: HashMap::new(), errands: Arc::default() };
    while let Some(message) = told.next().await.transpose()? {
        worker.hear(postcard::from_bytes(&message).map_err(io::Error::other)?)?;
    }
    Ok(())
}

#[expect(unsafe_code, reason = "compiled code is native code")]
async fn start(shared: &Arc<Shared>, code: &[u8]) -> Result<(Arc<Linked>, describe::PluginDescription), Refused> {
    // SAFETY: our own host, on the other end of the socket, had it made by an engine like this one.
    let component = unsafe { shared.compiled(code) }.map_err(|error| Refused::Invalid(format!("{error:#}")))?;
    let refused = |error| match error {
        LoadError::Describe(failure) => Refused::Describe(failure.into()),
        other => Refused::Mismatch(std::error::Error::source(&other).map_or(other.to_string(), ToString::to_string)),
    };
    let linked = Linked::new(shared, &component).map_err(refused)?;
    let description = linked.describe().await.map_err(refused)?;
    Ok((Arc::new(linked), description))
}

struct Working {
    linked: Arc<Linked>,
    say: mpsc::UnboundedSender<Said>,
    assignments: HashMap<u32, Arc<Instances>>,
    calls: HashMap<u64, AbortHandle>,
    errands: Arc<Errands>,
}

impl Working {
    fn hear(&mut self, told: Told) -> io::Result<()> {
        match told {
            Told::Assigned { assignment, setup } => {
                let setup: Setup = serde_json::from_slice(&setup)?;
                let door = Door::new(assignment, self.say.clone(), Arc::clone(&self.errands));
                let door = Arc::new(door);
                let doors = Doors { http: Some(Arc::clone(&door) as _), judge: Some(door), ..Doors::default() };
                let instances = Instances::new(Arc::clone(&self.linked), setup, doors);
                self.assignments.insert(assignment, Arc::new(instances));
            }
            Told::Called { number, assignment, mut question, turns, fresh } => {
                let instances = self.assignments.get(&assignment).ok_or(io::ErrorKind::NotFound)?;
                let (instances, say) = (Arc::clone(instances), self.say.clone());
                self.calls.retain(|_, call| !call.is_finished());
                let call = tokio::spawn(async move {
                    let answers = match (fresh, &turns[..]) {
                        (true, &[turn]) => vec![instances.fresh_answer(&mut question, turn).await],
                        _ => instances.answers(&mut question, &turns).await,
                    };
                    let _ = say.send(Said::Answered { number, answers: answers.into_iter().map(sent).collect() });
                });
                self.calls.insert(number, call.abort_handle());
            }
            Told::Cancelled { number } => {
                if let Some(call) = self.calls.remove(&number) {
                    call.abort();
                }
            }
            Told::Fetched { number, answer } => self.errands.fetched.end(number, answer),
            Told::Opened { number, answer } => self.errands.opened.end(number, answer),
            Told::Read { number, answer } => self.errands.read.end(number, answer),
            Told::Replied { number, answer } => self.errands.replied.end(number, answer),
            Told::Left { number, answer } => self.errands.left.end(number, answer),
        }
        Ok(())
    }
}
