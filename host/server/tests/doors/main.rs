//! The server as its clients see it: real sockets, real clients, and a store that keeps what it is given.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod api;
mod bounds;
mod client;
mod ending;
mod gateway;
mod guarding;
mod redacting;
mod spans;
mod store;
mod taking;
mod watching;

use std::sync::Arc;

use broker::{Addresses as Lookup, Allowed, Bounds, Door};
use server::{Addresses, Options, Parts, Server, WayOut};
use storage::MemoryStore;
use telemetry::facts::NoPrices;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::store::Kept;

/// A server that runs until it is ended.
struct Running {
    addresses: Addresses,
    store: Arc<Kept>,
    end: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// What the clock of every server says.
const NOW: u64 = 1_732_548_728_123_456_789;

fn parts(store: &Arc<Kept>) -> Parts {
    Parts {
        traces: Arc::clone(store) as _,
        documents: Arc::new(MemoryStore::new()),
        blobs: Arc::new(MemoryStore::new()),
        prices: Arc::new(NoPrices),
        now: || NOW,
        version: "0.1.0-test".to_owned(),
        pseudonym_key: [7; 32],
        models: None,
        scorers: None,
        webhooks: way_out(),
    }
}

/// On ports that are free.
fn options() -> Options {
    Options { port: 0, otlp_port: Some(0), grpc_port: Some(0), ..Options::default() }
}

impl Running {
    async fn start() -> Self {
        Self::with(options()).await
    }

    async fn with(options: Options) -> Self {
        let store = Arc::<Kept>::default();
        Self::made(options, parts(&store), store).await
    }

    /// Of parts with this store.
    async fn made(options: Options, parts: Parts, store: Arc<Kept>) -> Self {
        // The client asks for one though it never uses it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server::bind(options, parts).await.unwrap();
        let (addresses, (end, ended)) = (server.addresses(), oneshot::channel());
        let running = tokio::spawn(server.run(async {
            // Ended by word or by the end of the test.
            let _ = ended.await;
        }));
        Self { addresses, store, end, running }
    }
}

/// To public addresses.
fn way_out() -> WayOut {
    let door = Door::new(Allowed::default(), Arc::new(Lookup), Bounds::PLUGINS).unwrap();
    WayOut { door: Arc::new(door), named: Vec::new() }
}
