//! Experiments, runs, metrics, logged models.

use std::collections::{BTreeMap, HashMap};

use model::app::{AppMetric, AppStatus, AppVersion};
use model::tracking::{DatasetName, Experiment, MadeVersion, Metric, RunDataset, TrackedRun};
use rusqlite::{Row, params};

use super::{PAGE, Sqlite, WORKSPACE, begins, page};
use crate::Error;
use crate::source::Page;
use crate::wire::tracked::{lifecycle, status};

/// Points of a page.
const POINTS: usize = 5000;

/// A model, and the data it was measured with, by time and step of the points of one metric.
type OfModels = HashMap<(i64, i64), (String, Option<DatasetName>)>;

impl Sqlite {
    /// One of a workspace has that before its name: names are of one workspace there, and of one store here.
    pub(super) fn all_experiments(&self) -> Result<Vec<Experiment>, Error> {
        let sql = format!(
            "SELECT experiment_id, name, artifact_location, lifecycle_stage, {}, {}, {} FROM experiments ORDER BY experiment_id",
            self.column("experiments", "creation_time"),
            self.column("experiments", "last_update_time"),
            self.column("experiments", "workspace"),
        );
        let mut experiments = self.rows(&sql, [], |row| {
            let (name, workspace): (String, Option<String>) = (row.get(1)?, row.get(6)?);
            let workspace = workspace.filter(|workspace| workspace != WORKSPACE);
            Ok(Experiment {
                id: row.get::<_, i64>(0)?.to_string(),
                name: workspace.map_or_else(|| name.clone(), |workspace| format!("{workspace}/{name}")),
                traces: String::new(),
                location: row.get(2)?,
                tags: Default::default(),
                lifecycle: lifecycle(row.get::<_, Option<String>>(3)?.as_deref()),
                created: row.get::<_, Option<i64>>(4)?.unwrap_or_default(),
                updated: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
            })
        })?;
        for experiment in &mut experiments {
            experiment.tags =
                self.pairs("SELECT key, value FROM experiment_tags WHERE experiment_id = ?", [&experiment.id])?;
        }
        Ok(experiments)
    }

    pub(super) fn page_of_runs(&self, experiment: &str, after: Option<&str>) -> Result<Page<TrackedRun>, Error> {
        let sql = "SELECT rowid, run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri \
                   FROM runs WHERE experiment_id = ? AND rowid > ? ORDER BY rowid LIMIT ?";
        let rows = self.rows(sql, params![experiment, begins(after), PAGE as i64], |row| {
            let text = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
            let run = TrackedRun {
                id: row.get(1)?,
                experiment: experiment.to_owned(),
                location: row.get(8)?,
                name: text(2)?,
                user: text(3)?,
                status: status(&text(4)?),
                started: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
                ended: row.get(6)?,
                lifecycle: lifecycle(Some(&text(7)?)),
                params: Default::default(),
                tags: Default::default(),
                metrics: Default::default(),
                datasets: Vec::new(),
                used: Vec::new(),
                made: Vec::new(),
            };
            Ok((row.get(0)?, run))
        })?;
        let mut runs = page(rows, PAGE);
        for run in &mut runs.items {
            run.params = self.pairs("SELECT key, value FROM params WHERE run_uuid = ?", [&run.id])?;
            run.tags = self.pairs("SELECT key, value FROM tags WHERE run_uuid = ?", [&run.id])?;
            if run.name.is_empty() {
                run.name = run.tags.get("mlflow.runName").cloned().unwrap_or_default();
            }
            self.add_inputs(run)?;
            let sql = "SELECT key, value, is_nan, timestamp, step FROM latest_metrics WHERE run_uuid = ?";
            let latest = self.rows(sql, [&run.id], |row| metric(row, 0))?;
            run.metrics = latest.into_iter().map(|metric| (metric.key.clone(), metric)).collect();
            for metric in run.metrics.values_mut() {
                let of_models = self.of_models(&run.id, &metric.key, &run.used, &run.made)?;
                add_model(metric, &of_models);
            }
        }
        Ok(runs)
    }

    fn add_inputs(&self, run: &mut TrackedRun) -> Result<(), Error> {
        if !self.has("inputs") {
            return Ok(());
        }
        let sql = "SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, \
                   d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id \
                   WHERE i.destination_id = ? AND i.destination_type = 'RUN' AND i.source_type = 'DATASET' ORDER BY i.rowid";
        let datasets = self.rows(sql, [&run.id], |row| {
            let dataset = RunDataset {
                name: DatasetName { name: row.get(1)?, digest: row.get(2)? },
                source_type: row.get(3)?,
                source: row.get(4)?,
                schema: row.get(5)?,
                profile: row.get(6)?,
                tags: Default::default(),
            };
            Ok((row.get::<_, String>(0)?, dataset))
        })?;
        for (input, mut dataset) in datasets {
            dataset.tags = self.pairs("SELECT name, value FROM input_tags WHERE input_uuid = ?", [&input])?;
            run.datasets.push(dataset);
        }
        (run.used, run.made) = self.models_of(&run.id)?;
        Ok(())
    }

