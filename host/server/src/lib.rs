//! What Karat answers over the network: the doors through which OpenTelemetry's exporters bring spans, our own API on
//! what became of them, and a gateway to models whose calls become spans.
//!
//! ```text
//!  connection ─▶ guard ─▶ door ─▶ admission ─▶ decompress ─▶ came before? ─▶ receive ─▶ redact ─▶ digest ─▶ store ─▶ answer
//!               (Host,    (HTTP,  (bytes in     (bounded)     (answer as     └──── telemetry ────┘          (durable)
//!                Origin,   gRPC,   flight)                     then)
//!                token)    API)
//! ```
//!
//! Spans are answered when they are durable, and refused in the words of the protocol they came by, so that an exporter
//! knows whether to send them again. The store is reached through its port alone.
//!
//! What is deliberately absent: how anything is kept, what a suite or a plugin is, the command line.

mod admission;
mod api;
mod body;
mod cors;
mod decompress;
mod door;
mod gateway;
mod guard;
mod health;
mod metrics;
mod mlflow;
mod options;
mod otlp;
mod redact;
mod refusal;
mod serve;
mod shared;
mod sweep;
mod tokens;

pub use options::{Bounds, Models, Options, Parts, WayOut};
pub use redact::{BadPattern, Redacting, Redactor};
pub use serve::{Addresses, BindError, Server};
pub use tokens::TokenError;
