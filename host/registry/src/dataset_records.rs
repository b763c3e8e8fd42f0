//! Records of datasets: which are the same, how one is merged into another, and what a dataset knows of all of them.
//!
//! A record is told by its inputs: by the SHA-256 of them as JSON with sorted keys, under which an index has its number. The
//! number is part of its id and of its key, so that records come in the order in which they were added.

use std::collections::{BTreeMap, HashMap};

use model::dataset::{Dataset, DatasetRecord, RecordGiven, RowFields};
use model::document::{Change, Kind};
use model::json::Json;
use serde_json::Map;
use sha2::{Digest, Sha256};

use crate::changing::{Found, added, put};
use crate::dataset_fields::learn;
use crate::dataset_head::is_packed;
use crate::dataset_shapes::check_shapes;
use crate::{Error, Registry, key};

/// The most records that go in one change.
const AT_ONCE: usize = 1000;

/// How many records were new, and how many were there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    pub inserted: u64,
    pub updated: u64,
}

impl Registry {
    /// What indexes of records begin with.
    pub(crate) const RECORDS: &str = "record";

    /// Adds records, or merges them into those with the same inputs. Goes in steps of a thousand: where it fails, those
    /// before are in, and handing over the same again comes to the same.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such dataset, and `Invalid` where records of sessions meet others; then none is in.
    pub async fn merge_records(&self, dataset: &str, given: &[RecordGiven], now: i64) -> Result<Merged, Error> {
        self.unpack(dataset).await?;
        check_shapes(&self.dataset(dataset).await?, given)?;
        let mut merged = Merged::default();
        for given in given.chunks(AT_ONCE) {
            let step = self.change(dataset, async || self.merging(dataset, given, now).await).await?;
            merged.inserted += step.inserted;
            merged.updated += step.updated;
        }
        Ok(merged)
    }

    async fn merging(&self, id: &str, given: &[RecordGiven], now: i64) -> Result<(Vec<Change>, Merged), Error> {
        let mut dataset = self.unpacked_dataset(id).await?;
        check_shapes(&dataset.value, given)?;
        let mut merged = Merged::default();
        // By the digest of their inputs: the record as it will be, and as it is found.
        let mut records: HashMap<String, Merging> = HashMap::new();
        let mut order = Vec::new();
        for given in given {
            let inputs = digest_of_inputs(&given.inputs);
            if !records.contains_key(&inputs) {
                let found = self.record_with(id, &inputs).await?;
                let before = found.as_ref().map(|found| sum_of(&found.value));
                records.insert(inputs.clone(), Merging { found, made: None, before });
                order.push(inputs.clone());
            }
            let record = records.get_mut(&inputs).expect("it was put there");
            match record.value_mut() {
                Some(there) => {
                    merge(there, given, now);
                    merged.updated += 1;
                }
                None => {
                    record.made = Some(made(&mut dataset.value, given, now));
                    merged.inserted += 1;
                }
            }
            learn(dataset.value.records.fields.get_or_insert_default(), given);
            if given.by.is_some() {
                dataset.value.updated_by.clone_from(&given.by);
            }
        }
        let mut changes = Vec::with_capacity(order.len() + 1);
        for inputs in order {
            let record = &records[&inputs];
            let sum = &mut dataset.value.records.sum;
            *sum = changed_sum(sum, record.before, record.value().map(sum_of));
            changes.extend(record.changes(id, &inputs)?);
        }
        dataset.value.updated = now;
        changes.push(dataset.changed()?);
        Ok((changes, merged))
    }

    /// A dataset whose record documents are its head: for who has unpacked it.
    pub(crate) async fn unpacked_dataset(&self, id: &str) -> Result<Found<Dataset>, Error> {
        let dataset = self.found_dataset(id).await?;
        // Somebody has added a version since.
        if is_packed(&dataset.value) { Err(Error::Busy { what: dataset.value.name }) } else { Ok(dataset) }
    }

    pub(crate) async fn record_with(&self, dataset: &str, inputs: &str) -> Result<Option<Found<DatasetRecord>>, Error> {
        let key = key::of(&[Self::RECORDS, dataset, inputs])?;
        let Some(number) = self.find::<u64>(Kind::Index, &key).await? else { return Ok(None) };
        self.find(Kind::DatasetRecord, &record_key(dataset, number.value)?).await
    }

