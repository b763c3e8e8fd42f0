//! A suite with every default filled in and every reference resolved, ready to run.
//!
//! Whatever is wrong is reported at once; nothing is guessed.

mod aggregators;
pub mod exporter;
mod gates;
mod items;
mod judges;
mod predictor;
pub mod prices;
mod scorers;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::dataset::DatasetReference;
use model::endpoint::{Flow, Judges};
use model::limits::CallLimits;
use model::ports::{Binding, Call, Catalog, Plugin};
use model::quantity::Allowance;
use model::run::{PlannedScorer, PromptUse, RunPlan};
use model::suite::{Concurrency, Data, DataFormat, Suite};

use crate::dataset::map;
use crate::pointer;
use crate::problem::{Problem, Problems};
use crate::suite::{Source, SuiteFile};

use items::Finder;
pub(crate) use judges::filled_in as endpoints;

/// What the command line says instead of the suite.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A data file, relative to the working folder, or with `dataset:` in front a version of a dataset.
    pub data: Option<String>,
    /// Evaluate only the first rows; at least 1.
    pub limit: Option<u64>,
    /// Evaluate only the rows of this split.
    pub split: Option<String>,
    /// Evaluate only the row of this id.
    pub only: Option<String>,
    /// What the run may spend on judges, in US dollars.
    pub max_usd: Option<f64>,
    /// The run that gates compare with where they name none.
    pub baseline: Option<String>,
    /// What was filled in for the prompts that the suite's file names.
    pub prompts: Vec<PromptUse>,
}

/// What will run.
pub struct Planned {
    pub plan: RunPlan,
    /// None where rows carry their outputs.
    pub predictor: Option<PlannedPrediction>,
    /// Every scorer of the plan in one of them.
    pub bindings: Vec<PlannedBinding>,
    /// One for each of the plan, in its order.
    pub aggregators: Vec<PlannedAggregation>,
    pub data: DataSource,
    /// Rows in work at once; none where Karat decides.
    pub concurrency: Option<u32>,
    /// What the run may spend on judges over all its sessions, in US dollars.
    pub max_usd: Option<f64>,
}

/// Where rows come from: a data file, and what its path is relative to, a dataset, or traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// The folder of the suite file.
    BesideSuite(String),
    WorkingFolder(String),
    Dataset(DatasetReference),
    Traces(Sampled),
}

/// Some of the store's traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// In the language of searches; not looked at here.
    pub filter: String,
    pub experiment: Option<String>,
    /// At most so many; none takes all.
    pub sample: Option<u64>,
    pub seed: u64,
}

/// Scorers of one plugin that are called under the same conditions, so that they can share an instance.
pub struct PlannedBinding {
    pub plugin: Arc<dyn Plugin>,
    pub binding: Binding,
    /// For each call of the binding, the place of its scorer in the suite.
    pub places: Vec<usize>,
}

/// An aggregator, ready to be bound.
pub struct PlannedAggregation {
    pub plugin: Arc<dyn Plugin>,
    pub binding: Binding,
}

/// The predictor, ready to be bound.
pub struct PlannedPrediction {
    pub plugin: Arc<dyn Plugin>,
    pub binding: Binding,
    /// Rows that the application is asked about at once; at least 1.
    pub concurrency: u32,
    pub retries: u32,
}

