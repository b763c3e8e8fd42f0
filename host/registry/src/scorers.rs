//! Scorers that people register, by experiment and name.
//!
//! A scorer's document says which number comes next, and every change of its versions changes it, too.

use model::document::Kind;
use model::registered::{OnlineScoring, RegisteredScorer, ScorerVersion};
use uuid::Uuid;

use crate::changing::{Found, added, put};
use crate::{Error, Registry, key};

/// What the keys of scorers begin with, those of their versions, and those of indexes by id.
pub(crate) const SCORER: &str = "scorer";
const VERSION: &str = "version";

impl Registry {
    /// Adds a version to the scorer of this name, which is new where there is none.
    pub async fn register_scorer(
        &self,
        experiment: &str,
        name: &str,
        serialized: &str,
        now: i64,
    ) -> Result<(RegisteredScorer, ScorerVersion), Error> {
        let scorer_key = key::of(&[SCORER, experiment, name])?;
        self.change(&scorer_key, async || {
            let (mut changes, scorer) = match self.find::<RegisteredScorer>(Kind::Scorer, &scorer_key).await? {
                Some(mut found) => {
                    found.value.last += 1;
                    // Those of an archive were counted elsewhere.
                    let key = |last| version_key(experiment, name, last);
                    while self.find::<ScorerVersion>(Kind::Scorer, &key(found.value.last)?).await?.is_some() {
                        found.value.last += 1;
                    }
                    (vec![found.changed()?], found.value)
                }
                None => {
                    let id = Uuid::new_v4().to_string();
                    let index = put(Kind::Index, key::of(&[SCORER, &id])?, &scorer_key)?;
                    let (experiment, name) = (experiment.to_owned(), name.to_owned());
                    let scorer = RegisteredScorer { id, experiment, name, last: 1, online: None };
                    (vec![index, added(Kind::Scorer, scorer_key.clone(), &scorer)?], scorer)
                }
            };
            let version = ScorerVersion { number: scorer.last, serialized: serialized.to_owned(), created: now };
            changes.push(added(Kind::Scorer, version_key(experiment, name, version.number)?, &version)?);
            Ok((changes, (scorer, version)))
        })
        .await
    }

    /// Scorers that have a version, each with its latest one, by name; of an experiment, or of all.
    pub async fn scorers(&self, experiment: Option<&str>) -> Result<Vec<(RegisteredScorer, ScorerVersion)>, Error> {
        let below = match experiment {
            Some(experiment) => key::below(&[SCORER, experiment])?,
            None => key::below(&[SCORER])?,
        };
        let mut scorers = Vec::new();
        for found in self.all::<RegisteredScorer>(Kind::Scorer, &below).await? {
            let scorer = found.value;
            let latest = self.versions_of(&scorer.experiment, &scorer.name).await?.pop();
            scorers.extend(latest.map(|latest| (scorer, latest.value)));
        }
        Ok(scorers)
    }

    /// A scorer with all of its versions, by number.
    ///
    /// # Errors
    ///
    /// `Missing` of the `scorer` where there is none, or none that has a version; so do all that follow.
    pub async fn scorer(&self, experiment: &str, name: &str) -> Result<(RegisteredScorer, Vec<ScorerVersion>), Error> {
        let scorer = self.found_scorer(experiment, name).await?.value;
        let versions: Vec<_> = self.versions_of(experiment, name).await?.into_iter().map(|found| found.value).collect();
        match versions.is_empty() {
            true => Err(Error::missing("scorer", name)),
            false => Ok((scorer, versions)),
        }
    }

    /// Deletes one version, whose number none gets again, or the whole scorer.
    ///
    /// # Errors
    ///
    /// `Missing` of the `scorer version`, too.
    pub async fn delete_scorer(&self, experiment: &str, name: &str, number: Option<u32>) -> Result<(), Error> {
        self.change(&key::of(&[SCORER, experiment, name])?, async || {
            let scorer = self.found_scorer(experiment, name).await?;
            let versions = self.versions_of(experiment, name).await?;
            let Some(number) = number else {
                let index = self.find::<String>(Kind::Index, &key::of(&[SCORER, &scorer.value.id])?).await?;
                let index = index.map(|index| index.removed());
                let changes = versions.iter().map(Found::removed).chain(index).chain([scorer.removed()]).collect();
                return Ok((changes, ()));
            };
            let version = versions.iter().find(|version| version.value.number == number);
            let missing = || Error::missing("scorer version", format!("{name}/{number}"));
            Ok((vec![version.ok_or_else(missing)?.removed(), scorer.changed()?], ()))
        })
        .await
    }

