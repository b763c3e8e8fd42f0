//! A run once more, from what judges and the application replied then: in a store of its own, with no way out.

mod answers;
mod lines;

use std::io::{BufReader, BufWriter, Seek};
use std::path::Path;
use std::sync::Arc;

use broker::{Allowed, Cassette, Judges, Taped};
use model::ports::{BlobStore, Store};
use model::report::Report;
use model::run::{Lineage, Run, RunHeader};
use pipeline::lineage::{as_stored, is_same};
use pipeline::plan;
use pipeline::resume;
use pipeline::score::ScoredEnd;
use reports::Format;
use serde::Serialize;
use storage::SharedStore;
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;

use self::answers::Remembering;
use self::lines::Differing;
use super::{Conducted, Data, DataFile, Evaluation, conduct, instances, make, tape};
use crate::args::Eval;
use crate::authority::Authority;
use crate::commands::runs::{AsItWas, overrides_of, suite_of};
use crate::exit::Stop;
use crate::terminal::Terminal;
use crate::wiring::{self, Plugins};
use crate::{export, prompted};

/// What came of it.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Again {
    /// Where replies were taken from.
    pub(in crate::commands) from: String,
    /// Lines of the export: one for each row and trial.
    pub(in crate::commands) lines: u64,
    pub(in crate::commands) differing_rows: u64,
    /// The first of them.
    pub(in crate::commands) differing: Vec<Differing>,
    /// Aggregators whose numbers differ.
    pub(in crate::commands) numbers: Vec<String>,
    /// Questions and requests whose replies are not known.
    pub(in crate::commands) unanswered: u64,
}

impl Again {
    pub(in crate::commands) fn is_identical(&self) -> bool {
        self.differing_rows == 0 && self.numbers.is_empty()
    }
}

/// Runs it once more, and holds the export of that against the run's. Up to `most` differing rows are named.
pub(in crate::commands) fn again(
    run: &Run,
    given: Option<&Path>,
    store: &Arc<SharedStore>,
    most: usize,
    runtime: &Runtime,
    terminal: &Terminal,
) -> Result<Again, Stop> {
    let header = &run.header;
    let (mut suite, folder) = suite_of(run)?;
    runtime.block_on(prompted::fill_in_again(&mut suite, Arc::clone(store), &header.plan.prompts))?;
    let Replies { cassette, from, has_requests } = runtime.block_on(replies(run, given, store))?;
    let judges = Arc::new(Judges::default());
    let mut doors = wiring::doors(Allowed::default(), &folder)?;
    doors.judge = Some(Arc::clone(&judges) as _);
    doors.http = doors.http.map(|http| Arc::new(Taped::new(http, Arc::clone(&cassette))) as _);
    let sandbox = wiring::sandbox_behind(doors, instances(&suite))?;
    let authority = Authority::read(None, &[])?;
    let plugins = Plugins::new(sandbox, runtime.handle(), folder.clone(), authority.isolation(), terminal);
    let catalog = AsItWas { plugins: &plugins, folder: &folder, run, store: &**store };
    let mut planned = plan::plan(&suite, &catalog, overrides_of(run))?;
    planned.plan = as_stored(planned.plan, &header.plan);
    let differences = resume::plan_differences(&header.plan, &planned.plan);
    if !differences.is_empty() {
        let stop = Stop::message(format_args!("run {} can't be had again: {}", header.id, differences.join("; ")));
        return Err(stop.hint("use the build of Karat and the plugins that it was made with; see `karat runs verify`"));
    }
    if let Some(predictor) = &mut planned.predictor
        && (!has_requests || !predictor.binding.grant.process.is_empty())
    {
        // Its requests are not known, and a command is not to be run: its answers are.
        predictor.plugin = Arc::new(Remembering::new(&predictor.plugin, store, header));
        predictor.retries = 0;
    }
    if let Some(predictor) = &mut planned.plan.predictor {
        // Nobody reports spans this time.
        predictor.spans_within = std::time::Duration::ZERO;
    }
    let data = data(header, &planned, &suite, &**store)?;
    let elsewhere = tempfile::tempdir()?;
    let evaluation = Evaluation {
        what: Eval { no_cache: true, ..Eval::default() },
        again: String::new(),
        app: None,
        planned,
        lineage: Lineage::default(),
        data,
        store: wiring::store(elsewhere.path())?,
        is_kept: false,
        terminal: *terminal,
        cassette: Some(Arc::clone(&cassette)),
        authority,
        judges,
        folder,
        waiting: plan::waiting_at_once(&suite.suite) as usize,
    };
    let made_anew = Arc::clone(&evaluation.store);
    runtime.block_on(async {
        let Conducted { header: anew, ended, aggregators, .. } = conduct(evaluation, None).await?;
        if ended?.end == ScoredEnd::Cancelled {
            return Err(Stop::message("it was interrupted: nothing can be said"));
        }
        let made_anew: Arc<dyn Store> = made_anew;
        let made = make(&made_anew, &anew, aggregators).await?;
        let was = exported(Arc::clone(store) as _, header).await?;
        let is = exported(made_anew, &anew).await?;
        let compared = lines::compare(was, is, most)?;
        let numbers = run.report.as_ref().map_or_else(Vec::new, |report| other_numbers(report, &made.aggregates));
        let (lines, differing_rows, differing) = (compared.lines, compared.differing_rows, compared.differing);
        Ok(Again { from, lines, differing_rows, differing, numbers, unanswered: cassette.misses() })
    })
}

