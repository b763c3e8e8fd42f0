//! Problems that somebody has found in what an application does.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use model::issue::{Issue, IssueStatus, Severity};
use registry::{Error, IssueChange};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{answer, message};
use super::limits::KEY;
use super::{Answer, Asked, Resource, Wrong, experiments};
use crate::shared::Shared;

/// The most characters of a value of metadata, and of who says so.
const LONGEST_VALUE: usize = 65_536;
const LONGEST_ACTOR: usize = 255;

/// The most categories, and the most entries of metadata.
const MOST: usize = 100;

pub(super) fn resources() -> Vec<Resource> {
    vec![("/3.0/mlflow/issues", post(create)), ("/3.0/mlflow/issues/{issue_id}", get(show).patch(update))]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = asked.required("name")?;
    let description = asked.required("description")?;
    let experiment = experiments::id(&asked)?;
    check_name(name)?;
    let now = shared.milliseconds();
    let by = actor(&asked, "created_by")?;
    let issue = Issue {
        id: new_id(&asked)?,
        experiment: experiments::find_active(&shared, &experiment).await?.id,
        name: name.to_owned(),
        description: description.to_owned(),
        status: named(&asked, "status")?.unwrap_or_default(),
        severity: named(&asked, "severity")?,
        root_causes: asked.texts("root_causes")?.into_iter().map(str::to_owned).collect(),
        categories: words(&asked, "categories")?,
        metadata: metadata(&asked)?,
        run: asked.text("source_run_id")?.filter(|run| !run.is_empty()).map(str::to_owned),
        created_by: by.clone(),
        updated_by: by,
        created: now,
        updated: now,
        seen: seen(&asked)?.unwrap_or(now),
    };
    let made = shared.registry.create_issue(issue).await.map_err(wrong)?;
    answer(json!({ "issue": issue_json(&made, true) }))
}

/// The id that is asked for, or a new one.
fn new_id(asked: &Asked) -> Result<String, Wrong> {
    let Some(id) = asked.text("issue_id")? else { return Ok(format!("iss-{}", Uuid::now_v7().simple())) };
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match id.strip_prefix("iss-") {
        Some(rest) if (1..=32).contains(&rest.len()) && rest.chars().all(is_part) => Ok(id.to_owned()),
        _ => Err(Wrong::invalid("issue_id must be iss-* and at most 36 characters")),
    }
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let issue = shared.registry.issue(asked.required("issue_id")?).await.map_err(wrong)?;
    answer(json!({ "issue": issue_json(&issue, true) }))
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = asked.required("issue_id")?;
    let name = asked.text("name")?;
    name.map_or(Ok(()), check_name)?;
    let (metadata, without_metadata) = (metadata(&asked)?, words(&asked, "delete_metadata_keys")?);
    if without_metadata.iter().any(|name| metadata.contains_key(name)) {
        return Err(Wrong::invalid("Cannot update and delete the same key"));
    }
    let change = IssueChange {
        name: name.map(str::to_owned),
        description: asked.text("description")?.map(str::to_owned),
        status: named(&asked, "status")?,
        severity: named(&asked, "severity")?,
        categories: asked.value("categories").map(|_| words(&asked, "categories")).transpose()?,
        seen: seen(&asked)?,
        by: actor(&asked, "last_updated_by")?,
        metadata,
        without_metadata,
    };
    let changed = shared.registry.change_issue(id, &change, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "issue": issue_json(&changed, true) }))
}

fn check_name(name: &str) -> Result<(), Wrong> {
    match (1..=KEY).contains(&name.chars().count()) {
        true => Ok(()),
        false => Err(Wrong::invalid(format!("Issue name must contain 1 to {KEY} characters"))),
    }
}

/// A status or a severity, by its name.
fn named<T: DeserializeOwned>(asked: &Asked, field: &str) -> Result<Option<T>, Wrong> {
    asked.text(field)?.map(|text| read_named(field, text)).transpose()
}

pub(super) fn read_named<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Wrong> {
    serde_json::from_value(json!(text)).map_err(|_| Wrong::invalid(format!("Invalid issue {field}: '{text}'")))
}

fn actor(asked: &Asked, field: &str) -> Result<Option<String>, Wrong> {
    let actor = asked.text(field)?.filter(|actor| !actor.is_empty());
    match actor {
        Some(actor) if actor.chars().count() > LONGEST_ACTOR => Err(Wrong::invalid(format!("Invalid {field}"))),
        actor => Ok(actor.map(str::to_owned)),
    }
}

fn seen(asked: &Asked) -> Result<Option<i64>, Wrong> {
    match asked.integer("last_seen_timestamp") {
        Ok(seen) if seen.is_none_or(|seen| seen >= 0) => Ok(seen),
        _ => Err(Wrong::invalid("last_seen_timestamp must be nonnegative milliseconds")),
    }
}

/// Texts of which none is empty, each once.
pub(super) fn words(asked: &Asked, field: &str) -> Result<Vec<String>, Wrong> {
    let mut words = Vec::new();
    let all = asked.texts(field)?;
    if all.len() > MOST || all.iter().any(|word| !(1..=KEY).contains(&word.chars().count())) {
        return Err(Wrong::invalid(format!(
            "{field} must contain at most {MOST} nonempty strings of at most {KEY} characters"
        )));
    }
    for word in all {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    Ok(words)
}

fn metadata(asked: &Asked) -> Result<BTreeMap<String, String>, Wrong> {
    let metadata = asked.map("metadata").unwrap_or_else(|_| BTreeMap::from([(String::new(), String::new())]));
    let is_right = |(key, value): (&String, &String)| {
        (1..=KEY).contains(&key.chars().count()) && value.chars().count() <= LONGEST_VALUE
    };
    match metadata.len() <= MOST && metadata.iter().all(is_right) {
        true => Ok(metadata),
        false => Err(Wrong::invalid(format!("metadata must be a string map with at most {MOST} entries"))),
    }
}

fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "issue", name } => Wrong::missing(format!("Issue with ID '{name}' not found")),
        Error::Exists { what: "issue", .. } => Wrong::exists("Issue ID already exists"),
        error => error.into(),
    }
}

/// An issue; not in full, it is without what may be long.
pub(super) fn issue_json(issue: &Issue, in_full: bool) -> Value {
    let filled = |map: &BTreeMap<String, String>| (in_full && !map.is_empty()).then(|| json!(map));
    message(json!({
        "issue_id": issue.id,
        "experiment_id": issue.experiment,
        "name": issue.name,
        "description": if in_full { issue.description.as_str() } else { "" },
        "status": status_name(issue.status),
        "severity": issue.severity,
        "root_causes": if in_full { &issue.root_causes[..] } else { &[] },
        "source_run_id": issue.run,
        "created_timestamp": issue.created,
        "last_updated_timestamp": issue.updated,
        "created_by": issue.created_by,
        "categories": issue.categories,
        "last_seen_timestamp": issue.seen,
        "last_updated_by": issue.updated_by,
        "metadata": filled(&issue.metadata),
    }))
}

pub(super) fn status_name(status: IssueStatus) -> &'static str {
    match status {
        IssueStatus::Pending => "pending",
        IssueStatus::Rejected => "rejected",
        IssueStatus::Resolved => "resolved",
    }
}

/// Where a severity stands among the others; none is less than each.
pub(super) fn rank(severity: Option<Severity>) -> i64 {
    severity.map_or(-1, |severity| severity as i64)
}
