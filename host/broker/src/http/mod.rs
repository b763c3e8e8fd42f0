//! HTTP for plugins: to the hosts they were granted, at public addresses, and nowhere else.
//!
//! A request is checked whole before anything is looked up; a name is looked up once, every address it has must be public,
//! and the connection goes to one of those. Redirects are answers. Nothing of this process's environment plays a part.

mod address;
mod headers;
mod resolve;
mod secrets;
mod target;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::grant::HttpRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse};
use reqwest::Client;
use tokio::sync::Semaphore;

pub use resolve::{Addresses, Lookup};
use resolve::{Denied, Names};
pub use secrets::Secret;
use secrets::Secrets;
use target::Target;
pub use target::{is_private, url_of};

/// Connections at once, of all plugins together.
const CONNECTIONS: usize = 256;

const CONNECT: Duration = Duration::from_secs(5);

/// From the end of the request to the first byte of the answer.
const FIRST_BYTE: Duration = Duration::from_secs(30);

/// Where no other time was set.
const WHOLE: Duration = Duration::from_secs(60);

const LONGEST_REQUEST: usize = 1 << 20;

/// What the operator allows beyond public addresses.
#[derive(Debug, Default)]
pub struct Allowed {
    /// Origins, such as `http://127.0.0.1:8000`, whose addresses need not be public.
    pub private: BTreeSet<String>,
    pub secrets: Vec<Secret>,
    /// Names of commands of this machine that may be run.
    pub commands: BTreeSet<String>,
}

/// The door.
pub struct Door {
    public: Client,
    /// For origins that the operator named.
    private: Client,
    allowed: BTreeSet<String>,
    secrets: Secrets,
    connections: Semaphore,
}

impl Door {
    /// # Errors
    ///
    /// Fails when the client can't be made, with the reason.
    pub fn new(allowed: Allowed, lookup: Arc<dyn Lookup>) -> Result<Self, String> {
        let client =
            |only_public| client(Names::new(Arc::clone(&lookup), only_public)).map_err(|error| error.to_string());
        Ok(Self {
            public: client(true)?,
            private: client(false)?,
            allowed: allowed.private.iter().filter_map(|origin| target::canonical(origin)).collect(),
            secrets: Secrets(allowed.secrets),
            connections: Semaphore::new(CONNECTIONS),
        })
    }

    async fn exchange(&self, target: &Target, request: reqwest::Request, most: u64) -> Result<HttpResponse, Failure> {
        let client = if self.allowed.contains(&target.origin) { &self.private } else { &self.public };
        let sent = tokio::time::timeout(FIRST_BYTE, client.execute(request)).await;
        let sent = sent.map_err(|_| timed_out())?;
        let mut response = sent.map_err(|error| failure(&error, target))?;
        let headers = headers::received(response.headers());
        let (mut body, mut truncated) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, target))? {
            let room = (most as usize).saturating_sub(body.len());
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                truncated = true;
                break;
            }
        }
        Ok(HttpResponse { status: response.status().as_u16(), headers, body, truncated })
    }
}

fn client(names: Names) -> reqwest::Result<Client> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(names))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .http1_only()
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
        .build()
}

#[async_trait]
impl HttpDoor for Door {
    async fn send(&self, rules: &[HttpRule], most: u64, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let time = request.timeout.unwrap_or(WHOLE).min(WHOLE);
        if request.body.len() > LONGEST_REQUEST {
            let message = format!("the body has {} bytes, more than {LONGEST_REQUEST}", request.body.len());
            return Err(Failure::new(FailureKind::TooLarge, message));
        }
        let target = Target::parse(&request.url)?;
        let rule = target.granted(rules, &request.method)?;
        target.check_literal(self.allowed.contains(&target.origin))?;
        let headers = headers::sent(&request.headers, &self.secrets, &target, rule)?;
        let method = request.method.parse().map_err(|_| bad("the method is none"))?;
        let mut built = reqwest::Request::new(method, target.url.clone());
        *built.headers_mut() = headers;
        *built.body_mut() = (!request.body.is_empty()).then(|| request.body.into());
        let whole = async {
            let _connection = self.connections.acquire().await;
            self.exchange(&target, built, most).await
        };
        let done = tokio::time::timeout(time, whole).await.unwrap_or_else(|_| Err(timed_out()));
        let said =
            done.as_ref().map_or_else(|failure| format!("{:?}", failure.kind), |response| response.status.to_string());
        tracing::debug!(method = request.method, origin = target.origin, said, "http");
        done.map(|response| self.secrets.scrub(response, &target, rule))
    }
}

fn timed_out() -> Failure {
    Failure::new(FailureKind::TimedOut, "the other side gave no answer in time")
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::BadInput, message)
}

fn denied(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Denied, message)
}

/// In words that hold no more than the plugin said itself.
fn failure(error: &reqwest::Error, target: &Target) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Denied>() {
            return denied(refused.to_string());
        }
        cause = error.source();
    }
    if error.is_timeout() {
        return timed_out();
    }
    let what = if error.is_connect() { "can't be reached" } else { "gave an answer that can't be read" };
    Failure::new(FailureKind::Unavailable, format!("`{}` {what}", target.origin))
}