    /// Says which traces a scorer is to look at. What was said before is gone.
    ///
    /// # Errors
    ///
    /// `Invalid` where the rate is none.
    pub async fn set_online_scoring(
        &self,
        experiment: &str,
        name: &str,
        sample_rate: f64,
        filter: Option<&str>,
    ) -> Result<(RegisteredScorer, OnlineScoring), Error> {
        if !(0.0..=1.0).contains(&sample_rate) {
            return Err(Error::invalid(format!("sample_rate must be between 0.0 and 1.0, got {sample_rate}")));
        }
        let online =
            OnlineScoring { id: Uuid::new_v4().simple().to_string(), sample_rate, filter: filter.map(str::to_owned) };
        let key = key::of(&[SCORER, experiment, name])?;
        let set = |scorer: &mut RegisteredScorer| {
            scorer.online = Some(online.clone());
            Ok(())
        };
        let scorer = self.alter(Kind::Scorer, &key, || Error::missing("scorer", name), set).await?;
        Ok((scorer, online))
    }

    /// The scorer with an id; none where there is none.
    pub async fn scorer_with(&self, id: &str) -> Result<Option<RegisteredScorer>, Error> {
        let Some(key) = self.find::<String>(Kind::Index, &key::of(&[SCORER, id])?).await? else { return Ok(None) };
        Ok(self.find(Kind::Scorer, &key.value).await?.map(|found| found.value))
    }

    async fn found_scorer(&self, experiment: &str, name: &str) -> Result<Found<RegisteredScorer>, Error> {
        let found = self.find(Kind::Scorer, &key::of(&[SCORER, experiment, name])?).await?;
        found.ok_or_else(|| Error::missing("scorer", name))
    }

    async fn versions_of(&self, experiment: &str, name: &str) -> Result<Vec<Found<ScorerVersion>>, Error> {
        self.all(Kind::Scorer, &key::below(&[VERSION, experiment, name])?).await
    }
}

/// Numbers are as long as each other, so that they are in order.
pub(crate) fn version_key(experiment: &str, name: &str, number: u32) -> Result<String, Error> {
    key::of(&[VERSION, experiment, name, &format!("{number:010}")])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_number_is_never_given_twice_while_there_is_the_scorer() {
        let registry = Registry::new(Arc::new(MemoryStore::new()));
        let register = async || registry.register_scorer("1", "polite", "{}", 5).await.expect("it is kept");
        let (first, _) = register().await;
        assert_eq!(register().await.1.number, 2);
        for number in [2, 1] {
            registry.delete_scorer("1", "polite", Some(number)).await.expect("it is there");
        }
        assert!(registry.scorer("1", "polite").await.is_err(), "it has no version");
        let (again, version) = register().await;
        assert_eq!((again.id, version.number), (first.id.clone(), 3));
        registry.delete_scorer("1", "polite", None).await.expect("it is there");
        assert!(registry.scorer_with(&first.id).await.expect("readable").is_none());
        let (other, version) = register().await;
        assert_eq!(version.number, 1);
        assert_ne!(other.id, first.id);
    }

    #[tokio::test]
    async fn a_rate_is_a_part_of_all() {
        let registry = Registry::new(Arc::new(MemoryStore::new()));
        registry.register_scorer("1", "polite", "{}", 5).await.expect("it is kept");
        for (rate, is_one) in [(0.0, true), (1.0, true), (1.5, false), (-0.1, false), (f64::NAN, false)] {
            assert_eq!(registry.set_online_scoring("1", "polite", rate, None).await.is_ok(), is_one, "{rate}");
        }
    }
}
