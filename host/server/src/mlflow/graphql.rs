//! The two questions that MLflow's user interface asks in GraphQL: for an experiment, and for a run.
//!
//! They are answered with what the same questions get elsewhere, in camel case, as far as the query asks for it; whole numbers
//! are texts there. There is no schema: what a query asks for and nothing has, is null.

use std::sync::Arc;

use async_graphql_parser::types::{Field, OperationType, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Wrong, experiments, runs};
use crate::shared::Shared;

/// Bytes of a query, and what may be asked for at once: a name costs little, and what it stands for much.
const LONGEST_QUERY: usize = 16 << 10;
const MOST_FIELDS: usize = 8;

/// Fields that are lists: where nothing is in one, it is empty and not null.
const LISTS: [&str; 7] = ["tags", "metrics", "params", "datasetInputs", "modelInputs", "modelOutputs", "modelVersions"];

pub(super) async fn answer(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let text = asked.required("query")?;
    if text.len() > LONGEST_QUERY {
        return Err(Wrong::invalid(format!("the query has more than {LONGEST_QUERY} bytes")));
    }
    let query = async_graphql_parser::parse_query(text)
        .map_err(|error| Wrong::invalid(format!("the query can't be read: {error}")))?;
    // One may be in itself, and the user interface has none.
    if !query.fragments.is_empty() {
        return Err(Wrong::not_served("Karat does not serve fragments of GraphQL that have names."));
    }
    let wanted = asked.text("operation_name")?;
    let is_wanted = |name: Option<&str>| wanted.is_none_or(|wanted| name == Some(wanted));
    let operation = query.operations.iter().find(|(name, _)| is_wanted(name.map(|name| name.as_str())));
    let (_, operation) = operation.ok_or_else(|| Wrong::invalid("the query has no such operation"))?;
    if operation.node.ty != OperationType::Query {
        return Err(Wrong::not_served("Karat answers queries of GraphQL, and nothing else."));
    }
    let fields = &operation.node.selection_set.node.items;
    if fields.len() > MOST_FIELDS {
        return Err(Wrong::invalid(format!("the query asks for more than {MOST_FIELDS} things")));
    }
    let variables = asked.value("variables").cloned().unwrap_or_default();
    let mut data = Map::new();
    for selection in fields {
        let Selection::Field(field) = &selection.node else {
            return Err(Wrong::not_served("Karat does not serve fragments at the root of a query."));
        };
        let field = &field.node;
        let found = match root(&shared, field, &variables).await {
            Err(wrong) if wrong.is_missing() => {
                json!({ "api_error": { "code": wrong.code(), "message": wrong.message } })
            }
            found => found?,
        };
        data.insert(name(field), selected(&field.selection_set.node, &found));
    }
    Ok(Json(json!({ "data": data })))
}

/// What a field of the root stands for, in snake case.
async fn root(shared: &Shared, field: &Field, variables: &Value) -> Result<Value, Wrong> {
    let of_variables = |name: Name| Ok::<_, ()>(constant(&variables[name.as_str()]));
    let input = field.get_argument("input").cloned().and_then(|input| input.node.into_const_with(of_variables).ok());
    let input = input.and_then(|input| input.into_json().ok()).unwrap_or_default();
    let id = |name: &str| input[name].as_str().map(str::to_owned).ok_or_else(|| super::asked::lacks(name));
    match field.name.node.as_str() {
        "mlflowGetExperiment" => experiments::shown(shared, &id("experimentId")?).await,
        "mlflowGetRun" => {
            let mut found = runs::shown_by(shared, &id("runId")?).await?;
            let experiment = found["run"]["info"]["experiment_id"].as_str().unwrap_or_default().to_owned();
            found["run"]["experiment"] = experiments::shown(shared, &experiment).await?["experiment"].take();
            Ok(found)
        }
        other => Err(Wrong::not_served(format!("Karat does not serve '{other}' of GraphQL."))),
    }
}

fn constant(value: &Value) -> ConstValue {
    ConstValue::from_json(value.clone()).unwrap_or_default()
}

/// What a query asks for of a value.
fn selected(selection: &SelectionSet, value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|value| selected(selection, value)).collect(),
        Value::Object(_) => {
            let mut fields = Map::new();
            put(selection, value, &mut fields);
            Value::Object(fields)
        }
        _ => Value::Null,
    }
}

fn put(selection: &SelectionSet, value: &Value, fields: &mut Map<String, Value>) {
    for selection in &selection.items {
        match &selection.node {
            Selection::Field(field) => {
                fields.insert(name(&field.node), one(&field.node, value));
            }
            Selection::InlineFragment(fragment) => put(&fragment.node.selection_set.node, value, fields),
            // There are none.
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn one(field: &Field, value: &Value) -> Value {
    let asked = field.name.node.as_str();
    if asked == "__typename" {
        return json!("Message");
    }
    match (&value[&super::asked::snake_case(asked)], field.selection_set.node.items.is_empty()) {
        (Value::Null, _) if LISTS.contains(&asked) => json!([]),
        (Value::Number(number), true) if !number.is_f64() => json!(number.to_string()),
        (found, true) => found.clone(),
        (found, false) => selected(&field.selection_set.node, found),
    }
}

/// Under which name the answer has a field.
fn name(field: &Field) -> String {
    field.response_key().node.to_string()
}