/// Plans a run.
///
/// # Errors
///
/// Fails with everything that keeps the suite from running.
pub fn plan(file: &SuiteFile, catalog: &dyn Catalog, overrides: Overrides) -> Result<Planned, Problems> {
    let SuiteFile { suite, source } = file;
    let mut problems = Problems::default();
    let mut finder = Finder::new(source, catalog);
    let defaults = default_limits(suite);
    let predictor =
        suite.predict.as_ref().and_then(|entry| predictor::resolve(entry, &mut finder, defaults, &mut problems));
    let scorers = scorers::resolve(suite, source, &mut finder, defaults, &mut problems);
    let aggregators = aggregators::resolve(suite, source, &mut finder, &scorers, defaults, &mut problems);
    let limits = suite.limits.clone().unwrap_or_default();
    let max_usd = overrides.max_usd.or(limits.max_usd);
    let asked = judges::asked(predictor.as_ref().map(|(_, planned)| planned), &scorers);
    let judges = judges::resolve(suite, source, &asked, max_usd, &mut problems);
    let baseline = overrides.baseline.or_else(|| suite.baseline.clone());
    let found =
        gates::Found { suite, source, scorers: &scorers, aggregators: &aggregators, baseline: baseline.as_deref() };
    let gates = gates::resolve(found, &mut problems);
    let split = overrides.split.or_else(|| suite.data.split.clone());
    problems.0.extend(stop_problem(suite, source, split.as_deref()));
    problems.0.extend(map_problems(suite, source));
    let data = data(suite, source, overrides.data).map_err(|problem| problems.0.push(problem)).ok();
    let format = data.as_ref().map_or(Ok(DataFormat::Jsonl), |data| format(suite, source, data));
    let format = format.map_err(|problem| problems.0.push(problem)).unwrap_or(DataFormat::Jsonl);
    let seed = suite.seed.unwrap_or(0);
    let scorers: Vec<_> = scorers.into_iter().filter_map(|scorer| scorer.resolved).collect();
    let bindings = bind(&scorers, seed);
    let (loaded, aggregators): (Vec<_>, Vec<_>) = aggregators.into_iter().filter_map(|entry| entry.resolved).unzip();
    let bound = loaded.into_iter().zip(&aggregators);
    let aggregations = bound.map(|(plugin, planned)| aggregators::bind(plugin, planned, seed)).collect();
    let plan = RunPlan {
        suite: suite.name.clone(),
        predictor: predictor.as_ref().map(|(_, planned)| planned.clone()),
        scorers: scorers.into_iter().map(|(_, scorer)| scorer).collect(),
        aggregators,
        judges,
        trials: suite.trials.unwrap_or(1),
        seed,
        max_failed: limits.max_failed.unwrap_or(Allowance::Share(0.0)),
        gates,
        slices: distinct(&suite.slices),
        baseline,
        prompts: overrides.prompts,
        quarantine: distinct(&suite.quarantine),
        stop: suite.stop,
        format,
        // A dataset's rows are as they should be, whatever the suite's own file needs.
        map: suite.data.map.clone().filter(|_| !matches!(data, Some(DataSource::Dataset(_)))),
        traces: match &data {
            Some(DataSource::Traces(traces)) => Some(traces.filter.clone()),
            _ => None,
        },
        split,
        limit: overrides.limit,
        only: overrides.only,
    };
    let concurrency = match limits.concurrency {
        Some(Concurrency::Rows(rows)) => Some(rows),
        Some(Concurrency::Auto(_)) | None => None,
    };
    let predictor = predictor.map(|predictor| predictor::bind(predictor, seed));
    let Some(data) = data else { return Err(problems) };
    problems.unless_empty(Planned { plan, predictor, bindings, aggregators: aggregations, data, concurrency, max_usd })
}

/// What stands in front of the name of a dataset where a path could stand.
const DATASET: &str = "dataset:";

