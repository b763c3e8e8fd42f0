//! Problems that somebody has found. One lies with the others of its experiment; an index has the experiment of each id.

use std::collections::BTreeMap;

use model::document::Kind;
use model::issue::{Issue, IssueStatus, Severity};

use crate::changing::{added, put};
use crate::{Error, Registry, key};

/// What indexes of issues begin with.
const ISSUES: &str = "issue";

/// The most that an issue may have beside it.
const MOST_METADATA: usize = 100;

/// What is to change of an issue; none leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct IssueChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub status: Option<IssueStatus>,
    pub severity: Option<Severity>,
    pub categories: Option<Vec<String>>,
    /// Counts where it is later than what is known.
    pub seen: Option<i64>,
    pub by: Option<String>,
    /// Added to what is there.
    pub metadata: BTreeMap<String, String>,
    pub without_metadata: Vec<String>,
}

impl Registry {
    /// # Errors
    ///
    /// `Exists` where there is one with this id.
    pub async fn create_issue(&self, issue: Issue) -> Result<Issue, Error> {
        let index = key::of(&[ISSUES, &issue.id])?;
        self.change(&index, async || {
            if self.find::<String>(Kind::Index, &index).await?.is_some() {
                return Err(Error::exists("issue", &issue.id));
            }
            let key = key::of(&[&issue.experiment, &issue.id])?;
            let changes = vec![put(Kind::Issue, key, &issue)?, added(Kind::Index, index.clone(), &issue.experiment)?];
            Ok((changes, issue.clone()))
        })
        .await
    }

    /// # Errors
    ///
    /// `Missing` where there is none; so does what follows.
    pub async fn issue(&self, id: &str) -> Result<Issue, Error> {
        let found = self.find(Kind::Issue, &self.issue_key(id).await?).await?;
        found.map(|found| found.value).ok_or_else(|| Error::missing("issue", id))
    }

    /// The issues of an experiment, or all.
    pub async fn issues(&self, experiment: Option<&str>) -> Result<Vec<Issue>, Error> {
        let below = experiment.map(|experiment| key::below(&[experiment])).transpose()?.unwrap_or_default();
        Ok(self.all(Kind::Issue, &below).await?.into_iter().map(|found| found.value).collect())
    }

    /// # Errors
    ///
    /// `Invalid` where it would have too much beside it.
    pub async fn change_issue(&self, id: &str, change: &IssueChange, now: i64) -> Result<Issue, Error> {
        let missing = || Error::missing("issue", id);
        let change = |issue: &mut Issue| changed(issue, change.clone(), now);
        self.alter(Kind::Issue, &self.issue_key(id).await?, missing, change).await
    }

    async fn issue_key(&self, id: &str) -> Result<String, Error> {
        let experiment = self.find::<String>(Kind::Index, &key::of(&[ISSUES, id])?).await?;
        key::of(&[&experiment.ok_or_else(|| Error::missing("issue", id))?.value, id])
    }
}

fn changed(issue: &mut Issue, change: IssueChange, now: i64) -> Result<(), Error> {
    let IssueChange { name, description, status, severity, categories, seen, by, metadata, without_metadata } = change;
    issue.name = name.unwrap_or_else(|| std::mem::take(&mut issue.name));
    issue.description = description.unwrap_or_else(|| std::mem::take(&mut issue.description));
    issue.status = status.unwrap_or(issue.status);
    issue.severity = severity.or(issue.severity);
    issue.categories = categories.unwrap_or_else(|| std::mem::take(&mut issue.categories));
    issue.seen = seen.map_or(issue.seen, |seen| seen.max(issue.seen));
    issue.updated_by = by.or_else(|| issue.updated_by.take());
    issue.metadata.extend(metadata);
    issue.metadata.retain(|name, _| !without_metadata.contains(name));
    issue.updated = now;
    match issue.metadata.len() > MOST_METADATA {
        true => Err(Error::invalid(format!("metadata must be a string map with at most {MOST_METADATA} entries"))),
        false => Ok(()),
    }
}
