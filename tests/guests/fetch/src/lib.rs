//! The plugin `test/fetch`: a scorer that asks a server.

use karat_sdk::bindings::karat::eval::http::{Header, Method, Request, send};
use karat_sdk::prelude::*;

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

karat_sdk::plugin! { name: "test/fetch", scorers: [Fetches] }
