//! The body of an answer, as it comes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::outcome::{Failure, FailureKind};
use model::ports::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::secrets::Scrub;
use super::{NoAnswer, headers, timed_out};

/// Where a body ends at the latest.
pub(super) struct Ends {
    /// Bytes, uncompressed.
    pub(super) most: u64,
    pub(super) deadline: Instant,
    /// Between two pieces.
    pub(super) idle: Duration,
}

/// An answer whose head is there.
pub(super) struct Body {
    pub(super) status: u16,
    /// Without secrets.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    state: State,
    ends: Ends,
    came: u64,
    scrub: Scrub,
    /// Came, and was not asked for yet.
    ready: Bytes,
    origin: String,
    _connection: OwnedSemaphorePermit,
}

enum State {
    Coming(reqwest::Response),
    Ended,
    /// There was more than it may have.
    Cut,
    Broken(Failure),
}

impl Body {
    pub(super) fn new(
        response: reqwest::Response,
        ends: Ends,
        scrub: Scrub,
        origin: String,
        connection: OwnedSemaphorePermit,
    ) -> Self {
        let mut headers = headers::received(response.headers());
        for (_, value) in &mut headers {
            *value = scrub.whole(value);
        }
        Self {
            status: response.status().as_u16(),
            headers,
            state: State::Coming(response),
            ends,
            came: 0,
            scrub,
            ready: Bytes::new(),
            origin,
            _connection: connection,
        }
    }

    /// The next piece, without secrets and never empty; none at the end, or where the body is cut off.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let State::Coming(response) = &mut self.state {
            let soon = self.ends.deadline.min(Instant::now() + self.ends.idle);
            let came = match tokio::time::timeout_at(soon, response.chunk()).await {
                Ok(came) => came.map_err(|error| NoAnswer::of(&error, &self.origin).failure),
                Err(_) => Err(timed_out()),
            };
            let piece = match came {
                Ok(Some(piece)) => self.take(piece),
                Ok(None) => {
                    self.state = State::Ended;
                    self.scrub.end()
                }
                Err(failure) => {
                    self.state = State::Broken(failure);
                    break;
                }
            };
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        match &self.state {
            State::Broken(failure) => Err(failure.clone()),
            _ => Ok(None),
        }
    }

    fn take(&mut self, mut piece: Bytes) -> Bytes {
        let room = self.ends.most - self.came;
        if piece.len() as u64 > room {
            // What is held back is left out: the beginning of a secret is none of the plugin's either.
            self.state = State::Cut;
            piece.truncate(room as usize);
        }
        self.came += piece.len() as u64;
        self.scrub.pass(piece)
    }

    /// Whether there was more than it may have.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.state, State::Cut)
    }
}

#[async_trait]
impl Incoming for Body {
    fn status(&self) -> u16 {
        self.status
    }

    fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    async fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure> {
        if self.ready.is_empty()
            && let Some(piece) = self.next().await?
        {
            self.ready = piece;
        }
        if !self.ready.is_empty() {
            let length = self.ready.len().min(most.max(1) as usize);
            return Ok(Some(self.ready.split_to(length).into()));
        }
        if self.is_cut() {
            let message = format!("the answer has more than {} bytes (`limits.http_bytes`)", self.ends.most);
            return Err(Failure::new(FailureKind::TooLarge, message));
        }
        Ok(None)
    }
}
