//! How the stages of the flow reach each other: the traits that one crate consumes and another implements.

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aggregate::Measure;
use crate::assessment::{Assessment, AssessmentId};
use crate::digest::SpanDigest;
use crate::document::{self, Committed, Document};
use crate::endpoint::Model;
use crate::grant::{CommandRule, Grant, HttpRule, JudgeRule};
use crate::json::Json;
use crate::judge::{Asker, BatchId, Exchange, JudgeReply, JudgeRequest, Usage};
use crate::limits::{CallLimits, Isolation, Reuse};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::prediction::Prediction;
use crate::report::Report;
use crate::row::{Row, RowRecord};
use crate::run::{PlannedScorer, RowResult, Run, RunHeader, RunId};
use crate::scorer::{ItemKind, PluginDescription};
use crate::search::{Cursor, Page, Query, TraceInfo};
use crate::suite::DataFormat;
use crate::telemetry::{Batch, Encoding, Receipt};
use crate::trace::{Span, Trace};

// --- datasets -------------------------------------------------------------------------------------------------------

/// Reads a data file of one format.
pub trait DataReader: Send + Sync {
    /// Calls `each` for every record of `source`, in order, until it breaks off.
    ///
    /// A record that can't be read is passed on as a `BrokenRecord`; reading goes on behind it where that is possible.
    ///
    /// # Errors
    ///
    /// Fails when `source` itself fails.
    fn read(
        &self,
        format: DataFormat,
        source: &mut dyn Read,
        each: &mut dyn FnMut(Result<Record, BrokenRecord>) -> ControlFlow<()>,
    ) -> std::io::Result<()>;
}

/// One JSON object of a data file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it starts: a line number, from 1.
    pub line: u64,
    pub fields: Json,
}

/// A part of a data file that is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRecord {
    pub line: u64,
    /// What is wrong, without the line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Reads traces as rows spell them.
pub trait TraceReader: Send + Sync {
    /// # Errors
    ///
    /// Fails with what is wrong first.
    fn read(&self, trace: &Json) -> Result<Trace, BrokenTrace>;
}

/// Something in a trace that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenTrace {
    /// Where, such as `spans[2].status`; empty where it is the trace as a whole.
    pub field: String,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

// --- plugins --------------------------------------------------------------------------------------------------------

/// Finds plugins by the names a suite uses.
pub trait Catalog: Send + Sync {
    /// The component in a file; a path relative to the suite file. It may be isolated more than is asked for here.
    ///
    /// # Errors
    ///
    /// Fails when the file can't be read or is not a plugin that this host can run.
    fn load(&self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError>;

    /// The built-in plugin that offers this item, if there is one.
    ///
    /// # Errors
    ///
    /// Fails when it can't be loaded.
    fn built_in(
        &self,
        kind: ItemKind,
        name: &str,
        isolation: Isolation,
    ) -> Result<Option<Arc<dyn Plugin>>, PluginError>;

    /// Names of all built-in items of a kind.
    fn built_in_names(&self, kind: ItemKind) -> Vec<String>;
}

/// A plugin that can't be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PluginError {
    pub message: String,
    pub hint: Option<String>,
}

/// A loaded plugin.
pub trait Plugin: Send + Sync {
    fn description(&self) -> &PluginDescription;

    /// Where its instances live.
    fn isolation(&self) -> Isolation;

    /// Prepares scorers of this plugin for the rows of one run.
    fn bind(&self, binding: Binding) -> Arc<dyn Scoring>;

    /// Prepares the aggregator that is the binding's one call for one run.
    fn bind_aggregator(&self, binding: Binding) -> Arc<dyn Aggregating>;

    /// Prepares the predictor that is the binding's one call for the rows of one run.
    fn bind_predictor(&self, binding: Binding) -> Arc<dyn Predicting>;

    /// Prepares the exporter that is the binding's one call. `sink` is the file that it may write to.
    fn bind_exporter(&self, binding: Binding, sink: Option<Arc<dyn Sink>>) -> Arc<dyn Exporting>;
}

/// Which items of a plugin are called, and under what conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    pub calls: Vec<Call>,
    pub limits: CallLimits,
    pub reuse: Reuse,
    /// The suite's seed.
    pub seed: u64,
    /// What the plugin may use beyond its rows.
    pub grant: Grant,
    /// What the suite says to the plugin as a whole.
    pub config: Map<String, Value>,
}

