//! A store that forgets everything when it is dropped: the oracle that other stores are compared with.

mod documents;

use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read, Write};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use model::assessment::{Assessment, AssessmentId, counting};
use model::digest::{ANNOUNCEMENT, Fold, SpanDigest};
use model::judge::{BatchId, Exchange};
use model::ports::{
    Annotation, AnnotationChange, DatasetWriter, Expired, FoundTrace, Retention, SpanBatch, Store, StoreError,
    TraceRetention, TraceStore,
};
use model::report::Report;
use model::run::{RowResult, Run, RunHeader, RunId};
use model::search::{self, Matcher, Page, Query, Subject, TraceInfo};
use model::trace::Span;

use crate::embedded::now;
use crate::traces::retain::Kept;
use crate::traces::{self, retain};

/// Keeps everything in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, Entry>,
    datasets: HashMap<String, Arc<[u8]>>,
    traces: BTreeMap<String, Trace>,
    documents: documents::Documents,
    blobs: documents::Blobs,
}

#[derive(Debug)]
struct Entry {
    run: Run,
    results: BTreeMap<(u64, u32), RowResult>,
    exchanges: BTreeMap<BatchId, Vec<Exchange>>,
}

impl Entry {
    fn new(header: RunHeader) -> Self {
        Self { run: Run { header, report: None }, results: BTreeMap::new(), exchanges: BTreeMap::new() }
    }
}

/// A trace as it came.
#[derive(Debug, Default)]
struct Trace {
    /// When the last of it came, in milliseconds.
    arrived: u64,
    experiment: String,
    spans: BTreeMap<String, (SpanDigest, Span)>,
    tags: BTreeMap<String, String>,
    assessments: Vec<Assessment>,
}

impl Trace {
    fn fold(&self) -> Fold {
        let mut fold = Fold::default();
        for (digest, _) in self.spans.values() {
            fold.add(digest.clone());
        }
        fold
    }

    /// Up to `limit` spans in order, behind the first `skip`.
    fn spans(&self, skip: usize, limit: usize) -> Vec<(Span, SpanDigest)> {
        let fold = self.fold();
        let page = fold.in_order().into_iter().skip(skip).take(limit);
        page.map(|digest| (self.spans[&digest.id].1.clone(), digest.clone())).collect()
    }

    fn info(&self, id: &str) -> TraceInfo {
        let mut assessments = self.assessments.clone();
        assessments.sort_by_key(|assessment| (assessment.created, assessment.id));
        let (id, experiment) = (id.to_owned(), self.experiment.clone());
        TraceInfo { id, experiment, header: self.fold().header(), tags: self.tags.clone(), assessments }
    }

    fn matches(&self, info: &TraceInfo, session: &[Assessment], matcher: Option<&Matcher>) -> bool {
        let spans = self.spans.values().filter(|(digest, _)| digest.id != ANNOUNCEMENT);
        let spans: Vec<_> = spans.map(|(digest, span)| (span.clone(), digest.clone())).collect();
        matcher.is_none_or(|matcher| matcher.matches(Subject { info, spans: &spans, session }))
    }

    fn has(&self, id: AssessmentId) -> bool {
        self.assessments.iter().any(|assessment| assessment.id == id)
    }

    fn annotate(&mut self, change: AnnotationChange) {
        match change {
            AnnotationChange::Tag { name, value: Some(value) } => drop(self.tags.insert(name, value)),
            AnnotationChange::Tag { name, value: None } => drop(self.tags.remove(&name)),
            AnnotationChange::Assess(assessment) => {
                self.assessments.retain(|known| known.id != assessment.id);
                self.assessments.push(assessment);
            }
            AnnotationChange::Withdraw(id) => self.assessments.retain(|known| known.id != id),
        }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change is left half done by a panic, so a poisoned lock guards nothing broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, experiment: &str, SpanBatch { trace, spans }: SpanBatch) {
        if spans.is_empty() {
            return;
        }
        let new = || Trace { experiment: experiment.to_owned(), ..Trace::default() };
        let kept = self.traces.entry(trace).or_insert_with(new);
        kept.arrived = kept.arrived.max(now());
        for (span, digest) in spans {
            if kept.spans.get(&digest.id).is_none_or(|(known, _)| *known < digest) {
                kept.spans.insert(digest.id.clone(), (digest, span));
            }
        }
    }

