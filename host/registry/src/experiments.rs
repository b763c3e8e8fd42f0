//! Experiments: their ids, their names, and the names under which their traces are kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::{MutexGuard, PoisonError};

use model::document::{Change, Kind};
use model::tracking::{Experiment, Lifecycle, TrackedRun};

use crate::changing::{Found, added};
use crate::{Error, Registry, key};

/// The name of the experiment that is always there, and the one that traces go to whose sender names none.
const DEFAULT_NAME: &str = "Default";
const DEFAULT_TRACES: &str = "default";

/// What finds an experiment's id by its name, and by that of its traces.
pub(crate) const BY_NAME: &str = "experiment";
pub(crate) const BY_TRACES: &str = "traces";

/// What the numbers of experiments are counted with.
const LAST_NUMBER: &str = "last experiment";

/// Changes of which experiments there are wait for each other: they are rare, and names are everybody's.
pub(crate) const TURN: &str = "experiments";

/// Runs that are changed at once.
const PAGE: usize = 500;

/// An experiment that is to be.
#[derive(Clone, Debug, Default)]
pub struct NewExperiment {
    pub name: String,
    /// As [`Experiment::location`].
    pub location: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// Which name belongs to which id. Every request that has to do with a trace asks for that, and it never changes: it is read
/// once.
#[derive(Default)]
pub(crate) struct Homes {
    /// By ids of experiments.
    traces: HashMap<String, String>,
    /// By names of traces.
    ids: HashMap<String, String>,
}

impl Homes {
    fn note(&mut self, experiment: Experiment) -> Experiment {
        let Experiment { id, traces, .. } = &experiment;
        self.traces.insert(id.clone(), traces.clone());
        self.ids.insert(traces.clone(), id.clone());
        experiment
    }
}

impl Registry {
    /// # Errors
    ///
    /// `Exists` where another has the name, a deleted one as well.
    pub async fn create_experiment(&self, new: NewExperiment, now: i64) -> Result<Experiment, Error> {
        self.make_default(now).await?;
        let make = || async {
            if self.experiment_by_name(&new.name).await?.is_some() {
                return Err(Error::exists("experiment", &new.name));
            }
            let (counted, id) = self.next_id().await?;
            let traces = self.free(BY_TRACES, &new.name, &id).await?;
            let experiment = experiment(&id, &new.name, &traces, now);
            let experiment = Experiment { location: new.location.clone(), tags: new.tags.clone(), ..experiment };
            Ok((changes(&experiment, Some(counted))?, experiment))
        };
        self.change(TURN, make).await
    }

    pub async fn experiment(&self, id: &str) -> Result<Option<Experiment>, Error> {
        Ok(self.find(Kind::Experiment, &key::of(&[id])?).await?.map(|found| found.value))
    }

    /// The name under which the traces of an experiment are kept.
    pub async fn traces_of(&self, id: &str) -> Result<Option<String>, Error> {
        let known = self.homes().traces.get(id).cloned();
        match known {
            Some(traces) => Ok(Some(traces)),
            None => Ok(self.experiment(id).await?.map(|found| self.homes().note(found).traces)),
        }
    }

    /// The id of the experiment whose traces are kept under this name.
    pub async fn id_of_traces(&self, traces: &str) -> Result<Option<String>, Error> {
        let known = self.homes().ids.get(traces).cloned();
        match known {
            Some(id) => Ok(Some(id)),
            None => Ok(self.experiment_by_traces(traces).await?.map(|found| self.homes().note(found).id)),
        }
    }

    fn homes(&self) -> MutexGuard<'_, Homes> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>, Error> {
        self.experiment_by(BY_NAME, name).await
    }

    /// The experiment whose traces are kept under this name.
    pub async fn experiment_by_traces(&self, traces: &str) -> Result<Option<Experiment>, Error> {
        self.experiment_by(BY_TRACES, traces).await
    }

    /// All of them, deleted ones as well, in no order that means anything.
    pub async fn experiments(&self) -> Result<Vec<Experiment>, Error> {
        Ok(self.all(Kind::Experiment, "").await?.into_iter().map(|found| found.value).collect())
    }

