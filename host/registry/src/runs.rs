//! Runs that clients track: what is said of one, and what it logs.

use std::collections::BTreeMap;

use model::document::{Change, Kind};
use model::tracking::{Lifecycle, MadeVersion, Metric, RunDataset, Status, TrackedRun};

use crate::changing::{Found, added};
use crate::{Error, Registry, key, metrics};

/// What finds a run's experiment by the run's id.
pub(crate) const BY_ID: &str = "run";

/// A run that is to be.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    /// The id of its experiment.
    pub experiment: String,
    pub name: String,
    pub user: String,
    pub started: i64,
    pub tags: BTreeMap<String, String>,
}

/// What becomes of a run. What is not said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RunUpdate {
    pub name: Option<String>,
    pub status: Option<Status>,
    pub ended: Option<i64>,
}

/// What a run logs at once.
#[derive(Clone, Debug, Default)]
pub struct Logged {
    pub name: Option<String>,
    pub params: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub metrics: Vec<Metric>,
}

impl Registry {
    /// # Errors
    ///
    /// `Missing` where there is no such experiment, `Invalid` where it is deleted.
    pub async fn create_run(&self, new: NewRun) -> Result<TrackedRun, Error> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let make = || async {
            let home = self.active(&new.experiment).await?.value;
            let NewRun { experiment, name, user, started, tags } = new.clone();
            let run = TrackedRun {
                id: id.clone(),
                experiment,
                location: home.location.map(|home| format!("{}/{id}/artifacts", home.trim_end_matches('/'))),
                name,
                user,
                status: Status::Running,
                started,
                ended: None,
                lifecycle: Lifecycle::Active,
                params: BTreeMap::new(),
                tags,
                metrics: BTreeMap::new(),
                datasets: Vec::new(),
                used: Vec::new(),
                made: Vec::new(),
            };
            let changes = vec![
                added(Kind::TrackedRun, key::of(&[&run.experiment, &id])?, &run)?,
                added(Kind::Index, key::of(&[BY_ID, &id])?, &run.experiment)?,
            ];
            Ok((changes, run))
        };
        self.change(&id, make).await
    }

    pub async fn run(&self, id: &str) -> Result<Option<TrackedRun>, Error> {
        Ok(self.found_run(id).await?.map(|found| found.value))
    }

    /// All runs of an experiment, deleted ones as well, in no order that means anything.
    pub async fn runs(&self, experiment: &str) -> Result<Vec<TrackedRun>, Error> {
        let found = self.all(Kind::TrackedRun, &key::below(&[experiment])?).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// # Errors
    ///
    /// `Missing` where there is no such run, `Invalid` where it is deleted. So it is with everything that changes a run.
    pub async fn update_run(&self, id: &str, update: RunUpdate) -> Result<TrackedRun, Error> {
        let edit = |run: &mut TrackedRun| {
            let RunUpdate { name, status, ended } = update.clone();
            run.name = name.unwrap_or_else(|| run.name.clone());
            run.status = status.unwrap_or(run.status);
            run.ended = ended.or(run.ended);
            run.clone()
        };
        self.edit_run(id, edit).await
    }

    /// Deletes a run so that it can be restored; one that is deleted stays so.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such run; likewise in [`Self::restore_run`].
    pub async fn delete_run(&self, id: &str) -> Result<(), Error> {
        self.turn_run(id, Lifecycle::Deleted).await
    }

    pub async fn restore_run(&self, id: &str) -> Result<(), Error> {
        self.turn_run(id, Lifecycle::Active).await
    }

    /// Logs all of it, or nothing. What is logged already changes nothing.
    ///
    /// # Errors
    ///
    /// `Invalid` where a parameter has another value already.
    pub async fn log(&self, id: &str, logged: Logged) -> Result<(), Error> {
        let log = || async {
            let mut found = self.active_run(id).await?;
            let before = found.value.clone();
            let run = &mut found.value;
            for (key, value) in &logged.params {
                let there = run.params.entry(key.clone()).or_insert_with(|| value.clone());
                if there != value {
                    return Err(Error::invalid(format!(
                        "Changing param values is not allowed. Param with key='{key}' was already logged with \
                         value='{there}' for run ID='{id}'. Attempted logging new value '{value}'."
                    )));
                }
            }
            run.name = logged.name.clone().unwrap_or_else(|| run.name.clone());
            run.tags.extend(logged.tags.clone());
            logged.metrics.iter().for_each(|metric| metrics::keep_latest(&mut run.metrics, metric));
            let mut changes = metrics::points(id, &logged.metrics)?;
            changes.extend(changed(&found, &before)?);
            Ok((changes, ()))
        };
        self.change(id, log).await?;
        // Behind the run: whoever logs it again, since this failed, makes up for it.
        self.note_metrics(id, &logged.metrics).await
    }

    /// Gives a tag a value that is made of what it has.
    pub async fn retag_run(&self, id: &str, tag: &str, value: impl Fn(Option<&str>) -> String) -> Result<(), Error> {
        let edit = |run: &mut TrackedRun| {
            let value = value(run.tags.get(tag).map(String::as_str));
            run.tags.insert(tag.to_owned(), value);
        };
        self.edit_run(id, edit).await
    }

    /// Whether the tag was there.
    pub async fn untag_run(&self, id: &str, tag: &str) -> Result<bool, Error> {
        self.edit_run(id, |run| run.tags.remove(tag).is_some()).await
    }

    /// Says what a run was fed with. Data and versions that are there already stay as they are.
    pub async fn log_inputs(&self, id: &str, datasets: Vec<RunDataset>, versions: Vec<String>) -> Result<(), Error> {
        let edit = |run: &mut TrackedRun| {
            for dataset in &datasets {
                if run.datasets.iter().all(|there| there.name != dataset.name) {
                    run.datasets.push(dataset.clone());
                }
            }
            for version in &versions {
                if !run.used.contains(version) {
                    run.used.push(version.clone());
                }
            }
        };
        self.edit_run(id, edit).await
    }

    /// Says which versions a run made. One that is there already gets the new step.
    pub async fn log_outputs(&self, id: &str, versions: Vec<MadeVersion>) -> Result<(), Error> {
        let edit = |run: &mut TrackedRun| {
            for version in &versions {
                match run.made.iter_mut().find(|there| there.id == version.id) {
                    Some(there) => there.step = version.step,
                    None => run.made.push(version.clone()),
                }
            }
        };
        self.edit_run(id, edit).await
    }

    async fn turn_run(&self, id: &str, to: Lifecycle) -> Result<(), Error> {
        let turn = || async {
            let mut found = self.found_run(id).await?.ok_or_else(|| Error::missing("run", id))?;
            let before = found.value.clone();
            found.value.lifecycle = to;
            Ok((Vec::from_iter(changed(&found, &before)?), ()))
        };
        self.change(id, turn).await
    }

    async fn edit_run<T>(&self, id: &str, edit: impl Fn(&mut TrackedRun) -> T) -> Result<T, Error> {
        let work = || async {
            let mut found = self.active_run(id).await?;
            let before = found.value.clone();
            let made = edit(&mut found.value);
            Ok((Vec::from_iter(changed(&found, &before)?), made))
        };
        self.change(id, work).await
    }

    async fn active_run(&self, id: &str) -> Result<Found<TrackedRun>, Error> {
        let found = self.found_run(id).await?.ok_or_else(|| Error::missing("run", id))?;
        match found.value.lifecycle {
            Lifecycle::Active => Ok(found),
            Lifecycle::Deleted => {
                Err(Error::invalid(format!("The run {id} must be in the 'active' state. Current state is deleted.")))
            }
        }
    }

    pub(crate) async fn found_run(&self, id: &str) -> Result<Option<Found<TrackedRun>>, Error> {
        match self.find::<String>(Kind::Index, &key::of(&[BY_ID, id])?).await? {
            Some(experiment) => self.find(Kind::TrackedRun, &key::of(&[&experiment.value, id])?).await,
            None => Ok(None),
        }
    }
}

