//! Brings the batches of a run to an exporter.
//!
//! A batch that may be taken another time is sent again, with the same id: at least once, therefore, and told by that id
//! where it is more often. One that is refused for good is counted, and the next one is sent. How spans are written and
//! how an exporter reaches anything is not known here.

use std::sync::Arc;

use model::outcome::{Failure, FailureKind};
use model::ports::Exporting;
use model::telemetry::{Batch, Receipt};
use serde::Serialize;

use crate::again::{may_pass, wait};

/// How often a batch is sent again.
const RETRIES: u32 = 4;

/// Batches that fail one after the other before no more are sent.
const FAILURES: u32 = 3;

/// Different messages of an exporter that are kept.
const MESSAGES: usize = 5;

/// What became of all that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    pub batches: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// How often a batch was sent again.
    pub retries: u64,
    /// What the exporter said, each once; a guest's text: untrusted.
    pub messages: Vec<String>,
}

/// Why no more is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliverError {
    /// Nothing would be taken, whatever it is.
    #[error("the exporter can't work: {0}")]
    Refused(Failure),
    #[error("{FAILURES} batches failed one after the other, the last time since: {0}")]
    GivenUp(Failure),
    #[error("the exporter did not send what it held back: {0}")]
    HeldBack(Failure),
}

/// Sends batches, one after the other.
pub struct Delivery {
    exporting: Arc<dyn Exporting>,
    delivered: Delivered,
    failures: u32,
}

impl Delivery {
    pub fn new(exporting: Arc<dyn Exporting>) -> Self {
        Self { exporting, delivered: Delivered::default(), failures: 0 }
    }

    /// What became of it so far.
    pub fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// Sends a batch, as often as it takes.
    ///
    /// # Errors
    ///
    /// Fails where it makes no sense to send another.
    pub async fn send(&mut self, batch: &Batch) -> Result<(), DeliverError> {
        self.delivered.batches += 1;
        match self.insist(batch).await {
            Ok(receipt) => {
                self.failures = 0;
                self.delivered.accepted += u64::from(receipt.accepted);
                self.delivered.rejected += u64::from(receipt.rejected);
                receipt.message.into_iter().for_each(|message| self.note(message));
                Ok(())
            }
            Err(failure) => {
                self.delivered.rejected += u64::from(batch.spans);
                self.note(failure.message.clone());
                match failure.kind {
                    // That says nothing about the next one.
                    FailureKind::TooLarge => return Ok(()),
                    _ => self.failures += 1,
                }
                match failure.kind {
                    FailureKind::Denied | FailureKind::BadInput | FailureKind::BadParameter => {
                        Err(DeliverError::Refused(failure))
                    }
                    _ if self.failures == FAILURES => Err(DeliverError::GivenUp(failure)),
                    _ => Ok(()),
                }
            }
        }
    }

    async fn insist(&mut self, batch: &Batch) -> Result<Receipt, Failure> {
        let mut attempts = 1;
        loop {
            match self.exporting.export(batch).await {
                Err(failure) if attempts <= RETRIES && may_pass(failure.kind) => {
                    tokio::time::sleep(wait(&batch.id, attempts)).await;
                    attempts += 1;
                    self.delivered.retries += 1;
                }
                ended => return ended,
            }
        }
    }

    fn note(&mut self, message: String) {
        if self.delivered.messages.len() < MESSAGES && !self.delivered.messages.contains(&message) {
            self.delivered.messages.push(message);
        }
    }

    /// Has the exporter send what it held back.
    ///
    /// # Errors
    ///
    /// Fails where it can't.
    pub async fn finish(self) -> Result<Delivered, DeliverError> {
        self.exporting.flush().await.map_err(DeliverError::HeldBack)?;
        Ok(self.delivered)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use model::telemetry::Encoding;

    use super::*;

    /// Answers as it is told to, then takes everything; and the ids that it was sent.
    #[derive(Default)]
    struct Scripted {
        answers: Mutex<VecDeque<Result<Receipt, Failure>>>,
        sent: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Exporting for Scripted {
        async fn accepts(&self) -> Result<Vec<Encoding>, Failure> {
            Ok(vec![Encoding::OtlpJson])
        }

        async fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
            self.sent.lock().expect("no panic").push(batch.id.clone());
            let answer = self.answers.lock().expect("no panic").pop_front();
            answer.unwrap_or(Ok(Receipt { accepted: batch.spans, ..Receipt::default() }))
        }

        async fn flush(&self) -> Result<(), Failure> {
            Ok(())
        }
    }

    fn failed(kind: FailureKind) -> Result<Receipt, Failure> {
        Err(Failure::new(kind, format!("{kind:?}")))
    }

    /// Sends four batches of ten spans.
    async fn deliver(answers: Vec<Result<Receipt, Failure>>) -> (Result<Delivered, DeliverError>, Delivered, String) {
        let exporting = Arc::new(Scripted { answers: Mutex::new(answers.into()), ..Scripted::default() });
        let mut delivery = Delivery::new(exporting.clone());
        let mut ended = Ok(());
        for id in ["a", "b", "c", "d"] {
            let batch = Batch { id: id.to_owned(), encoding: Encoding::OtlpJson, spans: 10, payload: Vec::new() };
            ended = delivery.send(&batch).await;
            if ended.is_err() {
                break;
            }
        }
        let delivered = delivery.delivered().clone();
        let ended = match ended {
            Ok(()) => delivery.finish().await,
            Err(error) => Err(error),
        };
        (ended, delivered, exporting.sent.lock().expect("no panic").concat())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_sent_again_under_the_same_id() {
        let (ended, delivered, sent) =
            deliver(vec![failed(FailureKind::RateLimited), failed(FailureKind::Unavailable)]).await;
        assert_eq!(sent, "aaabcd");
        assert_eq!(delivered, Delivered { batches: 4, accepted: 40, retries: 2, ..Delivered::default() });
        assert_eq!(ended, Ok(delivered));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_counted_and_the_next_is_sent() {
        let partial = Receipt { accepted: 7, rejected: 3, message: Some("too old".to_owned()) };
        let answers = vec![Ok(partial.clone()), failed(FailureKind::TooLarge), Ok(partial)];
        let (_, delivered, sent) = deliver(answers).await;
        assert_eq!(sent, "abcd");
        assert_eq!((delivered.accepted, delivered.rejected), (24, 16));
        assert_eq!(delivered.messages, ["too old", "TooLarge"]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_where_nothing_would_be_taken() {
        let (ended, delivered, sent) = deliver(vec![failed(FailureKind::Denied)]).await;
        assert!(matches!(ended, Err(DeliverError::Refused(_))));
        assert_eq!((delivered.rejected, sent.as_str()), (10, "a"));
        let (ended, delivered, _) = deliver((0..4).map(|_| failed(FailureKind::TooLarge)).collect()).await;
        assert_eq!((ended.is_ok(), delivered.rejected), (true, 40));
        let down: Vec<_> = (0..100).map(|_| failed(FailureKind::Unavailable)).collect();
        let (ended, delivered, sent) = deliver(down).await;
        assert!(matches!(ended, Err(DeliverError::GivenUp(_))));
        assert_eq!((delivered.rejected, delivered.retries, sent.as_str()), (30, 12, "aaaaabbbbbccccc"));
    }
}
