//! How long an instance lives, and that none outlives its use.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::sync::Arc;

use model::feedback::Value;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{FailureKind, Outcome};
use model::ports::{Binding, Call, Plugin, Scoring};
use model::row::Row;
use model::trace::{Span, Trace};
use sandbox::{Options, Sandbox};

/// Scorers of the hostile guest, bound for one run.
async fn bound(sandbox: &Sandbox, scorers: &[&str], reuse: Reuse) -> Arc<dyn Scoring> {
    let call = |scorer: &&str| Call {
        key: (*scorer).to_owned(),
        item: (*scorer).to_owned(),
        parameters: Json::parse("{}").unwrap(),
    };
    let limits = CallLimits { fuel: 20_000_000, ..CallLimits::default() };
    let plugin = sandbox.load(guests::HOSTILE, Isolation::Thread).await.unwrap();
    plugin.bind(Binding {
        calls: scorers.iter().map(call).collect(),
        limits,
        reuse,
        seed: 0,
        grant: Default::default(),
        config: Default::default(),
    })
}

fn row(index: u64) -> Row {
    Row {
        index,
        id: format!("row-{index}"),
        trial: 0,
        inputs: Json::parse("{}").unwrap(),
        outputs: Some(Json::parse("\"x\"").unwrap()),
        expectations: None,
        tags: std::collections::BTreeMap::new(),
        session: None,
        trace: None,
    }
}

/// What `counts` said for two rows, called twice on each: how many calls its instance had seen.
async fn counted(reuse: Reuse) -> Vec<f64> {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let scoring = bound(&sandbox, &["counts", "counts"], reuse).await;
    let mut counts = Vec::new();
    for index in 0..2 {
        for outcome in scoring.score(&row(index), &[0, 1]).await {
            let Outcome::Scored(feedback) = outcome else { panic!("{outcome:?}") };
            let Value::Number(count) = feedback[0].value else { panic!("{feedback:?}") };
            counts.push(count);
        }
    }
    counts
}

#[tokio::test]
async fn an_instance_lives_as_long_as_reuse_says() {
    assert_eq!(counted(Reuse::Never).await, [1.0, 1.0, 1.0, 1.0]);
    assert_eq!(counted(Reuse::Row).await, [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(counted(Reuse::Run).await, [1.0, 2.0, 3.0, 4.0]);
}

#[tokio::test]
async fn a_trace_that_is_kept_to_the_next_call_leads_nowhere() {
    let trace = |spans| Some(Arc::new(Trace { id: "1".repeat(32), spans: vec![span(); spans] }));
    for reuse in [Reuse::Row, Reuse::Run] {
        let sandbox = Sandbox::new(Options::default()).unwrap();
        let scoring = bound(&sandbox, &["keeps_trace", "keeps_trace"], reuse).await;
        let first = scoring.score(&Row { trace: trace(2), ..row(0) }, &[0]).await;
        assert!(
            matches!(&first[..], [Outcome::Scored(feedback)] if feedback[0].value == Value::Number(2.0)),
            "{first:?}"
        );
        let second = scoring.score(&Row { trace: trace(3), ..row(1) }, &[0, 1]).await;
        let is_stale = |outcome: &Outcome| matches!(outcome, Outcome::Failed(failure) if failure.message == "the trace is that of an earlier call");
        // The instance that failed is gone: the one after it sees a trace of its own.
        let stale: Vec<_> = second.iter().map(is_stale).collect();
        assert_eq!(stale, if reuse == Reuse::Row { [false, true] } else { [true, false] }, "{second:?}");
    }
}

fn span() -> Span {
    Span {
        id: "00f067aa0ba902b7".to_owned(),
        parent: None,
        name: "step".to_owned(),
        kind: Default::default(),
        start: 1,
        end: None,
        status: Default::default(),
        attributes: Vec::new(),
        ..Span::default()
    }
}

#[tokio::test]
async fn an_instance_that_failed_is_not_used_again() {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let scoring = bound(&sandbox, &["counts", "panics", "counts"], Reuse::Run).await;
    let outcomes = scoring.score(&row(0), &[0, 1, 2]).await;
    assert!(matches!(&outcomes[1], Outcome::Failed(failure) if failure.kind == FailureKind::Panicked));
    assert_eq!(outcomes[0], outcomes[2], "the count began anew");
}

#[tokio::test]
async fn whatever_a_guest_does_its_slot_is_given_back() {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let scorers = ["panics", "loops", "allocates", "recurses", "traps", "exits", "nan", "counts"];
    let scoring = bound(&sandbox, &scorers, Reuse::Never).await;
    for index in 0..20 {
        let outcomes = scoring.score(&row(index), &[0, 1, 2, 3, 4, 5, 6, 7]).await;
        assert!(outcomes[..7].iter().all(|outcome| matches!(outcome, Outcome::Failed(_))), "{outcomes:#?}");
        assert!(matches!(outcomes[7], Outcome::Scored(_)));
    }
    assert!(sandbox.is_idle());
}

#[tokio::test]
async fn a_scorer_that_only_says_it_is_pure_is_found_out() {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    // It counts, and its instance is kept.
    let scoring = bound(&sandbox, &["counts"], Reuse::Run).await;
    let mut found_out = 0;
    for index in 0..5000 {
        if let [Outcome::Failed(failure)] = &scoring.score(&row(index), &[0]).await[..] {
            assert!(failure.message.contains("two answers to one row"), "{failure:?}");
            found_out += 1;
        }
    }
    assert!(found_out > 0);
    let honest = bound(&sandbox, &["echo"], Reuse::Run).await;
    for index in 0..5000 {
        assert!(matches!(&honest.score(&row(index), &[0]).await[..], [Outcome::Scored(_)]));
    }
}

#[tokio::test]
async fn a_trap_is_told_with_its_line_where_the_plugin_has_lines() {
    let detail = async |lines| {
        let plugin = guests::wat::Plugin { lines, ..guests::wat::Plugin::scoring("(unreachable)") };
        let sandbox = Sandbox::new(Options::default()).unwrap();
        let plugin = sandbox.load(&plugin.bytes(), Isolation::Thread).await.unwrap();
        let scoring = plugin.bind(Binding {
            calls: vec![Call {
                key: "probe".to_owned(),
                item: "probe".to_owned(),
                parameters: Json::parse("{}").unwrap(),
            }],
            limits: CallLimits::default(),
            reuse: Reuse::Never,
            seed: 0,
            grant: Default::default(),
            config: Default::default(),
        });
        let outcome = scoring.score(&row(0), &[0]).await.remove(0);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        failure.detail.unwrap()
    };
    let line = detail(true).await;
    assert!(line.contains("at plugin.wat:") || line.contains("/plugin.wat:"), "{line}");
    assert!(!detail(false).await.contains("plugin.wat"));
}
