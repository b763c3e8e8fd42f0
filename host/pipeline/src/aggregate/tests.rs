use model::aggregate::{Aggregate, AggregateKind, ClusterKey, Clusters, Counts, Method};
use model::feedback::{Feedback, Value};
use model::outcome::{Failure, FailureKind, Outcome};
use model::run::PlannedScorer;
use model::scorer::ValueKind;
use model::slice::{Slice, SliceKey};

use super::*;
use crate::testing::{Lines, Memory, feedback, header, plan, result, run_id, scorer};

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
    let summary = aggregate(&memory, &header(plan), Arc::new(Lines)).await.expect("memory");
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

/// Rows whose trials said these things, and what else is known of them.
struct Dataset<'a> {
    kind: ValueKind,
    reduce: Option<&'a str>,
    /// Of each row what its trials said, and what is written of it beside its inputs.
    rows: Vec<(Vec<Outcome>, &'a str)>,
    slices: Vec<SliceKey>,
    gates: &'a str,
}

impl Dataset<'_> {
    fn of(kind: ValueKind, rows: Vec<(Vec<Outcome>, &'static str)>) -> Self {
        Self { kind, reduce: None, rows, slices: Vec::new(), gates: "" }
    }

    async fn summary(self) -> Summary {
        let Self { kind, reduce, rows, slices, gates } = self;
        let reduce = reduce.map(|reduce| reduce.parse().expect("a reducer"));
        let mut plan = plan(vec![PlannedScorer { value: kind, reduce, ..scorer("s") }]);
        plan.slices = slices;
        plan.gates = if gates.is_empty() { Vec::new() } else { crate::gate::parse(gates).expect("gates") };
        let mut header = header(plan);
        let trials = rows.iter().map(|(trials, _)| trials.len() as u64).sum();
        (header.data.rows, header.data.trials, header.data.grouped) = (rows.len() as u64, trials, true);
        let dataset = rows.iter().map(|(_, more)| format!("{{\"inputs\":{{}}{more}}}\n")).collect();
        let memory = Memory { dataset, ..Memory::default() };
        let results = rows.into_iter().enumerate().flat_map(|(index, (trials, _))| {
            let of_trial = move |(trial, outcome)| RowResult { trial, ..result(index as u64, vec![outcome]) };
            (0..).zip(trials).map(of_trial)
        });
        memory.put_results(run_id(), results.collect()).await.expect("memory");
        let summary = aggregate(&memory, &header, Arc::new(Lines)).await.expect("memory");
        assert_eq!(summary.results, trials);
        summary
    }

    async fn one(self) -> Aggregate {
        self.summary().await.scorers.0.remove(0).1
    }
}

fn verdicts(text: &str) -> Vec<Outcome> {
    let outcome = |letter| match letter {
        '+' => scored(Value::Boolean(true)),
        '-' => scored(Value::Boolean(false)),
        '?' => abstained(),
        '!' => failed(),
        _ => Outcome::Unpredicted,
    };
    text.chars().map(outcome).collect()
}

fn rows(texts: &[&str]) -> Vec<(Vec<Outcome>, &'static str)> {
    texts.iter().map(|text| (verdicts(text), "")).collect()
}

#[tokio::test]
async fn a_row_with_many_trials_counts_as_one_row() {
    let aggregate = Dataset::of(ValueKind::Boolean, rows(&["+", "-----"])).one().await;
    assert_eq!(aggregate.value, Some(0.5));
    assert_eq!((aggregate.counts.scored, aggregate.counts.passed, aggregate.basis.rows), (6, 1, Some(2)));
    assert_eq!(aggregate.basis.reduce, Some("mean".parse().expect("a reducer")));
}

#[tokio::test]
async fn an_interval_rests_on_rows_and_not_on_trials() {
    let once = Dataset::of(ValueKind::Boolean, rows(&["+", "+", "-", "+"])).one().await;
    let often = Dataset::of(ValueKind::Boolean, rows(&["++++", "++++", "----", "++++"])).one().await;
    assert_eq!((once.basis.method, often.basis.method), (Some(Method::Wilson), Some(Method::WilsonRobust)));
    assert_eq!((once.value, often.value), (Some(0.75), Some(0.75)));
    let width = |aggregate: &Aggregate| aggregate.upper.expect("rows") - aggregate.lower.expect("rows");
    assert!(width(&often) >= width(&once), "{often:?}");
}

