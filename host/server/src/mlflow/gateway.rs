//! What MLflow's clients see of the models that can be called here. All of it is the operator's, in the file that the server
//! was started with: it is shown, and not changed from here; keys are not even shown.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{any, get};
use model::ports::{DayBudget, ModelOffer};
use serde_json::{Value, json};

use super::answer::{answer, message};
use super::asked::lacks;
use super::{Answer, Asked, Code, Resource, Wrong};
use crate::shared::Shared;

/// The one budget that there may be.
const BUDGET: &str = "bp-day";

const MILLISECONDS_OF_DAY: u64 = 24 * 60 * 60 * 1000;

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/gateway/endpoints/list", get(endpoints)),
        ("/3.0/mlflow/gateway/endpoints/get", get(endpoint)),
        ("/3.0/mlflow/gateway/endpoints/{*path}", any(in_the_file)),
        ("/3.0/mlflow/gateway/model-definitions/list", get(definitions)),
        ("/3.0/mlflow/gateway/model-definitions/get", get(definition)),
        ("/3.0/mlflow/gateway/model-definitions/{*path}", any(in_the_file)),
        ("/3.0/mlflow/gateway/budgets/list", get(budgets)),
        ("/3.0/mlflow/gateway/budgets/get", get(budget)),
        ("/3.0/mlflow/gateway/budgets/windows", get(windows)),
        ("/3.0/mlflow/gateway/budgets/{*path}", any(in_the_file)),
        ("/3.0/mlflow/gateway/secrets/{*path}", any(no_secrets)),
    ]
}

async fn in_the_file() -> Wrong {
    Wrong::new(
        Code::NotImplemented,
        "Karat's endpoints, models and budgets are those of the file that the server was started with (`karat serve \
         --gateway FILE`): they are shown here, and changed there",
    )
}

async fn no_secrets() -> Wrong {
    Wrong::new(
        Code::NotImplemented,
        "Karat takes no secrets by value, and shows none: keys of providers come from whoever runs the server, by the file \
         of `karat serve --gateway FILE`",
    )
}

/// Those that a request is about: of one provider where it names one.
fn offers<'s>(shared: &'s Shared, asked: &Asked) -> Result<Vec<&'s ModelOffer>, Wrong> {
    let provider = asked.text("provider")?.unwrap_or_default();
    let is_wanted = |offer: &&ModelOffer| provider.is_empty() || offer.model.provider.name() == provider;
    Ok(all(shared).iter().filter(is_wanted).collect())
}

fn all(shared: &Shared) -> &[ModelOffer] {
    shared.gateway.as_ref().map_or(&[], |gateway| gateway.door.models())
}

async fn endpoints(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let shown = offers(&shared, &asked)?.into_iter().map(|offer| endpoint_json(offer, all(&shared)));
    answer(json!({ "endpoints": shown.collect::<Vec<_>>() }))
}

/// By its id or its name.
async fn endpoint(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let text = |field| asked.text(field).map(|text| text.filter(|text| !text.is_empty()));
    let (id, name) = (text("endpoint_id")?, text("name")?);
    let found = match (id, name) {
        (None, None) => return Err(lacks("endpoint_id")),
        (Some(id), _) => all(&shared).iter().find(|offer| endpoint_id(&offer.name) == id),
        (None, Some(name)) => all(&shared).iter().find(|offer| offer.name == name),
    };
    let asked_for = || format!("GatewayEndpoint not found ({})", id.or(name).unwrap_or_default());
    let offer = found.ok_or_else(|| Wrong::missing(asked_for()))?;
    answer(json!({ "endpoint": endpoint_json(offer, all(&shared)) }))
}

async fn definitions(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let shown: Vec<_> = offers(&shared, &asked)?.into_iter().map(definition_json).collect();
    answer(json!({ "model_definitions": shown }))
}

async fn definition(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = asked.required("model_definition_id")?;
    let found = all(&shared).iter().find(|offer| definition_id(&offer.name) == id);
    let offer = found.ok_or_else(|| Wrong::missing(format!("GatewayModelDefinition not found ({id})")))?;
    answer(json!({ "model_definition": definition_json(offer) }))
}

async fn budgets(State(shared): State<Arc<Shared>>) -> Answer {
    let shown: Vec<_> = today(&shared).iter().map(budget_json).collect();
    answer(json!({ "budget_policies": shown }))
}

async fn budget(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = asked.required("budget_policy_id")?;
    let found = today(&shared).filter(|_| id == BUDGET);
    let budget = found.ok_or_else(|| Wrong::missing(format!("GatewayBudgetPolicy not found ({id})")))?;
    answer(json!({ "budget_policy": budget_json(&budget) }))
}

async fn windows(State(shared): State<Arc<Shared>>) -> Answer {
    let shown: Vec<_> = today(&shared)
        .iter()
        .map(|budget| {
            json!({
                "budget_policy_id": BUDGET,
                "window_start_ms": budget.day * MILLISECONDS_OF_DAY,
                "window_end_ms": (budget.day + 1) * MILLISECONDS_OF_DAY,
                "current_spend": dollars(budget.spent),
            })
        })
        .collect();
    answer(json!({ "windows": shown }))
}

fn today(shared: &Shared) -> Option<DayBudget> {
    shared.gateway.as_ref()?.door.budget()
}

fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn endpoint_id(name: &str) -> String {
    format!("e-{name}")
}

fn definition_id(name: &str) -> String {
    format!("d-{name}")
}

/// With the models that it asks: its own, and that of the endpoint that stands in for it.
fn endpoint_json(offer: &ModelOffer, all: &[ModelOffer]) -> Value {
    let stand_in = offer.fallback.as_ref().and_then(|name| all.iter().find(|other| other.name == *name));
    let mapping = |asks: &ModelOffer, linkage: &str| {
        json!({
            "mapping_id": format!("m-{}-{}", offer.name, asks.name),
            "endpoint_id": endpoint_id(&offer.name),
            "model_definition_id": definition_id(&asks.name),
            "model_definition": definition_json(asks),
            "weight": 1.0,
            "linkage_type": linkage,
        })
    };
    let mut mappings = vec![mapping(offer, "PRIMARY")];
    if let Some(stand_in) = stand_in {
        mappings.push(mapping(stand_in, "FALLBACK"));
        mappings[1]["fallback_order"] = json!(0);
    }
    message(json!({
        "endpoint_id": endpoint_id(&offer.name),
        "name": offer.name,
        "model_mappings": mappings,
        "fallback_config": stand_in.map(|_| json!({ "strategy": "SEQUENTIAL" })),
        "usage_tracking": true,
    }))
}

fn definition_json(offer: &ModelOffer) -> Value {
    json!({
        "model_definition_id": definition_id(&offer.name),
        "name": offer.name,
        "provider": offer.model.provider.name(),
        "model_name": offer.model.name,
    })
}

fn budget_json(budget: &DayBudget) -> Value {
    json!({
        "budget_policy_id": BUDGET,
        "budget_unit": "USD",
        "budget_amount": dollars(budget.most),
        "duration": { "unit": "DAYS", "value": 1 },
        "target_scope": "GLOBAL",
        "budget_action": "REJECT",
    })
}
