//! The owner's side: answers other processes on a socket in the store's folder.
//!
//! The lock says who the owner is; the socket is only where it is found. It is there before the store is opened, so
//! that others wait in front of it while the store is being made ready.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use model::ports::{DocumentStore, JudgeCache, Store, StoreError, TraceRetention, TraceStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;

use super::protocol::{self, Answer, HEAD, Hello, Request};
use super::socket;
use crate::embedded::{EmbeddedStore, Home};
use crate::results;
use crate::traces;

/// Requests of one process that are in work at once; further ones wait in the socket.
const IN_WORK: usize = 64;

/// Results, traces and documents beyond this many bytes are sent with the next answer.
const PAGE_BYTES: usize = 16 << 20;

/// A socket that nobody is answered on yet.
pub(super) struct Door {
    path: PathBuf,
    listener: UnixListener,
}

impl Door {
    /// Puts the socket into the folder, in place of one that a dead owner left. The caller holds the lock.
    pub(super) fn put_up(root: &Path) -> io::Result<Self> {
        let (path, listener) = socket::listen(root)?;
        listener.set_nonblocking(true)?;
        Ok(Self { path, listener })
    }

    /// Begins to answer.
    pub(super) fn open(self, store: Arc<EmbeddedStore>) -> io::Result<OpenDoor> {
        let (stop, stopped) = watch::channel(());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let Self { path, listener } = self;
        let thread = thread::Builder::new().name("store-door".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(answer_all(listener, store, stopped)) {
                tracing::error!("the store is not shared any more: {error}");
            }
        })?;
        Ok(OpenDoor { path, stop: Some(stop), thread: Some(thread) })
    }
}

/// Answers until it is dropped, which waits for what is in work.
pub(super) struct OpenDoor {
    path: PathBuf,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for OpenDoor {
    fn drop(&mut self) {
        // The next owner replaces a socket that is left.
        let _ = std::fs::remove_file(&self.path);
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that shares the store panicked");
        }
    }
}