#[tokio::test]
async fn every_reducer_folds_the_trials_of_a_row() {
    for (reduce, value, method) in [
        ("mean", 4.0 / 9.0, Method::WilsonRobust),
        ("median", 1.0 / 3.0, Method::WilsonRobust),
        ("mode", 1.0 / 3.0, Method::Wilson),
        ("majority", 1.0 / 3.0, Method::Wilson),
        ("min", 1.0 / 3.0, Method::Wilson),
        ("max", 2.0 / 3.0, Method::Wilson),
        ("pass@2", 5.0 / 9.0, Method::WilsonRobust),
        ("pass^2", 1.0 / 3.0, Method::WilsonRobust),
        ("at_least@1", 2.0 / 3.0, Method::Wilson),
    ] {
        let dataset = Dataset::of(ValueKind::Boolean, rows(&["+++", "+--", "---"]));
        let aggregate = Dataset { reduce: Some(reduce), ..dataset }.one().await;
        assert!((aggregate.value.expect("rows") - value).abs() < 1e-12, "{reduce}: {:?}", aggregate.value);
        assert_eq!(aggregate.basis.method, Some(method), "{reduce}");
        assert_eq!(aggregate.basis.reduce.map(|reduce| reduce.to_string()).as_deref(), Some(reduce));
    }
}

#[tokio::test]
async fn trials_that_differ_are_told_apart_from_rows_that_differ() {
    let steady = Dataset::of(ValueKind::Boolean, rows(&["++", "--", "++", "--"])).one().await;
    let variance = steady.basis.variance.expect("trials");
    assert!(variance.within_rows == 0.0 && variance.between_rows > 0.0, "{variance:?}");
    let flaky = Dataset::of(ValueKind::Boolean, rows(&["+-", "+-", "-+", "+-"])).one().await;
    let variance = flaky.basis.variance.expect("trials");
    assert!(variance.within_rows > 0.0 && variance.between_rows == 0.0, "{variance:?}");
    assert_eq!(Dataset::of(ValueKind::Boolean, rows(&["+", "-"])).one().await.basis.variance, None);
}

#[tokio::test]
async fn rows_of_a_cluster_are_not_independent() {
    let texts = ["+", "+", "+", "-", "-", "-", "+", "+", "+", "-"];
    let with =
        |more: &'static [&'static str]| texts.iter().zip(more).map(|(text, more)| (verdicts(text), *more)).collect();
    const CLUSTERS: [&str; 10] = [
        r#","cluster":"a""#,
        r#","cluster":"a""#,
        r#","cluster":"a""#,
        r#","cluster":"b""#,
        r#","cluster":"b""#,
        r#","cluster":"b""#,
        r#","cluster":"c""#,
        r#","cluster":"c""#,
        r#","cluster":"c""#,
        "",
    ];
    const SESSIONS: [&str; 10] = [r#","session":"a""#, r#","session":"a""#, "", "", "", "", "", "", "", ""];
    let alone = Dataset::of(ValueKind::Boolean, rows(&texts)).one().await;
    let clustered = Dataset::of(ValueKind::Boolean, with(&CLUSTERS)).one().await;
    assert_eq!((alone.basis.clusters, alone.basis.method), (None, Some(Method::Wilson)));
    let basis = &clustered.basis;
    assert_eq!(basis.clusters, Some(Clusters { by: ClusterKey::Cluster, count: 4 }));
    assert_eq!((basis.method, basis.rows), (Some(Method::WilsonRobust), Some(10)));
    assert_eq!(clustered.value, alone.value);
    let width = |aggregate: &Aggregate| aggregate.upper.expect("rows") - aggregate.lower.expect("rows");
    assert!(width(&clustered) > width(&alone), "{clustered:?} {alone:?}");
    let by_session = Dataset::of(ValueKind::Boolean, with(&SESSIONS)).one().await;
    assert_eq!(by_session.basis.clusters, Some(Clusters { by: ClusterKey::Session, count: 9 }));
}

