//! HTTP for plugins: to the hosts they were granted, at public addresses, and nowhere else.
//!
//! A request is checked whole before anything is looked up; a name is looked up once, every address it has must be public,
//! and the connection goes to one of those. Redirects are answers. Nothing of this process's environment plays a part. An
//! answer that is taken whole is one that is taken as it comes, to its end.

mod address;
mod body;
mod headers;
mod resolve;
mod secrets;
mod taped;
mod target;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::grant::HttpRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse, Incoming};
use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use body::{Body, Ends};
pub use resolve::{Addresses, Lookup};
use resolve::{Denied, Names};
pub use secrets::Secret;
use secrets::Secrets;
pub use taped::Taped;
use target::Target;
pub use target::{is_private, origin_of, url_of};

const CONNECT: Duration = Duration::from_secs(5);

/// Between two pieces of an answer.
const IDLE: Duration = Duration::from_secs(60);

/// For an answer that is taken as it comes. The call that takes it has an end of its own.
const LONGEST: Duration = Duration::from_secs(600);

/// What requests may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once, of all who go through the door together.
    pub connections: usize,
    /// From the end of the request to the first byte of the answer.
    pub first_byte: Duration,
    /// For an answer that is taken whole.
    pub whole: Duration,
    /// Bytes of a request.
    pub request: usize,
}

impl Bounds {
    /// For requests of plugins.
    pub const PLUGINS: Self = Self {
        connections: 256,
        first_byte: Duration::from_secs(30),
        whole: Duration::from_secs(60),
        request: 1 << 20,
    };

    /// For calls of models by clients, which may have images in them.
    pub fn gateway(connections: usize) -> Self {
        Self { request: 20 << 20, ..Self::judges(connections) }
    }

    /// For questions to judges, who think before they say anything. Whoever asks has limits of his own.
    pub fn judges(connections: usize) -> Self {
        Self { connections, first_byte: LONGEST, whole: LONGEST, request: 8 << 20 }
    }
}

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
    connections: Arc<Semaphore>,
    bounds: Bounds,
    idle: Duration,
}

impl Door {
    /// # Errors
    ///
    /// Fails when the client can't be made, with the reason.
    pub fn new(allowed: Allowed, lookup: Arc<dyn Lookup>, bounds: Bounds) -> Result<Self, String> {
        let client =
            |only_public| client(Names::new(Arc::clone(&lookup), only_public)).map_err(|error| error.to_string());
        Ok(Self {
            public: client(true)?,
            private: client(false)?,
            allowed: allowed.private.iter().filter_map(|origin| target::canonical(origin)).collect(),
            secrets: Secrets(allowed.secrets),
            connections: Arc::new(Semaphore::new(bounds.connections)),
            bounds,
            idle: IDLE,
        })
    }

    /// As [`HttpDoor::send`]; where there is no answer, it says as well whether somebody may have got the request.
    pub(crate) async fn ask(
        &self,
        rules: &[HttpRule],
        most: u64,
        request: HttpRequest,
    ) -> Result<HttpResponse, NoAnswer> {
        let mut body = self.begin(rules, most, request, self.bounds.whole).await?;
        let mut whole = Vec::new();
        while let Some(piece) = body.next().await.map_err(NoAnswer::after_sending)? {
            whole.extend_from_slice(&piece);
        }
        let truncated = body.is_cut();
        Ok(HttpResponse { status: body.status, headers: body.headers, body: whole, truncated })
    }

    /// As [`HttpDoor::open`]; where there is no answer, it says as well whether somebody may have got the request.
    pub(crate) async fn start(
        &self,
        rules: &[HttpRule],
        most: u64,
        request: HttpRequest,
    ) -> Result<Box<dyn Incoming>, NoAnswer> {
        Ok(Box::new(self.begin(rules, most, request, LONGEST).await?))
    }

