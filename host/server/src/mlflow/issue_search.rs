//! Looking for problems: by a filter, or by fields of the request, which come to the same.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use model::issue::{Issue, IssueStatus, Severity};
use model::search::Found;
use serde_json::json;

use super::answer::answer;
use super::fields::{Clause, Grammar};
use super::issues::{issue_json, rank, read_named, status_name, words};
use super::limits::KEY;
use super::{Answer, Asked, Resource, Wrong, page};
use crate::shared::Shared;

const GRAMMAR: Grammar =
    Grammar { texts: &["status", "source_run_id"], numbers: &[], entities: &[], lists: |_, _| false, patterns: false };

pub(super) fn resources() -> Vec<Resource> {
    vec![("/3.0/mlflow/issues/search", post(search))]
}

/// What is looked for beside the filter.
struct Wanted {
    /// In lower case.
    name: Option<String>,
    statuses: Vec<IssueStatus>,
    severities: Vec<Severity>,
    /// In lower case.
    categories: Vec<String>,
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 100, 50_000)?;
    let clauses = GRAMMAR.read(asked.text("filter_string")?.unwrap_or_default())?;
    let wanted = wanted(&asked)?;
    let in_full = match asked.text("view")? {
        None | Some("full") => true,
        Some("basic") => false,
        Some(_) => return Err(Wrong::invalid("view must be basic or full")),
    };
    let orders = asked.texts("order_by")?.into_iter().map(read_order).collect::<Result<Vec<_>, _>>()?;
    let experiment = asked.text("experiment_id")?.filter(|experiment| !experiment.is_empty());
    let mut issues = shared.registry.issues(experiment).await?;
    issues
        .retain(|issue| wanted.is(issue) && clauses.iter().all(|clause| clause.condition.holds(found(issue, clause))));
    issues.sort_by(by_default);
    issues.sort_by(|a, b| {
        let by = |order: &Order| if order.is_descending { (order.by)(b, a) } else { (order.by)(a, b) };
        orders.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
    let count = asked.boolean("include_total_count")?.unwrap_or_default().then_some(issues.len());
    let (page, next) = page::of(issues, &asked, size)?;
    let issues: Vec<_> = page.iter().map(|issue| issue_json(issue, in_full)).collect();
    answer(json!({ "issues": issues, "next_page_token": next.unwrap_or_default(), "total_count": count }))
}

fn wanted(asked: &Asked) -> Result<Wanted, Wrong> {
    let name = asked.text("name")?;
    if name.is_some_and(|name| name.chars().count() > KEY) {
        return Err(Wrong::invalid(format!("name must be a string of at most {KEY} characters")));
    }
    let statuses = asked.texts("statuses")?.into_iter().map(|text| read_named("status", text));
    let severities = asked.texts("severities")?.into_iter().map(|text| read_named("severity", text));
    Ok(Wanted {
        name: name.map(str::to_lowercase),
        statuses: statuses.collect::<Result<_, _>>()?,
        severities: severities.collect::<Result<_, _>>()?,
        categories: words(asked, "categories")?.iter().map(|category| category.trim().to_lowercase()).collect(),
    })
}

impl Wanted {
    fn is(&self, issue: &Issue) -> bool {
        let has_category = |category: &String| self.categories.contains(&category.trim().to_lowercase());
        self.name.as_ref().is_none_or(|name| issue.name.to_lowercase().contains(name))
            && (self.statuses.is_empty() || self.statuses.contains(&issue.status))
            && (self.severities.is_empty() || issue.severity.is_some_and(|one| self.severities.contains(&one)))
            && (self.categories.is_empty() || issue.categories.iter().any(has_category))
    }
}

fn found<'i>(issue: &'i Issue, clause: &Clause) -> Option<Found<'i>> {
    match clause.key() {
        "status" => Some(Found::Text(status_name(issue.status).into())),
        _ => issue.run.as_deref().map(|run| Found::Text(run.into())),
    }
}

/// The worst first, then the youngest.
fn by_default(a: &Issue, b: &Issue) -> Ordering {
    rank(b.severity).cmp(&rank(a.severity)).then(b.created.cmp(&a.created)).then(b.id.cmp(&a.id))
}

struct Order {
    by: fn(&Issue, &Issue) -> Ordering,
    is_descending: bool,
}

fn read_order(text: &str) -> Result<Order, Wrong> {
    let wrong = || Wrong::invalid(format!("Invalid issue order_by: '{text}'"));
    let words: Vec<_> = text.split_whitespace().collect();
    let (key, direction) = match words[..] {
        [key] => (key, "ASC"),
        [key, direction] => (key, direction),
        _ => return Err(wrong()),
    };
    let is_descending = direction.eq_ignore_ascii_case("DESC");
    if !is_descending && !direction.eq_ignore_ascii_case("ASC") {
        return Err(wrong());
    }
    let by: fn(&Issue, &Issue) -> Ordering = match key {
        "name" => |a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()),
        "status" => |a, b| a.status.cmp(&b.status),
        "severity" => |a, b| rank(a.severity).cmp(&rank(b.severity)),
        "created_timestamp" => |a, b| a.created.cmp(&b.created),
        "last_updated_timestamp" => |a, b| a.updated.cmp(&b.updated),
        "last_seen_timestamp" => |a, b| a.seen.cmp(&b.seen),
        _ => return Err(wrong()),
    };
    Ok(Order { by, is_descending })
}
