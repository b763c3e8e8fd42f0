//! Small runs, a store in memory and scorers made of closures, for the tests of this crate.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use model::endpoint::Judges;
use model::feedback::{Feedback, Value};
use model::grant::Grant;
use model::json::Json;
use model::judge::{BatchId, Exchange};
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::Outcome;
use model::ports::{
    Aggregating, Binding, BrokenRecord, BrokenTrace, Catalog, DataReader, DatasetWriter, Exporting, Plugin,
    PluginError, Predicting, Record, Scoring, Sink, Store, StoreError, TraceReader, Work,
};
use model::quantity::Allowance;
use model::report::{Cost, Report, Scorers, Verdict};
use model::row::{Row, RowRecord};
use model::run::{
    DatasetSnapshot, Lineage, Origin, PlannedScorer, PluginRef, RowResult, Run, RunHeader, RunId, RunPlan,
};
use model::scorer::{Determinism, Direction, ItemKind, Needs, PluginDescription, ScorerDescription, ValueKind};
use model::suite::DataFormat;
use model::trace::Trace;

pub(crate) fn feedback(value: Value) -> Feedback {
    Feedback { name: None, value, rationale: None }
}

pub(crate) fn result(index: u64, outcomes: Vec<Outcome>) -> RowResult {
    RowResult { index, trial: 0, id: format!("q{index}"), error: None, predicted: None, outcomes }
}

pub(crate) fn row_record(text: &str) -> RowRecord {
    serde_json::from_str(text).expect("a row")
}

pub(crate) fn scorer(key: &str) -> PlannedScorer {
    PlannedScorer {
        key: key.to_owned(),
        plugin: PluginRef { name: "test/plugin".to_owned(), version: "0.1.0".to_owned(), digest: "d".to_owned() },
        scorer: key.to_owned(),
        prompt: None,
        parameters: Json::parse("{}").expect("an object"),
        value: ValueKind::Boolean,
        better: Direction::Maximize,
        reduce: None,
        needs_outputs: false,
        limits: CallLimits::default(),
        reuse: Reuse::Never,
        isolation: Isolation::Thread,
        grant: Grant::default(),
        config: serde_json::Map::new(),
    }
}

pub(crate) fn plan(scorers: Vec<PlannedScorer>) -> RunPlan {
    RunPlan {
        suite: "test".to_owned(),
        predictor: None,
        scorers,
        aggregators: Vec::new(),
        judges: Judges::default(),
        trials: 1,
        seed: 0,
        max_failed: Allowance::Share(0.0),
        gates: Vec::new(),
        slices: Vec::new(),
        baseline: None,
        prompts: Vec::new(),
        quarantine: Vec::new(),
        stop: None,
        format: DataFormat::Jsonl,
        map: None,
        traces: None,
        split: None,
        limit: None,
        only: None,
    }
}

pub(crate) fn header(plan: RunPlan) -> RunHeader {
    let (path, digest) = ("rows.jsonl".to_owned(), "d".to_owned());
    let data = DatasetSnapshot { path, version: None, digest, rows: 0, trials: 0, left_out: 0, grouped: false };
    RunHeader {
        id: run_id(),
        started: 0,
        binary: "b".to_owned(),
        version: "0.1.0".to_owned(),
        plan,
        data,
        origin: Origin::default(),
        baselines: BTreeMap::new(),
        lineage: Lineage::default(),
    }
}

pub(crate) fn report(run: RunId, verdict: Verdict) -> Report {
    Report {
        run,
        suite: "test".to_owned(),
        rows: 0,
        left_out: 0,
        verdict,
        reason: None,
        failed_rows: 0,
        scorers: Scorers::default(),
        slices: Vec::new(),
        slices_left_out: 0,
        ledgers: Vec::new(),
        decided: None,
        predictions: None,
        gates: Vec::new(),
        cost: Cost::default(),
        seconds: 0.0,
    }
}

