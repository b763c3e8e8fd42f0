//! A predictor of a plugin over the rows of a run.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use model::grant::Grant;
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use model::ports::{Binding, Predicting, Work};
use model::prediction::Prediction;
use model::row::Row;
use model::scorer::PluginDescription;
use model::trace::{Span, SpanKind, Status, Trace};

use crate::account::Account;
use crate::bindings::{predictor, types};
use crate::instances::{Answered, Question, Reply, Turn};
use crate::place::Place;
use crate::surroundings::{Seed, WALL_CLOCK, seed};
use crate::{convert, spans};

/// Steps in one answer.
const MOST_STEPS: usize = 1000;

/// Attributes of one step, or of the whole call.
const MOST_ATTRIBUTES: usize = 128;

/// A plugin bound to a predictor, the first of the binding's calls.
pub(crate) struct BoundPredictor {
    place: Place,
    plugin: Arc<PluginDescription>,
    binding: Binding,
    work: Account,
}

impl BoundPredictor {
    pub(crate) fn new(place: Place, plugin: Arc<PluginDescription>, binding: Binding) -> Self {
        Self { place, plugin, binding, work: Account::default() }
    }
}

#[async_trait]
impl Predicting for BoundPredictor {
    async fn predict(&self, row: &Row) -> Result<Prediction, Failure> {
        let item = &self.binding.calls[0].item;
        let seed = seed(self.binding.seed, &self.plugin.digest, item, row);
        let call = Call::begin(item, &seed);
        let mut question = Question::Predict(asked(row, &self.binding.grant), call.context());
        let answered = self.place.answers(&mut question, vec![Turn::on(row, 0, seed)]).await.pop();
        let Answered { answer, work } = answered.ok_or_else(no_answer)?;
        self.work.add(work);
        match answer? {
            Reply::Predicted(Ok(answer)) => call.end(answer).map_err(invalid),
            Reply::Predicted(Err(failure)) => Err(convert::failure(failure)),
            _ => Err(no_answer()),
        }
    }

    fn work(&self) -> Work {
        self.work.sum()
    }
}

/// The row as the application may see it: without the answers that it is to give.
fn asked(row: &Row, grant: &Grant) -> types::Row {
    types::Row { outputs: None, expectations: None, ..convert::row(row, grant) }
}

fn no_answer() -> Failure {
    Failure::new(FailureKind::Internal, "the call gave no answer")
}

fn invalid(what: String) -> Failure {
    Failure::new(FailureKind::InvalidOutput, what)
}

/// A call that has begun: its span, and when that was.
struct Call {
    name: String,
    trace: String,
    span: String,
    /// Nanoseconds since 1970.
    start: u64,
    clock: Instant,
}

impl Call {
    fn begin(name: &str, seed: &Seed) -> Self {
        let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        // The same call at another time is another trace.
        let ids = blake3::Hasher::new().update(seed).update(&start.to_le_bytes()).finalize().to_hex();
        let (trace, span) = (ids[..32].to_owned(), ids[32..48].to_owned());
        Self { name: name.to_owned(), trace, span, start, clock: Instant::now() }
    }

    fn context(&self) -> predictor::SpanContext {
        predictor::SpanContext { trace: self.trace.clone(), span: self.span.clone() }
    }

    /// The answer with its trace, or what is wrong with it.
    fn end(self, answer: predictor::Prediction) -> Result<Prediction, String> {
        let end = self.start + self.clock.elapsed().as_nanos() as u64;
        let outputs = Json::parse(&answer.outputs).map_err(|error| format!("its outputs are not JSON: {error}"))?;
        if answer.steps.len() > MOST_STEPS {
            return Err(format!("it told of {} steps, more than {MOST_STEPS}", answer.steps.len()));
        }
        let root = Span {
            id: self.span.clone(),
            parent: None,
            name: self.name.clone(),
            kind: SpanKind::Client,
            start: self.start,
            end: Some(end),
            status: Status::Ok,
            attributes: attributes(answer.attributes)?,
            ..Span::default()
        };
        let mut spans = answer.steps.into_iter().map(|step| self.step(step, end)).collect::<Result<Vec<_>, _>>()?;
        spans.sort_by_key(|span| span.start);
        spans.insert(0, root);
        Ok(Prediction { outputs, trace: Trace { id: self.trace, spans } })
    }

    fn step(&self, step: predictor::Step, end: u64) -> Result<Span, String> {
        if step.id.len() != 16 || !step.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(format!("`{}` is no id of a step: 16 hexadecimal digits", step.id.escape_debug()));
        }
        // The guest's clock stands at the beginning of the call.
        let began = Duration::as_nanos(&WALL_CLOCK) as u64;
        let moment = |time: u64| self.start.saturating_add(time.saturating_sub(began)).min(end);
        Ok(Span {
            id: step.id,
            parent: Some(step.parent.unwrap_or_else(|| self.span.clone())),
            name: step.name,
            kind: SpanKind::Internal,
            start: moment(step.start),
            end: Some(moment(step.end.max(step.start))),
            status: spans::status(step.status),
            attributes: attributes(step.attributes)?,
            ..Span::default()
        })
    }
}

fn attributes(said: Vec<types::Attribute>) -> Result<Vec<(String, Json)>, String> {
    if said.len() > MOST_ATTRIBUTES {
        return Err(format!("it told of {} attributes at once, more than {MOST_ATTRIBUTES}", said.len()));
    }
    let mut attributes: Vec<(String, Json)> = Vec::with_capacity(said.len());
    for types::Attribute { key, value } in said {
        let value = Json::parse(&value)
            .map_err(|error| format!("the attribute `{}` is not JSON: {error}", key.escape_debug()))?;
        match attributes.iter_mut().find(|(name, _)| *name == key) {
            Some((_, before)) => *before = value,
            None => attributes.push((key, value)),
        }
    }
    Ok(attributes)
}
