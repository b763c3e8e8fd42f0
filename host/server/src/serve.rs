//! Listeners, and the connections that come in by them.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::{HeaderValue, Request, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service;

use crate::admission::Admission;
use crate::door::{Door, enter};
use crate::gateway::{Gateway, Recorder};
use crate::guard::{Guard, Here};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::mlflow::Webhooks;
use crate::options::{Models, Options, Parts};
use crate::otlp::{self, Intake};
use crate::redact::{BadPattern, Redactor};
use crate::shared::{Scorers, Shared};
use crate::tokens::{TokenError, Tokens};
use crate::{api, cors, gateway, health, metrics, mlflow, sweep};

/// A server that listens, and answers once it [runs](Server::run).
pub struct Server {
    listeners: Vec<(TcpListener, Router)>,
    shared: Arc<Shared>,
    addresses: Addresses,
    ending: Duration,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub api: SocketAddr,
    pub otlp: Option<SocketAddr>,
    pub grpc: Option<SocketAddr>,
}

/// Why a server can't be.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("`{host}` is no address of this machine")]
    Host { host: String, source: io::Error },
    #[error("port {port} of `{host}` can't be listened on")]
    Listen { host: String, port: u16, source: io::Error },
    #[error(
        "`{host}` can be reached from other machines, and without tokens everybody there may read and write everything: \
         name a file of tokens, or listen on 127.0.0.1"
    )]
    Open { host: String },
    #[error("`{origin}` is no origin: write it like `https://app.example.org`")]
    Origin { origin: String },
    #[error("calls of models always need a token, and there is none")]
    NoToken,
    #[error(transparent)]
    Tokens(#[from] TokenError),
    #[error(transparent)]
    Redaction(#[from] BadPattern),
}

impl Server {
    /// Takes all ports, or none.
    ///
    /// # Errors
    ///
    /// Fails where a port is taken, and where anybody else could ask without a token.
    pub async fn bind(options: Options, parts: Parts) -> Result<Self, BindError> {
        let Options { host, port, otlp_port, grpc_port, token_file, .. } = &options;
        let tokens = token_file.as_deref().map(Tokens::read).transpose()?;
        let addresses = addresses(host).await?;
        if tokens.is_none() && !addresses.iter().all(IpAddr::is_loopback) {
            return Err(BindError::Open { host: host.clone() });
        }
        let ending = options.bounds.ending;
        let api = listen(host, &addresses, *port).await?;
        let otlp = listen_where(host, &addresses, *otlp_port).await?;
        let grpc = listen_where(host, &addresses, *grpc_port).await?;
        let local = |listener: &TcpListener| {
            listener.local_addr().map_err(|source| BindError::Host { host: host.clone(), source })
        };
        let addresses = Addresses {
            api: local(&api)?,
            otlp: otlp.as_ref().map(local).transpose()?,
            grpc: grpc.as_ref().map(local).transpose()?,
        };
        let origins =
            options.allowed_origins.iter().map(|origin| self::origin(origin)).collect::<Result<Vec<_>, _>>()?;
        // In front of everything: a browser asks without a token, and wants to read refusals, too.
        let cors = cors::answers(origins);
        let shared = shared(options, parts, tokens)?;
        let mut listeners = vec![(api, main(&shared).layer(cors.clone()))];
        listeners.extend(otlp.map(|listener| (listener, receiver(&shared).layer(cors))));
        listeners.extend(grpc.map(|listener| (listener, door(otlp::grpc::routes(), Door::OtlpGrpc, &shared))));
        Ok(Self { listeners, shared, addresses, ending })
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Answers until `shutdown` is ready. Then nobody else is let in, and what has begun is brought to its end, as far as
    /// that does not take longer than it may.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(());
        let mut serving = JoinSet::new();
        for (listener, router) in self.listeners {
            serving.spawn(serve(listener, router, stopped.clone(), self.ending));
        }
        let sweeping = tokio::spawn(sweep::now_and_then(Arc::clone(&self.shared)));
        shutdown.await;
        drop(stop);
        while serving.join_next().await.is_some() {}
        sweeping.abort();
        let spans = async {
            if let Some(gateway) = &self.shared.gateway {
                gateway.recorder.flush(self.ending).await;
            }
        };
        tokio::join!(spans, self.shared.webhooks.flush(self.ending));
    }
}

fn shared(options: Options, parts: Parts, tokens: Option<Tokens>) -> Result<Arc<Shared>, BindError> {
    let redactor = Redactor::new(&options.redactions, parts.pseudonym_key)?;
    let (health, metrics) = (Arc::<Health>::default(), Arc::<Metrics>::default());
    let intake = Intake::new(
        Arc::clone(&parts.traces),
        parts.prices,
        redactor,
        options.bounds,
        Arc::clone(&health),
        Arc::clone(&metrics),
    );
    let gateway = match parts.models {
        None => None,
        Some(Models { door, token }) => {
            let own = || token.as_deref().map(Tokens::one);
            let tokens = tokens.clone().or_else(own).ok_or(BindError::NoToken)?;
            let recorder = Recorder::new(intake.clone(), Arc::clone(&metrics), parts.now, parts.version.clone());
            let (admission, bounds) = (Admission::new(options.bounds.bytes_in_flight), options.bounds);
            Some(Gateway { door, tokens, admission, bounds, recorder: Arc::new(recorder) })
        }
    };
    let hosts = options.allowed_hosts.into_iter().chain([options.host]);
    let guard = Guard::new(hosts, options.allowed_origins, tokens);
    let Parts { traces, documents, blobs, scorers, webhooks, version, now, .. } = parts;
    let admission = Admission::new(options.bounds.bytes_in_flight);
    let scorers = scorers.map(|door| Scorers { door, admission });
    let (registry, webhooks) = (Registry::of(documents, Arc::clone(&blobs)), Webhooks::new(webhooks));
    Ok(Arc::new(Shared {
        traces,
        registry,
        blobs,
        intake,
        guard,
        gateway,
        scorers,
        webhooks,
        health,
        metrics,
        version,
        now,
    }))
}

/// Everything but gRPC.
fn main(shared: &Arc<Shared>) -> Router {
    let watched = Router::new()
        .route("/version", get(health::version))
        .route("/metrics", get(metrics::metrics))
        .fallback(api::nothing);
    let main = door(watched.merge(api::routes()), Door::Api, shared).merge(receiver(shared));
    let main = main.merge(door(mlflow::routes(), Door::Mlflow, shared));
    match shared.gateway {
        Some(_) => main.merge(door(gateway::routes(), Door::Gateway, shared)),
        None => main,
    }
}

/// Where exporters look for a receiver, and those that keep watch on it.
fn receiver(shared: &Arc<Shared>) -> Router {
    let health = Router::new().route("/healthz", get(health::health)).route("/health", get(health::health));
    door(otlp::http::routes(), Door::OtlpHttp, shared).merge(door(health, Door::Health, shared))
}

fn door(routes: Router<Arc<Shared>>, door: Door, shared: &Arc<Shared>) -> Router {
    let entry = from_fn_with_state((door, Arc::clone(shared)), enter);
    routes.layer(entry).with_state(Arc::clone(shared))
}

/// An origin as browsers write it.
fn origin(text: &str) -> Result<HeaderValue, BindError> {
    let plain = text.trim_end_matches('/').to_ascii_lowercase();
    let is_one = plain
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme().is_some() && uri.authority().is_some() && plain.matches('/').count() == 2);
    match HeaderValue::try_from(plain) {
        Ok(value) if is_one => Ok(value),
        _ => Err(BindError::Origin { origin: text.to_owned() }),
    }
}

