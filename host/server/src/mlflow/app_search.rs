//! Looking for versions of applications: by their attributes, tags, parameters, and by what was measured of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use model::app::{AppStatus, AppVersion};
use model::search::Found;
use model::tracking::DatasetName;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::answer;
use super::apps::app_json;
use super::asked::lacks;
use super::fields::{Clause, Entity, Grammar};
use super::filter::{Operator, OrderBy};
use super::{Answer, Asked, Resource, Wrong, page};
use crate::shared::Shared;

const GRAMMAR: Grammar = Grammar {
    texts: &["name", "model_id", "model_type", "status", "source_run_id", "experiment_id"],
    numbers: &NUMBERS,
    entities: &[
        ("attributes", Entity::Attribute),
        ("metrics", Entity::Metric),
        ("params", Entity::Param),
        ("tags", Entity::Tag),
    ],
    lists: |_, _| true,
    patterns: true,
};

/// Times, by all of their names.
const NUMBERS: [&str; 6] = [
    "creation_timestamp",
    "creation_time",
    "creation_timestamp_ms",
    "last_updated_timestamp",
    "last_updated_time",
    "last_updated_timestamp_ms",
];

pub(super) fn resources() -> Vec<Resource> {
    vec![("/2.0/mlflow/logged-models/search", post(search))]
}

/// What is looked for; a page goes on with the same.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct Sought {
    experiment_ids: Vec<String>,
    filter_string: Option<String>,
    order_by: Vec<Order>,
}

