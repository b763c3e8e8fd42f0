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
mod artifacts;
mod asked;
mod dataset_records;
mod datasets;
mod experiments;
mod fields;
mod files;
mod filter;
mod gateway;
mod graphql;
mod inputs;
mod issue_search;
mod issues;
mod label_inputs;
mod label_schemas;
mod limits;
mod metrics;
mod names;
mod page;
mod pairs;
mod prompt_versions;
mod prompts;
mod registered_names;
mod review_items;
mod review_queues;
mod runs;
mod scorers;
mod server_info;
mod traces;
mod view;
mod webhooks;
mod wrong;

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use axum::{Json, Router};
use http::Uri;
use serde_json::Value;

use crate::refusal::Refusal;
use crate::shared::Shared;

pub(crate) use asked::Asked;
pub(crate) use server_info::VERSION;
pub(crate) use traces::experiment_of_otlp;
pub(crate) use webhooks::Webhooks;
pub(crate) use wrong::{Code, Wrong};

const ROOTS: [&str; 2] = ["/api", "/ajax-api"];

/// A path below the roots, and what can be done there.
type Resource = (&'static str, MethodRouter<Arc<Shared>>);

/// What comes of a request.
type Answer = Result<Json<Value>, Wrong>;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    let pages = Router::new().route("/get-artifact", get(artifacts::of_run)).route("/graphql", post(graphql::answer));
    ROOTS
        .iter()
        .fold(pages, |router, root| {
            resources()
                .into_iter()
                .fold(router, |router, (path, methods)| router.route(&format!("{root}{path}"), methods))
        })
        .layer(from_fn(to_its_end))
}

/// What has begun is done, also where its client has gone meanwhile: of what is changed and then told, nothing is left out.
async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(error) => Wrong::from(Refusal::failed(&error)).into_response(),
    }
}

fn resources() -> Vec<Resource> {
    let own: [Resource; 3] = [
        ("/3.0/mlflow/server-info", get(server_info::show)),
        ("/2.0/mlflow/{*path}", any(not_served)),
        ("/3.0/mlflow/{*path}", any(not_served)),
    ];
    own.into_iter()
        .chain(experiments::resources())
        .chain(runs::resources())
        .chain(metrics::resources())
        .chain(inputs::resources())
        .chain(artifacts::resources())
        .chain(traces::resources())
        .chain(app_search::resources())
        .chain(apps::resources())
        .chain(dataset_records::resources())
        .chain(datasets::resources())
        .chain(gateway::resources())
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

/// Whatever else MLflow's server has.
async fn not_served(uri: Uri) -> Wrong {
    Wrong::new(Code::NotImplemented, format!("Karat does not serve '{}'", uri.path()))
}
