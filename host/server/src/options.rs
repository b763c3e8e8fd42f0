//! What a server is told when it is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::ports::{BlobStore, DocumentStore, HttpDoor, ModelDoor, ScorerDoor, TraceStore};
use model::redaction::Redactions;
use telemetry::facts::Prices;

/// Where it listens, whom it answers, and how much it takes.
#[derive(Clone, Debug)]
pub struct Options {
    /// A name or an address. Anything but a loopback one needs tokens.
    pub host: String,
    /// Of the API, which OTLP over HTTP is part of. 0 takes one that is free; of the others likewise.
    pub port: u16,
    /// A second door for OTLP over HTTP, where SDKs look for one. None leaves it out.
    pub otlp_port: Option<u16>,
    /// None leaves gRPC out.
    pub grpc_port: Option<u16>,
    /// Whoever asks needs one of its lines.
    pub token_file: Option<PathBuf>,
    /// Names that it goes by beside its own addresses, without a port.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages that may send requests, such as `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    pub bounds: Bounds,
    pub redactions: Redactions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 5000,
            otlp_port: Some(4318),
            grpc_port: Some(4317),
            token_file: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            bounds: Bounds::default(),
            redactions: Redactions::default(),
        }
    }
}

/// How much is taken.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of all requests that are being taken in, as they were sent and decompressed.
    pub bytes_in_flight: usize,
    /// Of one request, as it was sent as well as decompressed.
    pub request_bytes: usize,
    /// How often a request may be as large decompressed as it was sent, if that is more than a megabyte.
    pub ratio: usize,
    /// How long a request may be on its way in.
    pub arrival: Duration,
    /// How long what is in flight is waited for when the server ends.
    pub ending: Duration,
    pub spans: telemetry::otlp::Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes_in_flight: 32 << 20,
            request_bytes: 20 << 20,
            ratio: 100,
            arrival: Duration::from_secs(30),
            ending: Duration::from_secs(30),
            spans: telemetry::otlp::Limits::default(),
        }
    }
}

/// What a server is made of.
#[derive(Clone)]
pub struct Parts {
    pub traces: Arc<dyn TraceStore>,
    pub documents: Arc<dyn DocumentStore>,
    pub blobs: Arc<dyn BlobStore>,
    /// Asked where a span does not say what it cost.
    pub prices: Arc<dyn Prices + Send + Sync>,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub now: fn() -> u64,
    pub version: String,
    /// From which pseudonyms are made. Who has it can find out what a short one stands for.
    pub pseudonym_key: [u8; 32],
    /// None leaves the gateway out.
    pub models: Option<Models>,
    /// None leaves scorers out.
    pub scorers: Option<Arc<dyn ScorerDoor>>,
    pub webhooks: WayOut,
}

/// The way to webhooks.
#[derive(Clone)]
pub struct WayOut {
    pub door: Arc<dyn HttpDoor>,
    /// Origins that the operator named, such as `http://127.0.0.1:8000`. Only these may be private, or not encrypted.
    pub named: Vec<String>,
}

/// Models that clients may call.
#[derive(Clone)]
pub struct Models {
    pub door: Arc<dyn ModelDoor>,
    /// What whoever calls needs where there is no file of tokens.
    pub token: Option<String>,
}
