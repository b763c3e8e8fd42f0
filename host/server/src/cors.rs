//! What a browser has to be told before a page of another origin may send what it wants and read the answer (CORS).
//!
//! It is told of origins that are allowed, and only those; the guard refuses the others whatever their browsers do.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

/// Pages may bring spans, so with everything that exporters send.
pub(crate) fn answers(origins: impl IntoIterator<Item = HeaderValue>) -> CorsLayer {
    let named = [
        "content-encoding",
        "traceparent",
        "x-karat-experiment",
        "x-karat-session",
        "x-karat-user",
        "x-mlflow-experiment-id",
    ]
    .map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins.into_iter().collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(named.into_iter().chain([header::CONTENT_TYPE, header::AUTHORIZATION]).collect::<Vec<_>>())
        .expose_headers([header::RETRY_AFTER])
        .max_age(Duration::from_secs(3600))
}
