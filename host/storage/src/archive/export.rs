//! A store into an archive.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use model::digest::SpanDigest;
use model::document::{self, Document};
use model::json::Json;
use model::ports::{AnnotationChange, BlobStore, DocumentStore, Store, StoreError, TraceStore};
use model::run::{Run, RunId};
use model::search::{Query, TraceInfo};
use model::trace::Span;
use serde::Serialize;

use super::stream::Writer;
use super::{ArchiveError, Contents, Kind};
use crate::{results, traces};

/// Runs, results, spans or documents that are read at once.
const PAGE: usize = 500;

/// Bytes of a dataset or blob in one record.
const CHUNK: usize = 1 << 20;

/// Writes everything in `store` to `out`. A run or a trace that goes on meanwhile is written as far as it is when
/// its turn comes, and so is a document that changes.
///
/// # Errors
///
/// Fails when reading or writing does; then what was written is no archive.
pub async fn export<S>(store: &S, out: &mut (dyn Write + Send)) -> Result<Contents, ArchiveError>
where
    S: Store + TraceStore + DocumentStore + BlobStore,
{
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
    for kind in document::Kind::ALL {
        export.documents(store, kind).await?;
    }
    // Behind the documents: what they name was kept before they were.
    export.blobs(store)?;
    export.out.write(Kind::End, &json(&export.written)?)?;
    export.out.finish()?;
    Ok(export.written)
}

/// A file that goes with a run.
pub struct Attached {
    /// BLAKE3, in hexadecimal.
    pub digest: String,
    pub bytes: Vec<u8>,
}

/// Writes one run with its dataset to `out`, and these files.
///
/// # Errors
///
/// As [`export`].
pub async fn export_run(
    store: &dyn Store,
    run: &Run,
    files: &[Attached],
    out: &mut (dyn Write + Send),
) -> Result<Contents, ArchiveError> {
    let mut export = Export { out: Writer::start(out)?, written: Contents::default(), datasets: HashSet::new() };
    export.run(store, run).await?;
    for Attached { digest, bytes } in files {
        export.content(Kind::Blob, digest, &mut &bytes[..])?;
        export.written.blobs += 1;
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
        self.content(Kind::Dataset, digest, &mut *store.open_dataset(digest)?)?;
        self.written.datasets += 1;
        Ok(())
    }

    fn blobs(&mut self, store: &dyn BlobStore) -> Result<(), ArchiveError> {
        for digest in store.blobs()? {
            match store.open_blob(&digest) {
                // Nobody has used it.
                Err(StoreError::Missing { .. }) => {}
                bytes => {
                    self.content(Kind::Blob, &digest, &mut *bytes?)?;
                    self.written.blobs += 1;
                }
            }
        }
        Ok(())
    }

    fn content(&mut self, kind: Kind, digest: &str, bytes: &mut dyn Read) -> Result<(), ArchiveError> {
        self.out.write(kind, digest.as_bytes())?;
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            chunk.clear();
            (&mut *bytes).take(CHUNK as u64).read_to_end(&mut chunk)?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.out.write(Kind::Bytes, &chunk)?;
        }
    }

    async fn documents(&mut self, store: &dyn DocumentStore, kind: document::Kind) -> Result<(), ArchiveError> {
        let mut after: Option<String> = None;
        loop {
            let page = store.documents(kind, "", after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let mut rest = &page[..];
            while !rest.is_empty() {
                let some: Vec<(&str, &Json)>;
                (some, rest) = of_one_record(rest);
                self.out.write(Kind::Documents, &json(&(kind as u8, some))?)?;
            }
            self.written.documents += page.len() as u64;
        }
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
        if let Some(announcement) = store.announcement(&info.id).await? {
            self.spans(&[announcement])?;
        }
        let mut skip = 0;
        loop {
            let page = store.spans(&info.id, skip, PAGE).await?;
            if page.is_empty() {
                break;
            }
            skip += page.len();
            self.spans(&page)?;
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

    fn spans(&mut self, some: &[(Span, SpanDigest)]) -> Result<(), ArchiveError> {
        let (spans, digests) = traces::write_spans(some)?;
        let length = u32::try_from(digests.len()).map_err(io::Error::other)?.to_le_bytes();
        self.out.write(Kind::Spans, &[&length[..], &digests, &spans].concat())?;
        self.written.spans += some.len() as u64;
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

/// Key and value of so many documents as take a few bytes, one at least, and the others.
fn of_one_record(documents: &[Document]) -> (Vec<(&str, &Json)>, &[Document]) {
    let mut bytes = 0;
    let beyond = documents.iter().position(|document| {
        bytes += document.value.as_str().len();
        bytes > CHUNK
    });
    let (some, rest) = documents.split_at(beyond.map_or(documents.len(), |beyond| beyond.max(1)));
    (some.iter().map(|document| (&document.key[..], &document.value)).collect(), rest)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Io(error.into()))
}
