//! The judges of one run: who is behind each role, what was asked, and what it has cost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use model::grant::JudgeRule;
use model::json::Json;
use model::judge::{Asker, Exchange, JudgeReply, JudgeRequest, Known, Sent, Usage};
use model::outcome::{Failure, FailureKind};
use model::ports::{CacheKey, JudgeCache};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::Instant;

use super::format::formatted;
use super::key;
use super::ledger::{Empty, Ledger};
use super::line::{Errand, Line, Tally};
use super::provider::{Answer, Trouble, TroubleKind};
use super::thread::Thread;
use crate::cassette::Cassette;
use crate::http::Door;

/// What judges of a run are opened with.
pub struct Setup {
    pub judges: model::endpoint::Judges,
    /// What the run may spend over all its sessions, in millionths of a US dollar.
    pub most: Option<u64>,
    /// What earlier sessions have spent, by the key of the scorer.
    pub spent: BTreeMap<String, u64>,
    /// None where every question is to be asked anew.
    pub cache: Option<Arc<dyn JudgeCache>>,
    pub cassette: Option<Arc<Cassette>>,
    /// Where exchanges are told.
    pub record: UnboundedSender<Exchange>,
}

pub(super) struct Run {
    roles: BTreeMap<String, String>,
    lines: HashMap<String, Line>,
    ledger: Arc<Ledger>,
    cache: Option<Arc<dyn JudgeCache>>,
    cassette: Option<Arc<Cassette>>,
    /// None once no more questions will come.
    record: Mutex<Option<UnboundedSender<Exchange>>>,
    flights: Mutex<HashMap<CacheKey, Flight>>,
    /// Trials that were turned away since the run has spent what it may, or is to stop.
    turned_away: Mutex<HashSet<(u64, u32)>>,
    halt: Halt,
    thread: Thread,
}

/// How far a run has come with asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Asking,
    /// No more requests are made.
    Stopped,
    /// Nobody waits for answers any more.
    Abandoned,
}

/// Tells everybody who waits how far the run has come.
pub(super) struct Halt(watch::Sender<Stage>);

impl Halt {
    /// Waits until no more requests are to be made.
    pub(super) async fn stopped(&self) {
        self.reached(Stage::Stopped).await;
    }

    async fn reached(&self, stage: Stage) {
        // It can't fail: the sender is here.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }
}

/// A question on its way, and everybody who waits for it.
type Flight = Shared<BoxFuture<'static, Asked>>;

/// What came of a question.
#[derive(Clone, Debug)]
struct Asked {
    reply: Result<Arc<Reply>, Refusal>,
    /// None where the provider was asked.
    known: Option<Known>,
    /// What it has cost now.
    usage: Usage,
    /// Who was asked last, and what.
    endpoint: String,
    model: String,
    sent: Arc<JudgeRequest>,
}

/// A reply, as it is kept for the next time and on cassettes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Reply {
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<model::judge::ToolCall>,
    /// What it cost when it was given.
    usage: Usage,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq)]
struct Refusal {
    failure: Failure,
    /// The run has spent what it may, or is to stop: the trial has to be done again.
    is_turned_away: bool,
    /// The asker has spent what it may of its own: somebody else may ask the same.
    is_askers_own: bool,
}

/// What a cassette has of a question.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Taped {
    Reply(Reply),
    Failure(Failure),
}

/// What a cassette would have of an exchange; none where the question came to no end.
pub(crate) fn taped(exchange: &Exchange) -> Option<serde_json::Value> {
    let usage = if exchange.saved.is_nothing() { exchange.usage } else { exchange.saved };
    let taped = match (&exchange.reply, &exchange.failure) {
        (Some(text), _) => Taped::Reply(Reply { text: text.clone(), tool_calls: exchange.tool_calls.clone(), usage }),
        (None, Some(failure)) => Taped::Failure(failure.clone()),
        (None, None) => return None,
    };
    Some(serde_json::to_value(taped).expect("it is plain data"))
}

/// One question on its way.
struct Question {
    asker: Asker,
    /// Millionths of a US dollar that the asker's key may spend.
    most: Option<u64>,
    request: JudgeRequest,
    /// The same as the first endpoint may have it.
    sent: Arc<JudgeRequest>,
    tally: Tally,
    /// Where the exchange is told.
    record: Option<UnboundedSender<Exchange>>,
    endpoint: String,
    digest: CacheKey,
    started: SystemTime,
    clock: Instant,
}

