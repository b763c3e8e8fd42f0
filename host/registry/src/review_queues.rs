//! Queues in which traces wait for people. An index has the id of each name of an experiment, in lower case.

use model::document::{Change, Kind};
use model::review::{QueueKind, ReviewItem, ReviewQueue};
use uuid::Uuid;

use crate::changing::{Found, added};
use crate::{Error, Registry, key};

/// What indexes of queues begin with.
const QUEUES: &str = "queue";

/// A queue as somebody wants it.
#[derive(Clone, Debug)]
pub struct NewReviewQueue {
    pub experiment: String,
    pub name: String,
    pub kind: QueueKind,
    pub created_by: Option<String>,
    pub users: Vec<String>,
    pub schemas: Vec<String>,
}

/// What is to change of a queue; none leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ReviewQueueChange {
    pub name: Option<String>,
    pub created_by: Option<String>,
    pub users: Option<Vec<String>>,
    pub schemas: Option<Vec<String>>,
}

impl ReviewQueueChange {
    fn is_nothing(&self) -> bool {
        self.name.is_none() && self.created_by.is_none() && self.users.is_none() && self.schemas.is_none()
    }
}

impl Registry {
    /// # Errors
    ///
    /// `Exists` where another queue of the experiment has the name, and `Invalid` where a question is not the experiment's.
    pub async fn create_review_queue(&self, new: NewReviewQueue, now: i64) -> Result<ReviewQueue, Error> {
        self.check_schemas(&new.experiment, &new.schemas).await?;
        let NewReviewQueue { experiment, name, kind, created_by, users, mut schemas } = new;
        schemas.sort();
        let id = format!("rq-{}", Uuid::new_v4().simple());
        let (created, updated) = (now, now);
        let queue = ReviewQueue { id, experiment, name, kind, created_by, users, schemas, created, updated };
        let index = queue_index(&queue.experiment, &queue.name)?;
        self.change(&index, async || {
            if self.find::<String>(Kind::Index, &index).await?.is_some() {
                return Err(Error::exists("review queue", &queue.name));
            }
            let changes = vec![
                added(Kind::ReviewQueue, key::of(&[&queue.id])?, &queue)?,
                added(Kind::Index, index.clone(), &queue.id)?,
            ];
            Ok((changes, queue.clone()))
        })
        .await
    }

    /// The queue of one person, which is made where there is none.
    ///
    /// # Errors
    ///
    /// `Exists` where a queue of another kind has the person's name.
    pub async fn user_queue(&self, experiment: &str, user: &str, now: i64) -> Result<ReviewQueue, Error> {
        let new = NewReviewQueue {
            experiment: experiment.to_owned(),
            name: user.to_owned(),
            kind: QueueKind::User,
            created_by: Some(user.to_owned()),
            users: vec![user.to_owned()],
            schemas: Vec::new(),
        };
        match self.create_review_queue(new, now).await {
            Err(taken @ Error::Exists { .. }) => {
                let there = self.review_queue_named(experiment, user).await?;
                if there.kind == QueueKind::User { Ok(there) } else { Err(taken) }
            }
            made => made,
        }
    }

    /// # Errors
    ///
    /// `Missing` where there is none; so do all that follow.
    pub async fn review_queue(&self, id: &str) -> Result<ReviewQueue, Error> {
        self.found_queue(id).await.map(|found| found.value)
    }

    pub async fn review_queue_named(&self, experiment: &str, name: &str) -> Result<ReviewQueue, Error> {
        let index = self.find::<String>(Kind::Index, &queue_index(experiment, name)?).await?;
        let id = index.ok_or_else(|| Error::missing("review queue", name))?;
        self.review_queue(&id.value).await
    }

    /// The queues of an experiment, the youngest first.
    pub async fn review_queues(&self, experiment: &str) -> Result<Vec<ReviewQueue>, Error> {
        let mut queues = Vec::new();
        for id in self.all::<String>(Kind::Index, &key::below(&[QUEUES, experiment])?).await? {
            match self.review_queue(&id.value).await {
                Err(Error::Missing { .. }) => {}
                queue => queues.push(queue?),
            }
        }
        queues.sort_by(|a, b| b.created.cmp(&a.created).then(a.id.cmp(&b.id)));
        Ok(queues)
    }

