//! Questions to people, queues with what waits in them, and problems.

use std::collections::HashMap;

use model::review::ReviewItem;

use super::Importing;
use crate::Error;
use crate::report::Kind;
use crate::source::Source;

impl Importing<'_> {
    pub(super) async fn reviews(&mut self, source: &mut dyn Source, experiment: &str) -> Result<(), Error> {
        let page = source.label_schemas(experiment).await;
        let (schemas, _) = self.taken(Kind::LabelSchema, experiment, page)?;
        let Some(home) = self.experiment(experiment) else { return Ok(()) };
        // The question that every experiment has may be here under another id.
        let mut ids = HashMap::new();
        for mut schema in schemas {
            schema.experiment.clone_from(&home);
            let (here, carried) = self.into.registry.carry_label_schema(&schema).await?;
            ids.insert(schema.id, here.id);
            self.count(Kind::LabelSchema, carried);
        }
        let page = source.review_queues(experiment).await;
        let (queues, _) = self.taken(Kind::ReviewQueue, experiment, page)?;
        for mut queue in queues {
            queue.experiment.clone_from(&home);
            queue.schemas = queue.schemas.into_iter().map(|id| ids.get(&id).cloned().unwrap_or(id)).collect();
            let there = queue.id.clone();
            let (here, carried) = self.into.registry.carry_review_queue(&queue).await?;
            self.count(Kind::ReviewQueue, carried);
            self.items(source, &there, &here.id).await?;
        }
        Ok(())
    }

    async fn items(&mut self, source: &mut dyn Source, there: &str, here: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.review_items(there, after.as_deref()).await;
            let (items, next) = self.taken(Kind::ReviewItem, there, page)?;
            let items: Vec<_> = items.into_iter().map(|item| ReviewItem { queue: here.to_owned(), ..item }).collect();
            let new = self.into.registry.carry_review_items(here, &items).await?;
            self.report.add(Kind::ReviewItem, new, items.len() as u64 - new);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    pub(super) async fn issues(&mut self, source: &mut dyn Source, experiment: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = source.issues(experiment, after.as_deref()).await;
            let (issues, next) = self.taken(Kind::Issue, experiment, page)?;
            for mut issue in issues {
                issue.experiment = self.experiment(&issue.experiment).unwrap_or_default();
                let carried = self.into.registry.carry_issue(&issue).await?;
                self.count(Kind::Issue, carried);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}
