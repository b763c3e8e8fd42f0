//! Bytes on their way into the store of files and out of it, a block at a time, however many there are.
//!
//! A block is written or read on a thread that may wait for the disk, and no thread waits for a client.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt;
use model::ports::{BlobStore, DatasetWriter, StoreError};

use super::Wrong;
use crate::body;
use crate::refusal::Refusal;

const BLOCK: usize = 256 << 10;

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that is kept.
pub(super) struct Kept {
    pub(super) digest: String,
    pub(super) bytes: u64,
}

/// Keeps what comes in, if that is no more than `most` bytes and comes to its end.
pub(super) async fn keep(blobs: &Arc<dyn BlobStore>, body: &mut Body, most: u64) -> Result<Kept, Wrong> {
    let kept = take(blobs, body, most).await;
    if kept.is_err() {
        body::drain(body).await;
    }
    kept
}

async fn take(blobs: &Arc<dyn BlobStore>, body: &mut Body, most: u64) -> Result<Kept, Wrong> {
    let blobs = Arc::clone(blobs);
    let mut draft = waiting(move || blobs.new_blob()).await?;
    let (mut bytes, mut block) = (0, BytesMut::new());
    let late = |_| Wrong::from(Refusal::unavailable("the file took too long to come in"));
    while let Some(frame) = tokio::time::timeout(PATIENCE, body.frame()).await.map_err(late)? {
        let frame = frame.map_err(|error| Refusal::bad_request(format!("the file broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        if bytes > most {
            return Err(Wrong::invalid(format!("Artifact size is too large. Max size is {}MB.", most >> 20)));
        }
        block.extend_from_slice(&data);
        if block.len() >= BLOCK {
            draft = write(draft, block.split().freeze()).await?;
        }
    }
    let draft = write(draft, block.freeze()).await?;
    Ok(Kept { digest: waiting(move || draft.keep()).await?, bytes })
}

async fn write(mut draft: Box<dyn DatasetWriter>, block: Bytes) -> Result<Box<dyn DatasetWriter>, Wrong> {
    waiting(move || {
        draft.write_all(&block)?;
        Ok(draft)
    })
    .await
}

/// What is in a file that was kept.
pub(super) async fn open(blobs: &Arc<dyn BlobStore>, digest: String) -> Result<Body, Wrong> {
    let blobs = Arc::clone(blobs);
    let file = waiting(move || blobs.open_blob(&digest)).await?;
    // What can't be read ends it, in the midst: its client sees that it is not whole.
    let blocks = stream::unfold(Some(file), async |file| {
        let mut file = file?;
        let read = move || {
            let mut block = Vec::with_capacity(BLOCK);
            file.by_ref().take(BLOCK as u64).read_to_end(&mut block).map(|_| (block, file))
        };
        match tokio::task::spawn_blocking(read).await.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            Ok((block, _)) if block.is_empty() => None,
            Ok((block, file)) => Some((Ok(Bytes::from(block)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Body::from_stream(blocks))
}

/// Does what waits for the disk.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, Wrong> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.unwrap_or_else(|panic| Err(StoreError::Io(io::Error::other(panic))))?)
}