    /// # Errors
    ///
    /// As when it is made; and `Invalid` where it is one person's, or where its questions would change under what waits.
    pub async fn change_review_queue(
        &self,
        id: &str,
        change: &ReviewQueueChange,
        now: i64,
    ) -> Result<ReviewQueue, Error> {
        self.change(id, async || {
            let mut found = self.found_queue(id).await?;
            if found.value.kind == QueueKind::User {
                return Err(Error::invalid(
                    "A user queue's name, assigned user, schemas, and owner are fixed and cannot be updated.",
                ));
            }
            if change.is_nothing() {
                return Ok((Vec::new(), found.value));
            }
            let before = found.value.clone();
            let queue = &mut found.value;
            if let Some(schemas) = &change.schemas {
                self.check_open(&before, schemas).await?;
                queue.schemas.clone_from(schemas);
                queue.schemas.sort();
            }
            queue.users = change.users.clone().unwrap_or_else(|| before.users.clone());
            queue.name = change.name.clone().unwrap_or_else(|| before.name.clone());
            queue.created_by = change.created_by.clone().or_else(|| before.created_by.clone());
            queue.updated = now;
            let mut changes = vec![found.changed()?];
            changes.extend(self.renaming_queue(&before, &found.value).await?);
            Ok((changes, found.value))
        })
        .await
    }

    /// Deletes it with what waits in it. One that is not there is gone, too.
    pub async fn delete_review_queue(&self, id: &str) -> Result<(), Error> {
        self.change(id, async || {
            let found = match self.found_queue(id).await {
                Err(Error::Missing { .. }) => return Ok((Vec::new(), ())),
                found => found?,
            };
            let index = queue_index(&found.value.experiment, &found.value.name)?;
            let index = self.find::<String>(Kind::Index, &index).await?.map(|index| index.removed());
            let items = self.found_items(id).await?;
            let items = items.iter().map(Found::<ReviewItem>::removed);
            Ok((items.chain(index).chain([found.removed()]).collect(), ()))
        })
        .await
    }

    pub(crate) async fn found_queue(&self, id: &str) -> Result<Found<ReviewQueue>, Error> {
        self.find(Kind::ReviewQueue, &key::of(&[id])?).await?.ok_or_else(|| Error::missing("review queue", id))
    }

    async fn check_open(&self, queue: &ReviewQueue, schemas: &[String]) -> Result<(), Error> {
        if !self.found_items(&queue.id).await?.is_empty() {
            return Err(Error::invalid(
                "A review queue's questions are locked once items are assigned to it. Remove the items before changing \
                 its questions.",
            ));
        }
        self.check_schemas(&queue.experiment, schemas).await
    }

    async fn check_schemas(&self, experiment: &str, schemas: &[String]) -> Result<(), Error> {
        let mut missing = Vec::new();
        for id in schemas {
            match self.label_schema(id).await {
                Ok(schema) if schema.experiment == experiment => {}
                Ok(_) | Err(Error::Missing { .. }) => missing.push(format!("'{id}'")),
                Err(error) => return Err(error),
            }
        }
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Error::invalid(format!(
                "Label schema id(s) [{}] not found for experiment '{experiment}'.",
                missing.join(", ")
            ))),
        }
    }

    async fn renaming_queue(&self, before: &ReviewQueue, after: &ReviewQueue) -> Result<Vec<Change>, Error> {
        let (old, new) = (queue_index(&before.experiment, &before.name)?, queue_index(&after.experiment, &after.name)?);
        if old == new {
            return Ok(Vec::new());
        }
        if self.find::<String>(Kind::Index, &new).await?.is_some() {
            return Err(Error::exists("review queue", &after.name));
        }
        let old = self.find::<String>(Kind::Index, &old).await?.map(|old| old.removed());
        Ok(old.into_iter().chain([added(Kind::Index, new, &after.id)?]).collect())
    }
}

pub(crate) fn queue_index(experiment: &str, name: &str) -> Result<String, Error> {
    key::of(&[QUEUES, experiment, &name.to_lowercase()])
}
