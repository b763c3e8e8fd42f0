//! The door with a cassette in it: what plugins ask over HTTP is recorded, or replayed without going out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::grant::HttpRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::cassette::Cassette;

/// Headers that tell one call from another (W3C Trace Context).
const IDS: [&str; 2] = ["traceparent", "tracestate"];

/// A door that remembers. Answers are taken whole, also where a plugin takes them as they come.
pub struct Taped {
    door: Arc<dyn HttpDoor>,
    cassette: Arc<Cassette>,
    /// How often each request was made on behalf of a trial: it may be answered otherwise the next time.
    times: Mutex<HashMap<String, u32>>,
}

impl Taped {
    pub fn new(door: Arc<dyn HttpDoor>, cassette: Arc<Cassette>) -> Self {
        Self { door, cassette, times: Mutex::default() }
    }

    fn key(&self, request: &HttpRequest) -> String {
        let HttpRequest { method, url, headers, body, asker, timeout: _ } = request;
        // Another version of a plugin may go on with what was recorded.
        let asker = asker.as_ref().map(|asker| (&asker.key, asker.index, asker.trial));
        // Secrets are in them by name; ids of a trace are others each time.
        let headers: Vec<_> = headers.iter().filter(|(name, _)| !IDS.contains(&&*name.to_ascii_lowercase())).collect();
        let bytes = serde_json::to_vec(&("karat http 1", asker, method, url, headers, body)).expect("plain data");
        let request = blake3::hash(&bytes).to_hex().to_string();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let time = times.entry(request.clone()).or_default();
        *time += 1;
        format!("{request}-{time}")
    }
}

#[async_trait]
impl HttpDoor for Taped {
    async fn send(&self, rules: &[HttpRule], most: u64, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let key = self.key(&request);
        if let Some(answer) = self.cassette.get::<Result<HttpResponse, Failure>>(&key) {
            return answer;
        }
        if self.cassette.is_replayed() {
            let message = "this request is not on the cassette that is replayed";
            return Err(Failure::new(FailureKind::Unavailable, message));
        }
        let question = readable(&request);
        let answer = self.door.send(rules, most, request).await;
        self.cassette.put(&key, &question, &answer);
        answer
    }
}

/// For whoever looks into the file.
fn readable(request: &HttpRequest) -> Value {
    json!({ "method": request.method, "url": request.url, "body": String::from_utf8_lossy(&request.body) })
}