async fn answer_all(
    listener: UnixListener,
    store: Arc<EmbeddedStore>,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(answer(stream, Arc::clone(&store), stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Answers one process until it leaves or the door closes.
async fn answer(stream: UnixStream, store: Arc<EmbeddedStore>, mut stop: watch::Receiver<()>) {
    let (mut requests, answers) = stream.into_split();
    let answers = Arc::new(Mutex::new(answers));
    let mut in_work = JoinSet::new();
    let places = Arc::new(Semaphore::new(IN_WORK));
    if greet(&mut requests, &answers).await.is_err() {
        return;
    }
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let received = tokio::select! {
            received = receive::<Request>(&mut requests) => received,
            _ = stop.changed() => break,
        };
        let Ok((number, request)) = received else { break };
        let (store, answers) = (Arc::clone(&store), Arc::clone(&answers));
        in_work.spawn(async move {
            let answer = serve(&store, request).await.unwrap_or_else(|error| Answer::Failed(error.into()));
            // A process that has left needs no answer.
            let _ = send(&answers, number, &answer).await;
            drop(place);
        });
        while in_work.try_join_next().is_some() {}
    }
    while in_work.join_next().await.is_some() {}
}

async fn greet(requests: &mut OwnedReadHalf, answers: &Mutex<OwnedWriteHalf>) -> io::Result<()> {
    send(answers, 0, &Hello::ours()).await?;
    receive::<Hello>(requests).await?.1.check()
}

async fn receive<T: serde::de::DeserializeOwned>(requests: &mut OwnedReadHalf) -> io::Result<(u64, T)> {
    let mut head = [0; HEAD];
    requests.read_exact(&mut head).await?;
    let (number, length) = protocol::head(head)?;
    let mut bytes = Vec::new();
    // Grows with what really comes, whatever length was claimed.
    requests.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((number, protocol::decode(&bytes)?))
}

async fn send<T: serde::Serialize>(answers: &Mutex<OwnedWriteHalf>, number: u64, message: &T) -> io::Result<()> {
    let bytes = protocol::encode(number, message)?;
    answers.lock().await.write_all(&bytes).await
}

/// Traces until they have [`PAGE_BYTES`].
async fn traces_of(store: &EmbeddedStore, ids: &[String], spans: usize) -> Result<Answer, StoreError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    for id in ids {
        for trace in store.traces(slice::from_ref(id), spans).await? {
            let trace = trace.as_ref().map(protocol::Trace::of).transpose()?;
            bytes += trace.as_ref().map_or(0, protocol::Trace::bytes);
            found.push(trace);
        }
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(Answer::Traces(found))
}

pub(super) async fn serve(store: &EmbeddedStore, request: Request) -> Result<Answer, StoreError> {
    match request {
        Request::CreateRun { header } => store.create_run(&protocol::from_json(&header)?).await.map(|()| Answer::Done),
        Request::PutResults { run, results } => {
            store.put_results(run, protocol::from_results(&results)?).await.map(|()| Answer::Done)
        }
        Request::PutExchanges { run, batch, exchanges } => {
            store.put_exchanges(run, batch, protocol::from_json(&exchanges)?).await.map(|()| Answer::Done)
        }
        Request::FinishRun { run, report } => {
            store.finish_run(run, &protocol::from_json(&report)?).await.map(|()| Answer::Done)
        }
        Request::Run { run } => protocol::runs(&Vec::from_iter(store.run(run).await?)),
        Request::Runs { after, limit } => protocol::runs(&store.runs(after, limit as usize).await?),
        Request::Results { run, after, limit } => {
            let found = store.results(run, after, limit as usize).await?;
            let (results, sent) = results::write_up_to(&found, PAGE_BYTES)?;
            Ok(Answer::Results { results, more: sent < found.len() })
        }
        Request::Exchanges { run, after } => {
            let found = store.exchanges(run, after).await?;
            let found = found.map(|(batch, exchanges)| Ok((batch, protocol::json(&exchanges)?)));
            found.transpose().map(Answer::Exchanges)
        }
        Request::DeleteRun { run } => store.delete_run(run).await.map(Answer::Deleted),
        Request::Backup { to } => store.back_up(&to).await.map(|()| Answer::Done),
        Request::CachedReply { key } => store.get(&key).await.map(Answer::CachedReply),
        Request::CacheReply { key, reply } => store.put(&key, &reply).await.map(|()| Answer::Done),
        Request::CacheStatistics => store.statistics().await.map(Answer::CacheStatistics),
        Request::ClearCache => store.clear().await.map(|()| Answer::Done),
        Request::PutSpans { frame } => store.put_foreign_frame(frame).await.map(|()| Answer::Done),
        Request::Annotate { annotations } => {
            store.annotate(protocol::from_json(&annotations)?).await.map(|()| Answer::Done)
        }
        Request::Announce { trace, experiment, frame, annotations } => {
            let home = Home { trace, experiment };
            store.announce_foreign_frame(home, frame, protocol::from_json(&annotations)?).await.map(|()| Answer::Done)
        }
        Request::Traces { ids, spans } => traces_of(store, &ids, spans as usize).await,
        Request::Spans { id, skip, limit } => {
            let found = store.spans(&id, skip as usize, limit as usize).await?;
            traces::write_spans(&found).map(|(spans, digests)| Answer::Spans { spans, digests })
        }
        Request::Announcement { id } => {
            let found = Vec::from_iter(store.announcement(&id).await?);
            traces::write_spans(&found).map(|(spans, digests)| Answer::Spans { spans, digests })
        }
        Request::Search { query, after, limit } => {
            let found = store.search(&protocol::from_json(&query)?, after.as_ref(), limit as usize).await?;
            protocol::json(&found).map(Answer::Page)
        }
        Request::DeleteTraces { ids } => store.delete_traces(&ids).await.map(Answer::Counted),
        Request::Experiments => store.experiments().await.map(Answer::Experiments),
        Request::Expire { experiment, limits } => store.expire(&experiment, &limits).await.map(Answer::Expired),
        Request::Reclaim => store.reclaim().await.map(Answer::Counted),
        Request::Document { kind, key } => {
            let found = store.document(kind, &key).await?;
            found.as_ref().map(protocol::json).transpose().map(Answer::Document)
        }
        Request::Documents { kind, prefix, after, limit } => {
            let found = store.documents(kind, &prefix, after.as_deref(), limit as usize).await?;
            protocol::documents(&found, PAGE_BYTES)
        }
        Request::Commit { changes } => {
            let changes = changes.into_iter().map(protocol::Change::read).collect::<Result<_, _>>()?;
            store.commit(changes).await.map(Answer::Committed)
        }
        Request::Compact => store.compact().await.map(|()| Answer::Done),
    }
}
