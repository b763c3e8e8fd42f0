//! Requests to an MLflow server: asked again where that may help, and told in words where it does not.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Access, Error};

const CONNECT: Duration = Duration::from_secs(10);

/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(120);

/// How often a request is made that fails in passing, and how long is waited before the second time.
const MOST_TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Bytes of a file that are sent at once.
const BLOCK: usize = 64 << 10;

/// All but what never needs it: servers compare paths as they are sent.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that are shown of an answer that nobody expected.
const SHOWN: usize = 200;

pub(crate) struct Client {
    http: reqwest::Client,
    uri: String,
    access: Access,
}

/// A request that may be made again.
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Body,
    /// Whether it means the same when it is made twice.
    is_safe: bool,
    headers: Vec<(&'static str, String)>,
}

#[derive(Clone)]
enum Body {
    None,
    Json(Value),
    Bytes { kind: &'static str, bytes: Bytes },
}

impl Request {
    fn new(method: Method, path: impl Into<String>, body: Body, is_safe: bool) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body, is_safe, headers: Vec::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Body::None, true)
    }

    /// A question that has a body.
    pub(crate) fn ask(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path, Body::Json(body), true)
    }

    /// A change that must not be made twice.
    pub(crate) fn make(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path, Body::Json(body), false)
    }

    pub(crate) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::PATCH, path, Body::Json(body), true)
    }

    pub(crate) fn delete(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::DELETE, path, Body::Json(body), true)
    }

    pub(crate) fn send(method: Method, path: impl Into<String>, kind: &'static str, bytes: Bytes) -> Self {
        Self::new(method, path, Body::Bytes { kind, bytes }, true)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With where a list goes on, if that is known.
    pub(crate) fn after(self, token: Option<&str>) -> Self {
        match token {
            Some(token) => self.query("page_token", token),
            None => self,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Client {
    pub(crate) fn new(uri: &str, access: Access) -> Result<Self, Error> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring offers them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::place(format!("`{uri}` can't be asked: {error}")))?;
        Ok(Self { http, uri: uri.to_owned(), access })
    }

    /// Makes a request, and reads its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let path = request.path.clone();
        let text = self.text(request).await?;
        // An answer without a body says nothing.
        let text = if text.trim().is_empty() { "{}" } else { &text };
        serde_json::from_str(text).map_err(|error| {
            Error::Refused(format!("`{path}` answers what can't be read: {error}: {}", beginning(text)))
        })
    }

    pub(crate) async fn done(&self, request: Request) -> Result<(), Error> {
        self.text(request).await.map(drop)
    }

    pub(crate) async fn text(&self, request: Request) -> Result<String, Error> {
        let mut tries = 1;
        loop {
            let failed = match self.once(&request).await {
                Ok(response) => match response.text().await {
                    Ok(text) => return Ok(text),
                    Err(error) if request.is_safe => self.unreachable(&error),
                    Err(error) => return Err(self.unreachable(&error)),
                },
                Err(Failed { error, may_pass: true }) => error,
                Err(Failed { error, may_pass: false }) => return Err(error),
            };
            if tries == MOST_TRIES {
                return Err(failed);
            }
            tokio::time::sleep(FIRST_WAIT * 2_u32.pow(tries - 1)).await;
            tries += 1;
        }
    }

    /// Writes what comes of a request to a file. One that breaks off is not made again: what has come is written.
    pub(crate) async fn copy(&self, request: Request, to: &mut (dyn Write + Send)) -> Result<(), Error> {
        let mut response = self.once(&request).await.map_err(|failed| failed.error)?;
        while let Some(bytes) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            to.write_all(&bytes).map_err(model::ports::StoreError::Io)?;
        }
        Ok(())
    }

    /// Sends a file, of which so many bytes can be read. It is not sent again: what has been read is gone.
    pub(crate) async fn upload(&self, path: &str, from: Box<dyn Read + Send>, bytes: u64) -> Result<(), Error> {
        let request = Request::new(Method::PUT, path, Body::None, false);
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(Blocks(from)));
        let sending = self.built(&request).header(header::CONTENT_TYPE, "application/octet-stream");
        let response = sending.header(header::CONTENT_LENGTH, bytes).body(body).send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(self.refused(path, status, &response.text().await.unwrap_or_default())),
        }
    }

    async fn once(&self, request: &Request) -> Result<Response, Failed> {
        let response = self.built(request).send().await;
        let response = response.map_err(|error| Failed {
            may_pass: request.is_safe && !error.is_connect(),
            error: self.unreachable(&error),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let is_in_passing = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
        let text = response.text().await.unwrap_or_default();
        let may_pass = is_busy || (request.is_safe && is_in_passing);
        Err(Failed { error: self.refused(&request.path, status, &text), may_pass })
    }

    fn built(&self, request: &Request) -> RequestBuilder {
        let path: Vec<_> = request.path.split('/').map(escaped).collect();
        let mut built = self.http.request(request.method.clone(), format!("{}/{}", self.uri, path.join("/")));
        built = match &self.access {
            Access::Open => built,
            Access::Token(token) => built.bearer_auth(token),
            Access::Password { user, password } => built.basic_auth(user, Some(password)),
        };
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        built = built.query(&request.query);
        match request.body.clone() {
            Body::None => built,
            Body::Json(json) => built.json(&json),
            Body::Bytes { kind, bytes } => built.header(header::CONTENT_TYPE, kind).body(bytes),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            why = error.to_string();
            cause = error.source();
        }
        Error::place(format!("`{}` can't be reached: {why}", self.uri))
            .hint("see that the server runs, and its address")
    }

    fn refused(&self, path: &str, status: StatusCode, text: &str) -> Error {
        let said = serde_json::from_str::<Value>(text).ok();
        let word = |name: &str| said.as_ref().and_then(|said| said.get(name)?.as_str().map(str::to_owned));
        match (status, word("error_code"), word("message")) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _, said) => {
                let said = said.unwrap_or_else(|| beginning(text));
                let said = if said.is_empty() { String::new() } else { format!(": {said}") };
                Error::place(format!("`{}` does not let us in ({}){said}", self.uri, status.as_u16())).hint(
                    "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, have to be those of \
                     a user who may",
                )
            }
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED, None, _)
            | (StatusCode::NOT_IMPLEMENTED, ..) => Error::Unknown,
            (_, Some(code), Some(message)) => Error::Refused(format!("{code}: {message}")),
            _ => Error::Refused(format!("`{path}` answers {}: {}", status.as_u16(), beginning(text))),
        }
    }
}

/// A file, block by block.
struct Blocks(Box<dyn Read + Send>);

impl Iterator for Blocks {
    type Item = std::io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut block = vec![0; BLOCK];
        match self.0.read(&mut block) {
            Ok(0) => None,
            Ok(count) => {
                block.truncate(count);
                Some(Ok(block.into()))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

struct Failed {
    error: Error,
    may_pass: bool,
}

fn escaped(part: &str) -> String {
    utf8_percent_encode(part, &ESCAPED).to_string()
}

fn beginning(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}
