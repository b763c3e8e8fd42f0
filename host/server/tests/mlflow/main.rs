//! The server as MLflow's clients see it: what they send, and what they read of the answers.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod artifacts;
mod client;
mod experiments;
mod gateway;
mod graphql;
mod inputs;
mod metrics;
mod older;
mod refusals;
mod runs;
mod sessions;
mod trace_metrics;
mod traces;
mod webhooks;

use std::sync::Arc;

use broker::{Allowed, Door};
use server::{Addresses, Options, Parts, Server, WayOut};
use storage::MemoryStore;
use telemetry::facts::NoPrices;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until the test ends.
struct Running {
    addresses: Addresses,
    store: MemoryStore,
    end: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// What the clock of every server says, in milliseconds.
const NOW: i64 = 1_732_548_728_123;

/// On a port that is free.
fn options() -> Options {
    Options { port: 0, otlp_port: None, grpc_port: None, ..Options::default() }
}

/// The way to webhooks: to public addresses, and to these origins.
pub(crate) fn way_out(named: &[&str]) -> WayOut {
    let named: Vec<_> = named.iter().map(|&origin| origin.to_owned()).collect();
    let allowed = Allowed { private: named.iter().cloned().collect(), ..Allowed::default() };
    let door = Door::new(allowed, Arc::new(broker::Addresses), broker::Bounds::PLUGINS).unwrap();
    WayOut { door: Arc::new(door), named }
}

fn parts(store: &MemoryStore) -> Parts {
    Parts {
        traces: Arc::new(store.clone()),
        documents: Arc::new(store.clone()),
        blobs: Arc::new(store.clone()),
        prices: Arc::new(NoPrices),
        now: || NOW.cast_unsigned() * 1_000_000,
        version: "0.1.0-test".to_owned(),
        pseudonym_key: [7; 32],
        models: None,
        scorers: None,
        webhooks: way_out(&[]),
    }
}

impl Running {
    async fn start() -> Self {
        Self::with(options()).await
    }

    async fn with(options: Options) -> Self {
        let store = MemoryStore::new();
        Self::made(options, parts(&store), store).await
    }

    /// Of parts with this store.
    async fn made(options: Options, parts: Parts, store: MemoryStore) -> Self {
        // The client asks for one though it never uses it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::bind(options, parts).await.unwrap();
        let (addresses, (end, ended)) = (server.addresses(), oneshot::channel::<()>());
        let running = tokio::spawn(server.run(async {
            // Ended with the test.
            let _ = ended.await;
        }));
        Self { addresses, store, end, running }
    }
}