/// One item of a plugin with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its name in results.
    pub key: String,
    /// Its name within the plugin.
    pub item: String,
    pub parameters: Json,
}

/// Scorers of one plugin, ready to be called.
#[async_trait]
pub trait Scoring: Send + Sync {
    /// Looks at a row with each call of the binding whose number is in `calls`, in that order, and says what came of
    /// each. Whatever a guest does ends up as an outcome.
    async fn score(&self, row: &Row, calls: &[usize]) -> Vec<Outcome>;

    /// What each call of the binding has taken so far, over all rows.
    fn work(&self) -> Vec<Work>;
}

/// What calls of a guest took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Work {
    pub calls: u64,
    /// Units, calls of the host included.
    pub fuel: u64,
    /// Wall time, waiting included.
    pub time: Duration,
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.fuel += more.fuel;
        self.time += more.time;
    }
}

/// An aggregator, ready to be called: one instance from the start to the end. After a call that failed there is no other.
#[async_trait]
pub trait Aggregating: Send + Sync {
    /// # Errors
    ///
    /// Fails with what the aggregator says, or how its call ended; `add` and `finish` likewise.
    async fn start(&self) -> Result<(), Failure>;

    /// Hands over some rows, in dataset order.
    async fn add(&self, rows: &[ScoredRow]) -> Result<(), Failure>;

    /// The numbers of all that was added, the main one first.
    async fn finish(&self) -> Result<Vec<Measure>, Failure>;

    /// What its calls have taken so far.
    fn work(&self) -> Work;
}

/// A row as an aggregator gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredRow {
    pub row: Row,
    /// Of the scorers that the aggregator sees, by their keys; none of them has failed.
    pub verdicts: Vec<(String, Outcome)>,
}

/// A predictor, ready to be called.
#[async_trait]
pub trait Predicting: Send + Sync {
    /// Calls the application with the row's inputs, once.
    ///
    /// # Errors
    ///
    /// Fails with why there is no answer: what the predictor says, or how its call ended.
    async fn predict(&self, row: &Row) -> Result<Prediction, Failure>;

    /// What its calls have taken so far.
    fn work(&self) -> Work;
}

/// An exporter, ready to be called. It is one instance from the first batch to the end, unless a call fails.
#[async_trait]
pub trait Exporting: Send + Sync {
    /// What it takes, best first; at least one.
    ///
    /// # Errors
    ///
    /// Fails with what the exporter says, or how its call ended; `export` and `flush` likewise.
    async fn accepts(&self) -> Result<Vec<Encoding>, Failure>;

    /// Hands a batch over, once.
    async fn export(&self, batch: &Batch) -> Result<Receipt, Failure>;

    /// Has it send what it held back.
    async fn flush(&self) -> Result<(), Failure>;
}

/// A file that only grows.
pub trait Sink: Send + Sync {
    /// # Errors
    ///
    /// Fails as `unavailable` when the file can't be written.
    fn write(&self, bytes: &[u8]) -> Result<(), Failure>;
}

// --- the way out ----------------------------------------------------------------------------------------------------

/// A request that a plugin wants sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct HttpRequest {
    /// In upper case.
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub timeout: Option<Duration>,
    /// On whose behalf it is sent; none where that is no call on a row. Nothing of it is sent.
    pub asker: Option<Asker>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// The body was cut off at the limit.
    pub truncated: bool,
}

/// Sends requests of plugins, where that is granted.
#[async_trait]
pub trait HttpDoor: Send + Sync {
    /// Sends a request that one of `rules` grants, and takes up to `most` bytes of the answer, uncompressed.
    ///
    /// # Errors
    ///
    /// Fails as `denied`, `bad input`, `too large`, `timed out` or `unavailable`, in words that are fit for the plugin.
    async fn send(&self, rules: &[HttpRule], most: u64, request: HttpRequest) -> Result<HttpResponse, Failure>;

    /// Sends a request that one of `rules` grants, and returns when the head of an answer is there. Its body, uncompressed,
    /// may have up to `most` bytes. A door that has whole answers only need not say more than [`HttpDoor::send`].
    ///
    /// # Errors
    ///
    /// As [`HttpDoor::send`].
    async fn open(&self, rules: &[HttpRule], most: u64, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
        Ok(Box::new(Whole { response: self.send(rules, most, request).await?, read: 0 }))
    }
}

