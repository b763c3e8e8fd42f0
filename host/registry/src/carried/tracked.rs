//! Experiments, runs, histories of metrics, and versions of applications.

use model::app::{AppStatus, AppVersion};
use model::document::Kind;
use model::tracking::{Experiment, Metric, Status, TrackedRun};

use super::{Carried, add_missing, complete};
use crate::changing::added;
use crate::experiments::{BY_NAME, BY_TRACES, TURN};
use crate::{Error, Registry, apps, experiments, key, metrics, runs};

/// What indexes begin with of runs of which something has not come yet.
const LACKING: &str = "lacking";

impl Registry {
    /// Brings an experiment; one of the same name is the same. It keeps its id where that is free, and the name of its traces is
    /// made here: both are in what comes back.
    pub async fn carry_experiment(&self, brought: &Experiment, now: i64) -> Result<(Experiment, Carried), Error> {
        self.make_default(now).await?;
        self.change(TURN, async || {
            let index = self.find::<String>(Kind::Index, &key::of(&[BY_NAME, &brought.name])?).await?;
            if let Some(id) = index {
                let mut found = self.existing(&id.value).await?;
                let before = found.value.clone();
                complete(&mut found.value.tags, &brought.tags);
                let changes = if found.value == before { Vec::new() } else { vec![found.changed()?] };
                return Ok((changes, (found.value, Carried::Known)));
            }
            let is_number = brought.id.parse::<u64>().is_ok_and(|number| number.to_string() == brought.id);
            let is_free = is_number && self.experiment(&brought.id).await?.is_none();
            let (counted, id) = match is_free {
                true => (None, brought.id.clone()),
                false => self.next_id().await.map(|(counted, id)| (Some(counted), id))?,
            };
            let traces = self.free(BY_TRACES, &brought.name, &id).await?;
            let experiment = Experiment { id, traces, ..brought.clone() };
            Ok((experiments::changes(&experiment, counted)?, (experiment, Carried::New)))
        })
        .await
    }

    /// Brings a run whose histories were brought before ([`Self::carry_metrics`]); so one that is here has all of them. One that
    /// was going on gets its end.
    pub async fn carry_run(&self, brought: &TrackedRun) -> Result<Carried, Error> {
        self.change(&brought.id, async || {
            let Some(mut found) = self.found_run(&brought.id).await? else {
                let changes = vec![
                    added(Kind::TrackedRun, key::of(&[&brought.experiment, &brought.id])?, brought)?,
                    added(Kind::Index, key::of(&[runs::BY_ID, &brought.id])?, &brought.experiment)?,
                ];
                return Ok((changes, Carried::New));
            };
            let before = found.value.clone();
            let run = &mut found.value;
            complete(&mut run.params, &brought.params);
            complete(&mut run.tags, &brought.tags);
            brought.metrics.values().for_each(|metric| metrics::keep_latest(&mut run.metrics, metric));
            add_missing(&mut run.datasets, &brought.datasets, |a, b| a.name == b.name);
            add_missing(&mut run.used, &brought.used, |a, b| a == b);
            add_missing(&mut run.made, &brought.made, |a, b| a.id == b.id);
            if matches!(run.status, Status::Running | Status::Scheduled) {
                (run.status, run.ended) = (brought.status, run.ended.or(brought.ended));
            }
            Ok((Vec::from_iter(runs::changed(&found, &before)?), Carried::Known))
        })
        .await
    }

    /// Brings points of the histories of a run, which need not be here yet. The run's own document is left alone.
    pub async fn carry_metrics(&self, run: &str, points: &[Metric]) -> Result<(), Error> {
        self.change(run, async || Ok((metrics::points(run, points)?, ()))).await
    }

    /// Brings a version of an application. One that was pending becomes what it has become.
    pub async fn carry_app(&self, brought: &AppVersion) -> Result<Carried, Error> {
        let index = key::of(&[apps::APPS, &brought.id])?;
        self.change(&index, async || {
            let Some(experiment) = self.find::<String>(Kind::Index, &index).await? else {
                let key = key::of(&[&brought.experiment, &brought.id])?;
                let index = added(Kind::Index, index.clone(), &brought.experiment)?;
                return Ok((vec![added(Kind::AppVersion, key, brought)?, index], Carried::New));
            };
            let key = key::of(&[&experiment.value, &brought.id])?;
            let missing = || Error::missing("app version", &brought.id);
            let mut found = self.find::<AppVersion>(Kind::AppVersion, &key).await?.ok_or_else(missing)?;
            let before = found.value.clone();
            complete(&mut found.value.params, &brought.params);
            complete(&mut found.value.tags, &brought.tags);
            apps::keep_latest(&mut found.value, &brought.metrics);
            if found.value.status == AppStatus::Pending {
                found.value.status = brought.status;
            }
            Ok((if found.value == before { Vec::new() } else { vec![found.changed()?] }, Carried::Known))
        })
        .await
    }

    /// Notes whether something of a run did not come that may come another time.
    pub async fn note_lacking(&self, run: &str, is_lacking: bool) -> Result<(), Error> {
        let index = key::of(&[LACKING, run])?;
        self.change(&index, async || {
            let changes = match (self.find::<bool>(Kind::Index, &index).await?, is_lacking) {
                (None, true) => vec![added(Kind::Index, index.clone(), &true)?],
                (Some(noted), false) => vec![noted.removed()],
                _ => Vec::new(),
            };
            Ok((changes, ()))
        })
        .await
    }

    /// Whether a run is here with everything that is said of it, so that none of its histories and files need be looked at. One
    /// that was going on when it came, or lacks something ([`Self::note_lacking`]), is not.
    pub async fn has_carried(&self, brought: &TrackedRun) -> Result<bool, Error> {
        let Some(run) = self.run(&brought.id).await? else { return Ok(false) };
        if self.find::<bool>(Kind::Index, &key::of(&[LACKING, &brought.id])?).await?.is_some() {
            return Ok(false);
        }
        let is_later = |point: &Metric| run.metrics.get(&point.key).is_some_and(|there| !there.is_before(point));
        let is_over = |run: &TrackedRun| !matches!(run.status, Status::Running | Status::Scheduled);
        Ok(is_over(&run) && is_over(brought) && brought.metrics.values().all(is_later))
    }
}
