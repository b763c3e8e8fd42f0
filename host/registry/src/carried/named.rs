//! What is found by its name and has versions: prompts, registered models, scorers.

use model::document::Kind;
use model::prompt::{Prompt, PromptVersion};
use model::registered::{RegisteredScorer, ScorerVersion};

use super::{Carried, complete};
use crate::changing::{added, put};
use crate::scorers::{SCORER, version_key};
use crate::{Error, Registry, key};

impl Registry {
    /// Brings a prompt, or a registered model, without its versions: its aliases and its numbers are those that it will have.
    /// `Other` where a model has the name of a prompt, or a prompt that of a model.
    pub async fn carry_prompt(&self, brought: &Prompt) -> Result<Carried, Error> {
        let key = key::of(&[&brought.name])?;
        self.change(&brought.name, async || {
            let Some(mut found) = self.find::<Prompt>(Kind::Prompt, &key).await? else {
                return Ok((vec![added(Kind::Prompt, key.clone(), brought)?], Carried::New));
            };
            if found.value.is_prompt() != brought.is_prompt() {
                return Ok((Vec::new(), Carried::Other));
            }
            let before = found.value.clone();
            let prompt = &mut found.value;
            complete(&mut prompt.tags, &brought.tags);
            complete(&mut prompt.aliases, &brought.aliases);
            prompt.last = prompt.last.max(brought.last);
            prompt.latest = prompt.latest.max(brought.latest);
            Ok((if found.value == before { Vec::new() } else { vec![found.changed()?] }, Carried::Known))
        })
        .await
    }

    /// Brings a version of a prompt that is here. `Other` where the number is that of a version which says something else.
    pub async fn carry_prompt_version(&self, brought: &PromptVersion) -> Result<Carried, Error> {
        let key = Self::version_key(&brought.prompt, brought.number)?;
        self.change(&brought.prompt, async || match self.find::<PromptVersion>(Kind::PromptVersion, &key).await? {
            None => Ok((vec![added(Kind::PromptVersion, key.clone(), brought)?], Carried::New)),
            Some(found) if found.value.created == brought.created => Ok((Vec::new(), Carried::Known)),
            Some(_) => Ok((Vec::new(), Carried::Other)),
        })
        .await
    }

    /// Brings a scorer with its versions. `Other` where a number is that of a version which says something else; those that
    /// are new have come all the same.
    pub async fn carry_scorer(&self, brought: &RegisteredScorer, versions: &[ScorerVersion]) -> Result<Carried, Error> {
        let RegisteredScorer { experiment, name, .. } = brought;
        let scorer_key = key::of(&[SCORER, experiment, name])?;
        self.change(&scorer_key, async || {
            let mut carried = Carried::Known;
            let mut changes = Vec::new();
            for version in versions {
                let key = version_key(experiment, name, version.number)?;
                match self.find::<ScorerVersion>(Kind::Scorer, &key).await? {
                    None => changes.push(added(Kind::Scorer, key, version)?),
                    Some(found) if found.value.serialized == version.serialized => {}
                    Some(_) => carried = Carried::Other,
                }
            }
            match self.find::<RegisteredScorer>(Kind::Scorer, &scorer_key).await? {
                None => {
                    changes.push(put(Kind::Index, key::of(&[SCORER, &brought.id])?, &scorer_key)?);
                    changes.push(added(Kind::Scorer, scorer_key.clone(), brought)?);
                    carried = Carried::New;
                }
                Some(mut found) => {
                    let before = found.value.clone();
                    found.value.last = found.value.last.max(brought.last);
                    found.value.online = before.online.clone().or_else(|| brought.online.clone());
                    if found.value != before || !changes.is_empty() {
                        changes.push(found.changed()?);
                    }
                }
            }
            Ok((changes, carried))
        })
        .await
    }
}