    /// Whether annotations, in this order, are about what is there, or about the trace that is `coming` with them.
    fn check(&self, annotations: &[Annotation], coming: Option<&str>) -> Result<(), StoreError> {
        let mut come = Vec::new();
        for Annotation { trace, change } in annotations {
            let kept = self.traces.get(trace);
            if kept.is_none() && coming != Some(trace) {
                return Err(missing_trace(trace));
            }
            let needed = match change {
                AnnotationChange::Assess(assessment) => assessment.overrides,
                AnnotationChange::Withdraw(id) => Some(*id),
                AnnotationChange::Tag { .. } => None,
            };
            let has = |id| kept.is_some_and(|kept| kept.has(id)) || come.contains(&(trace, id));
            if let Some(id) = needed.filter(|id| !has(*id)) {
                return Err(StoreError::Missing { what: format!("assessment {}", id.0) });
            }
            if let AnnotationChange::Assess(assessment) = change {
                come.push((trace, assessment.id));
            }
        }
        Ok(())
    }

    fn annotate(&mut self, annotations: Vec<Annotation>) {
        for Annotation { trace, change } in annotations {
            if let Some(kept) = self.traces.get_mut(&trace) {
                kept.annotate(change);
            }
        }
    }

    fn entry(&mut self, run: RunId) -> Result<&mut Entry, StoreError> {
        self.runs.get_mut(&run).ok_or_else(|| crate::missing_run(run))
    }

    /// What counts of what was said of sessions as a whole, by experiment and session.
    fn of_sessions(&self) -> BTreeMap<(String, String), Vec<Assessment>> {
        let mut sessions: BTreeMap<_, Vec<Assessment>> = BTreeMap::new();
        for kept in self.traces.values() {
            let said = counting(&kept.assessments).filter(|said| said.is_of_session());
            let said: Vec<Assessment> = said.cloned().collect();
            if said.is_empty() {
                continue;
            }
            if let Some(session) = kept.fold().header().session {
                sessions.entry((kept.experiment.clone(), session)).or_default().extend(said);
            }
        }
        sessions
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.datasets.contains_key(&header.data.digest) {
            return Err(crate::missing_dataset(&header.data.digest));
        }
        match state.runs.entry(header.id) {
            Occupied(entry) => entry.into_mut().run.header = header.clone(),
            Vacant(place) => _ = place.insert(Entry::new(header.clone())),
        }
        Ok(())
    }

    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        let mut state = self.state();
        let entry = state.entry(run)?;
        entry.results.extend(results.into_iter().map(|result| ((result.index, result.trial), result)));
        Ok(())
    }

    async fn put_exchanges(&self, run: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        self.state().entry(run)?.exchanges.insert(batch, exchanges);
        Ok(())
    }

    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError> {
        self.state().entry(run)?.run.report = Some(report.clone());
        Ok(())
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.state().runs.get(&run).map(|entry| entry.run.clone()))
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let older = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
        Ok(self.state().runs.range(older).rev().take(limit).map(|(_, entry)| entry.run.clone()).collect())
    }

    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut state = self.state();
        Ok(state.entry(run)?.results.range(behind).take(limit).map(|(_, result)| result.clone()).collect())
    }

    async fn exchanges(
        &self,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut state = self.state();
        let next = state.entry(run)?.exchanges.range(behind).next();
        Ok(next.map(|(batch, exchanges)| (*batch, exchanges.clone())))
    }

    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(deleted) = state.runs.remove(&run) else {
            return Ok(false);
        };
        let digest = deleted.run.header.data.digest;
        if !state.runs.values().any(|entry| entry.run.header.data.digest == digest) {
            state.datasets.remove(&digest);
        }
        Ok(true)
    }

    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        let keep = |state: &mut State, digest, bytes| drop(state.datasets.insert(digest, bytes));
        Ok(Box::new(Draft { store: self.clone(), bytes: Vec::new(), keep }))
    }

    fn open_dataset(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let bytes = self.state().datasets.get(digest).cloned().ok_or_else(|| crate::missing_dataset(digest))?;
        Ok(Box::new(Cursor::new(bytes)))
    }
}

