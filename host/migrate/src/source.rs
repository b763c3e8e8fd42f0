//! What an MLflow has, in our nouns: read a page at a time, from whatever it is kept in.

use std::io::Write;

use async_trait::async_trait;
use model::app::AppVersion;
use model::dataset::{Dataset, DatasetRecord};
use model::issue::Issue;
use model::prompt::{Prompt, PromptVersion};
use model::registered::{RegisteredScorer, ScorerVersion};
use model::review::{LabelSchema, ReviewItem, ReviewQueue};
use model::search::TraceInfo;
use model::trace::Span;
use model::tracking::{Experiment, Metric, TrackedRun};

use crate::{Error, Report};

/// A part of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<String>,
    /// What of it can't be read: its name, and why.
    pub(crate) broken: Vec<(String, String)>,
}

impl<T> Page<T> {
    /// The whole of a list.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None, broken: Vec::new() }
    }

    /// Reads each of what a list has; what can't be read is told by its name.
    pub(crate) fn read<R>(rows: Vec<R>, next: Option<String>, read: impl Fn(R) -> Result<T, (String, String)>) -> Self {
        let (mut items, mut broken) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match read(row) {
                Ok(item) => items.push(item),
                Err(why) => broken.push(why),
            }
        }
        Self { items, next, broken }
    }
}

/// A trace without its spans, as MLflow speaks of it.
pub(crate) struct ToldTrace {
    /// As it is there.
    pub(crate) mlflow_id: String,
    /// Under the id that it has here. Its `experiment` is the id there, and its header has what is said of it as a whole.
    pub(crate) info: TraceInfo,
    /// Where its spans are: beside it, or in a file of its folder.
    pub(crate) spans: SpansIn,
    /// Assessments of it that can't be read: by name, with why.
    pub(crate) broken: Vec<(String, String)>,
}

pub(crate) enum SpansIn {
    Database,
    /// `traces.json` in the folder at this URI.
    File(String),
}

/// A name in a folder of files.
pub(crate) struct Entry {
    /// Below the folder that was asked for first.
    pub(crate) path: String,
    pub(crate) is_folder: bool,
    /// None where that is not told.
    pub(crate) bytes: Option<u64>,
}

/// Whose files are read.
#[derive(Clone)]
pub(crate) enum Owner {
    Run(String),
    Model(String),
}

/// An MLflow that is read. Ids are as they are there.
#[async_trait]
pub(crate) trait Source: Send {
    /// All of them, deleted ones as well.
    async fn experiments(&mut self) -> Result<Vec<Experiment>, Error>;

    /// Deleted ones as well, each with its files' URI as its location.
    async fn runs(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<TrackedRun>, Error>;

    /// Adds what a list of runs does not say of one.
    async fn complete(&mut self, run: &mut TrackedRun) -> Result<(), Error>;

    async fn history(&mut self, run: &str, metric: &str, after: Option<&str>) -> Result<Page<Metric>, Error>;

    /// Versions of applications, each with its files' URI.
    async fn models(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<(AppVersion, String)>, Error>;

    /// Traces, with what was said of them.
    async fn traces(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<ToldTrace>, Error>;

    async fn spans(&mut self, trace: &ToldTrace, after: Option<&str>) -> Result<Page<Span>, Error>;

    /// The ids of traces that are linked to a run of an experiment, but were not made in it.
    async fn linked(&mut self, experiment: &str, run: &str, after: Option<&str>) -> Result<Page<String>, Error>;

    async fn datasets(&mut self, after: Option<&str>) -> Result<Page<Dataset>, Error>;

    async fn records(&mut self, dataset: &str, after: Option<&str>) -> Result<Page<DatasetRecord>, Error>;

    /// Prompts and registered models.
    async fn prompts(&mut self, after: Option<&str>) -> Result<Page<Prompt>, Error>;

    /// All versions of one.
    async fn versions(&mut self, prompt: &Prompt) -> Result<Page<PromptVersion>, Error>;

    async fn scorers(&mut self, experiment: &str) -> Result<Page<(RegisteredScorer, Vec<ScorerVersion>)>, Error>;

    async fn label_schemas(&mut self, experiment: &str) -> Result<Page<LabelSchema>, Error>;

    async fn review_queues(&mut self, experiment: &str) -> Result<Page<ReviewQueue>, Error>;

    async fn review_items(&mut self, queue: &str, after: Option<&str>) -> Result<Page<ReviewItem>, Error>;

    async fn issues(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<Issue>, Error>;

    /// What is in a folder of files: none where it can't be reached from here.
    async fn files(&mut self, owner: &Owner, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error>;

    async fn file(&mut self, owner: &Owner, uri: &str, path: &str, to: &mut (dyn Write + Send)) -> Result<(), Error>;

    /// Tells what there is that has no place with us.
    async fn others(&mut self, report: &mut Report) -> Result<(), Error>;
}
