//! `karat eval`: from a suite file to a report and an exit code.

mod again;

pub(super) use again::{Again, again};

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ::registry::Registry;
use anyhow::Context;
use broker::{Bounds, Cassette, Judges, Taped};
use model::app::AppVersion;
use model::dataset::{DatasetReference, VersionOf, VersionReference};
use model::limits::Reuse;
use model::outcome::{Failure, FailureKind};
use model::ports::{BlobStore, DataReader, Store, TraceStore};
use model::report::{Cost, Report, Verdict};
use model::run::{AppUse, DatasetSnapshot, Lineage, Origin, Run, RunHeader, RunId, SuiteText, Tape};
use model::scorer::PluginDescription;
use model::suite::{AggregatorEntry, AggregatorUse, Concurrency, PredictEntry, PredictUse, ScorerEntry, ScorerUse};
use pipeline::beside::Beside;
use pipeline::corpus::Made;
use pipeline::cost::{add_work, cost};
use pipeline::dataset::{self, Identities, Rows};
use pipeline::estimate::estimate;
use pipeline::joined::Joined;
use pipeline::plan::{self, DataSource, Overrides, Planned, PlannedAggregation};
use pipeline::score::{self, Broken, Completed, Job, Judged, Keeping, Scored, ScoredEnd};
use pipeline::stop::Decider;
use pipeline::suite::{self, SuiteFile};
use pipeline::{aggregate, baseline, corpus, lineage, report, resume};
use storage::SharedStore;
use tempfile::{NamedTempFile, TempPath};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::Eval;
use crate::authority::Authority;
use crate::clock;
use crate::commands::preview::{self, Preview};
use crate::commands::{apps, datasets, runs, vary};
use crate::exit::{Exit, Stop};
use crate::judging::{self, Opening};
use crate::lock::Lock;
use crate::progress::Progress;
use crate::quantities::counted;
use crate::terminal::Terminal;
use crate::wiring::{self, Plugins};
use crate::{digest, executable, export, git, prompted, summary, traced};

pub(crate) fn run(mut what: Eval, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let asked = |what: Eval| -> Result<Asked, Stop> {
        let path = suite_path(&what.suite);
        let (suite, text) = read_suite_text(&path)?;
        Ok(Asked { suite, text, path, again: resume_command(&what), what })
    };
    if let Some(vary) = what.vary.take() {
        return vary::run(&what, &vary, store, terminal);
    }
    if what.estimate {
        let prepared = prepare(asked(what.clone())?, store.clone(), &runtime, terminal)?;
        let first = runtime.block_on(preview(prepared))?;
        if let Some(exit) = first.decision(&what, terminal)? {
            return Ok(exit);
        }
        what.resume = Some(first.run.to_string());
    }
    runtime.block_on(evaluate(prepare(asked(what)?, store, &runtime, terminal)?))
}

/// Runs a suite that was put together.
pub(super) fn run_suite(asked: Asked, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    runtime.block_on(evaluate(prepare(asked, store, &runtime, terminal)?))
}

/// A suite that was checked, on threads of its own.
pub(super) struct Checked {
    runtime: Runtime,
    evaluation: Evaluation,
}

impl Checked {
    pub(super) fn new(asked: Asked, store: Option<PathBuf>, terminal: &Terminal) -> Result<Self, Stop> {
        let runtime = wiring::runtime()?;
        let evaluation = prepare(asked, store, &runtime, terminal)?;
        Ok(Self { runtime, evaluation })
    }

    /// Runs it, and tells what came of it without showing it; a run that broke off is an error.
    pub(super) fn report(self) -> Result<Report, Stop> {
        let (report, ended) = self.runtime.block_on(evaluated(self.evaluation))?;
        match ended?.end {
            ScoredEnd::Complete | ScoredEnd::Decided => Ok(report),
            ScoredEnd::Cancelled | ScoredEnd::OutOfMoney | ScoredEnd::GivenUp(_) => {
                let (run, reason) = (report.run, report.reason.unwrap_or_default());
                let stop = Stop::message(format_args!("run {run} broke off: {reason}"));
                Err(stop.hint("it is kept; where it is run again, what judges replied is known").after_start())
            }
        }
    }
}

