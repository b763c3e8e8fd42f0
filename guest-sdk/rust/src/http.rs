//! Requests to the hosts that `plugin.toml` declares and the suite grants. Redirects are answers, not followed.
//!
//! `{{secret:NAME}}` in the value of a header is filled in by the host, for the hosts that NAME is bound to.
//!
//! ```no_run
//! # use karat_sdk::prelude::*;
//! # fn ask() -> Result<f64, Failure> {
//! let reply = karat_sdk::http::post("https://api.example.com/score").json(&json!({ "text": "…" })).send()?;
//! let score: f64 = reply.json()?;
//! # Ok(score) }
//! ```
//!
//! An answer that takes its time is taken as it comes with [`Request::open`], see [`stream`].

pub mod stream;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::karat::eval::http as linked;
pub use crate::bindings::karat::eval::http::{Header, Method};
use crate::failure::Failure;
use stream::Incoming;

/// A request in the making.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct Request(linked::Request);

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
    /// The body was cut off at the limit.
    pub truncated: bool,
}

/// A request for what stands at `url`.
pub fn get(url: impl Into<String>) -> Request {
    request(Method::Get, url)
}

/// A request that brings something.
pub fn post(url: impl Into<String>) -> Request {
    request(Method::Post, url)
}

/// A request with any method.
pub fn request(method: Method, url: impl Into<String>) -> Request {
    Request(linked::Request { method, url: url.into(), headers: Vec::new(), body: Vec::new(), timeout_ms: None })
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0.headers.push(Header { name: name.to_owned(), value: value.as_ref().to_vec() });
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Sets the body to a value as JSON, and says so in a header.
    pub fn json(self, value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).unwrap_or_default();
        self.header("content-type", "application/json").body(text)
    }

    pub fn method(&self) -> Method {
        self.0.method
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub fn headers(&self) -> &[Header] {
        &self.0.headers
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// Fails as denied where the suite does not grant it, and with other codes where no answer came.
    pub fn send(self) -> Result<Response, Failure> {
        #[cfg(target_family = "wasm")]
        return linked::send(&self.0).map(|linked::Response { status, headers, body, truncated }| Response {
            status,
            headers,
            body,
            truncated,
        });
        #[cfg(not(target_family = "wasm"))]
        crate::testing::answer(self)
    }

    /// Gives up after this many milliseconds, where the host would wait longer.
    pub fn timeout_ms(mut self, time: u32) -> Self {
        self.0.timeout_ms = Some(time);
        self
    }

    /// Sends it, and returns as soon as the head of an answer is there. The time that was set counts to the end of the
    /// body.
    ///
    /// # Errors
    ///
    /// As [`Request::send`].
    pub fn open(self) -> Result<Incoming, Failure> {
        #[cfg(target_family = "wasm")]
        return crate::bindings::karat::eval::http_stream::open(&self.0).map(Incoming::new);
        #[cfg(not(target_family = "wasm"))]
        crate::testing::answer(self).map(Incoming::new)
    }
}

impl Response {
    /// An answer for unit tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), truncated: false }
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// Fails when it is none, or of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::other(format!("the answer (status {}) can't be read: {error}", self.status)))
    }
}