/// An answer whose body is on its way. Dropping it closes the connection.
#[async_trait]
pub trait Incoming: Send + Sync {
    fn status(&self) -> u16;

    fn headers(&self) -> &[(String, Vec<u8>)];

    /// Waits for what comes next of the body, one byte up to `most`; none at its end.
    ///
    /// # Errors
    ///
    /// Fails as `too large` behind the bytes that the body may have, as `timed out` where nothing comes, as `unavailable`
    /// where it breaks off.
    async fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure>;
}

/// An answer that is there already.
struct Whole {
    response: HttpResponse,
    read: usize,
}

#[async_trait]
impl Incoming for Whole {
    fn status(&self) -> u16 {
        self.response.status
    }

    fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.response.headers
    }

    async fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure> {
        let rest = &self.response.body[self.read..];
        let piece = &rest[..rest.len().min(most.max(1) as usize)];
        self.read += piece.len();
        match (piece.is_empty(), self.response.truncated) {
            (false, _) => Ok(Some(piece.to_vec())),
            (true, false) => Ok(None),
            (true, true) => Err(Failure::new(FailureKind::TooLarge, "the answer is larger than it may be")),
        }
    }
}

/// Asks LLMs for plugins. It owns endpoints, keys, cache, limits and money.
#[async_trait]
pub trait JudgeDoor: Send + Sync {
    /// Asks one question; those of a list are asked at the same time. Whoever calls has seen to it that `rule` grants the
    /// role, and that the row may ask once more; what a run may spend is for the door to keep.
    ///
    /// The reply satisfies the request's format: the door checks it, and asks again a bounded number of times.
    ///
    /// # Errors
    ///
    /// Fails as `denied` where nobody is bound to the role, as `budget exceeded`, `rate limited`, `timed out`, `too large` or
    /// `cancelled`, as `unavailable` where there is no reply or none of the format, in words that are fit for the plugin.
    async fn complete(&self, asker: &Asker, rule: &JudgeRule, request: JudgeRequest) -> Result<JudgeReply, Failure>;

    /// What may still be spent on behalf of this call; none where nothing limits it.
    async fn budget(&self, asker: &Asker, rule: &JudgeRule) -> Option<Usage>;
}

/// Passes calls of models on, for clients of ours that speak OpenAI's interface. It owns endpoints, keys, limits and money.
#[async_trait]
pub trait ModelDoor: Send + Sync {
    /// Who can be called, by name.
    fn models(&self) -> &[ModelOffer];

    /// What calls may cost today; none where nothing limits it.
    fn budget(&self) -> Option<DayBudget>;

    /// Makes a call, again where it failed in passing, and by way of who stands in for the endpoint where it can't be asked.
    /// Returns when the head of an answer is there that is no such failure, or the last of those that were: what an endpoint
    /// answers is passed on, whatever it is.
    ///
    /// # Errors
    ///
    /// Fails as `budget exceeded`, `timed out`, `too large`, `bad input`, `denied` or `unavailable` where no endpoint has
    /// answered, in words that are fit for the client.
    async fn call(&self, call: ModelCall) -> Result<ModelAnswer, Failure>;
}

/// Puts rows of clients before a scorer that they name. It owns the plugins, and what they may take.
#[async_trait]
pub trait ScorerDoor: Send + Sync {
    /// Finds the scorer, and gives what came of each row, in their order.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong with the request, before any row is looked at, or as busy.
    async fn score(&self, call: ScorerCall) -> Result<Scored, NotScored>;
}

/// Rows for a scorer, as a client sends them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorerCall {
    /// As suites have it under `scorers`: a name, or an object with `use`, `with` and so on.
    pub scorer: Json,
    /// What its plugin has to be; none takes what is there under the name.
    pub digest: Option<String>,
    /// As lines of a data file. Without any, the scorer is looked for and that is all.
    #[serde(default)]
    pub rows: Vec<RowRecord>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    pub scorer: PlannedScorer,
    /// One for each row.
    pub outcomes: Vec<Outcome>,
}

/// Why there are no outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotScored {
    Wrong(BadCall),
    /// There was no turn to be had, or not enough time: what to tell whoever asks again.
    Busy(String),
}

impl From<BadCall> for NotScored {
    fn from(wrong: BadCall) -> Self {
        Self::Wrong(wrong)
    }
}