/// What is to be run.
pub(super) struct Asked {
    pub(super) suite: SuiteFile,
    pub(super) text: SuiteText,
    /// Its file: what its paths are relative to.
    pub(super) path: PathBuf,
    pub(super) what: Eval,
    /// The command that was typed, but for what it was to go on with.
    pub(super) again: String,
}

/// Makes sure that everything a run needs is there and good.
fn prepare(asked: Asked, store: Option<PathBuf>, runtime: &Runtime, terminal: &Terminal) -> Result<Evaluation, Stop> {
    let Asked { mut suite, text, path: suite_path, what, again } = asked;
    let folder = folder_of(&suite_path).to_owned();
    let store = wiring::store_folder(store)?;
    let prompts = runtime.block_on(prompted::fill_in(&mut suite, &store, what.resume.as_deref()))?;
    let app = runtime.block_on(app(&what, &store))?;
    let cassette = cassette(&what)?;
    let (mut planned, authority, judges) = loop {
        let authority = Authority::read(what.policy.as_deref(), &what.allow)?;
        let judges = Arc::new(Judges::default());
        let mut doors = wiring::doors(authority.allowed()?, &folder)?;
        doors.judge = Some(Arc::clone(&judges) as _);
        if let Some(cassette) = &cassette {
            doors.http = doors.http.map(|http| Arc::new(Taped::new(http, Arc::clone(cassette))) as _);
        }
        let sandbox = wiring::sandbox_behind(doors, instances(&suite))?;
        let catalog = Plugins::new(sandbox, runtime.handle(), folder.clone(), authority.isolation(), terminal);
        let planned = plan::plan(&suite, &catalog, Overrides { prompts: prompts.clone(), ..overrides(&what) })?;
        check_locked(&suite, &planned, &folder, &suite_path)?;
        let asked = match &what.replay {
            Some(_) => authority.check_offline(&planned.plan, &folder, terminal)?,
            None => authority.check(&planned.plan, &folder, terminal)?,
        };
        // What was allowed just now is there the next time around.
        if !asked {
            break (planned, authority, judges);
        }
    };
    if what.replay.is_none() {
        // A key that is not there is told before anything is begun.
        authority.allowed_judges(&planned.plan.judges, &folder)?;
    }
    let waiting = plan::waiting_at_once(&suite.suite) as usize;
    let data = match &planned.data {
        DataSource::Traces(sampled) => {
            let traces =
                wiring::existing_store(&store)?.ok_or_else(|| Stop::message("there are no traces in this store"))?;
            let file = runtime.block_on(traced::file(&traces, &suite, sampled, what.resume.as_deref()))?;
            Data::check(&planned, &suite, DataFile::Written { file, shown: "traces".to_owned() })?
        }
        DataSource::Dataset(reference) => {
            let kept = wiring::existing_store(&store)?
                .ok_or_else(|| Stop::message("there are no datasets in this store").hint(IMPORT))?;
            let reference = runtime.block_on(begun_with(&*kept, reference, what.resume.as_deref()))?;
            let registry = Registry::new(Arc::clone(&kept));
            let (dataset, version) = runtime.block_on(datasets::resolve(&registry, &reference))?;
            let of = VersionOf { dataset: dataset.name, version: version.number };
            let mut file = NamedTempFile::new()?;
            std::io::copy(&mut kept.open_blob(&version.digest)?, &mut file).context("the dataset can't be read")?;
            let file = DataFile::Written { file: file.into_temp_path(), shown: of.to_string() };
            let mut data = Data::check(&planned, &suite, file)?;
            data.snapshot.version = Some(of);
            data
        }
        DataSource::BesideSuite(path) => Data::check(&planned, &suite, DataFile::Named(folder.join(path)))?,
        DataSource::WorkingFolder(path) => Data::check(&planned, &suite, DataFile::Named(path.into()))?,
    };
    let store = wiring::store(&store)?;
    // A run that goes on has the list that it began with.
    if what.resume.is_none() {
        let listed = runtime.block_on(Registry::new(Arc::clone(&store)).quarantined(Some(&planned.plan.suite)));
        let listed = listed.map_err(datasets::stop)?.into_iter().map(|listed| listed.row);
        let quarantine = &mut planned.plan.quarantine;
        listed.for_each(|row| {
            if !quarantine.contains(&row) {
                quarantine.push(row);
            }
        });
    }
    let lineage = Lineage {
        suite: Some(text),
        plugins: plugins_in_files(&suite, &planned)
            .into_iter()
            .map(|(path, plugin)| (path.to_owned(), plugin.digest.clone()))
            .collect(),
        prompts: lineage::prompts(&planned.plan),
        cassette: what.replay.as_deref().map(tape).transpose()?,
    };
    let terminal = *terminal;
    Ok(Evaluation {
        what,
        again,
        app,
        planned,
        lineage,
        data,
        store,
        is_kept: true,
        terminal,
        cassette,
        authority,
        judges,
        folder,
        waiting,
    })
}

