//! `karat datasets`: named, immutable versions of rows.

mod incoming;
mod shown;
mod written;

use std::num::ParseIntError;
use std::path::PathBuf;
use std::sync::Arc;

use ::registry::{Error, Registry};
use model::dataset::{Dataset, DatasetReference, DatasetVersion, VersionReference};
use model::suite::DataFormat;
use pipeline::dataset::peers::Peer;
use storage::SharedStore;

use crate::args::{Datasets, FileFormat};
use crate::clock::now_in_milliseconds;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(what: Datasets, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    let kept = Kept::new(wiring::store(&folder)?, *terminal);
    match what {
        Datasets::List => kept.list().await,
        Datasets::Import(what) => kept.import(what).await,
        Datasets::Add(what) => kept.add(what).await,
        Datasets::Show { dataset, rows } => kept.show(&dataset, rows).await,
        Datasets::Diff { before, after } => kept.diff(&before, &after).await,
        Datasets::Export(what) => kept.export(what).await,
        Datasets::Tag { dataset, tags } => kept.tag(&dataset, &tags).await,
        Datasets::Delete { dataset, yes } => kept.delete(&dataset, yes).await,
    }
}

/// The datasets of a store.
struct Kept {
    store: Arc<SharedStore>,
    registry: Registry,
    terminal: Terminal,
}

impl Kept {
    fn new(store: Arc<SharedStore>, terminal: Terminal) -> Self {
        Self { registry: Registry::new(Arc::clone(&store)), store, terminal }
    }

    /// What a reference means.
    async fn version(&self, text: &str) -> Result<(Dataset, DatasetVersion), Stop> {
        resolve(&self.registry, &reference(text)?).await
    }

    async fn delete(&self, name: &str, yes: bool) -> Result<Exit, Stop> {
        let dataset = self.registry.dataset_named(name).await.map_err(stop)?;
        let question = format!(
            "delete `{}` with {} rows and {} versions?",
            dataset.name, dataset.records.count, dataset.versions.last
        );
        let is_wanted = yes || (self.terminal.can_ask() && self.terminal.ask(&question)?);
        if !is_wanted {
            return Err(Stop::message("nothing was deleted").hint("`--yes` deletes without being asked"));
        }
        self.registry.delete_dataset(&dataset.id).await.map_err(stop)?;
        self.terminal.say(format_args!("deleted {}", dataset.name))?;
        Ok(Exit::Done)
    }

    async fn tag(&self, name: &str, tags: &[String]) -> Result<Exit, Stop> {
        let dataset = self.registry.dataset_named(name).await.map_err(stop)?;
        for tag in tags {
            let some = |value: &str| (!value.is_empty()).then(|| value.to_owned());
            if let Some((tag, value)) = tag.split_once('=') {
                let tags = [(tag.to_owned(), some(value))].into();
                self.registry.tag_dataset(&dataset.id, &tags).await.map_err(stop)?;
            } else if let Some((alias, number)) = tag.split_once('@') {
                let wrong = |_: ParseIntError| Stop::message(format_args!("`{number}` is no number of a version"));
                let number = some(number).map(|number| number.parse::<u64>().map_err(wrong)).transpose()?;
                self.registry.name_dataset_version(&dataset.id, alias, number).await.map_err(stop)?;
            } else {
                return Err(Stop::message(format_args!("`{tag}` is neither `KEY=VALUE` nor `ALIAS@VERSION`")));
            }
        }
        Ok(Exit::Done)
    }
}

/// What a reference means; the head is frozen.
pub(crate) async fn resolve(
    registry: &Registry,
    reference: &DatasetReference,
) -> Result<(Dataset, DatasetVersion), Stop> {
    let by = std::env::var("USER").ok();
    registry.resolve_dataset(reference, by.as_deref(), now_in_milliseconds()).await.map_err(stop)
}

fn reference(text: &str) -> Result<DatasetReference, Stop> {
    DatasetReference::parse(text).map_err(|wrong| Stop::message(format_args!("`{text}`: {wrong}")))
}

fn peer(name: Option<&str>, format: DataFormat) -> Result<Option<&'static Peer>, Stop> {
    // A test of promptfoo's is another thing in a table.
    let name = name.map(|name| if name == "promptfoo" && format == DataFormat::Csv { "promptfoo-csv" } else { name });
    let Some(name) = name else { return Ok(None) };
    Peer::named(name).map(Some).ok_or_else(|| {
        Stop::message(format_args!("nobody's rows are known as `{name}`")).hint(pipeline::nearest::hint(
            name,
            "tools",
            Peer::names(),
        ))
    })
}

fn format(said: Option<FileFormat>, path: &str) -> Option<DataFormat> {
    said.map(DataFormat::from).or_else(|| pipeline::plan::by_ending(path))
}

pub(crate) fn stop(error: Error) -> Stop {
    match error {
        Error::Store(error) => wiring::store_error(error),
        Error::Missing { what: "dataset", .. } => Stop::wrong(error).hint("`karat datasets list` shows what there is"),
        error => Stop::wrong(error),
    }
}

/// `support@3`.
fn named(dataset: &Dataset, version: &DatasetVersion) -> String {
    format!("{}@{}", dataset.name, version.number)
}

/// Whether a reference says which version.
fn is_of_version(reference: &DatasetReference) -> bool {
    reference.version != VersionReference::Head
}