impl Run {
    pub(super) fn new(setup: Setup, http: &Arc<Door>) -> Result<Self, String> {
        let Setup { judges, most, spent, cache, cassette, record } = setup;
        let ledger = Ledger::new(most);
        spent.iter().for_each(|(key, cost)| ledger.carry_over(key, *cost));
        let line = |(name, endpoint): (String, _)| {
            let line = Line::new(name.clone(), endpoint, Arc::clone(http));
            line.map(|line| (name.clone(), line)).map_err(|wrong| format!("endpoint `{name}`: {wrong}"))
        };
        Ok(Self {
            roles: judges.roles,
            lines: judges.endpoints.into_iter().map(line).collect::<Result<_, _>>()?,
            ledger,
            cache,
            cassette,
            record: Mutex::new(Some(record)),
            flights: Mutex::default(),
            turned_away: Mutex::default(),
            halt: Halt(watch::Sender::new(Stage::Asking)),
            thread: Thread::start().map_err(|error| format!("no thread can be started: {error}"))?,
        })
    }

    pub(super) async fn complete(
        self: &Arc<Self>,
        asker: &Asker,
        rule: &JudgeRule,
        request: JudgeRequest,
    ) -> Result<JudgeReply, Failure> {
        let role = request.role.clone();
        let line = self.roles.get(&role).and_then(|name| self.lines.get(name)).ok_or_else(|| {
            Failure::new(FailureKind::Denied, format!("nobody is behind the judge `{}`", role.escape_debug()))
        })?;
        let sent = Arc::new(line.question(&request));
        let question = Question {
            asker: asker.clone(),
            most: rule.max_usd_per_run.map(micros),
            digest: key::content(&line.endpoint, &sent, asker.trial),
            request,
            sent,
            tally: Tally::default(),
            record: lock(&self.record).clone(),
            endpoint: line.name.clone(),
            started: SystemTime::now(),
            clock: Instant::now(),
        };
        let asked = self.join(question).await;
        match asked.reply {
            Ok(reply) => Ok(JudgeReply {
                text: reply.text.clone(),
                tool_calls: reply.tool_calls.clone(),
                usage: reply.usage,
                cached: asked.known == Some(Known::Cache) && self.cassette.is_none(),
            }),
            Err(Refusal { failure, is_turned_away, .. }) => {
                if is_turned_away {
                    lock(&self.turned_away).insert((asker.index, asker.trial));
                }
                Err(failure)
            }
        }
    }

    /// Waits for the reply together with everybody who asks the same at this time. The question is asked to its end also
    /// where nobody waits any more: it is paid for.
    async fn join(self: &Arc<Self>, mut question: Question) -> Asked {
        let key = key::of_plugin(&question.digest, &question.asker.plugin);
        let is_shared = self.cache.is_some() || self.cassette.is_some();
        loop {
            let (flight, waiting) = {
                let mut flights = lock(&self.flights);
                match flights.get(&key).filter(|_| is_shared) {
                    Some(flight) => (flight.clone(), Some(question)),
                    None => {
                        let flight = self.begin(key, question);
                        if is_shared {
                            flights.insert(key, flight.clone());
                        }
                        (flight, None)
                    }
                }
            };
            let asked = flight.await;
            let Some(waiting) = waiting else { return asked };
            if asked.reply.as_ref().is_err_and(|refusal| refusal.is_askers_own) {
                question = waiting;
                continue;
            }
            let shared = Asked { known: Some(Known::Shared), usage: Usage::default(), ..asked };
            Self::tell(&waiting, &shared);
            return shared;
        }
    }

    fn begin(self: &Arc<Self>, key: CacheKey, question: Question) -> Flight {
        let run = Arc::clone(self);
        let (endpoint, sent) = (question.endpoint.clone(), Arc::clone(&question.sent));
        let task = self.thread.spawn(async move {
            let asked = tokio::select! {
                biased;
                asked = run.find(&key, &question) => asked,
                () = run.halt.reached(Stage::Abandoned) => run.given_up(&question),
            };
            Self::tell(&question, &asked);
            lock(&run.flights).remove(&key);
            asked
        });
        let crashed = move |_| {
            let failure = Failure::new(FailureKind::Internal, "a part of Karat crashed while it asked a judge");
            let reply = Err(Refusal::of(failure));
            Asked { reply, known: None, usage: Usage::default(), endpoint, model: String::new(), sent }
        };
        task.map(|asked| asked.unwrap_or_else(crashed)).boxed().shared()
    }