/// The version of the application that is named.
async fn app(what: &Eval, store: &Path) -> Result<Option<AppUse>, Stop> {
    let Some(named) = &what.app else { return Ok(None) };
    let store = wiring::existing_store(store)?.ok_or_else(|| apps::unknown(named))?;
    let AppVersion { name, id, .. } = apps::find(&Registry::new(store), named).await?;
    Ok(Some(AppUse { name, id }))
}

/// A cassette as it is now.
fn tape(path: &Path) -> Result<Tape, Stop> {
    Ok(Tape { path: path.display().to_string(), digest: digest::of_all(open(path)?)? })
}

const IMPORT: &str = "`karat datasets import FILE` makes one";

/// A run that goes on has the version that it began with, whatever has become of the head.
async fn begun_with(
    store: &dyn Store,
    reference: &DatasetReference,
    resumed: Option<&str>,
) -> Result<DatasetReference, Stop> {
    let Some(resumed) = resumed.filter(|_| reference.version == VersionReference::Head) else {
        return Ok(reference.clone());
    };
    let begun = runs::find(store, resumed).await?.header.data.version;
    let version = begun.map_or(VersionReference::Head, |begun| VersionReference::Number(begun.version));
    Ok(DatasetReference { version, ..reference.clone() })
}

fn cassette(what: &Eval) -> Result<Option<Arc<Cassette>>, Stop> {
    let opened = match (&what.record, &what.replay) {
        (Some(path), _) => (path, Cassette::record(path, what.resume.is_some())),
        (None, Some(path)) => (path, Cassette::replay(path)),
        (None, None) => return Ok(None),
    };
    let (path, opened) = opened;
    let cassette = opened.with_context(|| format!("can't use the cassette `{}`", path.display()))?;
    Ok(Some(Arc::new(cassette)))
}

/// One for each row in work that has something to do or to wait for, and one of everybody who is kept for the next row: none
/// may wait for a place that another row's kept ones have. More rows than can be asked about wait without an instance.
fn instances(suite: &SuiteFile) -> u32 {
    let suite = &suite.suite;
    let is_online = suite.full_scorers().any(|entry| entry.grant.as_ref().is_some_and(|grant| !grant.http.is_empty()));
    let connections = if is_online { Bounds::PLUGINS.connections as u32 } else { 0 };
    let useful = plan::waiting_at_once(suite).saturating_add(connections).saturating_add(wiring::concurrency() as u32);
    let kept = suite.full_scorers().filter(|entry| entry.reuse == Some(Reuse::Run)).count() as u32;
    let kept = kept + u32::from(suite.predict.is_some());
    let rows = match suite.limits.as_ref().and_then(|limits| limits.concurrency) {
        // A row waits for a place and not for an instance that another row gives back.
        Some(Concurrency::Rows(rows)) if kept > 0 => rows,
        Some(Concurrency::Rows(rows)) => rows.min(useful),
        Some(Concurrency::Auto(_)) | None => plan::waiting_at_once(suite) + wiring::concurrency() as u32,
    };
    // When rows are scored, every aggregator has one to the end.
    rows.saturating_mul(1 + kept).max(suite.aggregators.len() as u32)
}

fn overrides(what: &Eval) -> Overrides {
    Overrides {
        data: what.data.as_ref().map(|path| path.display().to_string()),
        limit: what.limit,
        split: what.split.clone(),
        only: what.only.clone(),
        max_usd: what.max_usd,
        baseline: what.baseline.clone(),
        prompts: Vec::new(),
    }
}

