//! The line to one endpoint: when a request may be made, and when it is made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use model::endpoint::Endpoint;
use model::grant::HttpRule;
use model::judge::JudgeRequest;
use model::outcome::FailureKind;
use model::ports::HttpRequest;
use model::quantity::TimeSpan;
use tokio::time::{Instant, sleep, timeout_at};

use super::format::Ways;
use super::lanes::Turn;
use super::ledger::Ledger;
use super::provider::{self, Answer, Manner, Trouble, TroubleKind};
use super::redact::Redactor;
use super::reply::Schemas;
use super::run::Halt;
use super::track::{Attempts, Track, about};
use crate::http::{Door, origin_of};

/// Bytes that an answer may have.
const LONGEST_ANSWER: u64 = 4 << 20;

/// One endpoint, as all questions of a run share it.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
    pub(super) ways: Ways,
    pub(super) schemas: Schemas,
    pub(super) redactor: Redactor,
    track: Track,
    http: Arc<Door>,
    rule: HttpRule,
}

/// Whose question it is, and what it may take.
pub(super) struct Errand<'a> {
    pub(super) turn: Turn,
    pub(super) deadline: Instant,
    pub(super) ledger: &'a Arc<Ledger>,
    /// Whose account it goes on.
    pub(super) key: &'a str,
    /// What that may spend, in millionths of a US dollar.
    pub(super) most: Option<u64>,
    /// What becomes of it.
    pub(super) tally: &'a Tally,
    /// When nobody is to be asked any more.
    pub(super) halt: &'a Halt,
    /// Whether somebody else can be asked: then an endpoint that rests is not waited for.
    pub(super) has_fallback: bool,
}

/// What a question has taken so far, also one that is given up.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) requests: AtomicU32,
    /// Millionths of a US dollar; what is not known of it, at the most.
    pub(super) cost: Arc<AtomicU64>,
    /// Microseconds before requests left.
    pub(super) waited: AtomicU64,
}

impl Line {
    pub(super) fn new(name: String, endpoint: Endpoint, http: Arc<Door>) -> Result<Self, String> {
        let secrets = endpoint.api_key.iter().map(|key| key.name().to_owned()).collect();
        let rule =
            HttpRule { url: origin_of(&endpoint.base_url), methods: vec!["POST".to_owned()], secrets, why: None };
        Ok(Self {
            name,
            ways: Ways::new(endpoint.model.provider),
            schemas: Schemas::default(),
            redactor: Redactor::new(&endpoint.redact)?,
            track: Track::new(&endpoint.flow),
            http,
            rule,
            endpoint,
        })
    }

    /// The question as this endpoint may have it.
    pub(super) fn question(&self, request: &JudgeRequest) -> JudgeRequest {
        let most = self.endpoint.max_output_tokens;
        let wanted = request.max_output_tokens.unwrap_or(most);
        let request = JudgeRequest { max_output_tokens: Some(wanted.min(most)), ..request.clone() };
        self.redactor.question(request)
    }

    /// Makes a request, and again as long as that may help and there is time.
    pub(super) async fn ask(
        &self,
        errand: &Errand<'_>,
        request: JudgeRequest,
        manner: Manner,
    ) -> Result<Answer, Trouble> {
        tracing::debug!(endpoint = self.name, way = ?manner.way, "judge");
        let outgoing = provider::request(&self.endpoint, &request, &manner);
        let asked = timeout_at(errand.deadline, self.insist(errand, &request, &outgoing)).await;
        asked.unwrap_or_else(|_| {
            let time = TimeSpan(self.endpoint.flow.deadline);
            Err(Trouble::timed_out(format!("there was no reply within {time} (`deadline`)")))
        })
    }

    async fn insist(
        &self,
        errand: &Errand<'_>,
        request: &JudgeRequest,
        outgoing: &HttpRequest,
    ) -> Result<Answer, Trouble> {
        let mut attempts = Attempts::default();
        loop {
            let trouble = match self.once(errand, request, outgoing).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let retries = self.endpoint.flow.retries;
            let Some(time) = self.track.again(&mut attempts, retries, &trouble, errand.deadline) else {
                return Err(trouble);
            };
            errand.unless_stopped(sleep(time)).await?;
        }
    }

    /// Makes one request when it is its time.
    async fn once(
        &self,
        errand: &Errand<'_>,
        request: &JudgeRequest,
        outgoing: &HttpRequest,
    ) -> Result<Answer, Trouble> {
        let bytes = outgoing.body.len() as u64;
        let input = about(bytes);
        let came = Instant::now();
        let lane = errand.unless_stopped(self.track.enter(errand.turn, input, errand.has_fallback)).await??;
        let output = request.max_output_tokens.unwrap_or(self.endpoint.max_output_tokens);
        // No tokenizer makes more of a text than it has bytes.
        let most = self.endpoint.price.map(|price| price.of(bytes, u64::from(output)));
        let reserved = errand.ledger.reserve(errand.key, errand.most, most, &errand.tally.cost).await;
        let mut reserved = reserved.map_err(|empty| Trouble::unmade(TroubleKind::Empty(empty), String::new()))?;
        errand.tally.waited.fetch_add(came.elapsed().as_micros() as u64, Ordering::Relaxed);
        reserved.leave();
        errand.tally.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self.send(outgoing).await;
        let tokens = match &answer {
            Ok(answer) => {
                self.track.went_well(&lane, &answer.pace);
                answer.tokens
            }
            Err(trouble) => {
                self.track.failed(&lane, trouble);
                trouble.tokens
            }
        };
        if let Some((input_tokens, output_tokens)) = tokens.known() {
            if answer.is_ok() {
                self.track.correct(input, input_tokens + output_tokens);
            }
            reserved.settle(self.endpoint.price.map_or(0, |price| price.of(input_tokens, output_tokens)));
        }
        answer
    }

    async fn send(&self, outgoing: &HttpRequest) -> Result<Answer, Trouble> {
        let rules = std::slice::from_ref(&self.rule);
        match self.http.ask(rules, LONGEST_ANSWER, outgoing.clone()).await {
            Ok(response) => provider::answer(&self.endpoint, &response, SystemTime::now()),
            Err(mut no_answer) => {
                if no_answer.failure.kind == FailureKind::TimedOut {
                    let time = TimeSpan(self.endpoint.flow.timeout);
                    no_answer.failure.message =
                        format!("the judge's provider gave no answer within {time} (`timeout`)");
                }
                Err(Trouble::shut(no_answer))
            }
        }
    }

    /// Whether questions wait for the provider rather than for its answers.
    pub(super) fn is_throttled(&self) -> bool {
        self.track.is_throttled()
    }
}

impl Errand<'_> {
    /// Waits for something, unless nobody is to be asked any more.
    async fn unless_stopped<T>(&self, waiting: impl Future<Output = T>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.halt.stopped() => Err(Trouble::unmade(TroubleKind::Stopped, "the run is to stop")),
            waited = waiting => Ok(waited),
        }
    }
}
