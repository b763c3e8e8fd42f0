//! Two runs in a store, compared.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use decisions::{Error, Labels, Options, Wanted, compare, power};
use model::comparison::{Adjustment, Comparison, Finding, IntervalMethod, Missing, PassTable, PowerBasis, TestKind};
use model::feedback::{Feedback, Value};
use model::outcome::Outcome;
use model::run::RowResult;
use statistics::power::Demand;
use storage::MemoryStore;
use support::{Scorer, failed, keep, passed, result, scored};

const TRUE_IS_BETTER: &[Scorer] = &[("right", "maximize")];

async fn check(scorers: &[Scorer], a: Vec<RowResult>, b: Vec<RowResult>, options: Options) -> Comparison {
    let store = MemoryStore::new();
    let (a, b) = (keep(&store, 1, scorers, a).await, keep(&store, 2, scorers, b).await);
    compare(&store, a, b, &options).await.expect("a comparison")
}

/// Rows that pass as `passes` says of their place.
fn rows(count: u64, passes: impl Fn(u64) -> bool) -> Vec<RowResult> {
    (0..count).map(|index| result(index, vec![passed(passes(index))])).collect()
}

/// What statsmodels says of the two models of GSM8K, by `tests/statistics/known_answers.py`.
#[tokio::test]
async fn two_models_differ_as_statsmodels_says() {
    let Some(folder) = std::env::var_os("KARAT_TEST_DATA").map(PathBuf::from) else {
        assert!(std::env::var_os("CI").is_none(), "KARAT_TEST_DATA is not set");
        return eprintln!("skipped: it needs KARAT_TEST_DATA, see README");
    };
    let text = std::fs::read_to_string(folder.join("gsm8k_solutions.jsonl")).expect("the data");
    let of = |model: &str| -> Vec<RowResult> {
        let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row"));
        let verdict = |row: serde_json::Value| passed(row[model]["is_correct"].as_bool().expect("a verdict"));
        (0..).zip(rows).map(|(index, row)| result(index, vec![verdict(row)])).collect()
    };
    let found = check(TRUE_IS_BETTER, of("6b_finetuning"), of("6b_verification"), Options::default()).await;
    let known: serde_json::Value = serde_json::from_str(include_str!("known_answers.json")).expect("JSON");
    let known = |name: &str| &known["gsm8k"][name];
    let one = &found.scorers[0];
    let table = one.table.expect("true or false");
    assert_eq!(&serde_json::json!([table.both, table.only_a, table.only_b, table.neither]), known("table"));
    let close = |found: f64, name: &str| {
        let expected = known(name).as_f64().expect(name);
        assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{name}: {found} instead of {expected}");
    };
    assert_eq!(one.tests[0].test, TestKind::McNemar);
    close(one.tests[0].p, "p");
    close(one.difference, "difference");
    close(one.lower.expect("rows"), "lower");
    close(one.upper.expect("rows"), "upper");
    assert_eq!(found.sentence, "B is better than A on `right` by 17.4 ± 2.6 points (p < 0.001, 1,319 rows)");
    assert_eq!((found.verdict, found.rows.paired), (Finding::Better, 1319));
    assert_eq!(found.all_regressions, table.only_a);
}

#[tokio::test]
async fn noise_is_no_evidence_and_says_how_many_rows_would_be() {
    let found = check(
        TRUE_IS_BETTER,
        rows(100, |index| index % 10 != 0),
        rows(100, |index| index % 10 != 1),
        Options::default(),
    )
    .await;
    let sentence = "no evidence either way on `right`: B − A is 0.0 ± 9.1 points (p = 1, 100 rows)";
    assert_eq!((found.verdict, found.sentence.as_str()), (Finding::NoEvidence, sentence));
    let settle = Options { settle: Some(0.05), ..Options::default() };
    let found =
        check(TRUE_IS_BETTER, rows(100, |index| index % 10 != 0), rows(100, |index| index % 10 != 1), settle).await;
    assert!(found.sentence.ends_with("; about 630 rows would settle a difference of 5.0 points"), "{}", found.sentence);
}