/// The change that keeps what has become of a run; none where that is nothing.
pub(crate) fn changed(found: &Found<TrackedRun>, before: &TrackedRun) -> Result<Option<Change>, Error> {
    (found.value != *before).then(|| found.changed()).transpose()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;

    use super::*;

    fn registry() -> Registry {
        Registry::new(Arc::new(MemoryStore::new()))
    }

    use model::tracking::DatasetName;

    async fn run(registry: &Registry) -> String {
        registry.adopt(&[], 0).await.expect("a store");
        let new = NewRun { experiment: "0".to_owned(), name: "r".to_owned(), ..NewRun::default() };
        registry.create_run(new).await.expect("a run").id
    }

    async fn shown(registry: &Registry, id: &str) -> TrackedRun {
        registry.run(id).await.expect("a store").expect("a run")
    }

    fn params(pairs: &[(&str, &str)]) -> Logged {
        let params = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Logged { params, ..Logged::default() }
    }

    #[tokio::test]
    async fn a_parameter_never_changes() {
        let registry = registry();
        let id = run(&registry).await;
        registry.log(&id, params(&[("a", "1")])).await.expect("it is logged");
        registry.log(&id, params(&[("a", "1"), ("b", "2")])).await.expect("it is the same");
        let wrong = registry.log(&id, params(&[("a", "2"), ("c", "3")])).await.expect_err("it changes");
        assert_eq!(
            wrong.to_string(),
            format!(
                "Changing param values is not allowed. Param with key='a' was already logged with value='1' for run \
                 ID='{id}'. Attempted logging new value '2'."
            )
        );
        assert_eq!(shown(&registry, &id).await.params, params(&[("a", "1"), ("b", "2")]).params);
    }

    #[tokio::test]
    async fn a_deleted_run_takes_nothing() {
        let registry = registry();
        let id = run(&registry).await;
        for _ in 0..2 {
            registry.delete_run(&id).await.expect("it is deleted");
        }
        let wrong = registry.log(&id, params(&[("a", "1")])).await.expect_err("it is deleted");
        assert_eq!(wrong.to_string(), format!("The run {id} must be in the 'active' state. Current state is deleted."));
        assert!(registry.update_run(&id, RunUpdate::default()).await.is_err());
        assert!(registry.untag_run(&id, "a").await.is_err());
        registry.restore_run(&id).await.expect("it is restored");
        registry.log(&id, params(&[("a", "1")])).await.expect("it is logged");
        assert!(matches!(registry.delete_run("nobody").await, Err(Error::Missing { .. })));
    }

    #[tokio::test]
    async fn what_is_not_said_stays() {
        let registry = registry();
        let id = run(&registry).await;
        let update = RunUpdate { status: Some(Status::Failed), ended: Some(7), name: None };
        registry.update_run(&id, update).await.expect("it is updated");
        let update = RunUpdate { name: Some("s".to_owned()), ..RunUpdate::default() };
        let updated = registry.update_run(&id, update).await.expect("it is updated");
        assert_eq!((updated.name.as_str(), updated.status, updated.ended), ("s", Status::Failed, Some(7)));
        assert_eq!(shown(&registry, &id).await, updated);
    }

    #[tokio::test]
    async fn inputs_and_outputs_are_there_once() {
        let registry = registry();
        let id = run(&registry).await;
        let dataset = |digest: &str| RunDataset {
            name: DatasetName { name: "d".to_owned(), digest: digest.to_owned() },
            source_type: "local".to_owned(),
            source: "{}".to_owned(),
            schema: None,
            profile: None,
            tags: BTreeMap::new(),
        };
        for digests in [&["1", "1", "2"][..], &["2", "3"]] {
            let datasets = digests.iter().map(|digest| dataset(digest)).collect();
            registry.log_inputs(&id, datasets, vec!["m-1".to_owned()]).await.expect("they are logged");
        }
        for step in [0, 4] {
            let made = vec![MadeVersion { id: "m-2".to_owned(), step }];
            registry.log_outputs(&id, made).await.expect("they are logged");
        }
        let run = shown(&registry, &id).await;
        assert_eq!(run.datasets, ["1", "2", "3"].map(dataset));
        assert_eq!(run.used, ["m-1"]);
        assert_eq!(run.made, [MadeVersion { id: "m-2".to_owned(), step: 4 }]);
    }

    #[tokio::test]
    async fn runs_are_listed_by_experiment() {
        let registry = registry();
        let id = run(&registry).await;
        let other = crate::NewExperiment { name: "other".to_owned(), ..crate::NewExperiment::default() };
        registry.create_experiment(other, 0).await.expect("an experiment");
        registry.create_run(NewRun { experiment: "1".to_owned(), ..NewRun::default() }).await.expect("a run");
        let listed = registry.runs("0").await.expect("a store");
        assert_eq!(listed.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    }
}