/// That plugins of others are those that were allowed.
fn check_locked(suite: &SuiteFile, planned: &Planned, folder: &Path, suite_path: &Path) -> Result<(), Stop> {
    let lock = Lock::read(folder)?;
    plugins_in_files(suite, planned).into_iter().try_for_each(|(path, plugin)| lock.check(path, plugin, suite_path))
}

/// The plugins of a suite that are not built in, as it names them.
fn plugins_in_files<'a>(suite: &'a SuiteFile, planned: &'a Planned) -> Vec<(&'a str, &'a PluginDescription)> {
    let mut plugins = Vec::new();
    if let (Some(PredictEntry::Full(PredictUse { plugin: Some(path), .. })), Some(predictor)) =
        (&suite.suite.predict, &planned.predictor)
    {
        plugins.push((path.as_str(), predictor.plugin.description()));
    }
    for bound in &planned.bindings {
        for &place in &bound.places {
            if let ScorerEntry::Full(ScorerUse { plugin: Some(path), .. }) = &suite.suite.scorers[place] {
                plugins.push((path.as_str(), bound.plugin.description()));
            }
        }
    }
    for (entry, planned) in suite.suite.aggregators.iter().zip(&planned.aggregators) {
        if let AggregatorEntry::Full(AggregatorUse { plugin: Some(path), .. }) = entry {
            plugins.push((path.as_str(), planned.plugin.description()));
        }
    }
    plugins
}

/// The folder that a suite's relative paths are relative to.
pub(super) fn folder_of(suite: &Path) -> &Path {
    suite.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A folder stands for the `karat.yaml` in it.
pub(super) fn suite_path(given: &Path) -> PathBuf {
    if given.is_dir() { given.join("karat.yaml") } else { given.to_owned() }
}

pub(super) fn read_suite(path: &Path) -> Result<SuiteFile, Stop> {
    read_suite_text(path).map(|(suite, _)| suite)
}

/// A suite, and its text to be kept.
pub(super) fn read_suite_text(path: &Path) -> Result<(SuiteFile, SuiteText), Stop> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let stop = Stop::wrong(anyhow::Error::new(error).context(format!("can't read the suite `{shown}`")));
        if missing { stop.hint("name another file, or write one to start from: `karat init`") } else { stop }
    })?;
    Ok((suite::parse(&shown, &text)?, suite_text(shown, text)))
}

pub(super) fn suite_text(path: String, text: String) -> SuiteText {
    SuiteText { path, digest: digest::of(text.as_bytes()), text }
}

/// A data file that has been read through and found good.
struct Data {
    file: DataFile,
    snapshot: DatasetSnapshot,
    identities: Identities,
}

/// Where rows are read from.
enum DataFile {
    Named(PathBuf),
    /// Rows that were written down for this run, and what they are shown as; gone with it.
    Written {
        file: TempPath,
        shown: String,
    },
}

impl DataFile {
    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Written { file, .. } => file,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Named(path) => path.display().to_string(),
            Self::Written { shown, .. } => shown.clone(),
        }
    }
}

impl Data {
    fn check(planned: &Planned, suite: &SuiteFile, from: DataFile) -> Result<Self, Stop> {
        let mut file = open(from.path()).map_err(|error| missing_data(planned, suite, error))?;
        let shown = from.shown();
        let input = dataset::Input {
            reader: &formats::Reader,
            traces: &telemetry::Reader,
            plan: &planned.plan,
            suite: &suite.source,
            path: &shown,
        };
        let dataset::Checked { snapshot, identities } = dataset::validate(input, &mut file)?;
        Ok(Self { file: from, snapshot, identities })
    }

    /// Copies the file into the store, unless an earlier run has.
    fn keep(&self, store: &dyn Store) -> Result<(), Stop> {
        if store.open_dataset(&self.snapshot.digest).is_ok() {
            return Ok(());
        }
        let mut copy = store.new_dataset()?;
        std::io::copy(&mut open(self.file.path())?, &mut copy).context("the data can't be copied into the store")?;
        if copy.keep()? == self.snapshot.digest {
            return Ok(());
        }
        Err(Stop::message(format_args!("`{}` changed while it was read", self.file.shown())).hint("run it again"))
    }
}