async fn addresses(host: &str) -> Result<Vec<IpAddr>, BindError> {
    let unknown = |source| BindError::Host { host: host.to_owned(), source };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let found: Vec<_> =
        tokio::net::lookup_host((bare, 0)).await.map_err(unknown)?.map(|address| address.ip()).collect();
    match found.is_empty() {
        true => Err(unknown(io::ErrorKind::NotFound.into())),
        false => Ok(found),
    }
}

/// On the first of the addresses that can be listened on.
async fn listen(host: &str, addresses: &[IpAddr], port: u16) -> Result<TcpListener, BindError> {
    let addresses: Vec<_> = addresses.iter().map(|address| SocketAddr::new(*address, port)).collect();
    let busy = |source| BindError::Listen { host: host.to_owned(), port, source };
    TcpListener::bind(&addresses[..]).await.map_err(busy)
}

async fn listen_where(host: &str, addresses: &[IpAddr], port: Option<u16>) -> Result<Option<TcpListener>, BindError> {
    match port {
        Some(port) => listen(host, addresses, port).await.map(Some),
        None => Ok(None),
    }
}

/// How long the head of a request may be on its way, and a connection may stay that says nothing: longer than clients keep
/// one that they don't use, which is 90 seconds with most. So it is they who close it, and not we, just when they send.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is read of a connection before somebody takes it; the head of a request has to fit in. There may be hundreds.
const BUFFER: usize = 64 << 10;

/// Calls that one connection may have open at a time.
const MOST_STREAMS: u32 = 200;

fn connections() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(BUFFER);
    let mut two = builder.http2();
    two.timer(TokioTimer::new()).max_concurrent_streams(MOST_STREAMS);
    two.keep_alive_interval(PATIENCE).keep_alive_timeout(PATIENCE);
    builder
}

/// Lets connections in until `stopped` has no sender any more.
async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>, ending: Duration) {
    let (builder, open) = (connections(), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection can't be let in");
                // Out of file handles, for one: those that are open have to end first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(here) = stream.local_addr().map(Here) else { continue };
        // Without it, small answers wait for what never comes.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(here);
            router.clone().call(request.map(Body::new))
        });
        let connection = builder.serve_connection(TokioIo::new(stream), answer).into_owned();
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(ending, open.shutdown()).await.is_err() {
        tracing::warn!("requests that did not end were given up");
    }
}
