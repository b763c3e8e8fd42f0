//! Datasets and their records.

use std::collections::HashSet;

use model::dataset::{Dataset, DatasetRecord, RecordGiven, Records};
use model::document::{Change, Kind};

use super::{Carried, add_missing, complete};
use crate::changing::added;
use crate::dataset_fields::learn;
use crate::dataset_records::{Merging, changed_sum, digest_of_inputs, made, sum_of};
use crate::{Error, Registry, key};

/// The most records that go in one change.
const AT_ONCE: usize = 1000;

impl Registry {
    /// Brings a dataset; what it says of its records is left alone: they come with [`Self::carry_records`].
    pub async fn carry_dataset(&self, brought: &Dataset) -> Result<Carried, Error> {
        let key = key::of(&[&brought.id])?;
        self.change(&key, async || {
            let Some(mut found) = self.find::<Dataset>(Kind::Dataset, &key).await? else {
                let dataset = Dataset { records: Records::default(), ..brought.clone() };
                return Ok((vec![added(Kind::Dataset, key.clone(), &dataset)?], Carried::New));
            };
            let before = found.value.clone();
            complete(&mut found.value.tags, &brought.tags);
            add_missing(&mut found.value.experiments, &brought.experiments, |a, b| a == b);
            Ok((if found.value == before { Vec::new() } else { vec![found.changed()?] }, Carried::Known))
        })
        .await
    }

    /// Brings records of a dataset that is here, in the order in which they are to be; those with inputs that one has already
    /// stay out. Their ids are made here. Returns how many are new.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such dataset.
    pub async fn carry_records(&self, dataset: &str, brought: &[DatasetRecord]) -> Result<u64, Error> {
        self.unpack(dataset).await?;
        let mut new = 0;
        for brought in brought.chunks(AT_ONCE) {
            new += self.change(dataset, async || self.carrying(dataset, brought).await).await?;
        }
        Ok(new)
    }

    async fn carrying(&self, id: &str, brought: &[DatasetRecord]) -> Result<(Vec<Change>, u64), Error> {
        let mut dataset = self.unpacked_dataset(id).await?;
        let (mut changes, mut seen) = (Vec::new(), HashSet::new());
        for record in brought {
            let inputs = digest_of_inputs(&record.inputs);
            if !seen.insert(inputs.clone()) || self.record_with(id, &inputs).await?.is_some() {
                continue;
            }
            let given = given(record);
            let DatasetRecord { created, updated, created_by, updated_by, .. } = record.clone();
            let made = made(&mut dataset.value, &given, created);
            let made = DatasetRecord { created, updated, created_by, updated_by, ..made };
            learn(dataset.value.records.fields.get_or_insert_default(), &given);
            let sum = &mut dataset.value.records.sum;
            *sum = changed_sum(sum, None, Some(sum_of(&made)));
            changes.extend(Merging { found: None, made: Some(made), before: None }.changes(id, &inputs)?);
        }
        // Each is a record and its index.
        let new = changes.len() as u64 / 2;
        if new > 0 {
            changes.push(dataset.changed()?);
        }
        Ok((changes, new))
    }
}

fn given(record: &DatasetRecord) -> RecordGiven {
    let DatasetRecord { inputs, outputs, expectations, tags, source, created_by, .. } = record.clone();
    RecordGiven { inputs, outputs: Some(outputs), expectations, tags, source, by: created_by }
}
