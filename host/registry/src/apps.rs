//! Versions of applications.
//!
//! One lies with the others of its experiment, since that is where it is looked for; an index has the experiment of each id.

use std::collections::BTreeMap;

use model::app::{AppMetric, AppStatus, AppVersion};
use model::document::Kind;
use model::tracking::Metric;
use uuid::Uuid;

use crate::changing::added;
use crate::{Error, Registry, key};

/// What indexes of versions begin with.
pub(crate) const APPS: &str = "app";

/// What whoever makes a version says.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    pub experiment: String,
    pub name: String,
    pub kind: String,
    pub run: String,
    pub tags: BTreeMap<String, String>,
    pub params: BTreeMap<String, String>,
}

impl Registry {
    pub async fn create_app(&self, new: NewApp, now: i64) -> Result<AppVersion, Error> {
        let NewApp { experiment, name, kind, run, tags, params } = new;
        let app = AppVersion {
            id: format!("m-{}", Uuid::new_v4().simple()),
            experiment,
            name,
            kind,
            run,
            status: AppStatus::Pending,
            tags,
            params,
            metrics: Vec::new(),
            created: now,
            updated: now,
            deleted: None,
        };
        let (key, index) = (key::of(&[&app.experiment, &app.id])?, key::of(&[APPS, &app.id])?);
        self.change(&index, async || {
            let index = added(Kind::Index, index.clone(), &app.experiment)?;
            Ok((vec![added(Kind::AppVersion, key.clone(), &app)?, index], app.clone()))
        })
        .await
    }

    /// A version that is not deleted.
    ///
    /// # Errors
    ///
    /// `Missing` where there is none with this id; so do all that follow.
    pub async fn app(&self, id: &str) -> Result<AppVersion, Error> {
        let app = self.app_or_deleted(id).await?;
        match app.deleted {
            None => Ok(app),
            Some(_) => Err(Error::missing("app version", id)),
        }
    }

    /// A version, deleted or not.
    pub async fn app_or_deleted(&self, id: &str) -> Result<AppVersion, Error> {
        let found = self.find(Kind::AppVersion, &self.app_key(id).await?).await?;
        found.map(|found| found.value).ok_or_else(|| Error::missing("app version", id))
    }

    /// All versions of an experiment that are not deleted.
    pub async fn apps(&self, experiment: &str) -> Result<Vec<AppVersion>, Error> {
        let found = self.all::<AppVersion>(Kind::AppVersion, &key::below(&[experiment])?).await?;
        Ok(found.into_iter().map(|found| found.value).filter(|app| app.deleted.is_none()).collect())
    }

    pub async fn set_app_status(&self, id: &str, status: AppStatus, now: i64) -> Result<AppVersion, Error> {
        self.alter_app(id, |app| {
            (app.status, app.updated) = (status, now);
            Ok(())
        })
        .await
    }

    pub async fn delete_app(&self, id: &str, now: i64) -> Result<(), Error> {
        self.alter_app(id, |app| {
            (app.deleted, app.updated) = (Some(now), now);
            Ok(())
        })
        .await
        .map(drop)
    }

    pub async fn tag_app(&self, id: &str, tags: &BTreeMap<String, String>) -> Result<AppVersion, Error> {
        self.alter_app(id, |app| {
            app.tags.extend(tags.clone());
            Ok(())
        })
        .await
    }

    /// # Errors
    ///
    /// `Missing` of the `tag`, too, where there is no such tag.
    pub async fn delete_app_tag(&self, id: &str, tag: &str) -> Result<(), Error> {
        let delete = |app: &mut AppVersion| app.tags.remove(tag).map(drop).ok_or_else(|| Error::missing("tag", tag));
        self.alter_app(id, delete).await.map(drop)
    }

    /// Adds parameters. That one is said again as it is means nothing.
    ///
    /// # Errors
    ///
    /// `Invalid` where one of them has another value.
    pub async fn add_app_params(&self, id: &str, params: &BTreeMap<String, String>) -> Result<AppVersion, Error> {
        self.alter_app(id, |app| {
            for (param, value) in params {
                if app.params.get(param).is_some_and(|there| there != value) {
                    return Err(Error::invalid(format!("the parameter `{param}` of `{id}` has another value already")));
                }
                app.params.insert(param.clone(), value.clone());
            }
            Ok(())
        })
        .await
    }

