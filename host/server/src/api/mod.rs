//! Our own API, on traces and scorers, under `/api/karat/v1`.

mod assessments;
mod experiments;
mod input;
mod openapi;
mod scores;
mod search;
mod sessions;
mod tags;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, post, put};

use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

const ROOT: &str = "/api/karat/v1";

pub(crate) fn routes() -> Router<Arc<Shared>> {
    let resources = resources().into_iter();
    let router = resources.fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    Router::new().nest(ROOT, router)
}

/// Each path with what can be done there, as `openapi.json` has it.
fn resources() -> [(&'static str, MethodRouter<Arc<Shared>>); 10] {
    [
        ("/openapi.json", get(openapi::document)),
        ("/experiments", get(experiments::list)),
        ("/scores", post(scores::score)),
        ("/sessions/{session}/assessments", post(sessions::assess)),
        ("/traces", get(search::search)),
        ("/traces/{id}", get(traces::show).delete(traces::delete)),
        ("/traces/{id}/spans", get(traces::spans)),
        ("/traces/{id}/assessments", post(assessments::create)),
        ("/traces/{id}/assessments/{aid}", put(assessments::put).delete(assessments::delete)),
        ("/traces/{id}/tags/{name}", put(tags::put).delete(tags::delete)),
    ]
}

/// What is answered where there is nothing.
pub(crate) async fn nothing() -> Refusal {
    Refusal::new(Kind::Missing, "there is nothing by this name").hint(format!("see {ROOT}/openapi.json"))
}