    /// Up to `limit` records in the order in which they were added, beginning behind the one with the id `after`.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such dataset, and `Invalid` where `after` is no id of a record.
    pub async fn records(&self, dataset: &str, after: Option<&str>, limit: usize) -> Result<Vec<DatasetRecord>, Error> {
        self.unpack(dataset).await?;
        let after = after.map(|after| {
            let number = number_of(dataset, after).ok_or_else(|| Error::invalid(format!("`{after}` is no record")))?;
            record_key(dataset, number)
        });
        let (below, after) = (key::below(&[dataset])?, after.transpose()?);
        let found = self.some::<DatasetRecord>(Kind::DatasetRecord, &below, after.as_deref(), limit).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// Deletes records; those that are not there are gone, too. Returns how many there were.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such dataset.
    pub async fn delete_records(&self, dataset: &str, ids: &[String], now: i64) -> Result<u64, Error> {
        self.unpack(dataset).await?;
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        let mut deleted = 0;
        for ids in ids.chunks(AT_ONCE) {
            deleted += self.change(dataset, async || self.deleting(dataset, ids, now).await).await?;
        }
        Ok(deleted)
    }

    async fn deleting(&self, id: &str, ids: &[String], now: i64) -> Result<(Vec<Change>, u64), Error> {
        let mut dataset = self.unpacked_dataset(id).await?;
        let mut changes = Vec::new();
        let mut deleted = 0;
        for number in ids.iter().filter_map(|record| number_of(id, record)) {
            let Some(record) = self.find::<DatasetRecord>(Kind::DatasetRecord, &record_key(id, number)?).await? else {
                continue;
            };
            changes.extend(self.removed_record(id, &record).await?);
            let sum = &mut dataset.value.records.sum;
            *sum = changed_sum(sum, Some(sum_of(&record.value)), None);
            deleted += 1;
        }
        if deleted == 0 {
            return Ok((Vec::new(), 0));
        }
        dataset.value.records.count = dataset.value.records.count.saturating_sub(deleted);
        dataset.value.updated = now;
        changes.push(dataset.changed()?);
        Ok((changes, deleted))
    }
}

/// A record on its way into a dataset.
pub(crate) struct Merging {
    pub(crate) found: Option<Found<DatasetRecord>>,
    pub(crate) made: Option<DatasetRecord>,
    /// What the record that was found adds to the sum.
    pub(crate) before: Option<u128>,
}

impl Merging {
    fn value(&self) -> Option<&DatasetRecord> {
        self.made.as_ref().or(self.found.as_ref().map(|found| &found.value))
    }

    fn value_mut(&mut self) -> Option<&mut DatasetRecord> {
        self.made.as_mut().or(self.found.as_mut().map(|found| &mut found.value))
    }

    pub(crate) fn changes(&self, dataset: &str, inputs: &str) -> Result<Vec<Change>, Error> {
        if let Some(found) = &self.found {
            return Ok(vec![found.changed()?]);
        }
        let Some(made) = &self.made else { return Ok(Vec::new()) };
        let number = number_of(dataset, &made.id).unwrap_or_default();
        let index = key::of(&[Registry::RECORDS, dataset, inputs])?;
        // An index whose record is gone says nothing: the dataset's own change tells who is first.
        Ok(vec![added(Kind::DatasetRecord, record_key(dataset, number)?, made)?, put(Kind::Index, index, &number)?])
    }
}

pub(crate) fn made(dataset: &mut Dataset, given: &RecordGiven, now: i64) -> DatasetRecord {
    let number = dataset.records.next;
    dataset.records.next += 1;
    dataset.records.count += 1;
    let nothing = || Some(Json::from_serialize(&Map::new()).expect("an empty object is JSON"));
    DatasetRecord {
        id: record_id(&dataset.id, number),
        inputs: given.inputs.clone(),
        outputs: given.outputs.clone().unwrap_or_else(nothing),
        expectations: given.expectations.clone(),
        tags: given.tags.clone(),
        source: given.source.clone(),
        more: RowFields::default(),
        created: now,
        updated: now,
        created_by: given.by.clone(),
        updated_by: given.by.clone(),
    }
}

fn merge(record: &mut DatasetRecord, given: &RecordGiven, now: i64) {
    if let Some(outputs) = &given.outputs {
        record.outputs.clone_from(outputs);
    }
    let add = |to: &mut Option<BTreeMap<String, Json>>, more: &Option<BTreeMap<String, Json>>| {
        if let Some(more) = more.as_ref().filter(|more| !more.is_empty()) {
            to.get_or_insert_default().extend(more.clone());
        }
    };
    add(&mut record.expectations, &given.expectations);
    add(&mut record.tags, &given.tags);
    record.updated = now;
    if given.by.is_some() {
        record.updated_by.clone_from(&given.by);
    }
}

pub(crate) fn digest_of_inputs(inputs: &Json) -> String {
    // A tree has its keys sorted.
    hex(&Sha256::digest(inputs.to_value().to_string()))
}

/// What a record adds to the sum of its dataset: everything that it says, and not when.
pub(crate) fn sum_of(record: &DatasetRecord) -> u128 {
    let DatasetRecord { inputs, outputs, expectations, tags, source, more, .. } = record;
    let said = (inputs.to_value(), outputs, expectations, tags, source);
    let mut bytes = serde_json::to_vec(&said).expect("what was JSON is JSON");
    if *more != RowFields::default() {
        bytes.extend(serde_json::to_vec(more).expect("what was JSON is JSON"));
    }
    let digest = Sha256::digest(bytes);
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

pub(crate) fn changed_sum(sum: &str, before: Option<u128>, after: Option<u128>) -> String {
    let sum = u128::from_str_radix(sum, 16).unwrap_or_default();
    format!("{:032x}", sum.wrapping_sub(before.unwrap_or_default()).wrapping_add(after.unwrap_or_default()))
}

/// The number of a record is its second half; its first half is its dataset's.
pub(crate) fn record_id(dataset: &str, number: u64) -> String {
    format!("dr-{}{number:016x}", half(dataset))
}

pub(crate) fn number_of(dataset: &str, record: &str) -> Option<u64> {
    let number = record.strip_prefix("dr-")?.strip_prefix(&half(dataset))?;
    u64::from_str_radix(number, 16).ok().filter(|number| record_id(dataset, *number) == record)
}

fn half(dataset: &str) -> String {
    hex(&Sha256::digest(dataset)[..8])
}

pub(crate) fn record_key(dataset: &str, number: u64) -> Result<String, Error> {
    key::of(&[dataset, &format!("{number:016x}")])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