    /// Of a question whose answer is not waited for.
    fn given_up(&self, question: &Question) -> Asked {
        let failure = Failure::new(FailureKind::Cancelled, "the run ended before the judge replied");
        let asked = self.known(question, Err(failure), Known::Shared);
        let price = self.lines[&question.endpoint].endpoint.price;
        let cost = price.map(|_| question.tally.cost.load(Ordering::Relaxed));
        Asked { known: None, usage: Usage { cost, ..Usage::default() }, ..asked }
    }

    /// Finds the reply where it is known, and asks for it where it is not.
    async fn find(&self, key: &CacheKey, question: &Question) -> Asked {
        let digest = key::hex(&question.digest);
        if let Some(cassette) = &self.cassette {
            match cassette.get(&digest) {
                Some(Taped::Reply(reply)) => return self.known(question, Ok(reply), Known::Cassette),
                Some(Taped::Failure(failure)) => return self.known(question, Err(failure), Known::Cassette),
                None if cassette.is_replayed() => {
                    let message = "this question is not on the cassette that is replayed";
                    let failure = Failure::new(FailureKind::Unavailable, message);
                    return self.known(question, Err(failure), Known::Cassette);
                }
                None => {}
            }
        }
        let asked = match self.kept(key).await {
            Some(reply) => self.known(question, Ok(reply), Known::Cache),
            None => {
                let asked = self.ask(question).await;
                if let Ok(reply) = &asked.reply
                    && asked.endpoint == question.endpoint
                {
                    self.keep(key, reply).await;
                }
                asked
            }
        };
        if let Some(cassette) = &self.cassette {
            let sent = &asked.sent.messages;
            match &asked.reply {
                Ok(reply) => cassette.put(&digest, sent, &Taped::Reply(Reply::clone(reply))),
                Err(refusal) if refusal.is_turned_away || refusal.is_askers_own => {}
                Err(refusal) => cassette.put(&digest, sent, &Taped::Failure(refusal.failure.clone())),
            }
        }
        asked
    }

    fn known(&self, question: &Question, reply: Result<Reply, Failure>, known: Known) -> Asked {
        Asked {
            reply: reply.map(Arc::new).map_err(Refusal::of),
            known: Some(known),
            usage: Usage::default(),
            endpoint: question.endpoint.clone(),
            model: self.lines[&question.endpoint].endpoint.model.to_string(),
            sent: Arc::clone(&question.sent),
        }
    }

    /// A cache that fails costs money, and nothing else.
    async fn kept(&self, key: &CacheKey) -> Option<Reply> {
        let kept = self.cache.as_ref()?.get(key).await;
        let kept = kept.inspect_err(|error| tracing::warn!("the cache of judges' replies: {error}")).ok()??;
        serde_json::from_slice(&kept).ok()
    }

    async fn keep(&self, key: &CacheKey, reply: &Reply) {
        let Some(cache) = &self.cache else { return };
        let bytes = serde_json::to_vec(reply).expect("a reply can be written");
        if let Err(error) = cache.put(key, &bytes).await {
            tracing::warn!("the cache of judges' replies: {error}");
        }
    }