#[tokio::test]
async fn rows_are_paired_by_their_ids_and_those_that_stand_alone_are_named() {
    let a = rows(10, |_| true);
    // Other places, and two rows of its own.
    let mut b: Vec<RowResult> = rows(8, |_| true).into_iter().rev().collect();
    (0..).zip(&mut b).for_each(|(index, row)| row.index = index);
    b.extend([8, 9].map(|index| RowResult { id: format!("new{index}"), ..result(index, vec![passed(true)]) }));
    let found = check(TRUE_IS_BETTER, a, b, Options::default()).await;
    assert_eq!((found.rows.paired, found.rows.only_a, found.rows.only_b), (8, 2, 2));
    assert_eq!(
        (found.rows.only_a_ids, found.rows.only_b_ids),
        (vec!["q8".into(), "q9".into()], vec!["new8".into(), "new9".into()])
    );
}

#[tokio::test]
async fn regressions_come_with_what_both_runs_say() {
    let told = |value: bool, why: &str| {
        Outcome::Scored(vec![Feedback { name: None, value: Value::Boolean(value), rationale: Some(why.to_owned()) }])
    };
    let a = (0..30).map(|index| result(index, vec![told(true, "as it should be")])).collect();
    let b = (0..30).map(|index| result(index, vec![told(index >= 12, "it is cut off")])).collect();
    let found = check(TRUE_IS_BETTER, a, b, Options { regressions: 3, ..Options::default() }).await;
    assert_eq!(found.verdict, Finding::Worse);
    assert!(found.sentence.starts_with("B is worse than A on `right` by 40.0 ± "), "{}", found.sentence);
    let ids: Vec<_> = found.regressions.iter().map(|row| row.row.as_str()).collect();
    assert_eq!((ids, found.all_regressions), (vec!["q0", "q1", "q2"], 12));
    let (before, after) = (&found.regressions[0].a, &found.regressions[0].b);
    assert_eq!(
        (before.value.clone(), before.rationale.as_deref()),
        (Some(Value::Boolean(true)), Some("as it should be"))
    );
    assert_eq!((after.value.clone(), after.rationale.as_deref()), (Some(Value::Boolean(false)), Some("it is cut off")));
}

#[tokio::test]
async fn lower_is_better_where_the_scorer_says_so() {
    let numbers = |more: f64| -> Vec<RowResult> {
        (0..60)
            .map(|index| result(index, vec![scored(Value::Number((index % 7) as f64 + more * (1 + index % 3) as f64))]))
            .collect()
    };
    for (better, finding) in
        [("minimize", Finding::Worse), ("maximize", Finding::Better), ("neutral", Finding::Different)]
    {
        let found = check(&[("latency", better)], numbers(0.0), numbers(0.5), Options::default()).await;
        let one = &found.scorers[0];
        assert_eq!((found.verdict, one.method), (finding, IntervalMethod::Bca));
        let tests: Vec<_> = one.tests.iter().map(|test| test.test).collect();
        assert_eq!(tests, [TestKind::Permutation, TestKind::PairedT, TestKind::Wilcoxon]);
        assert!(
            (one.difference - 1.0).abs() < 1e-12 && one.lower.expect("rows") > 0.8 && one.upper.expect("rows") < 1.2
        );
    }
}

#[tokio::test]
async fn all_p_values_are_adjusted_together() {
    let scorers = &[("right", "maximize"), ("short", "maximize"), ("polite", "maximize")];
    let rows = |shift: u64| -> Vec<RowResult> {
        (0..80)
            .map(|index| result(index, vec![passed(index >= shift), passed(index % 4 != shift % 4), passed(true)]))
            .collect()
    };
    let (a, b) = (rows(8), rows(0));
    let one = |found: &Comparison, place: usize| {
        (found.scorers[place].tests[0].p, found.scorers[place].adjusted_p.expect("rows"))
    };
    let holm = check(scorers, a.clone(), b.clone(), Options::default()).await;
    let (p, adjusted) = one(&holm, 0);
    assert!((p - 2.0_f64.powi(-7)).abs() < 1e-12 && (adjusted - 3.0 * p).abs() < 1e-12, "{p} {adjusted}");
    assert_eq!((holm.tested, holm.verdict), (3, Finding::Better));
    assert!(holm.sentence.contains("p = 0.023 after Holm"), "{}", holm.sentence);
    let options = Options { adjustment: Adjustment::BenjaminiHochberg, ..Options::default() };
    let hochberg = check(scorers, a, b, options).await;
    assert_eq!(hochberg.adjustment, Adjustment::BenjaminiHochberg);
}

