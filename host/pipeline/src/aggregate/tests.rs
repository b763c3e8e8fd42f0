use model::outcome::{Failure, FailureKind};

use super::*;
use crate::testing::{Memory, feedback, plan, result, run_id, scorer};

fn scored(value: Value) -> Outcome {
    Outcome::Scored(vec![feedback(value)])
}

fn failed() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Trapped, "trapped"))
}

fn abstained() -> Outcome {
    Outcome::Abstained { reason: "unclear".to_owned() }
}

async fn summary(kind: ValueKind, outcomes: Vec<Outcome>) -> Summary {
    let memory = Memory::default();
    let results =
        outcomes.into_iter().enumerate().map(|(index, outcome)| result(index as u64, vec![outcome])).collect();
    memory.put_results(run_id(), results).await.expect("memory");
    let plan = plan(vec![PlannedScorer { value: kind, ..scorer("s") }]);
    let summary = aggregate(&memory, run_id(), &plan).await.expect("memory");
    for (key, aggregate) in &summary.scorers.0 {
        let counts = aggregate.counts;
        let sum = counts.scored + counts.abstained + counts.failed + counts.unpredicted;
        assert_eq!(sum, summary.results, "{key}");
    }
    summary
}

async fn one(kind: ValueKind, outcomes: Vec<Outcome>) -> Aggregate {
    summary(kind, outcomes).await.scorers.0.remove(0).1
}

#[tokio::test]
async fn a_failed_row_does_not_lower_the_mean() {
    let aggregate = one(
        ValueKind::Number,
        vec![scored(Value::Number(1.0)), failed(), abstained(), Outcome::Unpredicted, scored(Value::Number(3.0))],
    )
    .await;
    assert_eq!((aggregate.kind, aggregate.value), (AggregateKind::Mean, Some(2.0)));
    let counts = Counts { scored: 2, passed: 0, abstained: 1, failed: 1, unpredicted: 1 };
    assert_eq!(aggregate.counts, counts);
}

#[tokio::test]
async fn a_rate_is_the_share_of_true_verdicts() {
    let outcomes = vec![scored(Value::Boolean(true)), scored(Value::Boolean(false)), failed()];
    let summary = summary(ValueKind::Boolean, outcomes).await;
    assert_eq!((summary.results, summary.failed), (3, 1));
    let aggregate = summary.scorers.get("s").expect("an aggregate");
    assert_eq!((aggregate.kind, aggregate.value, aggregate.counts.passed), (AggregateKind::Rate, Some(0.5), 1));
    assert!(aggregate.lower.is_some_and(|lower| lower > 0.0 && lower < 0.5));
}

#[tokio::test]
async fn nothing_scored_is_no_number() {
    for kind in [ValueKind::Boolean, ValueKind::Number] {
        let aggregate = one(kind, vec![failed(), abstained()]).await;
        assert_eq!((aggregate.value, aggregate.lower, aggregate.upper), (None, None, None));
    }
}

#[tokio::test]
async fn labels_are_counted_and_texts_are_not() {
    let outcomes = || ["b", "a", "b"].map(|label| scored(Value::Text(label.to_owned()))).to_vec();
    let labels = one(ValueKind::Label, outcomes()).await;
    assert_eq!((labels.kind, labels.value), (AggregateKind::Categorical, None));
    assert_eq!(labels.labels, [("a".to_owned(), 1), ("b".to_owned(), 2)].into());
    let texts = one(ValueKind::Text, outcomes()).await;
    assert_eq!((texts.kind, texts.value, texts.counts.scored), (AggregateKind::Text, None, 3));
    assert!(texts.labels.is_empty());
}

#[tokio::test]
async fn a_sub_feedback_has_counts_of_its_own() {
    let sub = |name: &str, value| Feedback { name: Some(name.to_owned()), ..feedback(value) };
    let summary = summary(
        ValueKind::Boolean,
        vec![
            Outcome::Scored(vec![
                feedback(Value::Boolean(true)),
                sub("recall", Value::Number(0.5)),
                sub("hit", Value::Boolean(true)),
                sub("hit", Value::Boolean(false)),
            ]),
            Outcome::Scored(vec![sub("recall", Value::Number(1.0))]),
            failed(),
        ],
    )
    .await;
    let keys: Vec<_> = summary.scorers.0.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["s", "s/hit", "s/recall"]);
    let get = |key: &str| summary.scorers.get(key).expect("an aggregate");
    // The second row was scored without the main verdict: held back, not false.
    assert_eq!(get("s").counts, Counts { scored: 1, passed: 1, abstained: 1, failed: 1, unpredicted: 0 });
    assert_eq!(get("s/hit").counts, Counts { scored: 1, passed: 1, abstained: 1, failed: 1, unpredicted: 0 });
    assert_eq!((get("s/recall").kind, get("s/recall").value), (AggregateKind::Mean, Some(0.75)));
}

#[tokio::test]
async fn a_sub_feedback_of_several_kinds_has_no_number() {
    let sub = |value| Outcome::Scored(vec![Feedback { name: Some("x".to_owned()), ..feedback(value) }]);
    let summary = summary(ValueKind::Boolean, vec![sub(Value::Boolean(true)), sub(Value::Number(3.0))]).await;
    let aggregate = summary.scorers.get("s/x").expect("an aggregate");
    assert_eq!((aggregate.kind, aggregate.value, aggregate.counts.passed), (AggregateKind::Text, None, 0));
}

#[tokio::test]
async fn what_is_not_told_beforehand_is_what_comes_first() {
    let rate = one(ValueKind::Any, vec![failed(), scored(Value::Boolean(true)), scored(Value::Boolean(false))]).await;
    assert_eq!((rate.kind, rate.value), (AggregateKind::Rate, Some(0.5)));
    let mixed = one(ValueKind::Any, vec![scored(Value::Boolean(true)), scored(Value::Number(1.0))]).await;
    assert_eq!((mixed.kind, mixed.value, mixed.counts.scored), (AggregateKind::Text, None, 2));
    let nothing = one(ValueKind::Any, vec![failed()]).await;
    assert_eq!((nothing.kind, nothing.counts.failed), (AggregateKind::Text, 1));
}

#[tokio::test]
async fn where_only_named_feedback_comes_there_is_no_main_number() {
    let part = |name: &str, value| Feedback { name: Some(name.to_owned()), ..feedback(value) };
    let both = Outcome::Scored(vec![part("words", Value::Number(3.0)), part("polite", Value::Boolean(true))]);
    let keys = |summary: Summary| summary.scorers.0.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys(summary(ValueKind::Any, vec![both.clone(), failed()]).await), ["s/polite", "s/words"]);
    assert_eq!(keys(summary(ValueKind::Number, vec![both]).await), ["s", "s/polite", "s/words"]);
}