    /// Asks the endpoint, and those that stand in for it where it can't be asked.
    async fn ask(&self, question: &Question) -> Asked {
        let Asker { key, index, trial, .. } = &question.asker;
        let (mut usage, mut is_priced) = (Usage::default(), true);
        let mut line = &self.lines[&question.endpoint];
        let mut asked = HashSet::from([&*line.name]);
        loop {
            let fallback = line.endpoint.fallback.as_ref().and_then(|name| self.lines.get(name));
            let fallback = fallback.filter(|fallback| !asked.contains(&*fallback.name));
            let errand = Errand {
                turn: (*index, *trial),
                deadline: Instant::now() + line.endpoint.flow.deadline,
                ledger: &self.ledger,
                key,
                most: question.most,
                tally: &question.tally,
                halt: &self.halt,
                has_fallback: fallback.is_some(),
            };
            let mut sent = match &*line.name {
                first if first == question.endpoint => JudgeRequest::clone(&question.sent),
                _ => line.question(&question.request),
            };
            let answer =
                formatted(&mut sent, &line.ways, &line.schemas, |request, manner| line.ask(&errand, request, manner))
                    .await;
            let tokens = answer.as_ref().map_or_else(|trouble| trouble.tokens, |answer| answer.tokens);
            is_priced &= line.endpoint.price.is_some();
            let (input, output) = tokens.known().unwrap_or_default();
            usage.input_tokens += input;
            usage.output_tokens += output;
            usage.cost = is_priced.then(|| question.tally.cost.load(Ordering::Relaxed));
            let reply = match (answer, fallback) {
                (Err(trouble), Some(next)) if trouble.kind.passes_on() => {
                    asked.insert(&next.name);
                    line = next;
                    continue;
                }
                (Err(trouble), _) => Err(trouble.into()),
                (Ok(Answer { text, tool_calls, .. }), _) => Ok(Arc::new(Reply { text, tool_calls, usage })),
            };
            let (endpoint, model) = (line.name.clone(), line.endpoint.model.to_string());
            return Asked { reply, known: None, usage, endpoint, model, sent: Arc::new(sent) };
        }
    }

    /// Notes down an exchange.
    fn tell(question: &Question, asked: &Asked) {
        let Question { asker, digest, started, clock, tally, .. } = question;
        let JudgeRequest { role, messages, tools, format, .. } = JudgeRequest::clone(&asked.sent);
        let reply = asked.reply.as_ref();
        let requests = tally.requests.load(Ordering::Relaxed);
        if requests == 0 && reply.is_err_and(|refusal| refusal.is_turned_away) {
            return;
        }
        let saved = reply.ok().filter(|_| asked.known.is_some()).map(|reply| reply.usage);
        let exchange = Exchange {
            plugin: asker.plugin.clone(),
            key: asker.key.clone(),
            index: asker.index,
            trial: asker.trial,
            role,
            endpoint: asked.endpoint.clone(),
            model: asked.model.clone(),
            digest: key::hex(digest),
            sent: Json::from_serialize(&Sent { messages, tools, format }).expect("a question can be written"),
            reply: reply.ok().map(|reply| reply.text.clone()),
            tool_calls: reply.map_or_else(|_| Vec::new(), |reply| reply.tool_calls.clone()),
            failure: reply.err().map(|refusal| refusal.failure.clone()),
            usage: asked.usage,
            saved: saved.unwrap_or_default(),
            known: asked.known,
            requests,
            started: started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
            duration: clock.elapsed(),
            waited: Duration::from_micros(tally.waited.load(Ordering::Relaxed)),
        };
        if let Some(record) = &question.record {
            // Nobody writes it down any more: the run has failed and says why.
            let _ = record.send(exchange);
        }
    }

    pub(super) fn left(&self, asker: &Asker, rule: &JudgeRule) -> Option<Usage> {
        self.ledger.left(&asker.key, rule.max_usd_per_run.map(micros))
    }

    pub(super) fn has_turned_away(&self, index: u64, trial: u32) -> bool {
        lock(&self.turned_away).contains(&(index, trial))
    }

    pub(super) fn reach(&self, stage: Stage) {
        self.halt.0.send_if_modified(|now| std::mem::replace(now, stage.max(*now)) < stage);
    }

    pub(super) fn close(&self) {
        lock(&self.record).take();
    }

    /// The endpoints whose providers want less for the time being.
    pub(super) fn throttled(&self) -> Vec<&str> {
        let throttled = self.lines.values().filter(|line| line.is_throttled());
        let mut names: Vec<_> = throttled.map(|line| &*line.name).collect();
        names.sort_unstable();
        names
    }
}

impl Refusal {
    fn of(failure: Failure) -> Self {
        Self { failure, is_turned_away: false, is_askers_own: false }
    }
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        let is_turned_away = matches!(trouble.kind, TroubleKind::Empty(Empty::Run(_)) | TroubleKind::Stopped);
        let is_askers_own = matches!(trouble.kind, TroubleKind::Empty(Empty::One(_)));
        Self { failure: trouble.into(), is_turned_away, is_askers_own }
    }
}

/// Rounded down: nobody may spend more than was said.
fn micros(usd: f64) -> u64 {
    (usd * 1e6).floor() as u64
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
