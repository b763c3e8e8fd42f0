//! `karat eval`: from a suite file to a report and an exit code.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Context;
use model::ports::{DataReader, Store};
use model::report::{Report, Verdict};
use model::run::{DatasetSnapshot, Run, RunHeader, RunId};
use model::suite::{Concurrency, PredictEntry, PredictUse, ScorerEntry, ScorerUse};
use pipeline::dataset::{self, Identities, Rows};
use pipeline::plan::{self, DataPath, Overrides, Planned};
use pipeline::score::{self, Broken, Completed, Job, ScoredEnd};
use pipeline::suite::{self, SuiteFile};
use pipeline::{aggregate, report, resume};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::{Eval, ExportFormat, ReportFile, ReportFormat};
use crate::authority::Authority;
use crate::commands::runs;
use crate::exit::{Exit, Stop};
use crate::lock::Lock;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::wiring::{self, Plugins};
use crate::{executable, export, summary};

pub(crate) fn run(what: Eval, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let suite_path = suite_path(&what.suite);
    let suite = read_suite(&suite_path)?;
    let folder = folder_of(&suite_path).to_owned();
    let planned = loop {
        let authority = Authority::read(what.policy.as_deref(), &what.allow)?;
        let sandbox = wiring::sandbox(authority.allowed()?, folder_of(&suite_path), instances(&suite))?;
        let catalog = Plugins::new(sandbox, &runtime, folder.clone(), authority.isolation(), terminal);
        let planned = plan::plan(&suite, &catalog, overrides(&what))?;
        check_locked(&suite, &planned, &folder, &suite_path)?;
        // What was allowed just now is there the next time around.
        if !authority.check(&planned.plan, &folder, terminal)? {
            break planned;
        }
    };
    let data = Data::check(&planned, &suite, &folder)?;
    let store: Arc<dyn Store> = wiring::store(&wiring::store_folder(store)?)?;
    runtime.block_on(evaluate(Evaluation { what, planned, data, store, terminal: *terminal }))
}

/// For each row in work the predictor's instance, that of its call, one that checks it, and one of every scorer that is kept for the next
/// row: none may wait for a place that another row's kept ones have.
fn instances(suite: &SuiteFile) -> u32 {
    let suite = &suite.suite;
    let rows = match suite.limits.as_ref().and_then(|limits| limits.concurrency) {
        Some(Concurrency::Rows(rows)) => rows,
        Some(Concurrency::Auto(_)) | None => plan::asked_at_once(suite) + wiring::concurrency() as u32,
    };
    rows.saturating_mul(suite.scorers.len() as u32 + 3)
}

fn overrides(what: &Eval) -> Overrides {
    Overrides {
        data: what.data.as_ref().map(|path| path.display().to_string()),
        limit: what.limit,
        only: what.only.clone(),
    }
}

/// That plugins of others are those that were allowed.
fn check_locked(suite: &SuiteFile, planned: &Planned, folder: &Path, suite_path: &Path) -> Result<(), Stop> {
    let lock = Lock::read(folder)?;
    if let (Some(PredictEntry::Full(PredictUse { plugin: Some(path), .. })), Some(predictor)) =
        (&suite.suite.predict, &planned.predictor)
    {
        lock.check(path, predictor.plugin.description(), suite_path)?;
    }
    for bound in &planned.bindings {
        for &place in &bound.places {
            if let ScorerEntry::Full(ScorerUse { plugin: Some(path), .. }) = &suite.suite.scorers[place] {
                lock.check(path, bound.plugin.description(), suite_path)?;
            }
        }
    }
    Ok(())
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
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let stop = Stop::wrong(anyhow::Error::new(error).context(format!("can't read the suite `{shown}`")));
        if missing { stop.hint("name another file, or write one to start from: `karat init`") } else { stop }
    })?;
    Ok(suite::parse(&shown, &text)?)
}

/// A data file that has been read through and found good.
struct Data {
    path: PathBuf,
    snapshot: DatasetSnapshot,
    identities: Identities,
}

impl Data {
    fn check(planned: &Planned, suite: &SuiteFile, folder: &Path) -> Result<Self, Stop> {
        let path = match &planned.data {
            DataPath::BesideSuite(path) => folder.join(path),
            DataPath::WorkingFolder(path) => PathBuf::from(path),
        };
        let mut file = open(&path).map_err(|error| missing_data(planned, suite, error))?;
        let shown = path.display().to_string();
        let input = dataset::Input {
            reader: &formats::Reader,
            traces: &telemetry::Reader,
            plan: &planned.plan,
            suite: &suite.source,
            path: &shown,
        };
        let dataset::Checked { snapshot, identities } = dataset::validate(input, &mut file)?;
        Ok(Self { path, snapshot, identities })
    }

