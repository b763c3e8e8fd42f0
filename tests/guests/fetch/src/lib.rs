//! The plugin `test/fetch`: scorers that ask a server.

use std::cell::RefCell;

use karat_sdk::bindings::karat::eval::http::{Header, Method, Request, send};
use karat_sdk::http::stream::Incoming;
use karat_sdk::prelude::*;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, Method as WasiMethod, OutgoingBody, OutgoingRequest, Scheme};

/// What the server says; a header `x-key` goes along where there is a value for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
struct Fetches {
    url: String,
    key: Option<String>,
}

impl Scorer for Fetches {
    const NAME: &str = "fetches";
    const SUMMARY: &str = "what a server says";
    const BETTER: Direction = Direction::Neutral;
    const DETERMINISM: Determinism = Determinism::Volatile;
    type Verdict = String;

    fn score(&self, _: &Row) -> Result<Outcome<String>, Failure> {
        let header = |key: &String| Header { name: "x-key".to_owned(), value: key.clone().into_bytes() };
        let request = Request {
            method: Method::Get,
            url: self.url.clone(),
            headers: self.key.iter().map(header).collect(),
            body: Vec::new(),
            timeout_ms: None,
        };
        let response = send(&request)?;
        Ok(format!("{} {}", response.status, String::from_utf8_lossy(&response.body)).into())
    }
}

/// What a server says, piece by piece.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
struct Streams {
    url: String,
    key: Option<String>,
    /// Answers to open one after the other, and to leave open.
    #[serde(default)]
    leave: u32,
    /// Looks at an answer that an earlier call has left open.
    #[serde(default)]
    look_back: bool,
}

thread_local! {
    static LEFT: RefCell<Vec<Incoming>> = const { RefCell::new(Vec::new()) };
}

impl Scorer for Streams {
    const NAME: &str = "streams";
    const SUMMARY: &str = "what a server says piece by piece";
    const BETTER: Direction = Direction::Neutral;
    const DETERMINISM: Determinism = Determinism::Volatile;
    type Verdict = String;

    fn score(&self, _: &Row) -> Result<Outcome<String>, Failure> {
        if self.look_back
            && let Some(mut left) = LEFT.with_borrow_mut(Vec::pop)
        {
            let status = left.status();
            return Ok(match left.read(1) {
                Ok(piece) => format!("{status} {piece:?}").into(),
                Err(failure) => format!("{status} {}", failure.message).into(),
            });
        }
        for _ in 0..self.leave {
            let left = self.open()?;
            LEFT.with_borrow_mut(|all| all.push(left));
        }
        let answer = self.open()?;
        let (status, kind) = (answer.status(), answer.header("content-type").unwrap_or_default());
        let events = answer.events().map(|event| event.map(|event| event.data)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{status} {kind} {}", events.join("|")).into())
    }
}

impl Streams {
    fn open(&self) -> Result<Incoming, Failure> {
        let request = karat_sdk::http::get(&self.url);
        self.key.iter().fold(request, |request, key| request.header("x-key", key)).open()
    }
}

/// The same as the first, by way of `wasi:http`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
struct WasiFetches {
    /// `host:port`.
    authority: String,
    body: String,
}

impl Scorer for WasiFetches {
    const NAME: &str = "wasi_fetches";
    const SUMMARY: &str = "what a server says to `wasi:http`";
    const BETTER: Direction = Direction::Neutral;
    const DETERMINISM: Determinism = Determinism::Volatile;
    type Verdict = String;

    fn score(&self, _: &Row) -> Result<Outcome<String>, Failure> {
        Ok(self.fetch().unwrap_or_else(|code| format!("refused: {code:?}")).into())
    }
}

impl WasiFetches {
    fn fetch(&self) -> Result<String, ErrorCode> {
        let request = OutgoingRequest::new(Fields::new());
        let named = request.set_method(&WasiMethod::Post).and(request.set_scheme(Some(&Scheme::Http)));
        named.and(request.set_authority(Some(&self.authority))).expect("they can be set");
        request.set_path_with_query(Some("/")).expect("it can be set");
        let body = request.body().expect("it has one");
        let response = handle(request, None)?;
        let stream = body.write().expect("the first time");
        // Where nobody takes the body, the answer says why.
        let _ = self.body.as_bytes().chunks(1000).try_for_each(|part| stream.blocking_write_and_flush(part));
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
        response.subscribe().block();
        let response = response.get().expect("it is there").expect("the first time")?;
        let body = response.consume().expect("the first time");
        let stream = body.stream().expect("the first time");
        let mut text = Vec::new();
        while let Ok(part) = stream.blocking_read(4096) {
            text.extend(part);
        }
        Ok(format!("{} {}", response.status(), String::from_utf8_lossy(&text)))
    }
}

karat_sdk::plugin! { name: "test/fetch", scorers: [Fetches, Streams, WasiFetches] }
