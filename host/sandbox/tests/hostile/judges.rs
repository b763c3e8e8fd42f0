//! Questions to a judge: how many, of whom, and that nobody waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use model::feedback::Value;
use model::grant::{Grant, JudgeRule};
use model::json::Json;
use model::judge::{Asker, JudgeReply, JudgeRequest, Usage};
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Call, JudgeDoor, Plugin};
use sandbox::{Doors, Options, Sandbox};
use serde_json::json;
use tokio::sync::Barrier;

use crate::{ourselves, row};

/// What a call may take.
const TIME: Duration = Duration::from_secs(2);

/// Replies when so many wait for it, the last that was asked first.
struct Judge {
    together: Barrier,
    asked: AtomicUsize,
    waiting: AtomicUsize,
    /// Bytes that each reply has behind it.
    length: usize,
}

impl Judge {
    fn new(together: usize, length: usize) -> Arc<Self> {
        Arc::new(Self {
            together: Barrier::new(together),
            asked: AtomicUsize::default(),
            waiting: AtomicUsize::default(),
            length,
        })
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl JudgeDoor for Judge {
    async fn complete(&self, asker: &Asker, rule: &JudgeRule, request: JudgeRequest) -> Result<JudgeReply, Failure> {
        assert_eq!(rule.roles, ["default"]);
        assert_eq!((&*asker.key, asker.index, asker.trial), ("name_in_results", 0, 0));
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        self.together.wait().await;
        let text = request.question().to_owned() + &" ".repeat(self.length);
        Ok(JudgeReply { text, tool_calls: Vec::new(), usage: Usage::default(), cached: false })
    }

    async fn budget(&self, _: &Asker, _: &JudgeRule) -> Option<Usage> {
        None
    }
}

/// What `asks` says, who asks `questions` at once.
async fn said(judge: &Arc<Judge>, isolation: Isolation, role: &str, questions: u32, most: Option<u32>) -> Outcome {
    let doors = Doors { judge: Some(Arc::clone(judge) as Arc<dyn JudgeDoor>), ..Doors::default() };
    let sandbox = Sandbox::new(Options { worker: Some(ourselves()), doors, slots: 8, ..Options::default() }).unwrap();
    let plugin = json!({ "name": "test/asks", "version": env!("CARGO_PKG_VERSION") });
    let capabilities = json!({ "judge": { "roles": ["default", "strict"] } });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": capabilities });
    let plugin = guests::wat::with_manifest(guests::ASKS.to_vec(), &manifest.to_string());
    let plugin = sandbox.load(&plugin, isolation).await.unwrap();
    let rule = JudgeRule { roles: vec!["default".to_owned()], max_calls_per_row: most, ..JudgeRule::default() };
    let parameters = Json::from_serialize(&json!({ "role": role, "questions": questions })).unwrap();
    let scoring = plugin.bind(Binding {
        calls: vec![Call { key: "name_in_results".to_owned(), item: "asks".to_owned(), parameters }],
        limits: CallLimits { time: TIME, ..CallLimits::default() },
        reuse: Reuse::Never,
        seed: 0,
        grant: Grant { judge: Some(rule), ..Grant::default() },
        config: serde_json::Map::new(),
    });
    scoring.score(&row(0), &[0]).await.pop().unwrap()
}

fn text(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Scored(feedback) => match &feedback[0].value {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_asked_at_once_and_answered_in_order() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        // None is answered before all were asked.
        let judge = Judge::new(20, 0);
        let outcome = said(&judge, isolation, "default", 20, None).await;
        let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        assert_eq!(text(&outcome), expected.join("|"), "{isolation:?}");
    }
}

/// T46
#[tokio::test(flavor = "multi_thread")]
async fn a_row_asks_as_often_as_it_may() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let judge = Judge::new(1, 0);
        let outcome = said(&judge, isolation, "default", 1000, Some(3)).await;
        let said: Vec<_> = text(&outcome).split('|').collect();
        assert_eq!((&said[..3], said.len()), (&["0", "1", "2"][..], 1000), "{isolation:?}");
        let refused = |said: &&str| said.contains("asked its 3 questions (`max_calls_per_row`)");
        assert!(said[3..].iter().all(refused), "{isolation:?}");
        assert_eq!(judge.asked.load(Ordering::SeqCst), 3, "{isolation:?}");
    }
}

/// T48
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_not_granted_is_not_asked() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        for role in ["strict", "../default", ""] {
            let judge = Judge::new(1, 0);
            let outcome = said(&judge, isolation, role, 1, None).await;
            assert_eq!(text(&outcome), format!("the judge `{role}` was not granted to this plugin"));
            assert_eq!(judge.asked.load(Ordering::SeqCst), 0);
        }
    }
}

/// T47
#[tokio::test(flavor = "multi_thread")]
async fn questions_and_replies_have_an_end() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let judge = Judge::new(1, 0);
        let outcome = said(&judge, isolation, "default", 1_000_000, None).await;
        let is_large = |failure: &Failure| matches!(failure.kind, FailureKind::TooLarge | FailureKind::OutOfMemory);
        assert!(matches!(&outcome, Outcome::Failed(failure) if is_large(failure)), "{outcome:?}");
        assert_eq!(judge.asked.load(Ordering::SeqCst), 0);

        let judge = Judge::new(1, 2 << 20);
        let outcome = said(&judge, isolation, "default", 1, None).await;
        assert_eq!(text(&outcome), "the judge's reply is larger than 1.0 MiB (`limits.output`)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_waits_for_a_judge_is_not_its_time() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        // The second question, which has to come for the first to be answered, is a row of its own, after the first's time.
        let judge = Judge::new(2, 0);
        let late = async {
            tokio::time::sleep(TIME + Duration::from_millis(200)).await;
            said(&judge, isolation, "default", 1, None).await
        };
        let (first, second) = tokio::join!(said(&judge, isolation, "default", 1, None), late);
        assert_eq!((text(&first), text(&second)), ("0", "0"), "{isolation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_waits_for_any_more_is_not_asked_on() {
    for isolation in [Isolation::Thread, Isolation::Process] {
        let judge = Judge::new(3, 0);
        let begun = Instant::now();
        let asking = tokio::spawn({
            let judge = Arc::clone(&judge);
            async move { said(&judge, isolation, "default", 2, None).await }
        });
        while judge.waiting.load(Ordering::SeqCst) < 2 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{isolation:?}");
            tokio::task::yield_now().await;
        }
        asking.abort();
        while judge.waiting.load(Ordering::SeqCst) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{isolation:?}");
            tokio::task::yield_now().await;
        }
    }
}