/// Something in a call that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCall {
    /// Where, such as `scorer.with.pattern`.
    pub field: String,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A model that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOffer {
    /// The name of the endpoint.
    pub name: String,
    pub model: Model,
    /// Whether it speaks OpenAI's interface; a call of one that does not fails.
    pub is_open_ai: bool,
    /// The name of the endpoint that stands in for it.
    pub fallback: Option<String>,
}

/// What may be spent on a day of UTC, and was, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayBudget {
    /// Days since 1970-01-01.
    pub day: u64,
    pub most: u64,
    pub spent: u64,
}

/// A call, as a client made it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCall {
    /// The name of an endpoint that speaks OpenAI's interface.
    pub endpoint: String,
    pub operation: ModelOperation,
    /// An object; `model` in it is for the door to say.
    pub body: Json,
    /// The most tokens that all of its answers may have; none where the call does not say.
    pub max_output_tokens: Option<u64>,
}

/// What is wanted of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelOperation {
    Chat,
    Responses,
    Embeddings,
}

/// An answer whose body is on its way, and who gave it.
pub struct ModelAnswer {
    /// The name of the endpoint.
    pub endpoint: String,
    pub model: Model,
    /// How often the call was made, with those that failed.
    pub requests: u32,
    /// Without keys.
    pub incoming: Box<dyn Incoming>,
    /// Takes in how many tokens went in and came out, and says what they cost in millionths of a US dollar, if that is
    /// known. Until then, and where it is dropped instead, the call counts as the most that it may cost.
    pub settle: Box<dyn FnOnce(u64, u64) -> Option<u64> + Send + Sync>,
}

/// Knows whether a run has spent what it may.
pub trait Purse: Send + Sync {
    /// Whether a question on behalf of this trial was turned away since the run has spent what it may, or is to stop. What
    /// its scorers said then is no result.
    fn has_turned_away(&self, index: u64, trial: u32) -> bool;

    /// Nobody is asked anything more. Replies on their way are waited for.
    fn stop(&self);

    /// No more questions will come. The record of exchanges ends when those on their way have come back.
    fn close(&self);

    /// Replies on their way are not waited for any more. The record has what they may have cost.
    fn abandon(&self);
}

/// Keeps replies of judges for the next time somebody asks the same. What it loses costs money, and nothing else: what
/// is damaged is not there, and a cache that can't be used keeps nothing.
#[async_trait]
pub trait JudgeCache: Send + Sync {
    /// # Errors
    ///
    /// Fails when nobody can be asked; `put`, `statistics` and `clear` likewise.
    async fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a reply; those that were not asked for the longest go where there are more bytes than there may be.
    ///
    /// # Errors
    ///
    /// `Full` where the disk is.
    async fn put(&self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError>;

    async fn statistics(&self) -> Result<CacheStatistics, StoreError>;

    /// Removes everything.
    async fn clear(&self) -> Result<(), StoreError>;
}

/// BLAKE3 of everything that decides a reply.
pub type CacheKey = [u8; 32];

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct CacheStatistics {
    /// With those that were replaced, until they go.
    pub replies: u64,
    /// What they take on the disk, with what finds them.
    pub bytes: u64,
    /// The most that there may be.
    pub most_bytes: u64,
}

/// What a command left when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// None where a signal ended it.
    pub exit_code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Output was cut off at the limit.
    pub truncated: bool,
}

/// Runs commands of this machine for plugins, where that is granted and the operator allows it.
#[async_trait]
pub trait ProcessDoor: Send + Sync {
    /// Runs a command to its end, and takes up to `most` bytes of each of its outputs. `arguments` fill in what the rule
    /// leaves open.
    ///
    /// # Errors
    ///
    /// Fails as `denied`, `bad input` or `unavailable`, in words that are fit for the plugin.
    async fn run(
        &self,
        rule: &CommandRule,
        arguments: &[(String, String)],
        stdin: Vec<u8>,
        most: u64,
    ) -> Result<Completed, Failure>;

    /// Starts a command that goes on. It ends when the conversation is dropped.
    ///
    /// # Errors
    ///
    /// As [`ProcessDoor::run`].
    async fn start(&self, rule: &CommandRule, arguments: &[(String, String)])
    -> Result<Box<dyn Conversation>, Failure>;
}