    /// Takes note of numbers that were measured: of each key, run and dataset, the latest. The same may come twice.
    pub async fn add_app_metrics(&self, id: &str, metrics: &[AppMetric]) -> Result<(), Error> {
        self.alter_app(id, |app| {
            keep_latest(app, metrics);
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Takes note of what a run logged of versions. What it says of one that is not there is the run's alone.
    pub(crate) async fn note_metrics(&self, run: &str, metrics: &[Metric]) -> Result<(), Error> {
        let mut by_version: BTreeMap<&str, Vec<AppMetric>> = BTreeMap::new();
        for metric in metrics {
            let Some(version) = &metric.app_version else { continue };
            let Metric { key, value, timestamp, step, dataset, .. } = metric.clone();
            let run = Some(run.to_owned());
            by_version.entry(version).or_default().push(AppMetric { key, value, timestamp, step, run, dataset });
        }
        for (version, metrics) in by_version {
            match self.add_app_metrics(version, &metrics).await {
                Ok(()) | Err(Error::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is deleted does not change any more.
    async fn alter_app(
        &self,
        id: &str,
        change: impl Fn(&mut AppVersion) -> Result<(), Error>,
    ) -> Result<AppVersion, Error> {
        let missing = || Error::missing("app version", id);
        let change = |app: &mut AppVersion| if app.deleted.is_some() { Err(missing()) } else { change(app) };
        self.alter(Kind::AppVersion, &self.app_key(id).await?, missing, change).await
    }

    async fn app_key(&self, id: &str) -> Result<String, Error> {
        let experiment = self.find::<String>(Kind::Index, &key::of(&[APPS, id])?).await?;
        let experiment = experiment.ok_or_else(|| Error::missing("app version", id))?;
        key::of(&[&experiment.value, id])
    }
}

/// Takes numbers in: of each key, run and dataset, the latest.
pub(crate) fn keep_latest(app: &mut AppVersion, metrics: &[AppMetric]) {
    for metric in metrics {
        let is_alike = |there: &&mut AppMetric| {
            (&there.key, &there.run, &there.dataset) == (&metric.key, &metric.run, &metric.dataset)
        };
        match app.metrics.iter_mut().find(is_alike) {
            Some(there) if there.order(metric).is_lt() => *there = metric.clone(),
            Some(_) => {}
            None => app.metrics.push(metric.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::tracking::DatasetName;
    use storage::MemoryStore;

    use super::*;

    async fn with_one() -> (Registry, String) {
        let registry = Registry::new(Arc::new(MemoryStore::new()));
        let new = NewApp { experiment: "1".to_owned(), name: "agent".to_owned(), ..NewApp::default() };
        let app = registry.create_app(new, 1).await.expect("a version");
        (registry, app.id)
    }

    fn metric(key: &str, step: i64, value: f64) -> AppMetric {
        AppMetric { key: key.to_owned(), value, timestamp: 5, step, run: Some("r".to_owned()), dataset: None }
    }

    #[tokio::test]
    async fn the_latest_of_each_metric_is_kept() {
        let (registry, id) = with_one().await;
        let of_dataset = DatasetName { name: "d".to_owned(), digest: "1".to_owned() };
        let on_dataset = AppMetric { dataset: Some(of_dataset), ..metric("acc", 9, 0.1) };
        let metrics = [metric("acc", 2, 0.5), metric("acc", 1, 0.9), metric("loss", 0, f64::NAN), on_dataset];
        for _ in 0..2 {
            registry.add_app_metrics(&id, &metrics).await.expect("it is there");
        }
        let app = registry.app(&id).await.expect("it is there");
        assert_eq!(app.metrics.len(), 3);
        let value = |key: &str, is_of: fn(Option<&DatasetName>) -> bool| app.metric(key, is_of).map(|one| one.value);
        assert_eq!(value("acc", |dataset| dataset.is_none()), Some(0.5));
        assert_eq!(value("acc", |_| true), Some(0.1));
        assert!(value("loss", |_| true).expect("it is there").is_nan());
        assert_eq!(value("none", |_| true), None);
    }

    #[tokio::test]
    async fn a_parameter_keeps_its_value() {
        let (registry, id) = with_one().await;
        let params = |value: &str| BTreeMap::from([("lr".to_owned(), value.to_owned())]);
        for value in ["0.1", "0.1"] {
            registry.add_app_params(&id, &params(value)).await.expect("it is the same");
        }
        let wrong = registry.add_app_params(&id, &params("0.2")).await.expect_err("it is another").to_string();
        assert_eq!(wrong, format!("the parameter `lr` of `{id}` has another value already"));
    }

    #[tokio::test]
    async fn what_is_deleted_is_kept_for_those_who_know_it() {
        let (registry, id) = with_one().await;
        registry.delete_app(&id, 2).await.expect("it is there");
        assert!(registry.apps("1").await.expect("readable").is_empty());
        assert_eq!(registry.app_or_deleted(&id).await.expect("it is kept").deleted, Some(2));
        for done in [registry.app(&id).await.map(drop), registry.delete_app(&id, 3).await] {
            assert_eq!(done.expect_err("it is deleted").to_string(), format!("there is no app version `{id}`"));
        }
    }
}
