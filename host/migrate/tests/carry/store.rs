//! A store that things are carried into, and everything that is in one.

use std::sync::Arc;

use migrate::{Access, Destination, Error, Origin, Place, Redact, Report, export, import};
use model::ports::{AnnotationChange, BlobStore, DocumentStore, TraceStore};
use model::prompt::Prompt;
use model::search::Query;
use model::trace::Span;
use model::tracking::{Experiment, Metric, TrackedRun};
use registry::Registry;
use storage::{EmbeddedStore, MemoryStore};
use telemetry::facts::NoPrices;

/// Takes nothing out.
struct Nothing;

impl Redact for Nothing {
    fn span(&self, _experiment: &str, _span: &mut Span) {}

    fn change(&self, _experiment: &str, change: AnnotationChange) -> AnnotationChange {
        change
    }
}

/// What the clock says.
pub(crate) const NOW: i64 = 1_800_000_000_000;

pub(crate) struct Kept {
    pub(crate) registry: Registry,
    pub(crate) traces: Arc<dyn TraceStore>,
    pub(crate) documents: Arc<dyn DocumentStore>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    _folder: Option<tempfile::TempDir>,
}

impl Kept {
    pub(crate) fn on_disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(EmbeddedStore::open(&folder.path().join("store")).unwrap());
        Self::of(store.clone(), store.clone(), store, Some(folder))
    }

    pub(crate) fn in_memory() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::of(store.clone(), store.clone(), store, None)
    }

    fn of(
        traces: Arc<dyn TraceStore>,
        documents: Arc<dyn DocumentStore>,
        blobs: Arc<dyn BlobStore>,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        Self { registry: Registry::of(documents.clone(), blobs.clone()), traces, documents, blobs, _folder: folder }
    }

    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination {
            registry: &self.registry,
            traces: &*self.traces,
            blobs: &*self.blobs,
            prices: Arc::new(NoPrices),
            redact: &Nothing,
            now: NOW,
        }
    }

    pub(crate) async fn import(&self, from: &Place) -> Result<Report, Error> {
        import(from, Access::Open, &self.destination(), &mut |_| {}).await
    }

    pub(crate) async fn export(&self, to: &Place) -> Result<Report, Error> {
        let from = Origin { registry: &self.registry, traces: &*self.traces, blobs: &*self.blobs, now: NOW };
        export(&from, to, Access::Open, &mut |_| {}).await
    }

    pub(crate) async fn experiment(&self, name: &str) -> Experiment {
        self.registry.experiment_by_name(name).await.unwrap().unwrap()
    }

    /// A line for each thing that is kept. Of which version a point says something the version tells: an API does not.
    pub(crate) async fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut experiments = self.registry.experiments().await.unwrap();
        experiments.sort_by(|a, b| a.id.cmp(&b.id));
        for experiment in experiments {
            all.push(format!("{experiment:?}"));
            for run in self.registry.runs(&experiment.id).await.unwrap() {
                for metric in run.metrics.keys() {
                    let history = self.registry.metric_history(&run.id, metric, None, usize::MAX).await.unwrap();
                    all.extend(history.points.into_iter().map(|point| format!("{} {:?}", run.id, alone(point))));
                }
                let metrics = run.metrics.into_iter().map(|(key, point)| (key, alone(point))).collect();
                all.push(format!("{:?}", TrackedRun { metrics, ..run }));
            }
            all.extend(self.registry.apps(&experiment.id).await.unwrap().iter().map(|app| format!("{app:?}")));
            let of = &experiment.id;
            all.extend(self.registry.scorers(Some(of)).await.unwrap().iter().map(|scorer| format!("{scorer:?}")));
            all.extend(
                self.registry
                    .label_schemas(of, 9600)
                    .await
                    .unwrap()
                    .iter()
                    .filter(|one| !one.is_default)
                    .map(|one| format!("{one:?}")),
            );
            for queue in self.registry.review_queues(of).await.unwrap() {
                let items = self.registry.review_items(&queue.id).await.unwrap();
                all.extend(items.iter().map(|item| format!("{item:?}")));
                all.push(format!("{queue:?}"));
            }
            all.extend(self.registry.issues(Some(of)).await.unwrap().iter().map(|issue| format!("{issue:?}")));
        }
        for dataset in self.registry.datasets().await.unwrap() {
            let records = self.registry.records(&dataset.id, None, usize::MAX).await.unwrap();
            all.extend(records.iter().map(|record| format!("{record:?}")));
            all.push(format!("{dataset:?}"));
        }
        // Which versions there were, only a database knows.
        let prompts = self.registry.prompts().await.unwrap().into_iter();
        all.extend(prompts.map(|prompt| format!("{:?}", Prompt { last: 0, ..prompt })));
        all.extend(self.registry.prompt_versions(None).await.unwrap().iter().map(|version| format!("{version:?}")));
        all.extend(self.traced().await);
        all.extend(self.files("").await);
        all
    }

    /// Traces with their spans.
    pub(crate) async fn traced(&self) -> Vec<String> {
        let mut all = Vec::new();
        let page = self.traces.search(&Query::default(), None, 1000).await.unwrap();
        for trace in page.traces {
            for (span, _) in self.traces.spans(&trace.id, 0, 1000).await.unwrap() {
                all.push(format!("{} {span:?}", trace.id));
            }
            all.push(format!("{trace:?}"));
        }
        all
    }

    pub(crate) async fn files(&self, folder: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in self.registry.artifacts(&folder).await.unwrap() {
                let path = format!("{folder}/{}", entry.name);
                match entry.bytes {
                    None => folders.push(path),
                    Some(_) => all.push(format!("{:?}", self.registry.artifact(&path).await.unwrap())),
                }
            }
        }
        all.sort();
        all
    }
}

fn alone(point: Metric) -> Metric {
    Metric { app_version: None, dataset: None, ..point }
}
