//! A store that keeps what it is given, as long as it is let.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use model::assessment::Assessment;
use model::digest::{Fold, SpanDigest};
use model::ports::{Annotation, AnnotationChange, FoundTrace, SpanBatch, StoreError, TraceStore};
use model::search::{Cursor, Page, Query, TraceInfo};
use model::trace::Span;
use tokio::sync::watch;

use crate::client::PATIENCE;

pub(crate) struct Kept {
    /// What was taken, in the order it came.
    pub(crate) puts: watch::Sender<Vec<(String, Vec<SpanBatch>)>>,
    /// How many are waiting to be taken.
    pub(crate) waiting: watch::Sender<usize>,
    /// While this is so, whoever comes waits.
    pub(crate) closed: watch::Sender<bool>,
    pub(crate) refuses: Mutex<Option<fn() -> StoreError>>,
    said: Mutex<BTreeMap<String, Said>>,
}

#[derive(Clone, Default)]
struct Said {
    tags: BTreeMap<String, String>,
    assessments: Vec<Assessment>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            puts: watch::Sender::new(Vec::new()),
            waiting: watch::Sender::new(0),
            closed: watch::Sender::new(false),
            refuses: Mutex::new(None),
            said: Mutex::default(),
        }
    }
}

pub(crate) fn full() -> StoreError {
    StoreError::Full { path: "/somewhere/secret".to_owned(), free: 7 }
}

pub(crate) fn failed() -> StoreError {
    StoreError::Io(io::Error::other("the disk is gone"))
}

impl Kept {
    pub(crate) fn spans(&self) -> Vec<Span> {
        let puts = self.puts.borrow();
        let batches = puts.iter().flat_map(|(_, batches)| batches);
        batches.flat_map(|batch| batch.spans.iter().map(|(span, _)| span.clone())).collect()
    }

    pub(crate) async fn wait_for(&self, waiting: usize) {
        let mut now = self.waiting.subscribe();
        tokio::time::timeout(PATIENCE, now.wait_for(|now| *now == waiting)).await.unwrap().unwrap();
    }

    fn refused(&self) -> Result<(), StoreError> {
        self.refuses.lock().unwrap().map_or(Ok(()), |error| Err(error()))
    }

    fn info(&self, id: &str) -> Option<TraceInfo> {
        if !self.has(id) {
            return None;
        }
        let (mut fold, mut info) = (Fold::default(), TraceInfo { id: id.to_owned(), ..TraceInfo::default() });
        for (experiment, batches) in &*self.puts.borrow() {
            for batch in batches.iter().filter(|batch| batch.trace == id) {
                info.experiment.clone_from(experiment);
                for (_, digest) in &batch.spans {
                    fold.add(digest.clone());
                }
            }
        }
        let Said { tags, assessments } = self.said.lock().unwrap().get(id).cloned().unwrap_or_default();
        Some(TraceInfo { header: fold.header(), tags, assessments, ..info })
    }

    fn has(&self, id: &str) -> bool {
        self.puts.borrow().iter().any(|(_, batches)| batches.iter().any(|batch| batch.trace == id))
    }
}

fn missing(what: &str) -> StoreError {
    StoreError::Missing { what: what.to_owned() }
}

#[async_trait::async_trait]
impl TraceStore for Kept {
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError> {
        self.waiting.send_modify(|waiting| *waiting += 1);
        self.closed.subscribe().wait_for(|closed| !closed).await.unwrap();
        self.waiting.send_modify(|waiting| *waiting -= 1);
        self.refused()?;
        self.puts.send_modify(|puts| puts.push((experiment.to_owned(), batches)));
        Ok(())
    }

    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError> {
        self.refused()?;
        for Annotation { trace, change } in annotations {
            if !self.has(&trace) {
                return Err(missing(&trace));
            }
            let mut said = self.said.lock().unwrap();
            let said = said.entry(trace).or_default();
            match change {
                AnnotationChange::Tag { name, value: Some(value) } => drop(said.tags.insert(name, value)),
                AnnotationChange::Tag { name, value: None } => drop(said.tags.remove(&name)),
                AnnotationChange::Assess(assessment) => {
                    said.assessments.retain(|known| known.id != assessment.id);
                    said.assessments.push(assessment);
                }
                AnnotationChange::Withdraw(id) => {
                    let before = said.assessments.len();
                    said.assessments.retain(|known| known.id != id);
                    if said.assessments.len() == before {
                        return Err(missing(&id.0.to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        let batch = SpanBatch { trace: trace.to_owned(), spans: vec![announcement] };
        self.put_spans(experiment, vec![batch]).await?;
        self.annotate(Annotation::all(trace, said)).await
    }

    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            found.push(match self.info(id) {
                Some(info) => Some(FoundTrace { info, spans: TraceStore::spans(self, id, 0, spans).await? }),
                None => None,
            });
        }
        Ok(found)
    }

    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        if !self.has(id) {
            return Err(missing(id));
        }
        let puts = self.puts.borrow();
        let batches = puts.iter().flat_map(|(_, batches)| batches).filter(|batch| batch.trace == id);
        let spans = batches.flat_map(|batch| batch.spans.iter().cloned());
        Ok(spans.skip(skip).take(limit).collect())
    }

    async fn announcement(&self, _: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        Ok(None)
    }

    async fn search(&self, _: &Query, _: Option<&Cursor>, _: usize) -> Result<Page, StoreError> {
        Err(missing("search"))
    }

    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError> {
        let there = ids.iter().filter(|id| self.has(id)).count();
        self.puts.send_modify(|puts| {
            puts.iter_mut().for_each(|(_, batches)| batches.retain(|batch| !ids.contains(&batch.trace)));
        });
        Ok(there as u64)
    }

    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut found = BTreeMap::<String, u64>::new();
        for (experiment, batches) in &*self.puts.borrow() {
            *found.entry(experiment.clone()).or_default() += batches.len() as u64;
        }
        Ok(found.into_iter().collect())
    }
}