/// What was replied.
struct Replies {
    cassette: Arc<Cassette>,
    /// What it is, for people.
    from: String,
    /// Whether requests of plugins are on it, besides questions to judges.
    has_requests: bool,
}

/// From the cassette that is given, else the run's own where it is still there, else what the store has of its exchanges.
async fn replies(run: &Run, given: Option<&Path>, store: &SharedStore) -> Result<Replies, Stop> {
    let replayed = |path: &Path, shown: &str| -> Result<Replies, Stop> {
        let unusable = |error| anyhow::Error::new(error).context(format!("can't use the cassette `{shown}`"));
        let cassette = Arc::new(Cassette::replay(path).map_err(unusable)?);
        Ok(Replies { cassette, from: format!("the cassette `{shown}`"), has_requests: true })
    };
    if let Some(path) = given {
        return replayed(path, &path.display().to_string());
    }
    if let Some(recorded) = &run.header.lineage.cassette {
        let path = Path::new(&recorded.path);
        if tape(path).is_ok_and(|now| now.digest == recorded.digest) {
            return replayed(path, &recorded.path);
        }
        if let Ok(mut kept) = store.open_blob(&recorded.digest) {
            let mut copy = NamedTempFile::new()?;
            std::io::copy(&mut kept, &mut copy)?;
            return replayed(copy.path(), &recorded.path);
        }
    }
    let cassette = Cassette::blank();
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run.header.id, after).await? {
        after = Some(batch);
        exchanges.iter().for_each(|exchange| cassette.remember(exchange));
    }
    let from = "what the store has of its exchanges".to_owned();
    Ok(Replies { cassette: Arc::new(cassette), from, has_requests: false })
}

/// The rows as the run had them.
fn data(
    header: &RunHeader,
    planned: &plan::Planned,
    suite: &pipeline::suite::SuiteFile,
    store: &dyn Store,
) -> Result<Data, Stop> {
    let mut file = NamedTempFile::new()?;
    std::io::copy(&mut store.open_dataset(&header.data.digest)?, &mut file)?;
    let file = DataFile::Written { file: file.into_temp_path(), shown: header.data.path.clone() };
    let mut data = Data::check(planned, suite, file)?;
    if data.snapshot.digest != header.data.digest {
        return Err(
            Stop::message("the store's copy of the data does not match its digest").hint("see `karat doctor --check`")
        );
    }
    data.snapshot.version.clone_from(&header.data.version);
    Ok(data)
}

/// The export of a run, to be read.
async fn exported(store: Arc<dyn Store>, header: &RunHeader) -> Result<BufReader<std::fs::File>, Stop> {
    let mut file = tempfile::tempfile()?;
    let run = Run { header: header.clone(), report: None };
    export::write(store, &run, Format::Jsonl, BufWriter::new(file.try_clone()?)).await?;
    file.rewind()?;
    Ok(BufReader::new(file))
}

/// Aggregators that say something else than the report.
fn other_numbers(report: &Report, made: &[(String, model::aggregate::Aggregate)]) -> Vec<String> {
    let differs = |(key, made): &&(String, model::aggregate::Aggregate)| {
        !report.scorers.get(key).is_some_and(|stored| is_same(stored, made))
    };
    made.iter().filter(differs).map(|(key, _)| key.clone()).collect()
}
