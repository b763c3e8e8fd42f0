//! The door out, with real sockets: nothing arrives where nothing was granted.
//!
//! The tests have the ids of the threat list, see `docs/security.md`.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod answers;
mod headers;
mod server;
mod streams;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Allowed, Bounds, Door, Lookup, Secret};
use model::grant::HttpRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpDoor, HttpRequest, HttpResponse};

/// Names as a test wants them: each lookup of a name gives the next of its answers, the last one for ever.
#[derive(Default)]
struct Names {
    answers: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    lookups: AtomicUsize,
}

impl Names {
    fn of(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        Arc::new(Self {
            answers: Mutex::new(BTreeMap::from([(name.to_owned(), answers)])),
            lookups: AtomicUsize::new(0),
        })
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Ok(answer.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
    }
}

fn door(names: Arc<Names>, private: &[&str], secrets: Vec<Secret>) -> Door {
    let private: BTreeSet<_> = private.iter().map(|&origin| origin.to_owned()).collect();
    Door::new(Allowed { private, secrets, ..Allowed::default() }, names, Bounds::PLUGINS).unwrap()
}

fn rule(url: &str) -> HttpRule {
    let methods = ["GET", "POST"].map(str::to_owned).to_vec();
    HttpRule { url: url.to_owned(), methods, secrets: vec!["KEY".to_owned()], why: None }
}

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: None,
        asker: None,
    }
}

fn within(request: HttpRequest, time: Duration) -> HttpRequest {
    HttpRequest { timeout: Some(time), ..request }
}

/// What is refused here is refused in the same words where the answer would be taken as it comes.
async fn send(door: &Door, rules: &[HttpRule], request: HttpRequest) -> Result<HttpResponse, Failure> {
    let sent = door.send(rules, 4 << 20, request.clone()).await;
    if let Err(failure) = &sent
        && matches!(failure.kind, FailureKind::Denied | FailureKind::BadInput | FailureKind::TooLarge)
    {
        let opened = door.open(rules, 4 << 20, request).await.map(drop);
        assert_eq!(opened, Err(failure.clone()));
    }
    sent
}

fn is(kind: FailureKind, sent: &Result<HttpResponse, Failure>) -> bool {
    sent.as_ref().is_err_and(|failure| failure.kind == kind)
}
