//! MLflow's REST API, for its own clients and its user interface: a thin translation onto what everybody else uses.
//!
//! Names, status codes and shapes of answers are MLflow's, and nobody else in Karat knows them. Requests are read leniently,
//! as protobuf's JSON is ([`asked`]); what is wrong with them is said in MLflow's words ([`wrong`]), since clients look at
//! them. What is not there answers 501 with a sentence, and never a wrong 200.
//!
//! Each path is served under `/api` for clients, and under `/ajax-api` for the user interface.

mod answer;
mod app_search;
mod apps;
mod asked;
mod dataset_records;
mod datasets;
mod fields;
mod filter;
mod issue_search;
mod issues;
mod label_inputs;
mod label_schemas;
mod limits;
mod names;
mod page;
mod pairs;
mod prompt_versions;
mod prompts;
mod registered_names;
mod review_items;
mod review_queues;
mod scorers;
mod server_info;
mod webhooks;
mod wrong;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get};

use crate::shared::Shared;

pub(crate) use asked::Asked;
pub(crate) use wrong::{Code, Wrong};

const ROOTS: [&str; 2] = ["/api", "/ajax-api"];

/// A path below the roots, and what can be done there.
type Resource = (&'static str, MethodRouter<Arc<Shared>>);

pub(crate) fn routes() -> Router<Arc<Shared>> {
    ROOTS.iter().fold(Router::new(), |router, root| {
        resources().into_iter().fold(router, |router, (path, methods)| router.route(&format!("{root}{path}"), methods))
    })
}

fn resources() -> Vec<Resource> {
    let own: [Resource; 1] = [("/3.0/mlflow/server-info", get(server_info::show))];
    own.into_iter()
        .chain(app_search::resources())
        .chain(apps::resources())
        .chain(dataset_records::resources())
        .chain(datasets::resources())
        .chain(issue_search::resources())
        .chain(issues::resources())
        .chain(label_schemas::resources())
        .chain(prompt_versions::resources())
        .chain(prompts::resources())
        .chain(review_items::resources())
        .chain(review_queues::resources())
        .chain(scorers::resources())
        .chain(webhooks::resources())
        .collect()
}
