//! Versions of datasets: how the head is frozen, how the next one is made of it, how one is named.
//!
//! The rows of a version are a blob, so that a million of them are one file and a document. Rows are merged into a dataset by
//! freezing its head and making the next version of those rows, which becomes the head; `dataset_head` makes record documents
//! of it when somebody asks for records.

use std::io::{self, Read, Write};

use model::dataset::{Dataset, DatasetReference, DatasetVersion, Provenance, Records, VersionReference, Versions};
use model::document::{Change, Kind};
use model::ports::StoreError;

use crate::changing::{Found, added};
use crate::dataset_fields::Facts;
use crate::dataset_rows::row_of;
use crate::{Error, Registry, key};

/// Hexadecimal digits of a version's digest that stand for its records.
const SUM_DIGITS: usize = 32;

/// What is said of a version that is to be made.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The id of the dataset.
    pub dataset: String,
    pub provenance: Provenance,
    pub message: Option<String>,
    pub by: Option<String>,
}

/// A version that is the head now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made<T> {
    pub version: DatasetVersion,
    /// The rows were those of the version before: that is it.
    pub is_known: bool,
    /// What whoever made it says of it.
    pub told: T,
}

impl Registry {
    /// The dataset of this name or id.
    ///
    /// # Errors
    ///
    /// `Missing` where there is none, `Invalid` where several have the name.
    pub async fn dataset_named(&self, name: &str) -> Result<Dataset, Error> {
        match self.dataset(name).await {
            Err(Error::Missing { .. }) => {}
            found => return found,
        }
        let mut named: Vec<_> = self.datasets().await?.into_iter().filter(|dataset| dataset.name == name).collect();
        match named.len() {
            0 => Err(Error::missing("dataset", name)),
            1 => Ok(named.remove(0)),
            count => {
                let ids: Vec<_> = named.iter().map(|dataset| dataset.id.as_str()).collect();
                Err(Error::invalid(format!("{count} datasets are named `{name}`; say which: {}", ids.join(", "))))
            }
        }
    }

    /// Freezes what the records of a dataset are now. Returns the version that says the same; none where there are no records
    /// and never were.
    pub async fn freeze_dataset(&self, id: &str, by: Option<&str>, now: i64) -> Result<Option<DatasetVersion>, Error> {
        self.change(id, async || {
            let mut found = self.found_dataset(id).await?;
            let dataset = &found.value;
            let last = match dataset.versions.last {
                0 if dataset.records.count == 0 => return Ok((Vec::new(), None)),
                0 => None,
                last => Some(self.dataset_version(id, last).await?),
            };
            if last.is_some() && is_frozen(dataset) {
                return Ok((Vec::new(), last));
            }
            let (digest, facts) = self.frozen(id).await?;
            let versions = &mut found.value.versions;
            versions.sum.clone_from(&found.value.records.sum);
            if let Some(last) = last.filter(|last| last.digest == digest) {
                return Ok((vec![found.changed()?], Some(last)));
            }
            let parent = versions.last;
            versions.last += 1;
            versions.unpacked = versions.last;
            let version = DatasetVersion {
                dataset: id.to_owned(),
                number: versions.last,
                digest,
                rows: facts.rows,
                splits: facts.splits,
                created: now,
                created_by: by.map(str::to_owned),
                provenance: Provenance::Records,
                message: None,
                parent: (parent > 0).then_some(parent),
            };
            Ok((vec![added_version(&version)?, found.changed()?], Some(version)))
        })
        .await
    }

    /// Writes the record documents of a dataset as the rows of a version. Returns their digest.
    async fn frozen(&self, id: &str) -> Result<(String, Facts), Error> {
        let mut blob = self.blobs.new_blob()?;
        let mut facts = Facts::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.record_documents(id, after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for found in &page {
                let row = row_of(&found.value);
                let line = row.canonical_line().ok_or_else(|| {
                    Error::invalid(format!("the record `{}` nests deeper than 128 levels", found.value.id))
                })?;
                writeln!(blob, "{line}").map_err(StoreError::from)?;
                facts.add(&row);
            }
        }
        Ok((blob.keep()?, facts))
    }

    /// Makes the next version of a dataset out of its head. `make` is handed the rows that are there, and writes those that are
    /// to be, a canonical line each, and takes note of every one.
    ///
    /// # Errors
    ///
    /// Fails as `make` does, and as `Busy` where records were changed meanwhile; then nothing has changed.
    pub async fn make_dataset_version<T>(
        &self,
        new: &NewVersion,
        now: i64,
        make: impl FnOnce(&mut dyn Read, &mut dyn Write, &mut Facts) -> io::Result<T>,
    ) -> Result<Made<T>, Error> {
        let parent = self.freeze_dataset(&new.dataset, new.by.as_deref(), now).await?;
        let mut there: Box<dyn Read + Send> = match &parent {
            Some(version) => self.blobs.open_blob(&version.digest)?,
            None => Box::new(io::empty()),
        };
        let (mut blob, mut facts) = (self.blobs.new_blob()?, Facts::default());
        let told = make(&mut there, &mut blob, &mut facts).map_err(StoreError::from)?;
        let digest = blob.keep()?;
        let (version, is_known) = self.add_version(new, parent, &digest, &facts, now).await?;
        Ok(Made { version, is_known, told })
    }