    /// Makes what was only spoken of so far: the experiment that is always there, and one for each of these names of traces
    /// that belongs to none, since a sender of spans makes no experiment first. Names that can't be kept are passed over.
    pub async fn adopt(&self, traces: &[String], now: i64) -> Result<(), Error> {
        self.make_default(now).await?;
        for name in traces {
            match key::of(&[BY_TRACES, name]) {
                Ok(key) if self.find::<String>(Kind::Index, &key).await?.is_none() => self.adopt_one(name, now).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// `Missing` where there is no such experiment, `Exists` where another has the name, and `Invalid` where it is deleted.
    pub async fn rename_experiment(&self, id: &str, name: &str, now: i64) -> Result<(), Error> {
        let rename = || async {
            let mut found = self.existing(id).await?;
            if found.value.lifecycle == Lifecycle::Deleted {
                return Err(Error::invalid("Cannot rename a non-active experiment."));
            }
            if found.value.name == name {
                return Ok((Vec::new(), ()));
            }
            if self.experiment_by_name(name).await?.is_some() {
                return Err(Error::exists("experiment", name));
            }
            let old = self.find::<String>(Kind::Index, &key::of(&[BY_NAME, &found.value.name])?).await?;
            (found.value.name, found.value.updated) = (name.to_owned(), now);
            let renamed = [found.changed()?, added(Kind::Index, key::of(&[BY_NAME, name])?, &id)?];
            Ok((renamed.into_iter().chain(old.map(|old| old.removed())).collect(), ()))
        };
        self.change(TURN, rename).await
    }

    /// Deletes an experiment with its runs, so that they can be restored.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such experiment that is not deleted yet.
    pub async fn delete_experiment(&self, id: &str, now: i64) -> Result<(), Error> {
        self.turn_experiment(id, Lifecycle::Deleted, now).await
    }

    /// Brings a deleted experiment back, and all of its runs.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such deleted experiment.
    pub async fn restore_experiment(&self, id: &str, now: i64) -> Result<(), Error> {
        self.turn_experiment(id, Lifecycle::Active, now).await
    }

    /// # Errors
    ///
    /// `Missing` where there is no such experiment, `Invalid` where it is deleted; likewise in [`Self::untag_experiment`].
    pub async fn tag_experiment(&self, id: &str, tag: &str, value: &str) -> Result<(), Error> {
        let set = || async {
            let mut found = self.active(id).await?;
            found.value.tags.insert(tag.to_owned(), value.to_owned());
            Ok((vec![found.changed()?], ()))
        };
        self.change(TURN, set).await
    }

    /// Whether the tag was there.
    pub async fn untag_experiment(&self, id: &str, tag: &str) -> Result<bool, Error> {
        let take = || async {
            let mut found = self.active(id).await?;
            let was_there = found.value.tags.remove(tag).is_some();
            Ok((if was_there { vec![found.changed()?] } else { Vec::new() }, was_there))
        };
        self.change(TURN, take).await
    }

    /// An experiment that something may be added to.
    pub(crate) async fn active(&self, id: &str) -> Result<Found<Experiment>, Error> {
        let found = self.existing(id).await?;
        match found.value.lifecycle {
            Lifecycle::Active => Ok(found),
            Lifecycle::Deleted => Err(Error::invalid(format!(
                "The experiment {id} must be in the 'active' state. Current state is deleted."
            ))),
        }
    }

    pub(crate) async fn existing(&self, id: &str) -> Result<Found<Experiment>, Error> {
        self.find(Kind::Experiment, &key::of(&[id])?).await?.ok_or_else(|| Error::missing("experiment", id))
    }

    async fn experiment_by(&self, name_of: &str, name: &str) -> Result<Option<Experiment>, Error> {
        match self.find::<String>(Kind::Index, &key::of(&[name_of, name])?).await? {
            Some(id) => self.experiment(&id.value).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn make_default(&self, now: i64) -> Result<(), Error> {
        if self.experiment(Experiment::DEFAULT).await?.is_some() {
            return Ok(());
        }
        let make = || async {
            match self.experiment(Experiment::DEFAULT).await? {
                Some(_) => Ok((Vec::new(), ())),
                None => Ok((changes(&experiment(Experiment::DEFAULT, DEFAULT_NAME, DEFAULT_TRACES, now), None)?, ())),
            }
        };
        self.change(TURN, make).await
    }

    async fn adopt_one(&self, traces: &str, now: i64) -> Result<(), Error> {
        let make = || async {
            if self.experiment_by_traces(traces).await?.is_some() {
                return Ok((Vec::new(), ()));
            }
            let (counted, id) = self.next_id().await?;
            let name = self.free(BY_NAME, traces, &id).await?;
            Ok((changes(&experiment(&id, &name, traces, now), Some(counted))?, ()))
        };
        self.change(TURN, make).await
    }

    pub(crate) async fn next_id(&self) -> Result<(Change, String), Error> {
        let counter = key::of(&[LAST_NUMBER])?;
        let last = self.find::<u64>(Kind::Index, &counter).await?;
        // 0 is the default's.
        let mut number = last.as_ref().map_or(0, |last| last.value) + 1;
        // Those of an archive were counted elsewhere.
        while self.experiment(&number.to_string()).await?.is_some() {
            number += 1;
        }
        let counted = match last {
            Some(mut last) => {
                last.value = number;
                last.changed()?
            }
            None => added(Kind::Index, counter, &number)?,
        };
        Ok((counted, number.to_string()))
    }

    /// The name, or one made of it that nobody has.
    pub(crate) async fn free(&self, name_of: &str, name: &str, id: &str) -> Result<String, Error> {
        let mut free = name.to_owned();
        while self.find::<String>(Kind::Index, &key::of(&[name_of, &free])?).await?.is_some() {
            free = format!("{free}#{id}");
        }
        Ok(free)
    }

    async fn turn_experiment(&self, id: &str, to: Lifecycle, now: i64) -> Result<(), Error> {
        let turn = || async {
            let mut found = self.existing(id).await?;
            if found.value.lifecycle == to {
                return Ok((Vec::new(), false));
            }
            (found.value.lifecycle, found.value.updated) = (to, now);
            Ok((vec![found.changed()?], true))
        };
        // Its runs may be left from a time that was cut off.
        let mut has_turned = self.change(TURN, turn).await?;
        let below = key::below(&[id])?;
        let mut after: Option<String> = None;
        loop {
            let turn = || async {
                let mut runs = self.some::<TrackedRun>(Kind::TrackedRun, &below, after.as_deref(), PAGE).await?;
                let last = runs.last().map(|run| run.key.clone());
                runs.retain(|run| run.value.lifecycle != to);
                runs.iter_mut().for_each(|run| run.value.lifecycle = to);
                let changes = runs.iter().map(Found::changed).collect::<Result<_, _>>()?;
                Ok((changes, (last, !runs.is_empty())))
            };
            let (last, have_turned) = self.change(id, turn).await?;
            has_turned |= have_turned;
            match last {
                Some(last) => after = Some(last),
                None if has_turned => return Ok(()),
                None => return Err(Error::missing("experiment", id)),
            }
        }
    }
}

fn experiment(id: &str, name: &str, traces: &str, now: i64) -> Experiment {
    Experiment {
        id: id.to_owned(),
        name: name.to_owned(),
        traces: traces.to_owned(),
        location: None,
        tags: BTreeMap::new(),
        lifecycle: Lifecycle::Active,
        created: now,
        updated: now,
    }
}

/// What makes a new experiment, and with it counts its number.
pub(crate) fn changes(experiment: &Experiment, counted: Option<Change>) -> Result<Vec<Change>, Error> {
    let made = [
        added(Kind::Experiment, key::of(&[&experiment.id])?, experiment)?,
        added(Kind::Index, key::of(&[BY_NAME, &experiment.name])?, &experiment.id)?,
        added(Kind::Index, key::of(&[BY_TRACES, &experiment.traces])?, &experiment.id)?,
    ];
    Ok(made.into_iter().chain(counted).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;

    use super::*;

    fn registry() -> Registry {
        Registry::new(Arc::new(MemoryStore::new()))
    }

    async fn made(registry: &Registry, name: &str) -> Experiment {
        let new = NewExperiment { name: name.to_owned(), ..NewExperiment::default() };
        registry.create_experiment(new, 5).await.expect("it is made")
    }

    fn run_of(experiment: &str) -> crate::NewRun {
        crate::NewRun { experiment: experiment.to_owned(), ..crate::NewRun::default() }
    }

    #[tokio::test]
    async fn ids_are_counted_from_the_one_that_is_always_there() {
        let registry = registry();
        let (first, second) = (made(&registry, "a").await, made(&registry, "b").await);
        assert_eq!((first.id.as_str(), second.id.as_str()), ("1", "2"));
        let default = registry.experiment("0").await.expect("a store").expect("it is there");
        assert_eq!((default.name.as_str(), default.traces.as_str()), ("Default", "default"));
        let taken = NewExperiment { name: "Default".to_owned(), ..NewExperiment::default() };
        assert!(matches!(registry.create_experiment(taken, 5).await, Err(Error::Exists { .. })));
    }

    #[tokio::test]
    async fn a_name_is_taken_until_it_is_given_up() {
        let registry = registry();
        let first = made(&registry, "a").await;
        registry.delete_experiment(&first.id, 6).await.expect("it is deleted");
        let again = NewExperiment { name: "a".to_owned(), ..NewExperiment::default() };
        assert!(matches!(registry.create_experiment(again, 7).await, Err(Error::Exists { .. })));
        registry.restore_experiment(&first.id, 8).await.expect("it is restored");
        registry.rename_experiment(&first.id, "b", 9).await.expect("it is renamed");
        let renamed = registry.experiment_by_name("b").await.expect("a store").expect("it is there");
        assert_eq!((renamed.id.as_str(), renamed.traces.as_str(), renamed.updated), ("1", "a", 9));
        assert_eq!(registry.experiment_by_name("a").await.expect("a store"), None);
        // Traces of the first one stay where they are.
        assert_eq!(made(&registry, "a").await.traces, "a#2");
        assert!(matches!(registry.rename_experiment("2", "b", 9).await, Err(Error::Exists { .. })));
    }

    #[tokio::test]
    async fn what_only_traces_know_becomes_an_experiment_once() {
        let registry = registry();
        made(&registry, "known").await;
        made(&registry, "old").await;
        registry.rename_experiment("2", "taken", 5).await.expect("it is renamed");
        let names = ["known", "default", "spoken of", "taken", "no\0name"].map(str::to_owned);
        for _ in 0..2 {
            registry.adopt(&names, 6).await.expect("they are adopted");
        }
        let mut all = registry.experiments().await.expect("a store");
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let all: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.traces.as_str())).collect();
        let expected = [
            ("Default", "default"),
            ("known", "known"),
            ("taken", "old"),
            ("spoken of", "spoken of"),
            ("taken#4", "taken"),
        ];
        assert_eq!(all, expected);
        let found = registry.experiment_by_traces("taken").await.expect("a store").expect("it is there");
        assert_eq!(found.id, "4");
    }

    #[tokio::test]
    async fn an_experiment_takes_its_runs_with_it() {
        let registry = registry();
        let experiment = made(&registry, "a").await;
        let run = registry.create_run(run_of(&experiment.id)).await.expect("a run");
        let lifecycle = async || registry.run(&run.id).await.expect("a store").expect("a run").lifecycle;
        registry.delete_experiment(&experiment.id, 6).await.expect("it is deleted");
        assert_eq!(lifecycle().await, Lifecycle::Deleted);
        assert!(matches!(registry.create_run(run_of(&experiment.id)).await, Err(Error::Invalid { .. })));
        assert!(matches!(registry.tag_experiment(&experiment.id, "a", "b").await, Err(Error::Invalid { .. })));
        assert!(matches!(registry.delete_experiment(&experiment.id, 6).await, Err(Error::Missing { .. })));
        registry.restore_experiment(&experiment.id, 7).await.expect("it is restored");
        assert_eq!(lifecycle().await, Lifecycle::Active);
        assert!(matches!(registry.restore_experiment(&experiment.id, 7).await, Err(Error::Missing { .. })));
    }

    #[tokio::test]
    async fn tags_come_and_go() {
        let registry = registry();
        let id = made(&registry, "a").await.id;
        registry.tag_experiment(&id, "a", "1").await.expect("it is set");
        registry.tag_experiment(&id, "a", "2").await.expect("it is set");
        let found = registry.experiment(&id).await.expect("a store").expect("it is there");
        assert_eq!((found.tags.get("a").map(String::as_str), found.updated), (Some("2"), 5));
        assert!(registry.untag_experiment(&id, "a").await.expect("it is taken away"));
        assert!(!registry.untag_experiment(&id, "a").await.expect("it is not there"));
    }
}