fn open(path: &Path) -> Result<File, Stop> {
    let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    Ok(file.with_context(|| format!("can't read `{}`", path.display()))?)
}

/// A data file that the suite names is a problem of the suite, with its line.
fn missing_data(planned: &Planned, suite: &SuiteFile, stop: Stop) -> Stop {
    match &planned.data {
        DataSource::Dataset(_) | DataSource::Traces(_) => stop,
        DataSource::WorkingFolder(_) => stop.hint("`--data` is relative to the folder you are in"),
        DataSource::BesideSuite(_) => {
            let problem = suite.source.problem("/data/path", format!("{:#}", stop.error));
            Stop::wrong(pipeline::problem::Problems::from(
                problem.hint("the path is relative to the suite file; `--data FILE` takes another"),
            ))
        }
    }
}

/// Everything a run needs, known to be good.
struct Evaluation {
    what: Eval,
    again: String,
    app: Option<AppUse>,
    planned: Planned,
    lineage: Lineage,
    data: Data,
    store: Arc<SharedStore>,
    /// Whether the run is one that is found again.
    is_kept: bool,
    terminal: Terminal,
    cassette: Option<Arc<Cassette>>,
    authority: Authority,
    judges: Arc<Judges>,
    /// The suite's.
    folder: PathBuf,
    /// Rows that wait at once, for the application or for judges.
    waiting: usize,
}

/// Rows of a run that were scored.
struct Conducted {
    header: RunHeader,
    ended: Result<Scored, Stop>,
    /// What earlier sessions took.
    before: Before,
    /// Wall time of the run, over all its sessions.
    seconds: f64,
    max_usd: Option<f64>,
    /// To be put before what is stored of the run.
    aggregators: Vec<PlannedAggregation>,
    /// Rows that are in work together.
    at_once: usize,
}

/// Scores the rows of a run that are left to do; only those among the `first`, if so many are said.
async fn conduct(evaluation: Evaluation, first: Option<u64>) -> Result<Conducted, Stop> {
    let Evaluation {
        what,
        app,
        mut planned,
        lineage,
        data,
        store: shared,
        is_kept,
        terminal,
        cassette,
        authority,
        judges,
        folder,
        waiting,
        ..
    } = evaluation;
    let store: Arc<dyn Store> = shared.clone();
    let rows_store = Arc::clone(&shared);
    let started = Instant::now();
    let cancel = interrupted(terminal)?;
    let header = header(&*store, &planned, &data.snapshot, origin(&what, app, &folder), lineage).await?;
    let (mut header, before) = match &what.resume {
        Some(named) => earlier(&*store, named, &header).await?,
        None => {
            data.keep(&*store)?;
            store.create_run(&header).await?;
            (header, Before::default())
        }
    };
    let max_usd = planned.max_usd;
    let aggregators = std::mem::take(&mut planned.aggregators);
    let is_replay = cassette.as_ref().is_some_and(|cassette| cassette.is_replayed());
    let judged = if planned.plan.judges.is_empty() {
        None
    } else {
        let opening = Opening {
            judges: &planned.plan.judges,
            max_usd,
            spent: &cost(&*store, header.id).await?,
            cache: (!what.no_cache && !is_replay).then_some(shared as _),
            cassette: cassette.clone(),
            authority: &authority,
            folder: &folder,
            is_replay,
        };
        Some(judging::open(&judges, opening)?)
    };
    // Whoever reads our output may have gone; the run goes on, and its exit code says how it ended.
    if is_kept {
        let _ = terminal.note(format_args!("run {}", header.id));
    }
    // Rows that wait for the application or for judges keep none from being scored.
    let at_once = planned.concurrency.map_or_else(|| waiting + wiring::concurrency(), |rows| rows as usize);
    let scoring = Scoring { planned, identities: data.identities, judged, judges, at_once, first };
    let ended = score_rows(&header, scoring, &rows_store, terminal, cancel).await.map_err(Stop::after_start);
    if let Some(cassette) = &cassette {
        let is_at_end = |scored: &Scored| matches!(scored.end, ScoredEnd::Complete | ScoredEnd::Decided);
        let is_whole = ended.as_ref().is_ok_and(is_at_end) && first.is_none();
        finish(cassette, is_whole, &what, terminal).map_err(Stop::after_start)?;
        if let Some(path) = what.record.as_deref().filter(|_| is_whole) {
            header.lineage.cassette = Some(tape(path).map_err(Stop::after_start)?);
            store.create_run(&header).await.map_err(Stop::wrong).map_err(Stop::after_start)?;
        }
    }
    let seconds = before.seconds + started.elapsed().as_secs_f64();
    Ok(Conducted { header, ended, before, seconds, max_usd, aggregators, at_once })
}