#[tokio::test]
async fn a_slice_that_is_worse_is_told_where_the_whole_is_not() {
    let mut labels = Labels::default();
    for index in 0..400 {
        let lang = if index < 40 { "tag.lang=de" } else { "tag.lang=en" };
        labels.add(&format!("q{index}"), None, None, [lang, "split=test"]);
    }
    // German goes from all to none; English gains as much.
    let a = rows(400, |index| index < 200);
    let b = rows(400, |index| (40..200).contains(&index) || (200..240).contains(&index));
    let found = check(TRUE_IS_BETTER, a, b, Options { labels, ..Options::default() }).await;
    let names: Vec<_> = found.slices.iter().map(|slice| (slice.name.as_str(), slice.rows)).collect();
    assert_eq!(names, [("split=test", 400), ("tag.lang=de", 40), ("tag.lang=en", 360)]);
    assert_eq!((found.verdict, found.tested), (Finding::NoEvidence, 4));
    assert_eq!(found.slices[1].scorers[0].finding, Finding::Worse);
    assert!(
        found.sentence.contains("; where `tag.lang=de`, B is worse than A on `right` by 100.0 ± "),
        "{}",
        found.sentence
    );
}

#[tokio::test]
async fn rows_of_one_conversation_are_not_counted_as_many() {
    let clustered = || {
        let mut labels = Labels::default();
        (0..200).for_each(|index| labels.add(&format!("q{index}"), Some(&format!("s{}", index / 50)), None, []));
        labels
    };
    // One conversation of four is better throughout.
    let (a, b) = (rows(200, |_| false), rows(200, |index| index < 50));
    let apart = check(TRUE_IS_BETTER, a.clone(), b.clone(), Options::default()).await;
    let together = check(TRUE_IS_BETTER, a, b, Options { labels: clustered(), ..Options::default() }).await;
    assert_eq!((apart.verdict, together.verdict), (Finding::Better, Finding::NoEvidence));
    let one = &together.scorers[0];
    assert_eq!((one.method, one.tests[0].test), (IntervalMethod::ClusterRobust, TestKind::ClusterT));
    assert_eq!((one.difference, one.table.map(|table| table.only_b)), (0.25, Some(50)));
}

#[tokio::test]
async fn weights_count() {
    let mut labels = Labels::default();
    (0..100).for_each(|index| labels.add(&format!("q{index}"), None, Some(if index < 50 { 3.0 } else { 1.0 }), []));
    let found = check(
        TRUE_IS_BETTER,
        rows(100, |_| false),
        rows(100, |index| index < 50),
        Options { labels, ..Options::default() },
    )
    .await;
    assert_eq!((found.scorers[0].b, found.scorers[0].difference), (0.75, 0.75));
}

#[tokio::test]
async fn what_is_missing_is_counted_and_bounds_the_difference() {
    let a = (0..10).map(|index| result(index, vec![if index == 0 { failed() } else { passed(true) }])).collect();
    let b = (0..10).map(|index| result(index, vec![if index < 3 { failed() } else { passed(true) }])).collect();
    let found = check(TRUE_IS_BETTER, a, b, Options::default()).await;
    let one = &found.scorers[0];
    assert_eq!((one.rows, one.missing), (7, Missing { only_a: 0, only_b: 2, both: 1 }));
    let bounds = one.bounds.expect("missing verdicts");
    assert!((bounds.lower + 0.3).abs() < 1e-12 && (bounds.upper - 0.1).abs() < 1e-12, "{bounds:?}");
    assert_eq!(one.table, Some(PassTable { both: 7, ..PassTable::default() }));
}

#[tokio::test]
async fn trials_fold_into_one_value_a_row() {
    let trials = |passes: fn(u64, u32) -> bool| -> Vec<RowResult> {
        let each = (0..40).flat_map(|index| (0..4).map(move |trial| (index, trial)));
        each.map(|(index, trial)| RowResult { trial, ..result(index, vec![passed(passes(index, trial))]) }).collect()
    };
    let found = check(
        TRUE_IS_BETTER,
        trials(|_, trial| trial == 0),
        trials(|index, trial| trial < 1 + (index % 3) as u32),
        Options::default(),
    )
    .await;
    let one = &found.scorers[0];
    assert_eq!((one.rows, one.table, one.a), (40, None, 0.25));
    assert_eq!((one.finding, one.tests[0].test), (Finding::Better, TestKind::Permutation));
    assert!(one.sentence.contains("points"), "{}", one.sentence);
}