fn data(suite: &Suite, source: &Source, instead: Option<String>) -> Result<DataSource, Problem> {
    let Data { path, dataset, traces, experiment, sample, seed, split, format, map } = &suite.data;
    if let Some(path) = instead {
        return match path.strip_prefix(DATASET) {
            Some(name) => reference(name).map_err(|message| Problem::new("--data", message)),
            None => Ok(DataSource::WorkingFolder(path)),
        };
    }
    let of_traces = [("experiment", experiment.is_some()), ("sample", sample.is_some()), ("seed", seed.is_some())];
    let of_files = [("format", format.is_some()), ("map", map.is_some())];
    let misplaced = |keys: &[(&'static str, bool)], what: &str| match keys.iter().find(|(_, is_said)| *is_said) {
        Some((key, _)) => Err(source.problem(&format!("/data/{key}"), what)),
        None => Ok(()),
    };
    match (path, dataset, traces) {
        (Some(path), None, None) => {
            misplaced(&of_traces, "is for `traces`, and these rows are in a file")?;
            Ok(DataSource::BesideSuite(path.clone()))
        }
        (None, Some(name), None) => {
            misplaced(&of_traces, "is for `traces`, and these rows are in a dataset")?;
            misplaced(&of_files, "is for files, and these rows are in a dataset")?;
            reference(name).map_err(|message| source.problem("/data/dataset", message))
        }
        (None, None, Some(filter)) => {
            misplaced(&of_files, "is for files, and these rows are traces")?;
            misplaced(&[("split", split.is_some())], "is for rows that say theirs, and traces have none")?;
            Ok(DataSource::Traces(Sampled {
                filter: filter.clone(),
                experiment: experiment.clone(),
                sample: *sample,
                seed: seed.or(suite.seed).unwrap_or(0),
            }))
        }
        (None, None, None) => Err(source.problem("/data", "missing key `path`").hint(
            "name a file with `path`, a dataset with `dataset: support@3`, or choose traces with `traces: \"status = 'ERROR'\"`",
        )),
        _ => {
            let last = if traces.is_some() { "traces" } else { "dataset" };
            let problem = source.problem(&format!("/data/{last}"), "rows come from one place");
            Err(problem.hint("leave out all but one of `path`, `dataset` and `traces`"))
        }
    }
}

fn reference(name: &str) -> Result<DataSource, String> {
    DatasetReference::parse(name).map(DataSource::Dataset)
}

/// The one scorer of a suite, without a run: nobody looks for its rows, or for judges.
///
/// # Errors
///
/// Fails with everything that is wrong with it.
pub(crate) fn scorer(file: &SuiteFile, catalog: &dyn Catalog) -> Result<(PlannedScorer, PlannedBinding), Problems> {
    let SuiteFile { suite, source } = file;
    let mut problems = Problems::default();
    let mut finder = Finder::new(source, catalog);
    let found = scorers::resolve(suite, source, &mut finder, default_limits(suite), &mut problems);
    let found: Vec<_> = found.into_iter().filter_map(|scorer| scorer.resolved).collect();
    let binding = bind(&found, suite.seed.unwrap_or(0)).pop();
    match found.into_iter().next().zip(binding) {
        Some(((_, scorer), binding)) => problems.unless_empty((scorer, binding)),
        None => Err(problems),
    }
}

/// The judges of a suite, whoever asks them: for those who ask themselves.
///
/// # Errors
///
/// Fails with everything that is wrong with them.
pub fn judges(file: &SuiteFile) -> Result<Judges, Problems> {
    let SuiteFile { suite, source } = file;
    let mut problems = Problems::default();
    let judges = judges::all(suite, source, &mut problems);
    problems.unless_empty(judges)
}

/// Rows that wait at once, for the application or for judges.
pub fn waiting_at_once(suite: &Suite) -> u32 {
    let predicted = suite.predict.as_ref().map_or(0, predictor::concurrency);
    let usual = Flow::default().concurrency;
    let bound: BTreeSet<_> = suite.judges.values().collect();
    let judges = suite.endpoints.iter().filter(|(name, _)| bound.contains(name));
    let lanes = judges.map(|(_, endpoint)| endpoint.concurrency.unwrap_or(usual)).fold(0, u32::saturating_add);
    // A quarter as many again have their question ready when a lane is free.
    predicted.saturating_add(lanes).saturating_add(lanes / 4)
}

/// In the order of their first mention.
fn distinct<T: Clone + PartialEq>(named: &[T]) -> Vec<T> {
    let mut distinct = Vec::new();
    named.iter().for_each(|one| {
        if !distinct.contains(one) {
            distinct.push(one.clone());
        }
    });
    distinct
}

fn stop_problem(suite: &Suite, source: &Source, split: Option<&str>) -> Option<Problem> {
    // Rows are drawn by their places in the whole dataset.
    if let Some(split) = split.filter(|_| suite.stop.is_some()) {
        let problem = source.problem("/stop", format!("`stop` can't work with a part of the rows (`{split}`)"));
        return Some(problem.hint("take `stop` out, or make the split a dataset of its own"));
    }
    (suite.stop.is_some() && suite.gate.is_none()).then(|| {
        source
            .problem("/stop", "there is no gate that could be decided")
            .hint("add one, such as `gate: \"exact_match >= 0.9\"`, or take `stop` out")
    })
}

/// The ceilings of a call where the suite says nothing else.
fn default_limits(suite: &Suite) -> CallLimits {
    let row_timeout: Option<Duration> =
        suite.limits.as_ref().and_then(|limits| limits.row_timeout).map(|timeout| timeout.0);
    let limits = CallLimits::default();
    CallLimits { time: row_timeout.unwrap_or(limits.time), ..limits }
}

fn map_problems(suite: &Suite, source: &Source) -> Vec<Problem> {
    let Some(entries) = &suite.data.map else { return Vec::new() };
    let problem = |error: map::MapError| {
        let at = error.target.map_or("/data/map".to_owned(), |target| pointer::join("/data/map", &target));
        Problem { hint: error.hint, ..source.problem(&at, error.message) }
    };
    map::Map::new(entries).err().unwrap_or_default().into_iter().map(problem).collect()
}

/// What the path's ending says; where the suite names a format, that is meant for its own path.
fn format(suite: &Suite, source: &Source, data: &DataSource) -> Result<DataFormat, Problem> {
    let said = suite.data.format;
    let (path, found) = match data {
        DataSource::BesideSuite(path) => (path, said.or(by_ending(path))),
        DataSource::WorkingFolder(path) => (path, by_ending(path).or(said)),
        DataSource::Dataset(_) | DataSource::Traces(_) => return Ok(DataFormat::Jsonl),
    };
    let problem = || source.problem("/data/path", format!("the ending of `{path}` does not say which format it has"));
    found.ok_or_else(|| problem().hint("add `format: jsonl`, `json`, `csv` or `parquet` to `data`"))
}

/// The format that the ending of a path says.
pub fn by_ending(path: &str) -> Option<DataFormat> {
    match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Some(DataFormat::Jsonl),
        "json" => Some(DataFormat::Json),
        "csv" => Some(DataFormat::Csv),
        "parquet" | "pq" => Some(DataFormat::Parquet),
        _ => None,
    }
}