    /// Copies the file into the store, unless an earlier run has.
    fn keep(&self, store: &dyn Store) -> Result<(), Stop> {
        if store.open_dataset(&self.snapshot.digest).is_ok() {
            return Ok(());
        }
        let mut copy = store.new_dataset()?;
        std::io::copy(&mut open(&self.path)?, &mut copy).context("the data can't be copied into the store")?;
        if copy.keep()? == self.snapshot.digest {
            return Ok(());
        }
        Err(Stop::message(format_args!("`{}` changed while it was read", self.path.display())).hint("run it again"))
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
        DataPath::WorkingFolder(_) => stop.hint("`--data` is relative to the folder you are in"),
        DataPath::BesideSuite(_) => {
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
    planned: Planned,
    data: Data,
    store: Arc<dyn Store>,
    terminal: Terminal,
}

async fn evaluate(evaluation: Evaluation) -> Result<Exit, Stop> {
    let Evaluation { what, planned, data, store, terminal } = evaluation;
    let started = Instant::now();
    let cancel = interrupted(terminal)?;
    let header = header(&planned, &data.snapshot)?;
    let (header, before) = match &what.resume {
        Some(named) => earlier(&*store, named, &header).await?,
        None => {
            data.keep(&*store)?;
            store.create_run(&header).await?;
            (header, 0.0)
        }
    };
    // Whoever reads our output may have gone; the run goes on, and its exit code says how it ended.
    let _ = terminal.note(format_args!("run {}", header.id));
    let ended =
        score_rows(&header, planned, data.identities, &store, terminal, cancel).await.map_err(Stop::after_start);
    let seconds = before + started.elapsed().as_secs_f64();
    let report = report_on(&*store, &header, &ended, seconds).await.map_err(Stop::after_start)?;
    let run = Run { header, report: Some(report.clone()) };
    for file in &what.report {
        write_report(file, &run, &report, &store).await.map_err(Stop::after_start)?;
    }
    let shown = if terminal.is_json() { terminal.json(&report) } else { summary::print(&report, &terminal) };
    if let Err(error) = shown
        && error.kind() != ErrorKind::BrokenPipe
    {
        return Err(Stop::wrong(error).after_start());
    }
    if ended? == ScoredEnd::Cancelled {
        terminal.say(format_args!("what came to its end is saved; `{}` goes on", resume_command(&what, report.run)))?;
    }
    Ok(exit(report.verdict))
}

fn header(planned: &Planned, snapshot: &DatasetSnapshot) -> Result<RunHeader, Stop> {
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    Ok(RunHeader {
        id: RunId(uuid::Uuid::now_v7()),
        started,
        binary: executable::digest()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: planned.plan.clone(),
        data: snapshot.clone(),
    })
}

/// The run to go on with, if it was started as what is asked for now, and the seconds it took so far.
async fn earlier(store: &dyn Store, named: &str, now: &RunHeader) -> Result<(RunHeader, f64), Stop> {
    let run = runs::find(store, named).await?;
    let differences = resume::differences(&run.header, now);
    if differences.is_empty() {
        return Ok((run.header, run.report.map_or(0.0, |report| report.seconds)));
    }
    Err(Stop::message(format_args!("run {} can't go on: {}", run.header.id, differences.join("; ")))
        .hint("start a new run, or undo the change"))
}

async fn score_rows(
    header: &RunHeader,
    planned: Planned,
    identities: Identities,
    store: &Arc<dyn Store>,
    terminal: Terminal,
    cancel: watch::Receiver<bool>,
) -> Result<ScoredEnd, Stop> {
    let done = Completed::read(&**store, header.id).await?;
    let progress = Progress::start(terminal, header.data.trials, done.count());
    let reader: Arc<dyn DataReader> = Arc::new(formats::Reader);
    let source = store.open_dataset(&header.data.digest)?;
    // Rows that wait for the application keep none from being scored.
    let asked = planned.predictor.as_ref().map_or(0, |predictor| predictor.concurrency as usize);
    let concurrency = planned.concurrency.map_or_else(|| asked + wiring::concurrency(), |rows| rows as usize);
    let job = Job {
        run: header.id,
        rows: Rows { reader, traces: Arc::new(telemetry::Reader), source, plan: Arc::new(planned.plan), identities },
        predictor: planned.predictor,
        bindings: planned.bindings,
        done,
        store: store.clone(),
        observer: progress.clone(),
        trials: header.data.trials,
        concurrency,
    };
    let ended = score::run(job, cancel).await;
    progress.finish();
    Ok(ended?)
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

/// Folds what is stored into a report, and stores that.
async fn report_on(
    store: &dyn Store,
    header: &RunHeader,
    ended: &Result<ScoredEnd, Stop>,
    seconds: f64,
) -> Result<Report, Stop> {
    let broke_off = match ended {
        Ok(ScoredEnd::Complete) => None,
        Ok(ScoredEnd::Cancelled) => Some("it was interrupted".to_owned()),
        Ok(ScoredEnd::GivenUp(Broken { scorer, times, failure })) => {
            Some(format!("`{scorer}` broke on {times} rows in a row, the last time since it {failure}"))
        }
        Err(stop) => Some(format!("{:#}", stop.error)),
    };
    let summary = aggregate::aggregate(store, header.id, &header.plan).await?;
    let report = report::build(header, summary, broke_off, seconds);
    // Where results can't be stored the report can't either; it is shown all the same.
    if ended.is_ok() {
        store.finish_run(header.id, &report).await?;
    }
    Ok(report)
}

async fn write_report(file: &ReportFile, run: &Run, report: &Report, store: &Arc<dyn Store>) -> Result<(), Stop> {
    match file.format {
        ReportFormat::Junit => export::to_file(store.clone(), run, ExportFormat::Junit, &file.path).await,
        ReportFormat::Json => {
            let temporary = export::temporary(&file.path)?;
            std::fs::write(&temporary, serde_json::to_string_pretty(report)?)?;
            Ok(std::fs::rename(&temporary, &file.path)?)
        }
    }
}

/// What was typed, so that the run goes on under the same conditions.
fn resume_command(what: &Eval, run: RunId) -> String {
    let mut command = format!("karat eval {}", what.suite.display());
    if let Some(data) = &what.data {
        command.push_str(&format!(" --data {}", data.display()));
    }
    if let Some(limit) = what.limit {
        command.push_str(&format!(" --limit {limit}"));
    }
    if let Some(only) = &what.only {
        command.push_str(&format!(" --only {only}"));
    }
    format!("{command} --resume {run}")
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Passed | Verdict::NoGate => Exit::Done,
        Verdict::Failed => Exit::Failed,
        Verdict::Incomplete => Exit::Incomplete,
    }
}
