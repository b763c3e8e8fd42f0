//! Traces that wait in queues for people, and how far people are with them.

use model::document::{Change, Expected, Kind};
use model::review::{ReviewItem, ReviewStatus};

use crate::changing::{Found, added};
use crate::{Error, Registry, key};

impl Registry {
    /// Adds traces to a queue; those that wait there already stay as they are. All of them come back, in the order in which
    /// they are named.
    ///
    /// # Errors
    ///
    /// `Missing` of the `review queue`.
    pub async fn add_review_items(&self, queue: &str, traces: &[String], now: i64) -> Result<Vec<ReviewItem>, Error> {
        self.change(queue, async || {
            // It stands here so that it can't be deleted meanwhile.
            let mut changes = vec![self.found_queue(queue).await?.changed()?];
            let mut items = Vec::with_capacity(traces.len());
            for trace in traces {
                let key = key::of(&[queue, trace])?;
                if let Some(found) = self.find(Kind::ReviewItem, &key).await? {
                    items.push(found.value);
                    continue;
                }
                let item = ReviewItem {
                    queue: queue.to_owned(),
                    trace: trace.clone(),
                    status: ReviewStatus::Pending,
                    completed_by: None,
                    completed: None,
                    created: now,
                    updated: now,
                };
                changes.push(added(Kind::ReviewItem, key, &item)?);
                items.push(item);
            }
            Ok((changes, items))
        })
        .await
    }

    /// Those that don't wait there are gone, too.
    ///
    /// # Errors
    ///
    /// `Missing` of the `review queue`; so do all that follow.
    pub async fn remove_review_items(&self, queue: &str, traces: &[String]) -> Result<(), Error> {
        self.review_queue(queue).await?;
        let gone = |trace: &String| {
            let key = key::of(&[queue, trace])?;
            Ok(Change { kind: Kind::ReviewItem, key, expected: Expected::Anything, value: None })
        };
        let changes = traces.iter().map(gone).collect::<Result<Vec<_>, Error>>()?;
        self.documents.commit(changes).await?;
        Ok(())
    }

    /// What waits in a queue, the youngest first.
    pub async fn review_items(&self, queue: &str) -> Result<Vec<ReviewItem>, Error> {
        self.review_queue(queue).await?;
        let mut items: Vec<_> = self.found_items(queue).await?.into_iter().map(|found| found.value).collect();
        items.sort_by(|a, b| b.created.cmp(&a.created).then(a.trace.cmp(&b.trace)));
        Ok(items)
    }

    /// Whether a trace waits in a queue.
    pub async fn waits_in(&self, queue: &str, trace: &str) -> Result<bool, Error> {
        Ok(self.find::<ReviewItem>(Kind::ReviewItem, &key::of(&[queue, trace])?).await?.is_some())
    }

    /// Says how far somebody is with a trace. That it is said again means nothing, whoever says so.
    ///
    /// # Errors
    ///
    /// `Missing` of the `review item`, too; and `Invalid` where it is done by nobody, or somebody has opened it again.
    pub async fn set_review_status(
        &self,
        queue: &str,
        trace: &str,
        status: ReviewStatus,
        by: Option<&str>,
        now: i64,
    ) -> Result<ReviewItem, Error> {
        check_who(status, by)?;
        self.review_queue(queue).await?;
        let set = |item: &mut ReviewItem| {
            if item.status == status {
                return Ok(());
            }
            item.status = status;
            item.updated = now;
            item.completed_by = by.map(str::to_owned);
            item.completed = by.map(|_| now);
            Ok(())
        };
        let missing = || Error::missing("review item", trace);
        self.alter(Kind::ReviewItem, &key::of(&[queue, trace])?, missing, set).await
    }

    pub(crate) async fn found_items(&self, queue: &str) -> Result<Vec<Found<ReviewItem>>, Error> {
        self.all(Kind::ReviewItem, &key::below(&[queue])?).await
    }
}

fn check_who(status: ReviewStatus, by: Option<&str>) -> Result<(), Error> {
    let said = match status {
        ReviewStatus::Pending if by.is_some() => {
            return Err(Error::invalid("`completed_by` must not be set when reopening an item to `pending`."));
        }
        ReviewStatus::Pending => return Ok(()),
        ReviewStatus::Complete => "complete",
        ReviewStatus::Declined => "declined",
    };
    match by {
        Some(by) if !by.is_empty() => Ok(()),
        _ => Err(Error::invalid(format!("`completed_by` is required when setting status to `{said}`."))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::review::QueueKind;
    use storage::MemoryStore;

    use super::*;
    use crate::{NewReviewQueue, ReviewQueueChange};

    #[tokio::test]
    async fn questions_stay_while_something_waits_and_what_waits_goes_with_its_queue() {
        let registry = Registry::new(Arc::new(MemoryStore::new()));
        let new = NewReviewQueue {
            experiment: "1".to_owned(),
            name: "q".to_owned(),
            kind: QueueKind::Custom,
            created_by: None,
            users: Vec::new(),
            schemas: Vec::new(),
        };
        let id = registry.create_review_queue(new.clone(), 1).await.expect("a free name").id;
        let traces = ["b".to_owned(), "a".to_owned()];
        let items = registry.add_review_items(&id, &traces, 2).await.expect("it is there");
        assert_eq!(items.iter().map(|item| item.trace.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        registry.set_review_status(&id, "a", ReviewStatus::Complete, Some("ann"), 3).await.expect("it waits");
        let again =
            registry.set_review_status(&id, "a", ReviewStatus::Complete, Some("bob"), 4).await.expect("it waits");
        assert_eq!((again.completed_by.as_deref(), again.completed), (Some("ann"), Some(3)));
        assert_eq!(registry.add_review_items(&id, &traces, 5).await.expect("it is there")[1], again);
        let questions = ReviewQueueChange { schemas: Some(Vec::new()), ..ReviewQueueChange::default() };
        let wrong = registry.change_review_queue(&id, &questions, 6).await.expect_err("something waits").to_string();
        assert!(wrong.contains("questions are locked"), "{wrong}");
        registry.delete_review_queue(&id).await.expect("it is there");
        assert!(!registry.waits_in(&id, "a").await.expect("readable"));
        registry.create_review_queue(new, 7).await.expect("its name is free");
    }
}