    async fn add_version(
        &self,
        new: &NewVersion,
        parent: Option<DatasetVersion>,
        digest: &str,
        facts: &Facts,
        now: i64,
    ) -> Result<(DatasetVersion, bool), Error> {
        let last = parent.as_ref().map_or(0, |parent| parent.number);
        self.change(&new.dataset, async || {
            let mut found = self.found_dataset(&new.dataset).await?;
            let dataset = &mut found.value;
            if dataset.versions.last != last || !is_frozen(dataset) {
                return Err(Error::Busy { what: dataset.name.clone() });
            }
            if let Some(parent) = parent.as_ref().filter(|parent| parent.digest == digest) {
                return Ok((Vec::new(), (parent.clone(), true)));
            }
            let version = DatasetVersion {
                dataset: new.dataset.clone(),
                number: last + 1,
                digest: digest.to_owned(),
                rows: facts.rows,
                splits: facts.splits.clone(),
                created: now,
                created_by: new.by.clone(),
                provenance: new.provenance.clone(),
                message: new.message.clone(),
                parent: (last > 0).then_some(last),
            };
            let sum = digest[..SUM_DIGITS].to_owned();
            dataset.versions.last = version.number;
            dataset.versions.sum.clone_from(&sum);
            let fields = Some(facts.fields.clone());
            dataset.records = Records { count: facts.rows, next: dataset.records.next, sum, fields };
            dataset.updated = now;
            if new.by.is_some() {
                dataset.updated_by.clone_from(&new.by);
            }
            Ok((vec![added_version(&version)?, found.changed()?], (version, false)))
        })
        .await
    }

    /// All versions of a dataset, ascending by number.
    pub async fn dataset_versions(&self, id: &str) -> Result<Vec<DatasetVersion>, Error> {
        let found = self.all(Kind::DatasetVersion, &key::below(&[id])?).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// # Errors
    ///
    /// `Missing` where there is none of this number.
    pub async fn dataset_version(&self, id: &str, number: u64) -> Result<DatasetVersion, Error> {
        let found: Option<Found<_>> = self.find(Kind::DatasetVersion, &version_key(id, number)?).await?;
        let missing = || Error::missing("version of this dataset", number.to_string());
        found.map(|found| found.value).ok_or_else(missing)
    }

    /// What a reference means; the head is frozen for it.
    ///
    /// # Errors
    ///
    /// `Missing` where there is no such dataset, `Invalid` where it has no such version, or nothing to freeze.
    pub async fn resolve_dataset(
        &self,
        reference: &DatasetReference,
        by: Option<&str>,
        now: i64,
    ) -> Result<(Dataset, DatasetVersion), Error> {
        let dataset = self.dataset_named(&reference.dataset).await?;
        let Dataset { id, name, versions: Versions { last, aliases, .. }, .. } = &dataset;
        let known = || match last {
            0 => "it has none yet".to_owned(),
            1 => "it has version 1".to_owned(),
            last => format!("it has versions 1 to {last}"),
        };
        let number = match &reference.version {
            VersionReference::Head => {
                let nothing = || Error::invalid(format!("the dataset `{name}` has no rows"));
                let version = self.freeze_dataset(id, by, now).await?.ok_or_else(nothing)?;
                return Ok((dataset, version));
            }
            VersionReference::Number(number) if number <= last => *number,
            VersionReference::Latest if *last > 0 => *last,
            VersionReference::Number(number) => {
                return Err(Error::invalid(format!("the dataset `{name}` has no version {number}: {}", known())));
            }
            VersionReference::Latest => {
                return Err(Error::invalid(format!("the dataset `{name}` has no version: {}", known())));
            }
            VersionReference::Alias(alias) => *aliases.get(alias).ok_or_else(|| {
                let names: Vec<_> = aliases.keys().map(|name| format!("`{name}`")).collect();
                let named =
                    if names.is_empty() { String::new() } else { format!(", and aliases {}", names.join(", ")) };
                Error::invalid(format!("the dataset `{name}` has no version `{alias}`: {}{named}", known()))
            })?,
        };
        let version = self.dataset_version(id, number).await?;
        Ok((dataset, version))
    }

    /// Has a name stand for a version, whatever it stood for; no number takes the name away.
    ///
    /// # Errors
    ///
    /// `Invalid` where the name could be taken for a number or for `latest`, `Missing` where there is no such version.
    pub async fn name_dataset_version(&self, id: &str, alias: &str, number: Option<u64>) -> Result<Dataset, Error> {
        let is_number = alias.bytes().all(|byte| byte.is_ascii_digit());
        let has_others = alias.contains(|character: char| character == '@' || character.is_whitespace());
        if is_number || alias == "latest" || has_others {
            return Err(Error::invalid(format!(
                "`{alias}` can't name a version: a name is no number, not `latest`, and has no `@` and no space"
            )));
        }
        if let Some(number) = number {
            self.dataset_version(id, number).await?;
        }
        self.alter_dataset(id, |dataset| match number {
            Some(number) => drop(dataset.versions.aliases.insert(alias.to_owned(), number)),
            None => drop(dataset.versions.aliases.remove(alias)),
        })
        .await
    }
}

/// Whether the last version says what the records are now; so it is of a dataset that has neither.
fn is_frozen(dataset: &Dataset) -> bool {
    let Dataset { versions: Versions { last, sum, unpacked, .. }, records, .. } = dataset;
    match last {
        0 => records.count == 0,
        last => unpacked < last || *sum == records.sum,
    }
}

fn added_version(version: &DatasetVersion) -> Result<Change, Error> {
    added(Kind::DatasetVersion, version_key(&version.dataset, version.number)?, version)
}

fn version_key(dataset: &str, number: u64) -> Result<String, Error> {
    key::of(&[dataset, &format!("{number:016x}")])
}
