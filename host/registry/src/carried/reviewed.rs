//! Questions to people, queues with what waits in them, and problems.

use model::document::Kind;
use model::issue::Issue;
use model::review::{LabelSchema, ReviewItem, ReviewQueue};

use super::Carried;
use crate::changing::added;
use crate::label_schemas::label_index;
use crate::review_queues::queue_index;
use crate::{Error, Registry, key};

impl Registry {
    /// Brings a question; one of its id, or else of the same name in its experiment, is the same. Returns the one that is here.
    pub async fn carry_label_schema(&self, brought: &LabelSchema) -> Result<(LabelSchema, Carried), Error> {
        let (key, index) = (key::of(&[&brought.id])?, label_index(brought)?);
        self.change(&index, async || {
            // It may have another name by now.
            if let Some(found) = self.find::<LabelSchema>(Kind::LabelSchema, &key).await? {
                return Ok((Vec::new(), (found.value, Carried::Known)));
            }
            if let Some(id) = self.find::<String>(Kind::Index, &index).await? {
                return Ok((Vec::new(), (self.label_schema(&id.value).await?, Carried::Known)));
            }
            let schema = added(Kind::LabelSchema, key.clone(), brought)?;
            Ok((vec![schema, added(Kind::Index, index.clone(), &brought.id)?], (brought.clone(), Carried::New)))
        })
        .await
    }

    /// Brings a queue; one of its id, or else of the same name in its experiment, is the same. Returns the one that is here.
    pub async fn carry_review_queue(&self, brought: &ReviewQueue) -> Result<(ReviewQueue, Carried), Error> {
        let (key, index) = (key::of(&[&brought.id])?, queue_index(&brought.experiment, &brought.name)?);
        self.change(&index, async || {
            // It may have another name by now.
            if let Some(found) = self.find::<ReviewQueue>(Kind::ReviewQueue, &key).await? {
                return Ok((Vec::new(), (found.value, Carried::Known)));
            }
            if let Some(id) = self.find::<String>(Kind::Index, &index).await? {
                return Ok((Vec::new(), (self.review_queue(&id.value).await?, Carried::Known)));
            }
            let queue = added(Kind::ReviewQueue, key.clone(), brought)?;
            Ok((vec![queue, added(Kind::Index, index.clone(), &brought.id)?], (brought.clone(), Carried::New)))
        })
        .await
    }

    /// Brings what waits in a queue that is here.
    ///
    /// # Errors
    ///
    /// `Missing` of the `review queue`.
    pub async fn carry_review_items(&self, queue: &str, brought: &[ReviewItem]) -> Result<u64, Error> {
        self.change(queue, async || {
            let mut changes = Vec::new();
            for item in brought {
                let key = key::of(&[queue, &item.trace])?;
                if self.find::<ReviewItem>(Kind::ReviewItem, &key).await?.is_none() {
                    changes.push(added(Kind::ReviewItem, key, item)?);
                }
            }
            let new = changes.len() as u64;
            if new > 0 {
                // It stands here so that it can't be deleted meanwhile.
                changes.push(self.found_queue(queue).await?.changed()?);
            }
            Ok((changes, new))
        })
        .await
    }

    /// Brings a problem.
    pub async fn carry_issue(&self, brought: &Issue) -> Result<Carried, Error> {
        match self.create_issue(brought.clone()).await {
            Ok(_) => Ok(Carried::New),
            Err(Error::Exists { .. }) => Ok(Carried::Known),
            Err(error) => Err(error),
        }
    }
}