/// A command that reads what is written to it, and answers in lines.
#[async_trait]
pub trait Conversation: Send + Sync {
    /// # Errors
    ///
    /// Fails as `unavailable` where the command reads no more.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// Waits for the next line, without its end; none where the command has ended well.
    ///
    /// # Errors
    ///
    /// Fails as `too large` where a line has more than `most` bytes, as `unavailable` where the command broke off, with its
    /// last words.
    async fn read_line(&mut self, most: u64) -> Result<Option<Vec<u8>>, Failure>;
}

// --- the store ------------------------------------------------------------------------------------------------------

/// Keeps runs and everything they produced. What a method has acknowledged survives the end of the process, and where
/// the store is on a disk, that of the machine. Every request means the same when it is made twice.
#[async_trait]
pub trait Store: Send + Sync {
    /// Starts a run on a dataset that was kept before. A later call replaces the header and nothing else.
    ///
    /// # Errors
    ///
    /// `Missing` when the dataset is not in the store.
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError>;

    /// Adds results of a run; a result of the same row and trial is replaced. Returns when they are durable.
    ///
    /// # Errors
    ///
    /// `Missing` when there is no such run; `put_exchanges`, `finish_run`, `results` and `exchanges` likewise.
    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError>;

    /// Adds exchanges with judges to a run, whatever becomes of the results they were for; they stay until the run is
    /// deleted. A batch of the same id is replaced. Returns when they are durable.
    async fn put_exchanges(&self, run: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError>;

    /// Ends a run. A later call replaces the report.
    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError>;

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError>;

    /// Up to `limit` runs, newest first, beginning behind `after`.
    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError>;

    /// Up to `limit` results of a run in dataset order (row, then trial), beginning behind `after`.
    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError>;

    /// The batch of exchanges of a run that comes behind `after`, by id; none behind the last.
    async fn exchanges(
        &self,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError>;

    /// Deletes a run with its results and exchanges; its dataset goes when no run uses it. Returns whether there was such a run.
    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError>;

    /// A place to write the bytes of a dataset to, before its digest is known.
    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError>;

    /// The bytes of a dataset, by BLAKE3 digest in hexadecimal.
    fn open_dataset(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError>;
}

/// Keeps traces. What a method has acknowledged survives as a [`Store`]'s does, and every request means the same when it is
/// made twice.
#[async_trait]
pub trait TraceStore: Send + Sync {
    /// Adds spans to traces of an experiment; what is there already changes nothing. A trace stays in the experiment that it
    /// came to first. Returns when all of it is durable and found by searches.
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError>;

    /// Changes what is said of traces from outside, in this order.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such trace, or no such assessment; then nothing has changed.
    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError>;

    /// Adds what a client says of a trace of an experiment as a whole: its announcement
    /// ([`ANNOUNCEMENT`](crate::digest::ANNOUNCEMENT)), and what is said of it from outside. All of it is kept, or nothing.
    ///
    /// # Errors
    ///
    /// `Missing` where the trace is in another experiment, and as [`Self::annotate`].
    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError>;

    /// A trace, but for its spans.
    async fn trace(&self, id: &str) -> Result<Option<TraceInfo>, StoreError> {
        let found = self.traces(&[id.to_owned()], 0).await?;
        Ok(found.into_iter().flatten().next().map(|found| found.info))
    }

    /// What is known of each of these traces, with up to `spans` of its spans as [`Self::spans`] has them; none where there is
    /// no such trace.
    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError>;

    /// Up to `limit` spans of a trace, by start, behind the first `skip`, each with what it adds. Of spans with one id, the one
    /// that ended later.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such trace.
    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError>;

    /// What its client has said of a trace as a whole ([`ANNOUNCEMENT`](crate::digest::ANNOUNCEMENT)), if it has; so it was put,
    /// and so it can be put elsewhere.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such trace.
    async fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError>;

    /// Up to `limit` traces, beginning behind `after`, which is of the same query.
    async fn search(&self, query: &Query, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError>;

    /// Deletes traces with everything that was said of them. Returns how many there were.
    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError>;

    /// How many traces each experiment has, by name.
    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError>;
}

/// Lets go of what need not be kept. Apart from [`TraceStore`]: who takes in and reads traces does not decide that.
#[async_trait]
pub trait TraceRetention: Send + Sync {
    /// Deletes the traces of an experiment that are beyond its limits, those first whose last span came first. Returns how
    /// many, and what their spans took.
    async fn expire(&self, experiment: &str, limits: &Retention) -> Result<Expired, StoreError>;

    /// Gives back space of what was deleted or replaced, where that is worth its while: at least as much as is copied for it.
    /// Others read and write meanwhile. Returns how many bytes.
    async fn reclaim(&self) -> Result<u64, StoreError>;
}

/// What is kept of an experiment. What is not said has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Retention {
    /// Since the last span of a trace came.
    pub max_age: Option<Duration>,
    pub max_traces: Option<u64>,
    /// What spans take in the store.
    pub max_bytes: Option<u64>,
}

/// What was beyond the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Expired {
    pub traces: u64,
    pub bytes: u64,
}

/// Spans of one trace on their way into the store, each with what it adds to the trace.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanBatch {
    pub trace: String,
    pub spans: Vec<(Span, SpanDigest)>,
}

/// A trace as it is read, with as many of its spans as were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundTrace {
    pub info: TraceInfo,
    pub spans: Vec<(Span, SpanDigest)>,
}