pub(crate) fn run_id() -> RunId {
    "01900000-0000-7000-8000-000000000000".parse().expect("an id")
}

/// JSONL, as simple as it gets: the real reader lives in another crate.
pub(crate) struct Lines;

impl DataReader for Lines {
    fn read(
        &self,
        _: DataFormat,
        source: &mut dyn Read,
        each: &mut dyn FnMut(Result<Record, BrokenRecord>) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut text = String::new();
        source.read_to_string(&mut text)?;
        for (line, text) in (1..).zip(text.lines()) {
            let record = Json::parse(text).map(|fields| Record { line, fields }).map_err(|error| BrokenRecord {
                line,
                message: error.to_string(),
                hint: None,
            });
            if each(record).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A text is the id of a trace; nothing else is one.
pub(crate) struct Traces;

impl TraceReader for Traces {
    fn read(&self, trace: &Json) -> Result<Trace, BrokenTrace> {
        match trace.to_value().as_str() {
            Some(id) => Ok(Trace { id: id.to_owned(), spans: Vec::new() }),
            None => Err(BrokenTrace { field: "id".to_owned(), message: "is no text".to_owned(), hint: None }),
        }
    }
}

/// Keeps results of one run, as long as there is room, and exchanges; and what is put there of other runs.
pub(crate) struct Memory {
    pub results: Mutex<BTreeMap<(u64, u32), RowResult>>,
    pub exchanges: Mutex<BTreeMap<BatchId, Vec<Exchange>>>,
    pub others: Mutex<BTreeMap<RunId, (Run, Vec<RowResult>)>>,
    pub dataset: String,
    /// How many results fit.
    pub room: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            results: Mutex::default(),
            exchanges: Mutex::default(),
            others: Mutex::default(),
            dataset: String::new(),
            room: usize::MAX,
        }
    }
}

#[async_trait]
impl Store for Memory {
    async fn create_run(&self, _: &RunHeader) -> Result<(), StoreError> {
        unimplemented!("runs are made by cli")
    }

    async fn put_results(&self, _: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        let mut kept = self.results.lock().expect("no test panics with it");
        kept.extend(results.into_iter().map(|result| ((result.index, result.trial), result)));
        if kept.len() > self.room {
            return Err(StoreError::Io(io::Error::other("no room")));
        }
        Ok(())
    }

    async fn put_exchanges(&self, _: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        self.exchanges.lock().expect("no test panics with it").insert(batch, exchanges);
        Ok(())
    }

    async fn finish_run(&self, _: RunId, _: &Report) -> Result<(), StoreError> {
        unimplemented!("runs are ended by cli")
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.others.lock().expect("no test panics with it").get(&id).map(|(run, _)| run.clone()))
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let others = self.others.lock().expect("no test panics with it");
        let older = others.iter().rev().filter(|(id, _)| after.is_none_or(|after| **id < after));
        Ok(older.take(limit.min(2)).map(|(_, (run, _))| run.clone()).collect())
    }

    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        if let Some((_, results)) = self.others.lock().expect("no test panics with it").get(&run) {
            let behind = results.iter().filter(|result| after.is_none_or(|after| (result.index, result.trial) > after));
            return Ok(behind.take(limit.min(3)).cloned().collect());
        }
        let kept = self.results.lock().expect("no test panics with it");
        let behind = kept.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
        // Pages shorter than asked for are allowed, and find out who takes them for the last.
        Ok(behind.take(limit.min(3)).map(|(_, result)| result.clone()).collect())
    }

    async fn exchanges(
        &self,
        _: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        let kept = self.exchanges.lock().expect("no test panics with it");
        let next = kept.iter().find(|(batch, _)| after.is_none_or(|after| **batch > after));
        Ok(next.map(|(batch, exchanges)| (*batch, exchanges.clone())))
    }

    async fn delete_run(&self, _: RunId) -> Result<bool, StoreError> {
        unimplemented!("runs are deleted by cli")
    }

    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        unimplemented!("datasets are made by cli")
    }

    fn open_dataset(&self, _: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(io::Cursor::new(self.dataset.clone())))
    }
}