/// A dataset or a blob that is still being written.
struct Draft {
    store: MemoryStore,
    bytes: Vec<u8>,
    /// Puts what was written under its digest.
    keep: fn(&mut State, String, Arc<[u8]>),
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl DatasetWriter for Draft {
    fn keep(self: Box<Self>) -> Result<String, StoreError> {
        let digest = blake3::hash(&self.bytes).to_hex().to_string();
        (self.keep)(&mut self.store.state(), digest.clone(), self.bytes.into());
        Ok(digest)
    }
}

#[async_trait]
impl TraceStore for MemoryStore {
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError> {
        let mut state = self.state();
        batches.into_iter().for_each(|batch| state.put(experiment, batch));
        Ok(())
    }

    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.check(&annotations, None)?;
        state.annotate(annotations);
        Ok(())
    }

    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.traces.get(trace).is_some_and(|kept| kept.experiment != experiment) {
            return Err(StoreError::Missing { what: format!("trace {trace} of experiment {experiment}") });
        }
        let said = Annotation::all(trace, said);
        state.check(&said, Some(trace))?;
        state.put(experiment, SpanBatch { trace: trace.to_owned(), spans: vec![announcement] });
        state.annotate(said);
        Ok(())
    }

    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError> {
        let state = self.state();
        let found = |id: &String| {
            let kept = state.traces.get(id)?;
            Some(FoundTrace { info: kept.info(id), spans: kept.spans(0, spans) })
        };
        Ok(ids.iter().map(found).collect())
    }

    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        let state = self.state();
        let kept = state.traces.get(id).ok_or_else(|| missing_trace(id))?;
        Ok(kept.spans(skip, limit))
    }

    async fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        let state = self.state();
        let kept = state.traces.get(id).ok_or_else(|| missing_trace(id))?;
        Ok(kept.spans.get(ANNOUNCEMENT).map(|(digest, span)| (span.clone(), digest.clone())))
    }

    async fn search(&self, query: &Query, after: Option<&search::Cursor>, limit: usize) -> Result<Page, StoreError> {
        let state = self.state();
        let matcher = query.filter.as_ref().map(Matcher::new).transpose();
        let matcher = matcher.map_err(|what| StoreError::Invalid { what })?;
        let of_experiment = |kept: &Trace| query.experiments.is_empty() || query.experiments.contains(&kept.experiment);
        let kept = state.traces.iter().filter(|(_, kept)| of_experiment(kept));
        let sessions = state.of_sessions();
        let of = |info: &TraceInfo| {
            let session = info.header.session.clone()?;
            sessions.get(&(info.experiment.clone(), session)).map(Vec::as_slice)
        };
        let found = kept.map(|(id, kept)| (kept, kept.info(id)));
        let found = found.filter(|(kept, info)| kept.matches(info, of(info).unwrap_or_default(), matcher.as_ref()));
        let mut traces: Vec<TraceInfo> = found.map(|(_, info)| info).collect();
        traces.sort_by(|a, b| search::compare(&query.order, a, b));
        if let Some(search::Cursor(last)) = after {
            let place = traces.iter().position(|info| info.id == *last);
            let what = || StoreError::Invalid { what: "the cursor is of another search".to_owned() };
            traces.drain(..=place.ok_or_else(what)?);
        }
        let is_more = traces.len() > limit;
        traces.truncate(limit);
        let next = traces.last().filter(|_| is_more).map(|last| search::Cursor(last.id.clone()));
        Ok(Page { traces, next, work: search::Work::default() })
    }

    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError> {
        let mut state = self.state();
        Ok(ids.iter().filter(|id| state.traces.remove(*id).is_some()).count() as u64)
    }

    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut counts = BTreeMap::new();
        for kept in self.state().traces.values() {
            *counts.entry(kept.experiment.clone()).or_insert(0) += 1;
        }
        Ok(counts.into_iter().collect())
    }
}

#[async_trait]
impl TraceRetention for MemoryStore {
    async fn expire(&self, experiment: &str, limits: &Retention) -> Result<Expired, StoreError> {
        let mut state = self.state();
        let of_experiment = state.traces.iter().filter(|(_, kept)| kept.experiment == experiment);
        let all = of_experiment.map(|(id, kept)| {
            let spans: Vec<_> = kept.spans.values().map(|(digest, span)| (span.clone(), digest.clone())).collect();
            let bytes = traces::write_spans(&spans).map(|(spans, digests)| (spans.len() + digests.len()) as u64)?;
            Ok(Kept { arrived: kept.arrived, id: id.clone(), bytes })
        });
        let beyond = retain::beyond(limits, now(), all.collect::<Result<_, StoreError>>()?);
        for trace in &beyond {
            state.traces.remove(&trace.id);
        }
        Ok(Expired { traces: beyond.len() as u64, bytes: beyond.iter().map(|trace| trace.bytes).sum() })
    }

    /// What is deleted takes no space here.
    async fn reclaim(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn missing_trace(id: &str) -> StoreError {
    StoreError::Missing { what: format!("trace {}", id.chars().take(64).collect::<String>()) }
}
