//! Runs with their histories, versions of applications, and the files of both.

use model::tracking::TrackedRun;

use super::{Importing, Names};
use crate::Error;
use crate::artifacts::{self, Copied};
use crate::report::Kind;
use crate::source::{Owner, Source};

/// The most points that go in one change.
const POINTS: usize = 1000;

/// Where clients put files themselves: none where MLflow's server keeps them, as ours does here, or a disk that is not ours.
pub(super) fn foreign(uri: Option<&str>) -> Option<String> {
    let uri = uri?;
    let (scheme, _) = uri.split_once(':')?;
    (!matches!(scheme, "mlflow-artifacts" | "file") && uri.contains("://")).then(|| uri.to_owned())
}

impl Importing<'_> {
    /// Returns the ids of those that are runs.
    pub(super) async fn runs(&mut self, source: &mut dyn Source, experiment: &str) -> Result<Names, Error> {
        let (mut seen, mut after) = (Names::new(), None);
        loop {
            let page = source.runs(experiment, after.as_deref()).await;
            let (runs, next) = self.taken(Kind::Run, experiment, page)?;
            for run in runs {
                seen.insert(run.id.clone());
                self.run(source, run).await?;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(seen),
            }
        }
    }

    /// Everything that belongs to a run goes before it: so one that is here is whole, but for what is noted as lacking.
    async fn run(&mut self, source: &mut dyn Source, mut run: TrackedRun) -> Result<(), Error> {
        let uri = run.location.take().unwrap_or_default();
        run.location = foreign(Some(&uri));
        // It says the name once more, as does whoever shows a run.
        run.tags.remove("mlflow.runName");
        run.experiment = self.experiment(&run.experiment).unwrap_or_default();
        let registry = self.into.registry;
        let is_known = registry.has_carried(&run).await?;
        let left_out = self.report.count_left_out();
        if !is_known {
            let completed = source.complete(&mut run).await;
            match completed {
                Err(error) if error.is_of_one() => {
                    self.report.leave_out(Kind::Run, format!("what went into {}", run.id), error)
                }
                completed => completed?,
            }
            for metric in run.metrics.keys() {
                self.history(source, &run.id, metric).await?;
            }
            let to = format!("{}/{}/artifacts", run.experiment, run.id);
            self.files(source, &Owner::Run(run.id.clone()), &uri, &to).await?;
        }
        let is_lacking = self.report.count_left_out() > left_out;
        if is_lacking {
            registry.note_lacking(&run.id, true).await?;
        }
        let carried = registry.carry_run(&run).await?;
        if !is_known && !is_lacking {
            registry.note_lacking(&run.id, false).await?;
        }
        self.count(Kind::Run, carried);
        Ok(())
    }

    async fn history(&mut self, source: &mut dyn Source, run: &str, metric: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.history(run, metric, after.as_deref()).await;
            let (points, next) = self.taken(Kind::MetricPoint, &format!("`{metric}` of run {run}"), page)?;
            for points in points.chunks(POINTS) {
                self.into.registry.carry_metrics(run, points).await?;
                self.report.add(Kind::MetricPoint, points.len() as u64, 0);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    pub(super) async fn models(&mut self, source: &mut dyn Source, experiment: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.models(experiment, after.as_deref()).await;
            let (models, next) = self.taken(Kind::LoggedModel, experiment, page)?;
            for (mut model, uri) in models {
                model.experiment = self.experiment(&model.experiment).unwrap_or_default();
                let to = format!("{}/models/{}/artifacts", model.experiment, model.id);
                self.files(source, &Owner::Model(model.id.clone()), &uri, &to).await?;
                let carried = self.into.registry.carry_app(&model).await?;
                self.count(Kind::LoggedModel, carried);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn files(&mut self, source: &mut dyn Source, owner: &Owner, uri: &str, to: &str) -> Result<(), Error> {
        let registry = self.into.registry;
        let Copied { new, known, broken } = artifacts::copy(source, owner, uri, registry, self.into.blobs, to).await?;
        self.report.add(Kind::File, new, known);
        for (name, why) in broken {
            self.report.leave_out(Kind::File, name, why);
        }
        Ok(())
    }
}
