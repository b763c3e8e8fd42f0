//! A store in a folder, for one process at a time.

mod database;
mod datasets;
mod envelope;
mod keys;
mod layout;
mod lock;
mod records;
mod writer;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use model::ports::{DatasetWriter, Store, StoreError};
use model::report::Report;
use model::run::{RowResult, Run, RunHeader, RunId};

use database::{Batch, Database, Snapshot};
use datasets::Datasets;
use envelope::{Record, damaged};
use lock::Lock;
use writer::{Change, Writer};

/// Keeps everything in a folder: a sled database for runs and results, and a file for each dataset.
///
/// Reading and writing work at any time from any task. Dropping the store waits for writes that were requested and
/// lets the next process in.
pub struct EmbeddedStore {
    database: Arc<Database>,
    datasets: Datasets,
    writer: Writer,
}

impl EmbeddedStore {
    /// Opens the store in the folder `root`, or makes one, and the folder with it.
    ///
    /// # Errors
    ///
    /// Fails when another process has the store open, when the folder can't be written (then nothing is left there),
    /// and when what is in it is damaged or was written by another version.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let open = || {
            if !layout::is_present(root)? {
                layout::create(root)?;
            }
            Self::start(root)
        };
        open().map_err(|error| in_folder(root, error))
    }

    /// Opens the store in the folder `root`, if there is one.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::open`] does.
    pub fn open_existing(root: &Path) -> Result<Option<Self>, StoreError> {
        let open = || if layout::is_present(root)? { Self::start(root).map(Some) } else { Ok(None) };
        open().map_err(|error| in_folder(root, error))
    }

    fn start(root: &Path) -> Result<Self, StoreError> {
        let lock = Lock::take(root)?;
        let datasets = Datasets::open(root.join("datasets"))?;
        let database = Arc::new(Database::open(&root.join("sled"), lock)?);
        let writer = Writer::start(Arc::clone(&database), datasets.clone())?;
        Ok(Self { database, datasets, writer })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let reading = tokio::task::spawn_blocking(move || database.read(work));
        reading.await.unwrap_or_else(|error| Err(StoreError::Io(io::Error::other(error))))
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError> {
        let (run, dataset) = (header.id, header.data.digest.clone());
        let header = json_batch(&keys::run(run), header)?;
        self.writer.make(Change::Create { run, dataset, header }).await
    }

    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        let batches = result_batches(run, &results)?;
        drop(results);
        self.writer.make(Change::Add { run, batches }).await
    }

    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError> {
        let batches = vec![json_batch(&keys::report(run), report)?];
        self.writer.make(Change::Add { run, batches }).await
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        self.read(move |now| now.get(&keys::run(run))?.map(|header| whole_run(&now, &header)).transpose()).await
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let after = after.map(keys::run);
        self.read(move |now| {
            let headers = now.scan(keys::RUNS, after.as_ref().map(|key| &key[..]), keys::RUN_LENGTH);
            headers.take(limit).map(|header| whole_run(&now, &header?)).collect()
        })
        .await
    }

    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        let after = after.map(|(index, trial)| keys::result(run, index, trial));
        self.read(move |now| {
            if !now.contains(&keys::run(run))? {
                return Err(crate::missing_run(run));
            }
            let records = now.scan(&keys::results(run), after.as_ref().map(|key| &key[..]), keys::RESULT_LENGTH);
            records.take(limit).map(|record| result(&record?)).collect()
        })
        .await
    }

    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        match self.writer.make(Change::Delete { run }).await {
            Err(StoreError::Missing { .. }) => Ok(false),
            deleted => deleted.map(|()| true),
        }
    }

    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        Ok(Box::new(self.datasets.create()?))
    }

    fn open_dataset(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(self.datasets.read(digest)?))
    }
}

fn json_batch<T: serde::Serialize>(key: &[u8], value: &T) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    batch.put(key, records::JSON, &records::encode_json(value)?)?;
    Ok(batch)
}

fn result_batches(run: RunId, results: &[RowResult]) -> Result<Vec<Batch>, StoreError> {
    let mut batches = vec![Batch::default()];
    let mut bytes = Vec::new();
    for result in results {
        bytes.clear();
        bytes = records::encode_result(result, bytes)?;
        if batches.last().is_some_and(Batch::is_full) {
            batches.push(Batch::default());
        }
        let key = keys::result(run, result.index, result.trial);
        batches.last_mut().expect("there is one").put(&key, records::RESULT, &bytes)?;
    }
    Ok(batches)
}

fn whole_run(now: &Snapshot<'_>, header: &Record) -> Result<Run, StoreError> {
    let header: RunHeader = records::decode_json(header)?;
    let report = now.get(&keys::report(header.id))?;
    Ok(Run { report: report.map(|report| records::decode_json(&report)).transpose()?, header })
}

fn result(record: &Record) -> Result<RowResult, StoreError> {
    let position = keys::position(&record.key).ok_or_else(|| damaged(&record.key, "has a wrong key"))?;
    records::decode_result(record, position)
}

/// Says of an error which store it is about.
fn in_folder(root: &Path, error: StoreError) -> StoreError {
    let path = root.display().to_string();
    match error {
        StoreError::Io(source) => match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly { path, source }
            }
            kind => StoreError::Io(io::Error::new(kind, format!("`{path}` can't be opened: {source}"))),
        },
        StoreError::Damaged { what } => StoreError::Damaged { what: format!("{what} (in `{path}`)") },
        other => other,
    }
}
