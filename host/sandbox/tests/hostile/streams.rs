//! Answers that come over time, and what becomes of those that a guest leaves open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use model::feedback::Value;
use model::grant::{Grant, HttpRule};
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Call, HttpDoor, HttpRequest, HttpResponse, Incoming, Plugin, Scoring};
use sandbox::{Doors, Options, Sandbox};
use serde_json::json;

use crate::{ourselves, row};

/// A door that counts the answers that are open.
#[derive(Default)]
struct Door {
    open: Arc<AtomicUsize>,
    opened: AtomicUsize,
}

impl Door {
    fn is_left(&self) -> bool {
        let begun = Instant::now();
        while self.open.load(Ordering::SeqCst) > 0 {
            if begun.elapsed() > Duration::from_secs(10) {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Events {
    _counted: Counted,
    pieces: Vec<&'static str>,
    headers: Vec<(String, Vec<u8>)>,
}

#[async_trait]
impl HttpDoor for Door {
    async fn send(&self, _: &[HttpRule], _: u64, _: HttpRequest) -> Result<HttpResponse, Failure> {
        Err(Failure::new(FailureKind::Unsupported, "only answers that come over time"))
    }

    async fn open(&self, rules: &[HttpRule], _: u64, request: HttpRequest) -> Result<Box<dyn Incoming>, Failure> {
        assert_eq!(rules.len(), 1);
        self.open.fetch_add(1, Ordering::SeqCst);
        self.opened.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(&self.open));
        if request.url.ends_with("never") {
            std::future::pending::<()>().await;
        }
        let headers = vec![("content-type".to_owned(), b"text/event-stream".to_vec())];
        Ok(Box::new(Events { _counted: counted, pieces: vec!["wo\n\n", "ne\n\ndata: t", "data: o"], headers }))
    }
}

#[async_trait]
impl Incoming for Events {
    fn status(&self) -> u16 {
        200
    }

    fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    async fn read(&mut self, _: u32) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.pieces.pop().map(|piece| piece.as_bytes().to_vec()))
    }
}

/// The scorer `streams`, called with each of these parameters.
async fn scoring(door: &Arc<Door>, isolation: Isolation, reuse: Reuse, with: &[serde_json::Value]) -> Arc<dyn Scoring> {
    let doors = Doors { http: Some(Arc::clone(door) as Arc<dyn HttpDoor>), ..Doors::default() };
    let sandbox = Sandbox::new(Options { worker: Some(ourselves()), doors, slots: 8, ..Options::default() }).unwrap();
    let rule = json!({ "url": "https://a.test", "methods": ["GET"] });
    let plugin = json!({ "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "http": [rule] } });
    let plugin = guests::wat::with_manifest(guests::FETCH.to_vec(), &manifest.to_string());
    let plugin = sandbox.load(&plugin, isolation).await.unwrap();
    let call = |with: &serde_json::Value| Call {
        key: "streams".to_owned(),
        item: "streams".to_owned(),
        parameters: Json::from_serialize(with).unwrap(),
    };
    let grant = Grant { http: vec![serde_json::from_value(rule).unwrap()], ..Grant::default() };
    let limits = CallLimits { time: Duration::from_secs(2), ..CallLimits::default() };
    let (calls, config) = (with.iter().map(call).collect(), serde_json::Map::new());
    plugin.bind(Binding { calls, limits, reuse, seed: 0, grant, config })
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Scored(feedback) => match &feedback[0].value {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_leaves_open_is_closed_with_its_instance() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let door = Arc::new(Door::default());
        let with = json!({ "url": "https://a.test/", "leave": 3 });
        let scoring = scoring(&door, isolation, Reuse::Never, &[with]).await;
        let outcomes = scoring.score(&row(0), &[0]).await;
        assert_eq!(text(&outcomes[0]), "200 text/event-stream one|two");
        assert_eq!(door.opened.load(Ordering::SeqCst), 4);
        assert!(door.is_left(), "{isolation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_goes_on_takes_no_answer_along() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let door = Arc::new(Door::default());
        let leaves = json!({ "url": "https://a.test/", "leave": 1 });
        let looks = json!({ "url": "https://a.test/", "look_back": true });
        let scoring = scoring(&door, isolation, Reuse::Run, &[leaves, looks]).await;
        let outcomes = scoring.score(&row(0), &[0]).await;
        assert_eq!(text(&outcomes[0]), "200 text/event-stream one|two");
        assert!(door.is_left(), "{isolation:?}");
        let outcomes = scoring.score(&row(1), &[1]).await;
        assert_eq!(text(&outcomes[0]), "200 the answer has ended with the call that opened it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_come_over_time_are_requests_like_others() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let door = Arc::new(Door::default());
        let with = json!({ "url": "https://a.test/", "leave": 100 });
        let scoring = scoring(&door, isolation, Reuse::Never, &[with]).await;
        let outcomes = scoring.score(&row(0), &[0]).await;
        let Outcome::Failed(failure) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert_eq!(failure.kind, FailureKind::BudgetExceeded);
        assert!(failure.message.contains("`limits.http_requests`"), "{failure}");
        assert_eq!(door.opened.load(Ordering::SeqCst), 16);
        assert!(door.is_left(), "{isolation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_begins_ends_with_the_call() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let door = Arc::new(Door::default());
        let scoring = scoring(&door, isolation, Reuse::Never, &[json!({ "url": "https://a.test/never" })]).await;
        let outcomes = scoring.score(&row(0), &[0]).await;
        assert!(matches!(&outcomes[0], Outcome::Failed(Failure { kind: FailureKind::TimedOut, .. })), "{outcomes:?}");
        assert_eq!(door.opened.load(Ordering::SeqCst), 1);
        assert!(door.is_left(), "{isolation:?}");
    }
}