#[tokio::test]
async fn a_margin_holds_where_b_is_surely_not_worse_by_more() {
    let options = |margin| Options { margins: BTreeMap::from([("right".to_owned(), margin)]), ..Options::default() };
    let (a, b) = (rows(1000, |index| index % 10 != 0), rows(1000, |index| index % 10 != 0 || index % 20 == 0));
    let holds = |found: Comparison| found.scorers[0].non_inferiority.expect("a margin").holds;
    assert!(holds(check(TRUE_IS_BETTER, a.clone(), b.clone(), options(0.02)).await));
    assert!(!holds(check(TRUE_IS_BETTER, b, a, options(0.02)).await));
}

#[tokio::test]
async fn verdicts_without_a_difference_are_listed_with_the_reason() {
    let store = MemoryStore::new();
    let row = |value: Value| {
        vec![result(0, vec![scored(value.clone()), passed(true)]), result(1, vec![scored(value), passed(false)])]
    };
    let a = keep(&store, 1, &[("tone", "neutral"), ("right", "maximize")], row(Value::Text("kind".into()))).await;
    let b = keep(&store, 2, &[("tone", "neutral"), ("right", "maximize")], row(Value::Text("rude".into()))).await;
    let found = compare(&store, a, b, &Options::default()).await.expect("a comparison");
    assert_eq!(found.not_compared[0].scorer, "tone");
    assert_eq!(found.scorers.len(), 1);
}

#[tokio::test]
async fn what_cant_be_compared_says_why() {
    let store = MemoryStore::new();
    let a = keep(&store, 1, TRUE_IS_BETTER, rows(2, |_| true)).await;
    let other =
        keep(&store, 2, TRUE_IS_BETTER, vec![RowResult { id: "x".into(), ..result(0, vec![passed(true)]) }]).await;
    let scorer = keep(&store, 3, &[("tone", "neutral")], rows(2, |_| true)).await;
    let gone = model::run::RunId("00000000-0000-0000-0000-000000000009".parse().expect("an id"));
    let options = Options::default();
    let error = async |b| compare(&store, a, b, &options).await.expect_err("nothing to compare").to_string();
    assert_eq!(error(gone).await, format!("there is no run {gone}"));
    assert_eq!(error(other).await, format!("no row of run {a} is in run {other}: rows are paired by their ids"));
    assert_eq!(error(scorer).await, format!("no scorer of run {a} (`right`) is in run {scorer} (`tone`)"));
    let options = Options { margins: BTreeMap::from([("rihgt".to_owned(), 0.1)]), ..Options::default() };
    let error = compare(&store, a, a, &options).await.expect_err("a scorer that is not there");
    assert!(matches!(error, Error::UnknownScorer { .. }), "{error}");
}

#[tokio::test]
async fn a_plan_says_how_many_rows_a_difference_takes() {
    let store = MemoryStore::new();
    let a = keep(&store, 1, TRUE_IS_BETTER, rows(200, |index| index % 2 == 0)).await;
    let b = keep(&store, 2, TRUE_IS_BETTER, rows(200, |index| index % 2 == 0 || index % 20 == 1)).await;
    let wanted = Wanted { difference: 0.05, demand: Demand::default() };
    let alone = &power(&store, a, None, wanted).await.expect("a plan")[0];
    // Connor 1987 with a discordant share of a half, as two answers have that nothing ties together.
    assert_eq!((alone.basis, alone.rows), (PowerBasis::OneRun, Some(1568)));
    let paired = &power(&store, a, Some(b), wanted).await.expect("a plan")[0];
    assert!(paired.basis == PowerBasis::TwoRuns && paired.rows < Some(200), "{paired:?}");
    assert_eq!(
        alone.sentence,
        "`right`: a difference of 5.0 points takes 1,568 rows; the 200 rows there are show one of 13.9 points"
    );
}
