//! From a store to MLflow's server.
//!
//! Runs, versions and datasets get ids there that are not theirs here. So what is made there has a tag with the id that it
//! has here ([`ID`]), by which it is found again; what names them is translated.

mod named;
mod traces;
mod tracked;

use std::collections::HashMap;

use model::app::AppMetric;
use model::ports::{BlobStore, TraceStore};
use model::tracking::{Experiment, Lifecycle};
use registry::Registry;
use serde_json::json;

use crate::place::{Access, Place};
use crate::report::Kind;
use crate::rest::Rest;
use crate::rest::client::Request;
use crate::wire::pairs;
use crate::{Error, Report};
use tracked::{TO_BE_DELETED, WHOLE};

/// The tag of what was made there: its id here.
pub(crate) const ID: &str = "karat.id";

/// What is carried over.
pub struct Origin<'a> {
    pub registry: &'a Registry,
    pub traces: &'a dyn TraceStore,
    pub blobs: &'a dyn BlobStore,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// Carries over everything that MLflow has a place for. `told` is called again and again with what has gone so far.
///
/// # Errors
///
/// Fails where the place is no server, or can't be written any more. What went before is there; to begin anew goes on.
pub async fn export(
    from: &Origin<'_>,
    to: &Place,
    access: Access,
    told: &mut (dyn FnMut(&Report) + Send),
) -> Result<Report, Error> {
    let Place::Server { uri, access: own } = to else {
        let error = Error::place("only a server of MLflow's can be written to");
        return Err(error.hint("start one, and name its address, such as `http://127.0.0.1:5000`"));
    };
    let there = Rest::open(uri, own.or(access)).await?;
    let report = Report::default();
    let (runs, models, measured) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut exporting = Exporting { from, there, report, told, experiments: HashMap::new(), runs, models, measured };
    exporting.everything().await?;
    Ok(exporting.report)
}

struct Exporting<'a> {
    from: &'a Origin<'a>,
    there: Rest,
    report: Report,
    told: &'a mut (dyn FnMut(&Report) + Send),
    /// Ids there, by ids here.
    experiments: HashMap<String, String>,
    runs: HashMap<String, String>,
    models: HashMap<String, String>,
    /// What runs here have measured of versions, each with the version's id there.
    measured: HashMap<String, Vec<(String, AppMetric)>>,
}

impl Exporting<'_> {
    async fn everything(&mut self) -> Result<(), Error> {
        let traced = self.from.traces.experiments().await?;
        let traced: Vec<String> = traced.into_iter().map(|(name, _)| name).collect();
        self.from.registry.adopt(&traced, self.from.now).await?;
        let mut experiments = self.from.registry.experiments().await?;
        experiments.sort_by_key(|experiment| (experiment.created, experiment.id.clone()));
        let known = self.there.all_experiments().await?;
        for experiment in &experiments {
            let Some(is_to_go) = self.experiment(experiment, &known).await? else { continue };
            self.tracked(experiment).await?;
            self.traces(experiment).await?;
            if is_to_go {
                let there = json!({ "experiment_id": self.experiments[&experiment.id] });
                self.there.client.done(Request::ask("api/2.0/mlflow/experiments/delete", there)).await?;
            }
            self.count_others(experiment).await?;
        }
        self.datasets().await?;
        self.prompts().await
    }

    /// Returns whether it is deleted there once everything is in it; none where nothing can be put into it.
    async fn experiment(&mut self, here: &Experiment, known: &[Experiment]) -> Result<Option<bool>, Error> {
        let is_deleted = here.lifecycle == Lifecycle::Deleted;
        let mut tags = here.tags.clone();
        tags.remove(WHOLE);
        if let Some(there) = known.iter().find(|there| there.name == here.name) {
            if there.lifecycle == Lifecycle::Deleted {
                if !is_deleted {
                    self.report.leave_out(
                        Kind::Experiment,
                        &here.name,
                        "it is deleted there; `mlflow experiments restore` first",
                    );
                } else {
                    self.report.add(Kind::Experiment, 0, 1);
                }
                return Ok(None);
            }
            self.experiments.insert(here.id.clone(), there.id.clone());
            self.report.add(Kind::Experiment, 0, 1);
            for (tag, value) in tags.iter().filter(|(tag, _)| !there.tags.contains_key(*tag)) {
                let tag = json!({ "experiment_id": there.id, "key": tag, "value": value });
                self.there.client.done(Request::ask("api/2.0/mlflow/experiments/set-experiment-tag", tag)).await?;
            }
            let is_cut_off = there.tags.get(WHOLE).is_some_and(|whole| whole == TO_BE_DELETED);
            return Ok(Some(is_deleted && is_cut_off));
        }
        if is_deleted {
            tags.insert(WHOLE.to_owned(), TO_BE_DELETED.to_owned());
        }
        let mut body = json!({ "name": here.name, "tags": pairs(&tags) });
        if let Some(location) = &here.location {
            body["artifact_location"] = json!(location);
        }
        let made: serde_json::Value =
            self.there.client.json(Request::make("api/2.0/mlflow/experiments/create", body)).await?;
        let id = made["experiment_id"].as_str().unwrap_or_default().to_owned();
        self.experiments.insert(here.id.clone(), id);
        self.report.add(Kind::Experiment, 1, 0);
        Ok(Some(is_deleted))
    }

    /// What stays here.
    async fn count_others(&mut self, experiment: &Experiment) -> Result<(), Error> {
        let registry = self.from.registry;
        let why = "only `karat import` carries them so far; make them anew there";
        let scorers = registry.scorers(Some(&experiment.id)).await?;
        scorers.iter().for_each(|(scorer, _)| self.report.leave_out(Kind::Scorer, &scorer.name, why));
        for queue in registry.review_queues(&experiment.id).await? {
            self.report.leave_out(Kind::ReviewQueue, queue.name, why);
        }
        for issue in registry.issues(Some(&experiment.id)).await? {
            self.report.leave_out(Kind::Issue, issue.name, why);
        }
        Ok(())
    }

    fn tell(&mut self) {
        (self.told)(&self.report);
    }

    /// Whether something was done; what is refused is left out.
    fn done<T>(&mut self, kind: Kind, name: &str, done: Result<T, Error>) -> Result<Option<T>, Error> {
        match done {
            Ok(made) => Ok(Some(made)),
            Err(error) if error.is_of_one() => {
                self.report.leave_out(kind, name, error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
