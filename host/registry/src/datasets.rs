//! Datasets for evaluation: their tags, and the experiments that they are used in. Their records are in `dataset_records`.

use std::collections::BTreeMap;

use model::dataset::{Dataset, Records, Versions};
use model::document::Kind;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::changing::{Found, added};
use crate::prompts::set;
use crate::{Error, Registry, key};

/// The most records that go in one change.
const AT_ONCE: usize = 1000;

impl Registry {
    /// Names are not taken: there may be others of the same.
    pub async fn create_dataset(
        &self,
        name: &str,
        tags: BTreeMap<String, String>,
        experiments: Vec<String>,
        by: Option<String>,
        now: i64,
    ) -> Result<Dataset, Error> {
        let dataset = Dataset {
            id: format!("d-{}", Uuid::new_v4().simple()),
            name: name.to_owned(),
            tags,
            experiments: Vec::new(),
            records: Records::default(),
            versions: Versions::default(),
            created: now,
            updated: now,
            created_by: by.clone(),
            updated_by: by,
        };
        let dataset = Dataset { experiments: united(Vec::new(), &experiments), ..dataset };
        let key = key::of(&[&dataset.id])?;
        self.change(&key, async || Ok((vec![added(Kind::Dataset, key.clone(), &dataset)?], dataset.clone()))).await
    }

    /// # Errors
    ///
    /// `Missing` where there is none with this id; so do all that follow.
    pub async fn dataset(&self, id: &str) -> Result<Dataset, Error> {
        self.found_dataset(id).await.map(|found| found.value)
    }

    /// All of them.
    pub async fn datasets(&self) -> Result<Vec<Dataset>, Error> {
        Ok(self.all(Kind::Dataset, "").await?.into_iter().map(|found| found.value).collect())
    }

    /// No value takes a tag away, whether it is there or not.
    pub async fn tag_dataset(&self, id: &str, tags: &BTreeMap<String, Option<String>>) -> Result<Dataset, Error> {
        self.alter_dataset(id, |dataset| {
            tags.iter().for_each(|(tag, value)| set(&mut dataset.tags, tag, value.as_deref()));
        })
        .await
    }

    /// Experiments that it is used in already stay where they are.
    pub async fn add_dataset_experiments(&self, id: &str, experiments: &[String], now: i64) -> Result<Dataset, Error> {
        self.alter_dataset(id, |dataset| {
            dataset.experiments = united(std::mem::take(&mut dataset.experiments), experiments);
            dataset.updated = now;
        })
        .await
    }

    pub async fn remove_dataset_experiments(
        &self,
        id: &str,
        experiments: &[String],
        now: i64,
    ) -> Result<Dataset, Error> {
        self.alter_dataset(id, |dataset| {
            let before = dataset.experiments.len();
            dataset.experiments.retain(|experiment| !experiments.contains(experiment));
            if dataset.experiments.len() < before {
                dataset.updated = now;
            }
        })
        .await
    }

    /// Deletes it with its records and versions. It is gone at once; its records go after it.
    pub async fn delete_dataset(&self, id: &str) -> Result<(), Error> {
        self.change(id, async || Ok((vec![self.found_dataset(id).await?.removed()], ()))).await?;
        for kind in [Kind::DatasetRecord, Kind::Index, Kind::DatasetVersion] {
            let below = match kind {
                Kind::Index => key::below(&[Self::RECORDS, id])?,
                _ => key::below(&[id])?,
            };
            loop {
                let keys = self.documents.documents(kind, &below, None, AT_ONCE).await?;
                if keys.is_empty() {
                    break;
                }
                let gone = keys.into_iter().map(|document| gone(kind, document.key)).collect();
                self.documents.commit(gone).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn found_dataset(&self, id: &str) -> Result<Found<Dataset>, Error> {
        self.find(Kind::Dataset, &key::of(&[id])?).await?.ok_or_else(|| Error::missing("dataset", id))
    }

    pub(crate) async fn alter_dataset(&self, id: &str, change: impl Fn(&mut Dataset)) -> Result<Dataset, Error> {
        let change = |dataset: &mut Dataset| {
            change(dataset);
            Ok(())
        };
        self.alter(Kind::Dataset, &key::of(&[id])?, || Error::missing("dataset", id), change).await
    }
}

/// Eight digits that tell what is in a dataset from what was: they change with its name and with its records.
pub fn dataset_digest(dataset: &Dataset) -> String {
    let Records { count, sum, .. } = &dataset.records;
    let digest = Sha256::digest(format!("{}\n{count}\n{sum}", dataset.name));
    digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both, in the order in which they came, each once.
fn united(mut these: Vec<String>, those: &[String]) -> Vec<String> {
    for one in those {
        if !these.contains(one) {
            these.push(one.clone());
        }
    }
    these
}

fn gone(kind: Kind, key: String) -> model::document::Change {
    model::document::Change { kind, key, expected: model::document::Expected::Anything, value: None }
}
