//! An archive into a store.

use std::collections::BTreeSet;
use std::io::Read;

use model::assessment::AssessmentId;
use model::digest::SpanDigest;
use model::document::{self, Change, Committed, Expected};
use model::json::Json;
use model::judge::{BatchId, Exchange};
use model::ports::{
    Annotation, AnnotationChange, BlobStore, DatasetWriter, DocumentStore, SpanBatch, Store, TraceStore,
};
use model::report::Report;
use model::run::{RowResult, RunHeader, RunId};
use model::trace::Span;
use serde::de::DeserializeOwned;

use super::stream::Stream;
use super::{ArchiveError, Contents, Kind, damaged};
use crate::{results, traces};

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What the archive holds.
    pub contents: Contents,
    /// Runs that the store had, finished; they are left as they are.
    pub known: u64,
}

/// Reads an archive whole and says what is in it.
///
/// # Errors
///
/// Fails when it is no archive, was written by a newer version, is damaged or was cut off.
pub fn verify(archive: impl Read) -> Result<Contents, ArchiveError> {
    walk(archive, |_, _| Ok(()))
}

/// Reads an archive of one run whole, and returns the run's header and the digests of the files that go with it.
///
/// # Errors
///
/// As [`verify`], and where it holds something else, or what does not belong together.
pub fn verify_run(archive: impl Read) -> Result<(RunHeader, Vec<String>), ArchiveError> {
    let (mut header, mut datasets, mut files) = (None::<RunHeader>, Vec::new(), Vec::new());
    let found = walk(archive, |kind, payload| {
        match kind {
            Kind::Run => header = Some(document(payload)?),
            Kind::Dataset => datasets.push(text(payload)?),
            Kind::Blob => files.push(text(payload)?),
            Kind::Report => {
                let of: Report = document(payload)?;
                if header.as_ref().is_none_or(|header| header.id != of.run) {
                    return Err(damaged("its report is of another run"));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let Contents { runs, datasets: _, traces, documents, .. } = found;
    let header = match header {
        Some(header) if (runs, traces, documents) == (1, 0, 0) => header,
        _ => {
            let what = format!("it holds {runs} runs, {traces} traces and {documents} documents");
            return Err(ArchiveError::NotOneRun { what });
        }
    };
    if datasets != [header.data.digest.as_str()] {
        return Err(damaged("its dataset is not the run's"));
    }
    let suite = header.lineage.suite.as_ref();
    if suite.is_some_and(|suite| blake3::hash(suite.text.as_bytes()).to_hex().as_str() != suite.digest) {
        return Err(damaged("its suite does not match its digest"));
    }
    Ok((header, files))
}

/// Reads an archive whole; `each` sees every record before it is checked itself.
fn walk(
    archive: impl Read,
    mut each: impl FnMut(Kind, &[u8]) -> Result<(), ArchiveError>,
) -> Result<Contents, ArchiveError> {
    let mut frames = Stream::start(archive)?;
    let mut found = Contents::default();
    let mut content: Option<(String, blake3::Hasher)> = None;
    loop {
        let Some((kind, payload)) = frames.next()? else { return Err(damaged("its end is missing")) };
        if kind != Kind::Bytes
            && let Some((digest, hasher)) = content.take()
        {
            check_digest(&digest, &hasher.finalize().to_hex())?;
        }
        each(kind, payload)?;
        match kind {
            Kind::Dataset => {
                found.datasets += 1;
                content = Some((text(payload)?, blake3::Hasher::new()));
            }
            Kind::Blob => {
                found.blobs += 1;
                content = Some((text(payload)?, blake3::Hasher::new()));
            }
            Kind::Bytes => {
                let (_, hasher) = content.as_mut().ok_or_else(out_of_place)?;
                hasher.update(payload);
            }
            Kind::Run => {
                document::<RunHeader>(payload)?;
                found.runs += 1;
            }
            Kind::Results => found.results += read_results(payload)?.len() as u64,
            Kind::Exchanges => found.exchanges += read_exchanges(payload)?.1.len() as u64,
            Kind::Report => drop(document::<Report>(payload)?),
            Kind::Trace => {
                document::<(String, String)>(payload)?;
                found.traces += 1;
            }
            Kind::Spans => found.spans += read_spans(payload)?.len() as u64,
            Kind::Annotations => drop(document::<Vec<AnnotationChange>>(payload)?),
            Kind::Documents => found.documents += read_documents(payload)?.1.len() as u64,
            Kind::End if document::<Contents>(payload)? != found => {
                return Err(damaged("it holds something else than its end says"));
            }
            Kind::End => break,
        }
    }
    match frames.next()? {
        None => Ok(found),
        Some(_) => Err(damaged("something follows its end")),
    }
}

/// Adds what an archive holds to `store`; a document that is there already stays as it is. Cut off at any point, it can be done again. The archive should have been
/// verified: what comes before a damaged place is in the store then.
///
/// # Errors
///
/// Fails as [`verify`] does, and when the store does.
pub async fn import<S>(store: &S, archive: impl Read + Send) -> Result<Imported, ArchiveError>
where
    S: Store + TraceStore + DocumentStore + BlobStore,
{
    let mut frames = Stream::start(archive)?;
    let mut import = Import { store, content: None, run: None, known: 0 };
    let mut trace: Option<(String, String)> = None;
    loop {
        let Some((kind, payload)) = frames.next()? else { return Err(damaged("its end is missing")) };
        if kind != Kind::Bytes {
            import.keep_content()?;
        }
        match kind {
            Kind::Dataset => import.content = Some((text(payload)?, store.new_dataset()?)),
            Kind::Blob => import.content = Some((text(payload)?, store.new_blob()?)),
            Kind::Bytes => {
                let (_, content) = import.content.as_mut().ok_or_else(out_of_place)?;
                content.write_all(payload)?;
            }
            Kind::Run => import.begin(&document(payload)?).await?,
            Kind::Results => {
                if let Some(run) = import.run {
                    store.put_results(run, read_results(payload)?).await?;
                }
            }
            Kind::Exchanges => {
                if let Some(run) = import.run {
                    let (batch, exchanges) = read_exchanges(payload)?;
                    store.put_exchanges(run, batch, exchanges).await?;
                }
            }
            Kind::Report => {
                if let Some(run) = import.run {
                    store.finish_run(run, &document(payload)?).await?;
                }
            }
            Kind::Trace => trace = Some(document(payload)?),
            Kind::Spans => {
                let (trace, experiment) = trace.clone().ok_or_else(out_of_place)?;
                let batch = SpanBatch { trace, spans: read_spans(payload)? };
                store.put_spans(&experiment, vec![batch]).await?;
            }
            Kind::Annotations => {
                let (trace, _) = trace.clone().ok_or_else(out_of_place)?;
                store.annotate(annotations(&trace, document(payload)?)).await?;
            }
            Kind::Documents => {
                let (kind, documents) = read_documents(payload)?;
                add_documents(store, kind, documents).await?;
            }
            Kind::End => return Ok(Imported { contents: document(payload)?, known: import.known }),
        }
    }
}

struct Import<'a> {
    store: &'a dyn Store,
    /// The dataset or blob that is being written, and the digest it has to have.
    content: Option<(String, Box<dyn DatasetWriter>)>,
    /// The run that what follows belongs to; none where it is left out.
    run: Option<RunId>,
    known: u64,
}

impl Import<'_> {
    fn keep_content(&mut self) -> Result<(), ArchiveError> {
        match self.content.take() {
            Some((digest, content)) => check_digest(&digest, &content.keep()?),
            None => Ok(()),
        }
    }

    async fn begin(&mut self, header: &RunHeader) -> Result<(), ArchiveError> {
        let found = self.store.run(header.id).await?;
        if found.is_some_and(|found| found.report.is_some()) {
            self.known += 1;
            self.run = None;
            return Ok(());
        }
        self.store.create_run(header).await?;
        self.run = Some(header.id);
        Ok(())
    }
}

fn read_results(payload: &[u8]) -> Result<Vec<RowResult>, ArchiveError> {
    let places = results::places(payload).ok_or_else(|| damaged("its results can't be read"))?;
    places.into_iter().map(|(place, range)| results::read(&payload[range], place).map_err(damaged)).collect()
}

fn read_spans(payload: &[u8]) -> Result<Vec<(Span, SpanDigest)>, ArchiveError> {
    let unreadable = || damaged("its spans can't be read");
    let (length, rest) = payload.split_first_chunk().ok_or_else(unreadable)?;
    let (digests, spans) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(unreadable)?;
    traces::read_spans(spans, digests).map_err(|_| unreadable())
}

/// What was said of a trace. Who overrides comes behind whom, however old; one that was taken back overrides nothing.
fn annotations(trace: &str, mut said: Vec<AnnotationChange>) -> Vec<Annotation> {
    let ids = said.iter().filter_map(|change| match change {
        AnnotationChange::Assess(assessment) => Some(assessment.id),
        AnnotationChange::Tag { .. } | AnnotationChange::Withdraw(_) => None,
    });
    let ids: BTreeSet<AssessmentId> = ids.collect();
    for change in &mut said {
        if let AnnotationChange::Assess(assessment) = change {
            assessment.overrides = assessment.overrides.filter(|id| ids.contains(id));
        }
    }
    let overrides = |change: &AnnotationChange| match change {
        AnnotationChange::Assess(assessment) => assessment.overrides.is_some(),
        AnnotationChange::Tag { .. } | AnnotationChange::Withdraw(_) => false,
    };
    said.sort_by_key(overrides);
    Annotation::all(trace, said)
}

/// Adds those of some documents that are not there.
async fn add_documents(
    store: &dyn DocumentStore,
    kind: document::Kind,
    documents: Vec<(String, Json)>,
) -> Result<(), ArchiveError> {
    loop {
        let mut missing = Vec::new();
        for (key, value) in &documents {
            if store.document(kind, key).await?.is_none() {
                let (key, value) = (key.clone(), Some(value.clone()));
                missing.push(Change { kind, key, expected: Expected::Absent, value });
            }
        }
        // One of them may have come meanwhile.
        if store.commit(missing).await? == Committed::Made {
            return Ok(());
        }
    }
}

fn read_documents(payload: &[u8]) -> Result<(document::Kind, Vec<(String, Json)>), ArchiveError> {
    let (number, documents) = document::<(u8, Vec<(String, Json)>)>(payload)?;
    let kind = document::Kind::ALL.into_iter().find(|kind| *kind as u8 == number);
    Ok((kind.ok_or_else(|| damaged(format!("its documents are of an unknown kind ({number})")))?, documents))
}

fn read_exchanges(payload: &[u8]) -> Result<(BatchId, Vec<Exchange>), ArchiveError> {
    let (batch, json) = payload.split_first_chunk().ok_or_else(|| damaged("its exchanges can't be read"))?;
    Ok((BatchId(uuid::Uuid::from_bytes(*batch)), document(json)?))
}

fn document<T: DeserializeOwned>(payload: &[u8]) -> Result<T, ArchiveError> {
    serde_json::from_slice(payload).map_err(|error| damaged(format!("a document can't be read ({error})")))
}

fn text(payload: &[u8]) -> Result<String, ArchiveError> {
    String::from_utf8(payload.to_vec()).map_err(|error| damaged(error.to_string()))
}

fn check_digest(expected: &str, found: &str) -> Result<(), ArchiveError> {
    if expected == found {
        return Ok(());
    }
    Err(damaged(format!("what should be {expected} does not match its digest")))
}

fn out_of_place() -> ArchiveError {
    damaged("its records are out of place")
}
