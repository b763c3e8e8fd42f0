//! What MLflow keeps, carried into real stores and out of them.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod database;
mod everything;
mod files;
mod places;
mod server;
mod store;