/// Scores the first rows, and says what all of them will take.
async fn preview(evaluation: Evaluation) -> Result<Preview, Stop> {
    let store = Arc::clone(&evaluation.store);
    let Conducted { header, ended, max_usd, at_once, .. } = conduct(evaluation, Some(preview::ROWS)).await?;
    if ended?.end != ScoredEnd::Complete {
        let stop = Stop::message("the first rows did not come to their end, so that there is no estimate");
        return Err(stop.hint(format_args!("what is done is saved: `--resume {}` goes on", header.id)).after_start());
    }
    let (trials, judges) = (header.data.trials, &header.plan.judges);
    let estimate = estimate(&*store, header.id, trials, at_once, judges).await.map_err(Stop::wrong)?;
    Ok(Preview { run: header.id, estimate, max_usd })
}

async fn evaluate(evaluation: Evaluation) -> Result<Exit, Stop> {
    let (what, again, terminal) = (evaluation.what.clone(), evaluation.again.clone(), evaluation.terminal);
    let (report, ended) = evaluated(evaluation).await?;
    let shown = if terminal.is_json() { terminal.json(&report) } else { summary::print(&report, &terminal) };
    if let Err(error) = shown
        && error.kind() != ErrorKind::BrokenPipe
    {
        return Err(Stop::wrong(error).after_start());
    }
    let most = what.max_usd.map(|most| format!(" --max-usd {most}")).unwrap_or_default();
    let saved = |how: &str| {
        let run = report.run;
        terminal.say(format_args!("what came to its end is saved; `{again}{how} --resume {run}` goes on"))
    };
    match ended?.end {
        ScoredEnd::Cancelled => saved(&most)?,
        ScoredEnd::OutOfMoney => saved(" --max-usd MORE")?,
        ScoredEnd::Complete | ScoredEnd::Decided | ScoredEnd::GivenUp(_) => {}
    }
    Ok(exit(report.verdict))
}

/// Runs what was prepared, to its report and the files that were asked for.
async fn evaluated(evaluation: Evaluation) -> Result<(Report, Result<Scored, Stop>), Stop> {
    let what = evaluation.what.clone();
    let shared = Arc::clone(&evaluation.store);
    let store: Arc<dyn Store> = shared.clone();
    let Conducted { header, ended, before, seconds, max_usd, aggregators, .. } = conduct(evaluation, None).await?;
    let began = Instant::now();
    let made = match &ended {
        // Nobody waits for more: whoever goes on with the run gets them.
        Ok(scored) if scored.end == ScoredEnd::Cancelled => {
            let failure =
                Failure::new(FailureKind::Cancelled, "the run was interrupted before its rows were looked at");
            corpus::unmade(&header.plan, &failure)
        }
        _ => make(&store, &header, aggregators).await.map_err(Stop::after_start)?,
    };
    let before = Before { seconds: seconds + began.elapsed().as_secs_f64(), ..before };
    if header.plan.traces.is_some() {
        pipeline::traced::note(&*store, &*shared, &header).await.map_err(Stop::wrong).map_err(Stop::after_start)?;
    }
    let report = report_on(&*store, &header, &ended, made, max_usd, before).await.map_err(Stop::after_start)?;
    let run = Run { header, report: Some(report.clone()) };
    for file in &what.report {
        export::to_file(Arc::clone(&store), &run, file.format, &file.path).await.map_err(Stop::after_start)?;
    }
    Ok((report, ended))
}

/// How the run can be found again.
fn origin(what: &Eval, app: Option<AppUse>, folder: &Path) -> Origin {
    Origin { name: what.name.clone(), tags: what.tag.iter().cloned().collect(), branch: git::branch(folder), app }
}

