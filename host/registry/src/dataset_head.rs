//! The head of a dataset as record documents: made of the last version when somebody asks for records.
//!
//! A version that was added is a file, whatever its size; a document for each of its rows and one that finds it by its inputs cost
//! a hundred times as much. So they are made when a client first wants to see or change single records, in steps, each of which
//! means the same when it is made twice.

use std::io::{BufRead, BufReader};

use model::dataset::{Dataset, DatasetRecord, DatasetVersion, RowFields};
use model::document::{Change, Kind};
use model::ports::StoreError;
use model::row::RowRecord;

use crate::changing::{Found, added, put};
use crate::dataset_records::{digest_of_inputs, number_of, record_id, record_key};
use crate::dataset_rows::{row_of, take_row};
use crate::{Error, Registry, key};

/// Records that go in one step.
const AT_ONCE: usize = 1000;

impl Registry {
    /// Makes sure that the record documents of a dataset are its head.
    pub(crate) async fn unpack(&self, id: &str) -> Result<(), Error> {
        let dataset = self.dataset(id).await?;
        if !is_packed(&dataset) {
            return Ok(());
        }
        let version = self.dataset_version(id, dataset.versions.last).await?;
        let mut rows = BufReader::new(self.blobs.open_blob(&version.digest)?).lines();
        let mut after: Option<String> = None;
        loop {
            let chunk = rows.by_ref().take(AT_ONCE).map(|line| read(&version, line)).collect::<Result<Vec<_>, _>>()?;
            let Some(end) = self.change(id, async || self.unpacking(&version, after.as_deref(), &chunk).await).await?
            else {
                return Ok(());
            };
            after = Some(end);
        }
    }

    /// Makes the documents of some rows of a version, or those behind all rows go. Returns the key of the last; none at the end.
    async fn unpacking(
        &self,
        version: &DatasetVersion,
        after: Option<&str>,
        rows: &[RowRecord],
    ) -> Result<(Vec<Change>, Option<String>), Error> {
        let id = &version.dataset;
        let mut dataset = self.found_dataset(id).await?;
        if dataset.value.versions.last != version.number {
            return Err(Error::Busy { what: dataset.value.name.clone() });
        }
        let mut changes = Vec::new();
        let there = self.record_documents(id, after).await?;
        if rows.is_empty() {
            for record in &there {
                changes.extend(self.removed_record(id, record).await?);
            }
            if there.is_empty() {
                dataset.value.versions.unpacked = version.number;
            }
            changes.push(dataset.changed()?);
            // Twice for those that stood behind, since the first time has not moved the end.
            return Ok((changes, (!there.is_empty()).then(|| after.unwrap_or_default().to_owned())));
        }
        let mut end = String::new();
        let mut there = there.into_iter();
        for row in rows {
            end = match there.next() {
                Some(mut found) => {
                    changes.extend(self.replaced(id, &mut found, row, version).await?);
                    found.key
                }
                None => {
                    let number = dataset.value.records.next;
                    dataset.value.records.next += 1;
                    let record = made(version, number, row);
                    let record_key = record_key(id, number)?;
                    changes.push(added(Kind::DatasetRecord, record_key.clone(), &record)?);
                    changes.push(put(Kind::Index, index_key(id, &record)?, &number)?);
                    record_key
                }
            };
        }
        changes.push(dataset.changed()?);
        Ok((unique(changes), Some(end)))
    }

    /// What changes where a record says something else than the row in its place.
    async fn replaced(
        &self,
        id: &str,
        found: &mut Found<DatasetRecord>,
        row: &RowRecord,
        version: &DatasetVersion,
    ) -> Result<Vec<Change>, Error> {
        let before = row_of(&found.value);
        if before.canonical_line() == row.canonical_line() {
            return Ok(Vec::new());
        }
        let number = number_of(id, &found.value.id).unwrap_or_default();
        let old = index_key(id, &found.value)?;
        take_row(&mut found.value, row.clone());
        found.value.updated = version.created;
        found.value.updated_by.clone_from(&version.created_by);
        let new = index_key(id, &found.value)?;
        let mut changes = vec![found.changed()?];
        if old != new {
            let index = self.find::<u64>(Kind::Index, &old).await?;
            changes.extend(index.filter(|index| index.value == number).map(|index| index.removed()));
            changes.push(put(Kind::Index, new, &number)?);
        }
        Ok(changes)
    }

    /// A page of the record documents of a dataset, whatever its head is, behind the key `after`.
    pub(crate) async fn record_documents(
        &self,
        id: &str,
        after: Option<&str>,
    ) -> Result<Vec<Found<DatasetRecord>>, Error> {
        self.some(Kind::DatasetRecord, &key::below(&[id])?, after, AT_ONCE).await
    }

    /// The changes that take a record away. What finds it goes, unless that finds another of the same inputs.
    pub(crate) async fn removed_record(&self, id: &str, record: &Found<DatasetRecord>) -> Result<Vec<Change>, Error> {
        let number = number_of(id, &record.value.id);
        let index = self.find::<u64>(Kind::Index, &index_key(id, &record.value)?).await?;
        let index = index.filter(|index| Some(index.value) == number).map(|index| index.removed());
        Ok([record.removed()].into_iter().chain(index).collect())
    }
}

/// Whether the head is the last version, and its record documents are of an earlier one.
pub(crate) fn is_packed(dataset: &Dataset) -> bool {
    dataset.versions.unpacked < dataset.versions.last
}

fn read(version: &DatasetVersion, line: std::io::Result<String>) -> Result<RowRecord, Error> {
    serde_json::from_str(&line.map_err(StoreError::from)?).map_err(|error| {
        let what = format!("a row of version {} of `{}` can't be read: {error}", version.number, version.dataset);
        Error::Store(StoreError::Damaged { what })
    })
}

fn made(version: &DatasetVersion, number: u64, row: &RowRecord) -> DatasetRecord {
    let mut record = DatasetRecord {
        id: record_id(&version.dataset, number),
        inputs: row.inputs.clone(),
        outputs: None,
        expectations: None,
        tags: None,
        source: None,
        more: RowFields::default(),
        created: version.created,
        updated: version.created,
        created_by: version.created_by.clone(),
        updated_by: version.created_by.clone(),
    };
    take_row(&mut record, row.clone());
    record
}

fn index_key(dataset: &str, record: &DatasetRecord) -> Result<String, Error> {
    key::of(&[Registry::RECORDS, dataset, &digest_of_inputs(&record.inputs)])
}

/// Of changes of one document the last: rows of equal inputs are found by one index.
fn unique(changes: Vec<Change>) -> Vec<Change> {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<_> =
        changes.into_iter().rev().filter(|change| seen.insert((change.kind, change.key.clone()))).collect();
    kept.reverse();
    kept
}
