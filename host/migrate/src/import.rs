//! From MLflow into a store.

mod named;
mod reviewed;
mod traces;
mod tracked;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::ports::{AnnotationChange, BlobStore, TraceStore};
use model::trace::Span;
use model::tracking::Experiment;
use registry::{Carried, Registry};
use telemetry::facts::Prices;

use crate::place::{Access, Place};
use crate::report::Kind;
use crate::rest::Rest;
use crate::source::{Page, Source};
use crate::sqlite::Sqlite;
use crate::{Error, Report};

/// Takes out of what is kept under the name of an experiment's traces what should not be kept.
pub trait Redact: Send + Sync {
    fn span(&self, experiment: &str, span: &mut Span);

    /// Likewise of what is said of a trace.
    fn change(&self, experiment: &str, change: AnnotationChange) -> AnnotationChange;
}

/// Where things go.
pub struct Destination<'a> {
    pub registry: &'a Registry,
    pub traces: &'a dyn TraceStore,
    pub blobs: &'a dyn BlobStore,
    /// What tokens of a model cost, for spans that don't say.
    pub prices: Arc<dyn Prices + Send + Sync>,
    pub redact: &'a dyn Redact,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// Carries everything over that a place has. `told` is called again and again with what has come so far.
///
/// # Errors
///
/// Fails where the place can't be read, or the store does not take something. What came before is there; to begin anew goes on.
pub async fn import(
    from: &Place,
    access: Access,
    into: &Destination<'_>,
    told: &mut (dyn FnMut(&Report) + Send),
) -> Result<Report, Error> {
    let mut source: Box<dyn Source> = match from {
        Place::Server { uri, access: own } => Box::new(Rest::open(uri, own.or(access)).await?),
        Place::Database { file, artifacts } => Box::new(Sqlite::open(file, artifacts.as_deref())?),
    };
    let mut importing = Importing { into, report: Report::default(), told, experiments: HashMap::new() };
    importing.everything(&mut *source).await?;
    Ok(importing.report)
}

struct Importing<'a> {
    into: &'a Destination<'a>,
    report: Report,
    told: &'a mut (dyn FnMut(&Report) + Send),
    /// What has become of experiments, by their ids there.
    experiments: HashMap<String, Experiment>,
}

impl Importing<'_> {
    async fn everything(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let mut experiments = source.experiments().await?;
        // Those whose numbers are free keep them: so nobody else may be given them.
        let mut taken = Names::new();
        for experiment in &experiments {
            if self.into.registry.experiment(&experiment.id).await?.is_some() {
                taken.insert(experiment.id.clone());
            }
        }
        experiments.sort_by_key(|experiment| taken.contains(&experiment.id));
        for experiment in &experiments {
            let brought =
                Experiment { location: tracked::foreign(experiment.location.as_deref()), ..experiment.clone() };
            let (here, carried) = self.into.registry.carry_experiment(&brought, self.into.now).await?;
            self.count(Kind::Experiment, carried);
            self.experiments.insert(experiment.id.clone(), here);
        }
        // What has versions goes before what speaks of them.
        for experiment in &experiments {
            self.models(source, &experiment.id).await?;
            let runs = self.runs(source, &experiment.id).await?;
            if self.traces(source, &experiment.id).await? {
                self.links(source, &experiment.id, &runs).await?;
            }
            self.scorers(source, &experiment.id).await?;
            self.reviews(source, &experiment.id).await?;
            self.issues(source, &experiment.id).await?;
        }
        self.datasets(source).await?;
        self.prompts(source).await?;
        source.others(&mut self.report).await
    }

    /// The id here of an experiment there.
    fn experiment(&self, id: &str) -> Option<String> {
        self.experiments.get(id).map(|experiment| experiment.id.clone())
    }

    fn count(&mut self, kind: Kind, carried: Carried) {
        match carried {
            Carried::New => self.report.add(kind, 1, 0),
            Carried::Known | Carried::Other => self.report.add(kind, 0, 1),
        }
    }

    fn tell(&mut self) {
        (self.told)(&self.report);
    }

    /// What is in a page, and where the next one begins. A list that there is nothing of is empty, and one that is refused
    /// is left out.
    fn taken<T>(
        &mut self,
        kind: Kind,
        of: &str,
        page: Result<Page<T>, Error>,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        self.tell();
        match page {
            Ok(Page { items, next, broken }) => {
                broken.into_iter().for_each(|(name, why)| self.report.leave_out(kind, name, why));
                Ok((items, next))
            }
            Err(Error::Unknown) => Ok((Vec::new(), None)),
            Err(error) if error.is_of_one() => {
                self.report.leave_out(kind, format!("those of {of}"), error);
                Ok((Vec::new(), None))
            }
            Err(error) => Err(error),
        }
    }
}

/// Names that were seen.
type Names = HashSet<String>;