async fn header(
    store: &dyn Store,
    planned: &Planned,
    snapshot: &DatasetSnapshot,
    origin: Origin,
    lineage: Lineage,
) -> Result<RunHeader, Stop> {
    let started = clock::now().as_millis() as u64;
    Ok(RunHeader {
        id: RunId(uuid::Uuid::now_v7()),
        started,
        binary: executable::digest()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: planned.plan.clone(),
        data: snapshot.clone(),
        origin,
        baselines: baseline::find(store, &planned.plan).await?,
        lineage,
    })
}

/// What earlier sessions of a run took.
#[derive(Default)]
struct Before {
    seconds: f64,
    cost: Option<Cost>,
}

/// The run to go on with, if it was started as what is asked for now, and what it took so far.
async fn earlier(store: &dyn Store, named: &str, now: &RunHeader) -> Result<(RunHeader, Before), Stop> {
    let run = runs::find(store, named).await?;
    let mut now = now.clone();
    let (was, is) = (&run.header.plan.quarantine, &mut now.plan.quarantine);
    // Behind the suite's own rows are those that were on the store's list.
    if was.starts_with(is) {
        is.clone_from(was);
    }
    let differences = resume::differences(&run.header, &now);
    if differences.is_empty() {
        let before = run
            .report
            .map_or_else(Before::default, |report| Before { seconds: report.seconds, cost: Some(report.cost) });
        return Ok((run.header, before));
    }
    Err(Stop::message(format_args!("run {} can't go on: {}", run.header.id, differences.join("; ")))
        .hint("start a new run, or undo the change"))
}

/// What it takes to score rows.
struct Scoring {
    planned: Planned,
    identities: Identities,
    judged: Option<Judged>,
    judges: Arc<Judges>,
    at_once: usize,
    first: Option<u64>,
}

async fn score_rows(
    header: &RunHeader,
    scoring: Scoring,
    shared: &Arc<SharedStore>,
    terminal: Terminal,
    cancel: watch::Receiver<bool>,
) -> Result<Scored, Stop> {
    let store: Arc<dyn Store> = Arc::clone(shared) as _;
    let traces: Arc<dyn TraceStore> = Arc::clone(shared) as _;
    let Scoring { mut planned, identities, judged, judges, at_once, first } = scoring;
    planned.plan.limit = planned.plan.limit.into_iter().chain(first).min();
    let done = Completed::read(&*store, header.id).await?;
    // The first rows alone are looked at for what they take, not for what they say.
    let mut decider = Decider::new(header).filter(|_| first.is_none());
    if let Some(decider) = &mut decider {
        decider.read(&*store, header).await?;
    }
    let progress = Progress::start(terminal, header.data.trials, done.count(), judges);
    let reader: Arc<dyn DataReader> = Arc::new(formats::Reader);
    let (opened, digest) = (Arc::clone(&store), header.data.digest.clone());
    let source = Box::new(move || opened.open_dataset(&digest).map_err(std::io::Error::other));
    let keeping = header.plan.predictor.as_ref().map(|predictor| Keeping {
        store: traces,
        experiment: header.plan.suite.clone(),
        digest: |spans| telemetry::digest(spans, &wiring::prices),
        patience: predictor.spans_within,
    });
    let job = Job {
        run: header.id,
        rows: Rows { reader, traces: Arc::new(telemetry::Reader), source, plan: Arc::new(planned.plan), identities },
        predictor: planned.predictor,
        bindings: planned.bindings,
        keeping,
        done,
        store: store.clone(),
        observer: progress.clone(),
        judged,
        trials: header.data.trials,
        concurrency: at_once,
        decider,
    };
    let ended = score::run(job, cancel).await;
    progress.finish();
    Ok(ended?)
}

/// Puts a recorded cassette where it belongs, or says what was not on one that was replayed.
fn finish(cassette: &Cassette, is_whole: bool, what: &Eval, terminal: Terminal) -> Result<(), Stop> {
    // Of one that is not, the draft stays for who goes on.
    if is_whole {
        cassette.finish().context("the cassette can't be written")?;
    }
    match (&what.replay, cassette.misses()) {
        (Some(path), misses @ 1..) => {
            let (misses, path) = (counted(misses, "question"), path.display());
            Ok(terminal.say(format_args!("{misses} not on `{path}`: record it again with `--record`"))?)
        }
        _ => Ok(()),
    }
}

