//! A store into an archive.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use model::ports::{AnnotationChange, Store, StoreError, TraceStore};
use model::run::{Run, RunId};
use model::search::{Query, TraceInfo};
use serde::Serialize;

use super::stream::Writer;
use super::{ArchiveError, Contents, Kind};
use crate::{results, traces};

/// Runs, and results, that are read at once.
const PAGE: usize = 500;

/// Bytes of a dataset in one record.
const CHUNK: usize = 1 << 20;

/// Writes everything in `store` to `out`. A run or a trace that goes on meanwhile is written as far as it is when its turn comes.
///
/// # Errors
///
/// Fails when reading or writing does; then what was written is no archive.
pub async fn export<S: Store + TraceStore>(store: &S, out: &mut (dyn Write + Send)) -> Result<Contents, ArchiveError> {
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
    export.traces(store).await?;
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

    async fn traces(&mut self, store: &dyn TraceStore) -> Result<(), ArchiveError> {
        let (query, mut after) = (Query::default(), None);
        loop {
            let page = store.search(&query, after.as_ref(), PAGE).await?;
            for info in &page.traces {
                self.trace(store, info).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn trace(&mut self, store: &dyn TraceStore, info: &TraceInfo) -> Result<(), ArchiveError> {
        self.out.write(Kind::Trace, &json(&(&info.id, &info.experiment))?)?;
        self.written.traces += 1;
        let mut skip = 0;
        loop {
            let page = store.spans(&info.id, skip, PAGE).await?;
            if page.is_empty() {
                break;
            }
            skip += page.len();
            let (spans, digests) = traces::write_spans(&page)?;
            let length = u32::try_from(digests.len()).map_err(io::Error::other)?.to_le_bytes();
            self.out.write(Kind::Spans, &[&length[..], &digests, &spans].concat())?;
            self.written.spans += page.len() as u64;
        }
        let tags = info.tags.iter();
        let tags = tags.map(|(name, value)| AnnotationChange::Tag { name: name.clone(), value: Some(value.clone()) });
        let assessments = info.assessments.iter().cloned().map(AnnotationChange::Assess);
        let said: Vec<AnnotationChange> = tags.chain(assessments).collect();
        if !said.is_empty() {
            self.out.write(Kind::Annotations, &json(&said)?)?;
        }
        Ok(())
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
