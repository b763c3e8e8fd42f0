//! What a worker and its host say to each other: frames of postcard over one socket.
//!
//! The first frame is the compiled code; the worker answers with [`Said::Described`]. From then on either side speaks when
//! it has something to say. What a worker says is believed no more than what its guest says.

use std::io;
use std::pin::Pin;

use futures_util::{Sink, SinkExt};
use model::judge::{Asker, Usage};
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpRequest, HttpResponse, Work};
use serde::{Deserialize, Serialize};
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::bindings::describe;
use crate::instances::{Answered, Question, Reply, Turn};

/// The longest frame: compiled code is what there is of that length.
const LONGEST: usize = 1 << 30;

pub(super) fn frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().little_endian().max_frame_length(LONGEST).new_codec()
}

pub(super) type Frames<T> = FramedRead<T, LengthDelimitedCodec>;

/// Writes messages as they come, several at once where they come fast.
pub(super) async fn speak<T: Serialize>(
    write: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    mut messages: mpsc::UnboundedReceiver<T>,
) -> io::Result<()> {
    let mut write: Pin<Box<dyn Sink<Bytes, Error = io::Error> + Send>> = Box::pin(write);
    while let Some(message) = messages.recv().await {
        write.feed(postcard::to_stdvec(&message).map_err(io::Error::other)?.into()).await?;
        if messages.is_empty() {
            write.flush().await?;
        }
    }
    Ok(())
}

/// From the host.
#[derive(Deserialize, Serialize)]
pub(super) enum Told {
    /// A [`Setup`](crate::instances::Setup) as JSON, and its number.
    Assigned {
        assignment: u32,
        setup: Vec<u8>,
    },
    Called {
        number: u64,
        assignment: u32,
        question: Question,
        turns: Vec<Turn>,
        fresh: bool,
    },
    /// Nobody waits for the answer any more.
    Cancelled {
        number: u64,
    },
    Fetched {
        number: u64,
        answer: Result<HttpResponse, Failed>,
    },
    Opened {
        number: u64,
        answer: Result<Head, Failed>,
    },
    Read {
        number: u64,
        answer: Result<Option<Vec<u8>>, Failed>,
    },
    /// A [`JudgeReply`](model::judge::JudgeReply) as JSON.
    Replied {
        number: u64,
        answer: Result<Vec<u8>, Failed>,
    },
    Left {
        number: u64,
        answer: Result<Option<Usage>, Failed>,
    },
}

/// Of an answer whose body is on its way.
#[derive(Deserialize, Serialize)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

/// From the worker.
#[derive(Deserialize, Serialize)]
pub(super) enum Said {
    Described(Result<describe::PluginDescription, Refused>),
    Answered {
        number: u64,
        answers: Vec<(Result<Reply, Failed>, Work)>,
    },
    /// A guest wants a request sent.
    Fetch {
        number: u64,
        assignment: u32,
        most: u64,
        request: HttpRequest,
    },
    /// A guest wants a request sent and its answer as it comes. Number names the answer from here on.
    Open {
        number: u64,
        assignment: u32,
        most: u64,
        request: HttpRequest,
    },
    Read {
        number: u64,
        most: u32,
    },
    /// A guest asks a judge: a [`JudgeRequest`](model::judge::JudgeRequest) as JSON.
    Ask {
        number: u64,
        assignment: u32,
        asker: Asker,
        request: Vec<u8>,
    },
    /// What may the call at hand still spend on judges?
    Budget {
        number: u64,
        assignment: u32,
        asker: Asker,
    },
    /// Nobody waits for what has this number, or for more of it.
    Done {
        number: u64,
    },
}

/// Why the code is no plugin.
#[derive(Deserialize, Serialize)]
pub(super) enum Refused {
    Invalid(String),
    Mismatch(String),
    Describe(Failed),
}

/// A [`Failure`] on its way.
#[derive(Deserialize, Serialize)]
pub(super) struct Failed(FailureKind, String, Option<String>);

impl From<Failure> for Failed {
    fn from(Failure { kind, message, detail }: Failure) -> Self {
        Self(kind, message, detail)
    }
}

impl From<Failed> for Failure {
    fn from(Failed(kind, message, detail): Failed) -> Self {
        Self { kind, message, detail }
    }
}

pub(super) fn sent(Answered { answer, work }: Answered) -> (Result<Reply, Failed>, Work) {
    (answer.map_err(Failed::from), work)
}

pub(super) fn received((answer, work): (Result<Reply, Failed>, Work)) -> Answered {
    Answered { answer: answer.map_err(Failure::from), work }
}