    /// Sends a request and takes the head of the answer, all of it within `time`.
    async fn begin(
        &self,
        rules: &[HttpRule],
        most: u64,
        request: HttpRequest,
        time: Duration,
    ) -> Result<Body, NoAnswer> {
        let deadline = Instant::now() + request.timeout.unwrap_or(time).min(time);
        let longest = self.bounds.request;
        if request.body.len() > longest {
            let message = format!("the body has {} bytes, more than {longest}", request.body.len());
            return Err(Failure::new(FailureKind::TooLarge, message).into());
        }
        let target = Target::parse(&request.url)?;
        let rule = target.granted(rules, &request.method)?;
        let is_private = self.allowed.contains(&target.origin);
        target.check_literal(is_private)?;
        let headers = headers::sent(&request.headers, &self.secrets, &target, rule)?;
        let method = request.method.parse().map_err(|_| bad("the method is none"))?;
        let mut built = reqwest::Request::new(method, target.url.clone());
        *built.headers_mut() = headers;
        *built.body_mut() = (!request.body.is_empty()).then(|| request.body.into());
        let late = || NoAnswer::after_sending(timed_out());
        let begun = async {
            let connection = Arc::clone(&self.connections).acquire_owned().await.expect("it is never closed");
            let client = if is_private { &self.private } else { &self.public };
            let answered = tokio::time::timeout(self.bounds.first_byte, client.execute(built)).await;
            let response = answered.map_err(|_| late())?.map_err(|error| NoAnswer::of(&error, &target.origin))?;
            Ok((response, connection))
        };
        let begun = tokio::time::timeout_at(deadline, begun).await.unwrap_or_else(|_| Err(late()));
        let said = begun.as_ref().map_or_else(
            |no_answer: &NoAnswer| format!("{:?}", no_answer.failure.kind),
            |(response, _)| response.status().as_u16().to_string(),
        );
        tracing::debug!(method = request.method, origin = target.origin, said, "http");
        let (response, connection) = begun?;
        let scrub = self.secrets.scrub(&target, rule);
        Ok(Body::new(response, Ends { most, deadline, idle: self.idle }, scrub, target.origin, connection))
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
        self.ask(rules, most, request).await.map_err(|no_answer| no_answer.failure)
    }

    async fn open(&self, rules: &[HttpRule], most: u64, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
        self.start(rules, most, request).await.map_err(|no_answer| no_answer.failure)
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

/// Why there is no answer.
pub(crate) struct NoAnswer {
    pub(crate) failure: Failure,
    /// Somebody may have got the request, all of it.
    pub(crate) has_left: bool,
}

impl NoAnswer {
    fn after_sending(failure: Failure) -> Self {
        Self { failure, has_left: true }
    }

    /// In words that hold no more than the plugin said itself.
    fn of(error: &reqwest::Error, origin: &str) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Denied>() {
                return denied(refused.to_string()).into();
            }
            cause = error.source();
        }
        let what = if error.is_connect() { "can't be reached" } else { "gave an answer that can't be read" };
        let failure = match error.is_timeout() {
            true => timed_out(),
            false => Failure::new(FailureKind::Unavailable, format!("`{origin}` {what}")),
        };
        Self { failure, has_left: !error.is_connect() }
    }
}

/// What is wrong before anything has left.
impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        Self { failure, has_left: false }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_falls_silent_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let allowed = Allowed { private: BTreeSet::from([origin.clone()]), ..Allowed::default() };
        let mut door = Door::new(allowed, Arc::new(Addresses), Bounds::PLUGINS).expect("a client");
        door.idle = Duration::from_millis(50);
        let rule = HttpRule { url: origin.clone(), methods: vec!["GET".to_owned()], secrets: Vec::new(), why: None };
        let (headers, body) = (Vec::new(), Vec::new());
        let request = HttpRequest { method: "GET".to_owned(), url: origin, headers, body, timeout: None, asker: None };
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let heard = stream.read(&mut [0; 1000]).await.expect("it is open");
            assert!(heard > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await.expect("it listens");
            stream
        };
        let (opened, _open) = tokio::join!(door.open(std::slice::from_ref(&rule), 100, request), serve);
        let mut incoming = opened.expect("an answer");
        assert_eq!(incoming.read(100).await, Ok(Some(b"hello".to_vec())));
        for _ in 0..2 {
            let silent = incoming.read(100).await.expect_err("it is silent");
            assert_eq!(silent.kind, FailureKind::TimedOut);
        }
    }
}
