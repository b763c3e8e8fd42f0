//! Experiments, runs, metrics, logged models.

use model::app::AppVersion;
use model::tracking::{Experiment, Metric, TrackedRun};
use serde::Deserialize;
use serde_json::json;

use super::client::Request;
use super::{PAGE, Rest};
use crate::Error;
use crate::source::Page;
use crate::wire::tracked::{ExperimentRead, LoggedModelRead, MetricRead, RunRead};

/// Points of a page.
const POINTS: usize = 5000;

/// The most versions that MLflow answers at once.
const MODELS: usize = 50;

#[derive(Deserialize)]
struct GotRun {
    run: RunRead,
}

impl Rest {
    pub(crate) async fn all_experiments(&self) -> Result<Vec<Experiment>, Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let body = json!({ "max_results": 1000, "view_type": "ALL", "order_by": ["creation_time ASC"], "page_token": after });
            let request = Request::ask("api/2.0/mlflow/experiments/search", body);
            let page = self.page(request, "experiments", |read: ExperimentRead| Ok(read.into())).await?;
            if let Some((name, why)) = page.broken.into_iter().next() {
                return Err(Error::place(format!("an experiment can't be read: {why}: {name}")));
            }
            all.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// The oldest come first, so that what begins meanwhile comes behind.
    pub(crate) async fn page_of_runs(&self, experiment: &str, after: Option<&str>) -> Result<Page<TrackedRun>, Error> {
        let body = json!({
            "experiment_ids": [experiment], "run_view_type": "ALL", "max_results": PAGE,
            "order_by": ["attributes.start_time ASC"], "page_token": after,
        });
        let request = Request::ask("api/2.0/mlflow/runs/search", body);
        self.page(request, "runs", |read: RunRead| Ok(read.into())).await
    }

    pub(crate) async fn run(&self, id: &str) -> Result<TrackedRun, Error> {
        let request = Request::get("api/2.0/mlflow/runs/get").query("run_id", id);
        let answer: GotRun = self.client.json(request).await?;
        Ok(answer.run.into())
    }

    /// What went into a run: MLflow leaves models out of a list of runs.
    pub(super) async fn add_inputs(&self, run: &mut TrackedRun) -> Result<(), Error> {
        let got = self.run(&run.id).await?;
        (run.datasets, run.used, run.made) = (got.datasets, got.used, got.made);
        Ok(())
    }

    pub(super) async fn page_of_history(
        &self,
        run: &str,
        metric: &str,
        after: Option<&str>,
    ) -> Result<Page<Metric>, Error> {
        let request =
            Request::get("api/2.0/mlflow/metrics/get-history").query("run_id", run).query("metric_key", metric);
        let request = request.query("max_results", POINTS.to_string()).after(after);
        self.page(request, "metrics", |read: MetricRead| Ok(read.into())).await
    }

    pub(super) async fn page_of_models(
        &self,
        experiment: &str,
        after: Option<&str>,
    ) -> Result<Page<(AppVersion, String)>, Error> {
        let body = json!({ "experiment_ids": [experiment], "max_results": MODELS, "page_token": after });
        let request = Request::ask("api/2.0/mlflow/logged-models/search", body);
        self.page(request, "models", |read: LoggedModelRead| Ok(read.into())).await
    }
}