/// What every scorer of a plugin answers, by its name.
type Script = dyn Fn(&Row, &str) -> Outcome + Send + Sync;

/// A plugin whose scorers are one function of the row and the scorer's name.
pub(crate) struct Scripted {
    pub description: PluginDescription,
    pub score: Arc<Script>,
}

impl Scripted {
    pub(crate) fn plugin(
        name: &str,
        scorers: Vec<ScorerDescription>,
        score: impl Fn(&Row, &str) -> Outcome + Send + Sync + 'static,
    ) -> Arc<dyn Plugin> {
        let description = PluginDescription {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            digest: format!("digest of {name}"),
            asks: Grant::default(),
            reads_traces: false,
            scorers,
            aggregators: Vec::new(),
            predictors: Vec::new(),
            exporters: Vec::new(),
        };
        Arc::new(Self { description, score: Arc::new(score) })
    }
}

pub(crate) fn description(name: &str, parameters: &str, value: ValueKind, outputs: bool) -> ScorerDescription {
    ScorerDescription {
        name: name.to_owned(),
        summary: String::new(),
        parameters: Json::parse(parameters).expect("a schema"),
        value,
        labels: Vec::new(),
        better: Direction::Maximize,
        needs: Needs { outputs, expectations: false },
        determinism: Determinism::Pure,
        prompt: None,
    }
}

impl Plugin for Scripted {
    fn description(&self) -> &PluginDescription {
        &self.description
    }

    fn isolation(&self) -> Isolation {
        Isolation::Thread
    }

    fn bind(&self, binding: Binding) -> Arc<dyn Scoring> {
        Arc::new(Bound { binding, score: Arc::clone(&self.score) })
    }

    fn bind_aggregator(&self, _: Binding) -> Arc<dyn Aggregating> {
        unimplemented!("aggregators are tested where they run")
    }

    fn bind_predictor(&self, _: Binding) -> Arc<dyn Predicting> {
        unimplemented!("predictors are tested where they run")
    }

    fn bind_exporter(&self, _: Binding, _: Option<Arc<dyn Sink>>) -> Arc<dyn Exporting> {
        unimplemented!("exporters are tested where they run")
    }
}

struct Bound {
    binding: Binding,
    score: Arc<Script>,
}

#[async_trait]
impl Scoring for Bound {
    async fn score(&self, row: &Row, calls: &[usize]) -> Vec<Outcome> {
        calls.iter().map(|call| (self.score)(row, &self.binding.calls[*call].item)).collect()
    }

    fn work(&self) -> Vec<Work> {
        Vec::new()
    }
}

/// Built-in plugins, and those in files.
#[derive(Default)]
pub(crate) struct Shelf {
    pub built_in: Vec<Arc<dyn Plugin>>,
    pub files: BTreeMap<&'static str, Arc<dyn Plugin>>,
}

impl Catalog for Shelf {
    fn load(&self, path: &str, _: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        self.files.get(path).cloned().ok_or_else(|| PluginError {
            message: format!("`{path}` is not there"),
            hint: Some("build it first".to_owned()),
        })
    }

    fn built_in(&self, kind: ItemKind, name: &str, _: Isolation) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        let offers =
            |plugin: &&Arc<dyn Plugin>| plugin.description().items(kind).iter().any(|(offered, _)| *offered == name);
        Ok(self.built_in.iter().find(offers).cloned())
    }

    fn built_in_names(&self, kind: ItemKind) -> Vec<String> {
        let items = self.built_in.iter().flat_map(|plugin| plugin.description().items(kind));
        items.map(|(name, _)| name.to_owned()).collect()
    }
}