/// Brings together what can share an instance; places are those among the resolved scorers.
fn bind(scorers: &[(Arc<dyn Plugin>, PlannedScorer)], seed: u64) -> Vec<PlannedBinding> {
    let mut bindings: Vec<PlannedBinding> = Vec::new();
    for (place, (plugin, scorer)) in scorers.iter().enumerate() {
        let (key, item) = (scorer.key.clone(), scorer.scorer.clone());
        let call = Call { key, item, parameters: scorer.parameters.clone() };
        let is_same = |bound: &&mut PlannedBinding| {
            bound.plugin.description().digest == scorer.plugin.digest
                && bound.plugin.isolation() == scorer.isolation
                && (bound.binding.limits, bound.binding.reuse) == (scorer.limits, scorer.reuse)
                && (&bound.binding.grant, &bound.binding.config) == (&scorer.grant, &scorer.config)
        };
        match bindings.iter_mut().find(is_same) {
            Some(bound) => {
                bound.binding.calls.push(call);
                bound.places.push(place);
            }
            None => bindings.push(PlannedBinding {
                plugin: Arc::clone(plugin),
                binding: Binding {
                    calls: vec![call],
                    limits: scorer.limits,
                    reuse: scorer.reuse,
                    seed,
                    grant: scorer.grant.clone(),
                    config: scorer.config.clone(),
                },
                places: vec![place],
            }),
        }
    }
    bindings
}

#[cfg(test)]
mod tests;
