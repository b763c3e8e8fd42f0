//! One call, from when it came until its span is on its way into the store, however it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::outcome::Failure;
use model::ports::{ModelAnswer, ModelOffer};

use super::answered::{Said, Streamed};
use super::asked::Asked;
use super::context::Context;
use super::recorder::Recorder;
use super::span::{self, Outcome};
use super::wrong::Wrong;
use crate::admission::Held;

/// Bytes of an answer that are looked at.
const LOOKED_AT: usize = 32 << 20;

type Settle = Box<dyn FnOnce(u64, u64) -> Option<u64> + Send + Sync>;

/// A call that is being made. Where it is dropped before it has ended, its client has gone.
pub(super) struct Call {
    asked: Asked,
    context: Context,
    outcome: Outcome,
    heard: Heard,
    settle: Option<Settle>,
    /// Nanoseconds since 1970, and the clock that goes on from there.
    start: u64,
    clock: Instant,
    recorder: Arc<Recorder>,
    /// Room for what was asked and answered; none once the span has it.
    held: Option<Held>,
}

/// What came of an answer.
enum Heard {
    Whole(Vec<u8>),
    Events(Box<Streamed>),
    /// More than there is room for.
    TooMuch,
}

impl Call {
    pub(super) fn begin(asked: Asked, context: Context, recorder: &Arc<Recorder>, held: Held) -> Self {
        Self {
            asked,
            context,
            outcome: Outcome::default(),
            heard: Heard::Whole(Vec::new()),
            settle: None,
            start: recorder.now(),
            clock: Instant::now(),
            recorder: Arc::clone(recorder),
            held: Some(held),
        }
    }

    pub(super) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The id of its trace.
    pub(super) fn trace(&self) -> &str {
        &self.context.trace
    }

    /// It is passed on to this endpoint.
    pub(super) fn goes_to(&mut self, offer: &ModelOffer) {
        self.outcome.endpoint = Some(offer.name.clone());
        self.outcome.model = Some(offer.model.clone());
    }

    /// The head of an answer is there. Returns what the answer's body comes by.
    pub(super) fn answered(&mut self, answer: ModelAnswer, is_stream: bool) -> Box<dyn model::ports::Incoming> {
        let ModelAnswer { endpoint, model, requests, incoming, settle } = answer;
        self.outcome.endpoint = Some(endpoint);
        self.outcome.model = Some(model);
        self.outcome.requests = requests;
        self.outcome.status = Some(incoming.status());
        self.settle = Some(settle);
        if is_stream {
            self.heard = Heard::Events(Box::new(Streamed::new(self.asked.operation)));
        }
        incoming
    }

    /// Takes in what came of the body, and returns what goes on to the client.
    pub(super) fn hear(&mut self, piece: Vec<u8>) -> Vec<u8> {
        let has_room = self.held.as_mut().is_some_and(|held| held.grow(piece.len()).is_ok());
        let hides_usage = self.asked.hides_usage;
        match &mut self.heard {
            Heard::Whole(bytes) if has_room && bytes.len() + piece.len() <= LOOKED_AT => {
                bytes.extend_from_slice(&piece)
            }
            // Events are looked at one by one, so that the room they take is what was said in them.
            Heard::Events(streamed) if has_room => {
                let passed = streamed.hear(piece, hides_usage);
                if streamed.has_begun && self.outcome.first.is_none() {
                    self.outcome.first = Some(self.clock.elapsed());
                }
                return passed;
            }
            Heard::TooMuch => {}
            _ => {
                let held_back = match &mut self.heard {
                    Heard::Events(streamed) => streamed.end(false),
                    _ => Vec::new(),
                };
                tracing::warn!("an answer is larger than what is looked at: its trace has nothing of it");
                self.heard = Heard::TooMuch;
                return [held_back, piece].concat();
            }
        }
        piece
    }

    /// The body has ended. Returns what was held back of it.
    pub(super) fn end(mut self) -> Vec<u8> {
        let hides_usage = self.asked.hides_usage;
        let rest = match &mut self.heard {
            Heard::Events(streamed) => streamed.end(hides_usage),
            _ => Vec::new(),
        };
        let said = self.said();
        let status = self.outcome.status.unwrap_or_default();
        if status >= 400 {
            self.fail(
                status.to_string(),
                said.error.clone().unwrap_or_else(|| format!("the endpoint answered {status}")),
            );
        } else if let Some(error) = &said.error {
            self.fail("upstream_error", error.clone());
        }
        self.record(said);
        rest
    }

    /// The body broke off.
    pub(super) fn broke_off(mut self, failure: &Failure) {
        self.fail("upstream_broken", format!("the answer broke off: {}", failure.message));
        let said = self.said();
        self.record(said);
    }

    /// No endpoint has answered.
    pub(super) fn refused(mut self, wrong: &Wrong) {
        self.outcome.status = Some(wrong.status.as_u16());
        self.fail(wrong.code, wrong.message.clone());
        self.record(Said::default());
    }

    fn fail(&mut self, kind: impl Into<String>, message: String) {
        self.outcome.error = Some((kind.into(), message));
    }

    fn said(&self) -> Said {
        match &self.heard {
            Heard::Whole(bytes) => Said::whole(self.asked.operation, bytes),
            Heard::Events(streamed) => streamed.said(),
            Heard::TooMuch => Said::default(),
        }
    }

    /// Settles what it has cost, and hands its span over.
    fn record(&mut self, said: Said) {
        let Some(held) = self.held.take() else { return };
        let settle = self.settle.take();
        // Embeddings come out of nothing.
        let output = said.usage.output.or_else(|| (said.usage.input.is_some() && !self.asked.streams).then_some(0));
        if let (Some(input), Some(output), Some(settle)) = (said.usage.input, output, settle) {
            self.outcome.cost = settle(input, output).map(|micros| micros as f64 / 1e6);
        }
        let outcome = Outcome { said, ..std::mem::take(&mut self.outcome) };
        let end = self.start.saturating_add(nanoseconds(self.clock.elapsed()));
        let span = span::span(&self.asked, &self.context, outcome, self.start, end, self.recorder.version());
        self.recorder.record(self.context.experiment.clone(), self.context.trace.clone(), span, held);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.held.is_none() {
            return;
        }
        let when = if self.outcome.status.is_some() { "while the answer came" } else { "before there was an answer" };
        self.fail("client_disconnected", format!("the client hung up {when}"));
        let said = self.said();
        self.record(said);
    }
}
