//! Traces of experiments of which a filter holds.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use model::search::{Cursor, Filter, Order, Query, TraceInfo};
use regex::Regex;
use serde_json::Value;

use super::{experiment, info, links};
use crate::mlflow::{Answer, Asked, Wrong, page};
use crate::shared::Shared;

/// How many traces a page has where the request does not say, and how many it may have.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

pub(super) async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let locations = asked.messages("locations")?;
    if locations.is_empty() {
        return Err(crate::mlflow::asked::lacks("locations"));
    }
    let ids = locations.iter().map(|location| {
        let experiment = location.message("mlflow_experiment")?;
        experiment.map(|experiment| experiment.required("experiment_id").map(str::to_owned)).transpose()
    });
    let ids: Vec<String> = ids.collect::<Result<Vec<_>, Wrong>>()?.into_iter().flatten().collect();
    page_of(&shared, &asked, &ids, info::shown).await
}

/// A page of the traces in experiments of these ids, each as it is `shown` with the id of its experiment.
pub(super) async fn page_of(
    shared: &Shared,
    asked: &Asked,
    ids: &[String],
    shown: fn(&TraceInfo, &str) -> Value,
) -> Answer {
    let size = page::size(asked, PAGE, LARGEST_PAGE)?;
    let filter = filter(shared, asked.text("filter")?.unwrap_or_default())?;
    let order = order(&asked.texts("order_by")?)?;
    let mut after: Option<Cursor> = page::begins(asked)?;
    let experiments = experiment::all(shared, ids).await?;
    let mut found: Vec<Value> = Vec::new();
    if !experiments.is_empty() {
        let names = experiments.iter().map(|experiment| experiment.traces.clone()).collect();
        let query = Query { experiments: names, filter, order };
        // A page of the store may be short and not the last; MLflow's client takes a short one for the end.
        loop {
            let page = shared.traces.search(&query, after.as_ref(), size - found.len()).await?;
            for trace in &page.traces {
                let experiment = experiments.iter().find(|experiment| experiment.traces == trace.experiment);
                found.push(shown(trace, experiment.map_or("", |experiment| &experiment.id)));
            }
            after = page.next;
            if after.is_none() || found.len() == size {
                break;
            }
        }
    }
    Ok(Json(page::answer("traces", found.into(), after.map(|after| page::token(&after)))))
}

/// A filter in MLflow's language of traces, which ours is more than.
pub(in crate::mlflow) fn filter(shared: &Shared, text: &str) -> Result<Option<Filter>, Wrong> {
    let filter =
        ::search::parse(&with_issues(text), (shared.now)()).map_err(|problem| refused("filter", text, &problem))?;
    Ok(filter.map(links::with_links))
}

/// An issue on a trace is an assessment that has the issue's id for its name.
fn with_issues(text: &str) -> String {
    static ISSUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\bissue\.id\s*=\s*['"]([\w-]+)['"]"#).expect("a regular expression"));
    ISSUE.replace_all(text, "feedback.`$1` is not null").into_owned()
}

fn order(clauses: &[&str]) -> Result<Vec<Order>, Wrong> {
    let text = clauses.join(", ");
    ::search::parse_order(&text).map_err(|problem| refused("order_by", &text, &problem))
}

fn refused(what: &str, text: &str, problem: &::search::Problem) -> Wrong {
    let hint = problem.hint.as_deref().map(|hint| format!(" Hint: {hint}.")).unwrap_or_default();
    Wrong::invalid(format!("Invalid {what} '{text}': {problem}.{hint}"))
}