#[tokio::test]
async fn a_mean_of_clusters_has_statsmodels_interval() {
    let values = [1.0, 2.0, 3.0, 5.0, 8.0];
    const CLUSTERS: [&str; 5] =
        [r#","cluster":"a""#, r#","cluster":"a""#, r#","cluster":"b""#, r#","cluster":"b""#, r#","cluster":"c""#];
    let rows = values.iter().zip(CLUSTERS).map(|(value, more)| (vec![scored(Value::Number(*value))], more)).collect();
    let aggregate = Dataset::of(ValueKind::Number, rows).one().await;
    assert_eq!((aggregate.value, aggregate.basis.method), (Some(3.8), Some(Method::Robust)));
    // Sums of distances by cluster -4.6, 0.4, 4.2; error sqrt(3/2 · 38.96) / 5; t(0.975, 2) = 4.302653.
    let half = 4.302_652_729_911_275 * (1.5_f64 * 38.96).sqrt() / 5.0;
    assert!((aggregate.upper.expect("rows") - 3.8 - half).abs() < 1e-9, "{aggregate:?}");
}

#[tokio::test]
async fn rows_weigh_what_they_say() {
    let rows = vec![(verdicts("+"), r#","weight":3"#), (verdicts("-"), ""), (verdicts("+"), r#","weight":0"#)];
    let aggregate = Dataset::of(ValueKind::Boolean, rows).one().await;
    assert_eq!((aggregate.value, aggregate.basis.weighted), (Some(0.75), true));
    assert_eq!((aggregate.counts.scored, aggregate.basis.method), (3, Some(Method::WilsonRobust)));
}

#[tokio::test]
async fn what_is_missing_bounds_a_rate() {
    let bounds = |texts: &'static [&'static str], reduce| async move {
        let dataset = Dataset { reduce, ..Dataset::of(ValueKind::Boolean, rows(texts)) };
        let bounds = dataset.one().await.basis.bounds;
        bounds.map(|bounds| ((bounds.lower * 1e6).round() / 1e6, (bounds.upper * 1e6).round() / 1e6))
    };
    assert_eq!(bounds(&["+", "+", "-", "+"], None).await, None);
    assert_eq!(bounds(&["+", "?", "-", "!"], None).await, Some((0.25, 0.75)));
    assert_eq!(bounds(&["+", "0"], None).await, Some((0.5, 1.0)));
    // Half of a row is known.
    assert_eq!(bounds(&["+!", "++"], None).await, Some((0.75, 1.0)));
    assert_eq!(bounds(&["+!", "-!"], Some("at_least@1")).await, Some((0.5, 1.0)));
    assert_eq!(bounds(&["!", "?"], None).await, Some((0.0, 1.0)));
}

#[tokio::test]
async fn a_part_of_the_rows_has_numbers_of_its_own() {
    let tagged = |text: &str, more| (verdicts(text), more);
    let rows = vec![
        tagged("+", r#","tags":{"lang":"de"},"split":"test""#),
        tagged("-", r#","tags":{"lang":"de"}"#),
        tagged("+", r#","tags":{"lang":"fr"}"#),
        tagged("!", r#","tags":{"lang":"de"}"#),
        tagged("-", ""),
    ];
    let slices = vec![SliceKey::Tag("lang".to_owned()), SliceKey::Split];
    let summary = Dataset { slices, ..Dataset::of(ValueKind::Boolean, rows.clone()) }.summary().await;
    let shown: Vec<_> = summary
        .slices
        .iter()
        .map(|sliced| {
            let aggregate = sliced.scorers.get("s").expect("an aggregate");
            (sliced.slice.to_string(), sliced.rows, aggregate.value, aggregate.counts.failed)
        })
        .collect();
    let expected = [
        ("tags.lang=de".to_owned(), 3, Some(0.5), 1),
        ("tags.lang=fr".to_owned(), 1, Some(1.0), 0),
        ("split=test".to_owned(), 1, Some(1.0), 0),
    ];
    assert_eq!(shown, expected);
    // A gate that names a slice needs no one else to ask for it.
    let gates = "slice(lang=de).s >= 0.5 and slice(lang=es).s >= 0.5";
    let summary = Dataset { gates, ..Dataset::of(ValueKind::Boolean, rows) }.summary().await;
    let named: Vec<_> = summary.slices.iter().map(|sliced| sliced.slice.clone()).collect();
    assert_eq!(named, [Slice { by: SliceKey::Tag("lang".to_owned()), value: "de".to_owned() }]);
}

#[tokio::test]
async fn labels_are_folded_where_that_is_asked() {
    let labels = |text: &str| text.chars().map(|label| scored(Value::Text(label.to_string()))).collect::<Vec<_>>();
    let dataset = |reduce| Dataset {
        reduce,
        ..Dataset::of(ValueKind::Label, vec![(labels("aab"), ""), (labels("abb"), ""), (labels("abc"), "")])
    };
    let count = |pairs: &[(&str, u64)]| pairs.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect();
    assert_eq!(dataset(None).one().await.labels, count(&[("a", 4), ("b", 4), ("c", 1)]));
    assert_eq!(dataset(Some("mode")).one().await.labels, count(&[("a", 2), ("b", 1)]));
    assert_eq!(dataset(Some("majority")).one().await.labels, count(&[("a", 1), ("b", 1)]));
}