/// Where a page begins, and of what.
#[derive(Deserialize, Serialize)]
struct Begins {
    #[serde(flatten)]
    sought: Sought,
    offset: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct Order {
    field_name: String,
    ascending: bool,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

/// A dataset that metrics must be of.
#[derive(Clone, Debug)]
struct OfDataset {
    name: String,
    /// Any where there is none.
    digest: Option<String>,
}

impl OfDataset {
    fn is(&self, dataset: &DatasetName) -> bool {
        self.name == dataset.name && self.digest.as_ref().is_none_or(|digest| *digest == dataset.digest)
    }
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let sought = sought(&asked)?;
    let clauses = clauses(sought.filter_string.as_deref().unwrap_or_default())?;
    let datasets = datasets(&asked)?;
    let orders = sought.order_by.iter().map(read_order).collect::<Result<Vec<_>, _>>()?;
    let size = page::size(&asked, 50, 50_000)?;
    let offset = offset(&asked, &sought)?;
    let mut apps = Vec::new();
    // Each once, however often it is named.
    for experiment in sought.experiment_ids.iter().collect::<BTreeSet<_>>() {
        apps.extend(shared.registry.apps(experiment).await?);
    }
    let is_of = |dataset: Option<&DatasetName>| is_one_of(&datasets, dataset);
    let asks_for_metrics = clauses.iter().any(|clause| clause.entity == Entity::Metric);
    apps.retain(|app| {
        let has_any = || app.metrics.iter().any(|metric| is_of(metric.dataset.as_ref()));
        (datasets.is_empty() || asks_for_metrics || has_any())
            && clauses.iter().all(|clause| clause.condition.holds(found(app, clause, is_of)))
    });
    // Those that no order tells apart: the youngest first.
    apps.sort_by(|a, b| b.created.cmp(&a.created).then(a.id.cmp(&b.id)));
    apps.sort_by(|a, b| {
        let by = |(order, by): (&Order, &OrderBy)| {
            by.compare(ordered_by(a, order, by, &datasets), ordered_by(b, order, by, &datasets))
        };
        sought
            .order_by
            .iter()
            .zip(&orders)
            .map(by)
            .find(|ordering| ordering.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let models: Vec<_> = apps.iter().skip(offset).take(size).map(app_json).collect();
    let end = offset + models.len();
    let next = (apps.len() > end).then(|| page::token(&Begins { sought, offset: end }));
    answer(json!({ "models": models, "next_page_token": next }))
}

fn sought(asked: &Asked) -> Result<Sought, Wrong> {
    let experiment_ids: Vec<_> = asked.texts("experiment_ids")?.into_iter().map(str::to_owned).collect();
    if experiment_ids.is_empty() {
        return Err(lacks("experiment_ids"));
    }
    let filter_string = asked.text("filter")?.filter(|filter| !filter.is_empty()).map(str::to_owned);
    let order = |order: &Asked| {
        let text = |field| order.text(field).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
        Ok(Order {
            field_name: order.required("field_name")?.to_owned(),
            ascending: order.boolean("ascending")?.unwrap_or(true),
            dataset_name: text("dataset_name")?,
            dataset_digest: text("dataset_digest")?,
        })
    };
    let order_by = asked.messages("order_by")?.iter().map(order).collect::<Result<_, Wrong>>()?;
    Ok(Sought { experiment_ids, filter_string, order_by })
}

/// # Errors
///
/// Says so where a page goes on with something else than what it is of.
fn offset(asked: &Asked, sought: &Sought) -> Result<usize, Wrong> {
    let Some(begins) = page::begins::<Begins>(asked)? else { return Ok(0) };
    let other = |what: &str| Err(Wrong::invalid(format!("{what} in the page token do not match the requested ones.")));
    let Begins { sought: before, offset } = begins;
    if before.experiment_ids != sought.experiment_ids {
        return other("Experiment IDs");
    }
    if before.filter_string != sought.filter_string {
        return Err(Wrong::invalid("Filter string in the page token does not match the requested filter string."));
    }
    match before.order_by == sought.order_by {
        true => Ok(offset),
        false => Err(Wrong::invalid("Order by in the page token does not match the requested order by.")),
    }
}

fn clauses(filter: &str) -> Result<Vec<Clause>, Wrong> {
    let clauses = GRAMMAR.read(filter)?;
    for clause in clauses.iter().filter(|clause| clause.is_of("status")) {
        if matches!(clause.condition.operator, Operator::Like | Operator::Ilike) {
            let which = if clause.condition.operator == Operator::Like { "LIKE" } else { "ILIKE" };
            return Err(Wrong::invalid(format!("Invalid comparison operator for status: {which}")));
        }
        if let Some(unknown) =
            clause.condition.texts().find(|text| !["UNSPECIFIED", "PENDING", "READY", "FAILED"].contains(text))
        {
            return Err(Wrong::invalid(format!("Unknown model status in filter: '{unknown}'")));
        }
    }
    Ok(clauses)
}

fn datasets(asked: &Asked) -> Result<Vec<OfDataset>, Wrong> {
    let dataset = |dataset: &Asked| {
        let text = |field| dataset.text(field).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
        let unnamed = || Wrong::invalid("`dataset_name` in the `datasets` clause must be specified.");
        Ok(OfDataset { name: text("dataset_name")?.ok_or_else(unnamed)?, digest: text("dataset_digest")? })
    };
    asked.messages("datasets")?.iter().map(dataset).collect()
}

fn is_one_of(datasets: &[OfDataset], dataset: Option<&DatasetName>) -> bool {
    datasets.is_empty() || dataset.is_some_and(|dataset| datasets.iter().any(|one| one.is(dataset)))
}

fn found<'a>(app: &'a AppVersion, clause: &Clause, is_of: impl Fn(Option<&DatasetName>) -> bool) -> Option<Found<'a>> {
    let text = |text: Option<&'a String>| text.map(|text| Found::Text(text.into()));
    match clause.entity {
        Entity::Attribute => attribute(app, clause.key()),
        Entity::Tag => text(app.tags.get(clause.key())),
        Entity::Param => text(app.params.get(clause.key())),
        Entity::Metric => app.metric(clause.key(), is_of).map(|metric| Found::Number(metric.value)),
    }
}

fn attribute<'a>(app: &'a AppVersion, name: &str) -> Option<Found<'a>> {
    let status = match app.status {
        AppStatus::Pending => "PENDING",
        AppStatus::Ready => "READY",
        AppStatus::Failed => "FAILED",
    };
    Some(match name {
        "name" => Found::Text((&app.name).into()),
        "model_id" => Found::Text((&app.id).into()),
        "model_type" => Found::Text((&app.kind).into()),
        "status" => Found::Text(status.into()),
        "source_run_id" => Found::Text((&app.run).into()),
        "experiment_id" => Found::Text((&app.experiment).into()),
        name if name.starts_with("creation") => Found::Number(app.created as f64),
        _ => Found::Number(app.updated as f64),
    })
}

/// Which field an order is by: an attribute, or a metric.
fn read_order(order: &Order) -> Result<OrderBy, Wrong> {
    let name = &order.field_name;
    let (entity, key) = match name.split_once('.') {
        None if GRAMMAR.texts.contains(&name.as_str()) || NUMBERS.contains(&name.as_str()) => (None, name.as_str()),
        None => return Err(Wrong::invalid(format!("Invalid order by field name: {name}"))),
        Some(("metrics", key)) => (Some("metrics".to_owned()), key),
        Some(_) => {
            return Err(Wrong::invalid(format!("Invalid order by field name: {name}. Only metrics are supported.")));
        }
    };
    Ok(OrderBy { entity, key: key.trim_matches('`').to_owned(), is_descending: !order.ascending })
}

fn ordered_by<'a>(app: &'a AppVersion, order: &Order, by: &OrderBy, datasets: &[OfDataset]) -> Option<Found<'a>> {
    if by.entity.is_none() {
        return attribute(app, &by.key);
    }
    let is_wanted = |wanted: &Option<String>, is: Option<&String>| wanted.is_none() || wanted.as_ref() == is;
    let is_of = |dataset: Option<&DatasetName>| {
        is_one_of(datasets, dataset)
            && is_wanted(&order.dataset_name, dataset.map(|dataset| &dataset.name))
            && is_wanted(&order.dataset_digest, dataset.map(|dataset| &dataset.digest))
    };
    app.metric(&by.key, is_of).map(|metric| Found::Number(metric.value))
}