    /// The models that went into a run, and those that came out of it.
    fn models_of(&self, run: &str) -> Result<(Vec<String>, Vec<MadeVersion>), Error> {
        if !self.has("inputs") {
            return Ok((Vec::new(), Vec::new()));
        }
        let sql = format!(
            "SELECT destination_type, destination_id, {} FROM inputs WHERE source_id = ? AND source_type IN ('RUN_INPUT', \
             'RUN_OUTPUT') ORDER BY rowid",
            self.column("inputs", "step"),
        );
        let models = self.rows(&sql, [run], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?.unwrap_or_default()))
        })?;
        let (mut used, mut made) = (Vec::new(), Vec::new());
        for (kind, id, step) in models {
            match kind.as_str() {
                "MODEL_INPUT" => used.push(id),
                _ => made.push(MadeVersion { id, step }),
            }
        }
        Ok((used, made))
    }

    /// Of which models, among what went into a run or came out of it, the points of a metric say something.
    fn of_models(&self, run: &str, key: &str, used: &[String], made: &[MadeVersion]) -> Result<OfModels, Error> {
        let mut points = OfModels::new();
        if !self.has("logged_model_metrics") {
            return Ok(points);
        }
        for model in used.iter().chain(made.iter().map(|made| &made.id)) {
            for point in self.measured("model_id = ? AND metric_name = ? AND run_id = ?", &[model, key, run])? {
                let of = (model.clone(), point.dataset);
                points.entry((point.timestamp, point.step)).or_insert(of);
            }
        }
        Ok(points)
    }

    fn measured(&self, condition: &str, of: &[&str]) -> Result<Vec<AppMetric>, Error> {
        let sql = format!(
            "SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, run_id, dataset_name, dataset_digest \
             FROM logged_model_metrics WHERE {condition} ORDER BY metric_step, metric_timestamp_ms"
        );
        self.rows(&sql, rusqlite::params_from_iter(of), |row| {
            let (name, digest): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
            Ok(AppMetric {
                key: row.get(0)?,
                // SQLite has no number that is none.
                value: row.get::<_, Option<f64>>(1)?.unwrap_or(f64::NAN),
                timestamp: row.get(2)?,
                step: row.get(3)?,
                run: row.get(4)?,
                dataset: name.map(|name| DatasetName { name, digest: digest.unwrap_or_default() }),
            })
        })
    }

    pub(super) fn page_of_history(&self, run: &str, key: &str, after: Option<&str>) -> Result<Page<Metric>, Error> {
        let sql = "SELECT rowid, key, value, is_nan, timestamp, step FROM metrics \
                   WHERE run_uuid = ? AND key = ? AND rowid > ? ORDER BY rowid LIMIT ?";
        let rows =
            self.rows(sql, params![run, key, begins(after), POINTS as i64], |row| Ok((row.get(0)?, metric(row, 1)?)))?;
        let mut points = page(rows, POINTS);
        let (used, made) = self.models_of(run)?;
        let of_models = self.of_models(run, key, &used, &made)?;
        points.items.iter_mut().for_each(|metric| add_model(metric, &of_models));
        Ok(points)
    }

    pub(super) fn page_of_models(
        &self,
        experiment: &str,
        after: Option<&str>,
    ) -> Result<Page<(AppVersion, String)>, Error> {
        if !self.has("logged_models") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = "SELECT rowid, model_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, \
                   lifecycle_stage, model_type, source_run_id FROM logged_models WHERE experiment_id = ? AND rowid > ? \
                   ORDER BY rowid LIMIT ?";
        let rows = self.rows(sql, params![experiment, begins(after), PAGE as i64], |row| {
            let text = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
            let updated: i64 = row.get(5)?;
            let model = AppVersion {
                id: row.get(1)?,
                experiment: experiment.to_owned(),
                name: text(2)?,
                kind: text(8)?,
                run: text(9)?,
                status: match row.get::<_, i64>(6)? {
                    2 => AppStatus::Ready,
                    3 => AppStatus::Failed,
                    _ => AppStatus::Pending,
                },
                tags: Default::default(),
                params: Default::default(),
                metrics: Vec::new(),
                created: row.get(4)?,
                updated,
                deleted: (text(7)? == "deleted").then_some(updated),
            };
            Ok((row.get(0)?, (model, text(3)?)))
        })?;
        let mut models = page(rows, PAGE);
        for (model, _) in &mut models.items {
            let of = [&model.id];
            model.tags = self.pairs("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?", of)?;
            model.params =
                self.pairs("SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?", of)?;
            let mut latest = BTreeMap::new();
            for metric in self.measured("model_id = ?", &[&model.id])? {
                // The latest comes last.
                let dataset = metric.dataset.clone().map(|dataset| (dataset.name, dataset.digest));
                latest.insert((metric.key.clone(), metric.run.clone(), dataset), metric);
            }
            model.metrics = latest.into_values().collect();
        }
        Ok(models)
    }
}

/// A point, of columns from this one on.
fn metric(row: &Row<'_>, from: usize) -> rusqlite::Result<Metric> {
    let is_nan: bool = row.get(from + 2)?;
    let value = row.get::<_, Option<f64>>(from + 1)?;
    Ok(Metric {
        key: row.get(from)?,
        value: value.filter(|_| !is_nan).unwrap_or(f64::NAN),
        timestamp: row.get::<_, Option<i64>>(from + 3)?.unwrap_or_default(),
        step: row.get(from + 4)?,
        app_version: None,
        dataset: None,
    })
}

fn add_model(metric: &mut Metric, of_models: &OfModels) {
    if let Some((model, dataset)) = of_models.get(&(metric.timestamp, metric.step)) {
        (metric.app_version, metric.dataset) = (Some(model.clone()), dataset.clone());
    }
}
