//! What becomes of predictors that don't answer as they should, here and in a process of their own (T60 of the threat
//! list), and what of their row reaches them.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::sync::Arc;

use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::FailureKind;
use model::ports::{Binding, Call, Plugin, Predicting};
use model::row::Row;
use sandbox::{Options, Sandbox};

async fn bound(predictor: &str) -> Arc<dyn Predicting> {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let plugin = sandbox.load(guests::HOSTILE, Isolation::Thread).await.unwrap();
    plugin.bind_predictor(Binding {
        calls: vec![Call {
            key: predictor.to_owned(),
            item: predictor.to_owned(),
            parameters: Json::parse("{}").unwrap(),
        }],
        limits: CallLimits::default(),
        reuse: Reuse::Never,
        seed: 0,
        grant: Default::default(),
        config: Default::default(),
    })
}

fn row() -> Row {
    Row {
        index: 0,
        id: "q".to_owned(),
        trial: 0,
        inputs: Json::parse("{}").unwrap(),
        outputs: None,
        expectations: None,
        tags: Default::default(),
        session: None,
        trace: None,
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_the_rows_failure() {
    for (predictor, kind, told) in [
        ("answers_no_json", FailureKind::InvalidOutput, "its outputs are not JSON"),
        ("answers_deep", FailureKind::InvalidOutput, "its outputs are not JSON"),
        ("answers_much", FailureKind::TooLarge, "`limits.output`"),
        ("nobody", FailureKind::BadParameter, "no predictor `nobody`"),
    ] {
        let failure = bound(predictor).await.predict(&row()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{predictor}: {failure:?}");
        assert!(failure.message.contains(told), "{predictor}: {failure:?}");
        // The next one is answered as ever.
        let answer = bound("answers_well").await.predict(&row()).await.unwrap();
        assert_eq!(answer.outputs.as_str(), "\"42\"");
    }
}

#[tokio::test]
async fn the_host_keeps_the_span_of_the_call() {
    let predicting = bound("answers_well").await;
    let [one, other] = [predicting.predict(&row()).await.unwrap(), predicting.predict(&row()).await.unwrap()];
    let root = &one.trace.spans[0];
    assert_eq!((root.name.as_str(), &root.parent), ("answers_well", &None));
    assert!(root.end.unwrap() >= root.start && root.start > 1_700_000_000_000_000_000, "{root:?}");
    assert_ne!(one.trace.id, other.trace.id, "the same call at another time is another trace");
}