/// Becomes true at the first Ctrl-C, or when the process is asked to end. The second time ends it at once: what is
/// durable by then stays.
fn interrupted(terminal: Terminal) -> Result<watch::Receiver<bool>, Stop> {
    // From here on, and not only once somebody waits, a signal no longer kills.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        let _ = terminal.say(format_args!(
            "stopping: rows in flight have {} s to finish and are saved (Ctrl-C again to stop at once)",
            score::GRACE.as_secs()
        ));
        let _ = sender.send(true);
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        std::process::exit(Exit::Incomplete as i32);
    });
    Ok(receiver)
}

/// What aggregators make of all that is stored, whichever session it is from.
async fn make(store: &Arc<dyn Store>, header: &RunHeader, aggregators: Vec<PlannedAggregation>) -> Result<Made, Stop> {
    let source = store.open_dataset(&header.data.digest)?;
    let results = Joined::new(Arc::clone(store), header, Arc::new(formats::Reader), source);
    let made = corpus::aggregate(results, &header.plan, aggregators).await;
    // The other numbers are told all the same.
    Ok(made.unwrap_or_else(|error| {
        let failure = Failure::new(FailureKind::Internal, format!("the run's rows can't be read: {error}"));
        corpus::unmade(&header.plan, &failure)
    }))
}

/// Folds what is stored into a report, and stores that.
async fn report_on(
    store: &dyn Store,
    header: &RunHeader,
    ended: &Result<Scored, Stop>,
    made: Made,
    max_usd: Option<f64>,
    before: Before,
) -> Result<Report, Stop> {
    let broke_off = match ended.as_ref().map(|scored| &scored.end) {
        Ok(ScoredEnd::Complete | ScoredEnd::Decided) => None,
        Ok(ScoredEnd::Cancelled) => Some("it was interrupted".to_owned()),
        Ok(ScoredEnd::GivenUp(Broken { scorer, times, failure })) => {
            Some(format!("`{scorer}` broke on {times} rows in a row, the last time since it {failure}"))
        }
        Ok(ScoredEnd::OutOfMoney) => {
            let most = max_usd.unwrap_or(0.0);
            Some(format!("what is left of {most} USD (`limits.max_usd`) is too little for another question to a judge"))
        }
        Err(stop) => Some(format!("{:#}", stop.error)),
    };
    let mut summary = aggregate::aggregate(store, header, Arc::new(formats::Reader)).await?;
    let beside = Beside::of(store, header, Arc::new(formats::Reader)).await?;
    let mut cost = cost(store, header.id).await?;
    summary.scorers.0.extend(made.aggregates);
    let mut work = ended.as_ref().map(|scored| scored.work.clone()).unwrap_or_default();
    work.extend(made.work);
    add_work(&mut cost, before.cost.as_ref(), &work);
    let report = report::build(header, summary, beside, cost, broke_off, before.seconds);
    // Where results can't be stored the report can't either; it is shown all the same.
    if ended.is_ok() {
        store.finish_run(header.id, &report).await?;
    }
    Ok(report)
}

/// What was typed, so that the run goes on under the same conditions.
fn resume_command(what: &Eval) -> String {
    let mut command = format!("karat eval {}", what.suite.display());
    if let Some(data) = &what.data {
        command.push_str(&format!(" --data {}", data.display()));
    }
    if let Some(limit) = what.limit {
        command.push_str(&format!(" --limit {limit}"));
    }
    if let Some(split) = &what.split {
        command.push_str(&format!(" --split {split}"));
    }
    if let Some(only) = &what.only {
        command.push_str(&format!(" --only {only}"));
    }
    if let Some(baseline) = &what.baseline {
        command.push_str(&format!(" --baseline {baseline}"));
    }
    if what.no_cache {
        command.push_str(" --no-cache");
    }
    for (flag, path) in [("--record", &what.record), ("--replay", &what.replay)] {
        if let Some(path) = path {
            command.push_str(&format!(" {flag} {}", path.display()));
        }
    }
    command
}

pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Passed | Verdict::NoGate => Exit::Done,
        Verdict::Failed => Exit::Failed,
        Verdict::Incomplete => Exit::Incomplete,
    }
}
