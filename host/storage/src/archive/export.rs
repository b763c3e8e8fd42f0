//! A store into an archive.

use std::collections::HashSet;
use std::io::{Read, Write};

use model::ports::{Store, StoreError};
use model::run::{Run, RunId};
use serde::Serialize;

use super::stream::Writer;
use super::{ArchiveError, Contents, Kind};
use crate::results;

/// Runs, and results, that are read at once.
const PAGE: usize = 500;

/// Bytes of a dataset in one record.
const CHUNK: usize = 1 << 20;

/// Writes everything in `store` to `out`. A run that goes on meanwhile is written as far as it is when its turn comes.
///
/// # Errors
///
/// Fails when reading or writing does; then what was written is no archive.
pub async fn export(store: &dyn Store, out: &mut (dyn Write + Send)) -> Result<Contents, ArchiveError> {
    let mut export = Export { out: Writer::start(out)?, written: Contents::default(), datasets: HashSet::new() };
    let mut after = None;
    loop {
        let runs = store.runs(after, PAGE).await?;
        let Some(last) = runs.last() else { break };
        after = Some(last.header.id);
        for run in &runs {
            export.run(store, run).await?;
        }
    }
    export.out.write(Kind::End, &json(&export.written)?)?;
    export.out.finish()?;
    Ok(export.written)
}

struct Export<W: Write> {
    out: Writer<W>,
    written: Contents,
    /// Digests of those that are in the archive.
    datasets: HashSet<String>,
}

impl<W: Write> Export<W> {
    async fn run(&mut self, store: &dyn Store, Run { header, report }: &Run) -> Result<(), ArchiveError> {
        let digest = &header.data.digest;
        if !self.datasets.contains(digest) {
            self.dataset(store, digest)?;
            self.datasets.insert(digest.clone());
        }
        self.out.write(Kind::Run, &json(header)?)?;
        self.written.runs += 1;
        self.results(store, header.id).await?;
        self.exchanges(store, header.id).await?;
        if let Some(report) = report {
            self.out.write(Kind::Report, &json(report)?)?;
        }
        Ok(())
    }

    fn dataset(&mut self, store: &dyn Store, digest: &str) -> Result<(), ArchiveError> {
        let mut bytes = store.open_dataset(digest)?;
        self.out.write(Kind::Dataset, digest.as_bytes())?;
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            chunk.clear();
            bytes.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                break;
            }
            self.out.write(Kind::Bytes, &chunk)?;
        }
        self.written.datasets += 1;
        Ok(())
    }

    async fn results(&mut self, store: &dyn Store, run: RunId) -> Result<(), ArchiveError> {
        let mut after = None;
        loop {
            let page = store.results(run, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.index, last.trial));
            self.out.write(Kind::Results, &results::write(&page)?)?;
            self.written.results += page.len() as u64;
        }
    }

    async fn exchanges(&mut self, store: &dyn Store, run: RunId) -> Result<(), ArchiveError> {
        let mut after = None;
        while let Some((batch, exchanges)) = store.exchanges(run, after).await? {
            after = Some(batch);
            let payload = [&batch.0.as_bytes()[..], &json(&exchanges)?].concat();
            self.out.write(Kind::Exchanges, &payload)?;
            self.written.exchanges += exchanges.len() as u64;
        }
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Io(error.into()))
}
