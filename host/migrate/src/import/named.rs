//! Datasets, prompts and registered models, scorers.

use model::prompt::Prompt;
use registry::Carried;

use super::Importing;
use crate::Error;
use crate::report::Kind;
use crate::source::Source;

const TAKEN: &str = "something else is here under its name and number";

impl Importing<'_> {
    pub(super) async fn datasets(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.datasets(after.as_deref()).await;
            let (datasets, next) = self.taken(Kind::Dataset, "all", page)?;
            for mut dataset in datasets {
                dataset.experiments = dataset.experiments.iter().filter_map(|id| self.experiment(id)).collect();
                let carried = self.into.registry.carry_dataset(&dataset).await?;
                self.count(Kind::Dataset, carried);
                self.records(source, &dataset.id).await?;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn records(&mut self, source: &mut dyn Source, dataset: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.records(dataset, after.as_deref()).await;
            let (records, next) = self.taken(Kind::Record, dataset, page)?;
            let new = self.into.registry.carry_records(dataset, &records).await?;
            self.report.add(Kind::Record, new, records.len() as u64 - new);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    pub(super) async fn prompts(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.prompts(after.as_deref()).await;
            let (prompts, next) = self.taken(Kind::Prompt, "all", page)?;
            for prompt in prompts {
                self.prompt(source, prompt).await?;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn prompt(&mut self, source: &mut dyn Source, mut prompt: Prompt) -> Result<(), Error> {
        let (one, version) = match prompt.is_prompt() {
            true => (Kind::Prompt, Kind::PromptVersion),
            false => (Kind::RegisteredModel, Kind::ModelVersion),
        };
        let page = source.versions(&prompt).await;
        let (versions, _) = self.taken(version, &prompt.name, page)?;
        let latest = versions.iter().map(|version| version.number).max();
        (prompt.latest, prompt.last) = (latest, prompt.last.max(latest.unwrap_or_default()));
        let carried = self.into.registry.carry_prompt(&prompt).await?;
        if carried == Carried::Other {
            self.report.leave_out(one, prompt.name, "a prompt, or a model, of the same name is here");
            return Ok(());
        }
        self.count(one, carried);
        for brought in versions {
            match self.into.registry.carry_prompt_version(&brought).await? {
                Carried::Other => {
                    self.report.leave_out(version, format!("{}/{}", brought.prompt, brought.number), TAKEN);
                }
                carried => self.count(version, carried),
            }
        }
        Ok(())
    }

    pub(super) async fn scorers(&mut self, source: &mut dyn Source, experiment: &str) -> Result<(), Error> {
        let page = source.scorers(experiment).await;
        let (scorers, _) = self.taken(Kind::Scorer, experiment, page)?;
        for (mut scorer, versions) in scorers {
            scorer.experiment = self.experiment(&scorer.experiment).unwrap_or_default();
            match self.into.registry.carry_scorer(&scorer, &versions).await? {
                Carried::Other => self.report.leave_out(Kind::Scorer, scorer.name, TAKEN),
                carried => self.count(Kind::Scorer, carried),
            }
        }
        Ok(())
    }
}