/// A change of what is said of a trace.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Annotation {
    pub trace: String,
    pub change: AnnotationChange,
}

impl Annotation {
    /// Changes of what is said of one trace.
    pub fn all(trace: &str, changes: impl IntoIterator<Item = AnnotationChange>) -> Vec<Self> {
        changes.into_iter().map(|change| Self { trace: trace.to_owned(), change }).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationChange {
    /// No value takes a tag away.
    Tag { name: String, value: Option<String> },
    /// One of the same id is replaced.
    Assess(Assessment),
    /// Takes an assessment away; the one that it overrode counts again.
    Withdraw(AssessmentId),
}

/// Keeps [documents](document). What a method has acknowledged survives as a [`Store`]'s does.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    async fn document(&self, kind: document::Kind, key: &str) -> Result<Option<Document>, StoreError>;

    /// Up to `limit` documents of a kind whose keys begin with `prefix`, ascending by the bytes of their keys, beginning
    /// behind the key `after`.
    async fn documents(
        &self,
        kind: document::Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// Makes all changes, or none. Returns when they are durable and found by readers. No two are of one document.
    ///
    /// # Errors
    ///
    /// `Invalid` where a key is too long, or a document is changed twice.
    async fn commit(&self, changes: Vec<document::Change>) -> Result<Committed, StoreError>;
}

/// Keeps files of any content, each once, by the BLAKE3 digest of what is in it.
pub trait BlobStore: Send + Sync {
    /// A place to write the bytes of a file to, before its digest is known.
    fn new_blob(&self) -> Result<Box<dyn DatasetWriter>, StoreError>;

    /// The bytes of a file, by digest in hexadecimal.
    ///
    /// # Errors
    ///
    /// `Missing` where there is none.
    fn open_blob(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError>;

    /// The digests of all files, ascending.
    fn blobs(&self) -> Result<Vec<String>, StoreError>;

    /// Removes the files that `is_used` knows nothing of, but for those that were written, or written again, within the last
    /// hour: they may be about to be used. Returns how many bytes they had.
    fn sweep_blobs(&self, is_used: &dyn Fn(&str) -> bool) -> Result<u64, StoreError>;
}

/// Receives the bytes of a dataset. What is not kept leaves nothing behind.
pub trait DatasetWriter: Write + Send {
    /// Makes the dataset durable under the BLAKE3 digest of what was written. Returns the digest in hexadecimal.
    fn keep(self: Box<Self>) -> Result<String, StoreError>;
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store at `{path}` is in use by another process")]
    Locked { path: String },
    #[error("the store at `{path}` can't be written")]
    ReadOnly { path: String, source: std::io::Error },
    #[error(
        "the store at `{path}` was written by another version of Karat (layout {found}, this one reads {supported})"
    )]
    Version { path: String, found: String, supported: String },
    #[error("only {free} bytes are free on the disk of the store at `{path}`")]
    Full { path: String, free: u64 },
    #[error("the store is damaged: {what}")]
    Damaged { what: String },
    #[error("{what}")]
    Invalid { what: String },
    #[error("`{what}` is not in the store")]
    Missing { what: String },
    #[error("the store failed")]
    Io(#[from] std::io::Error),
}

// --- watching a run -------------------------------------------------------------------------------------------------

/// Is told how a run goes.
pub trait Observer: Send + Sync {
    /// These results are durable.
    fn results_stored(&self, results: &[RowResult]);
}
