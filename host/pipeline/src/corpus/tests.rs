use std::sync::Mutex;

use async_trait::async_trait;
use model::feedback::Value;
use model::limits::{CallLimits, Isolation};
use model::outcome::FailureKind;
use model::run::PluginRef;

use super::*;
use crate::testing::{feedback, plan, result, row_record, scorer};

/// Remembers what it was handed, and fails at the call of this number, if at any.
#[derive(Default)]
struct Counting {
    handed: Mutex<Vec<Vec<ScoredRow>>>,
    fails_at: Option<usize>,
}

#[async_trait]
impl Aggregating for Counting {
    async fn start(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn add(&self, rows: &[ScoredRow]) -> Result<(), Failure> {
        let mut handed = self.handed.lock().expect("no panic");
        handed.push(rows.to_vec());
        if self.fails_at == Some(handed.len()) {
            return Err(Failure::new(FailureKind::Trapped, "broke"));
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Vec<Measure>, Failure> {
        let rows = self.handed.lock().expect("no panic").iter().map(Vec::len).sum::<usize>() as f64;
        let measure = |name: Option<&str>, value| Measure { name: name.map(str::to_owned), value, note: None };
        Ok(vec![measure(None, rows), measure(Some("half"), rows / 2.0)])
    }

    fn work(&self) -> Work {
        Work::default()
    }
}

fn planned(of: &[&str]) -> PlannedAggregator {
    PlannedAggregator {
        key: "rows".to_owned(),
        plugin: PluginRef { name: "test/plugin".to_owned(), version: "0.1.0".to_owned(), digest: "d".to_owned() },
        aggregator: "rows".to_owned(),
        parameters: model::json::Json::parse("{}").expect("an object"),
        of: of.iter().map(|&key| key.to_owned()).collect(),
        limits: CallLimits::default(),
        isolation: Isolation::Thread,
        config: Default::default(),
    }
}

/// Puts results before an aggregator that sees the verdicts of these scorers.
async fn run(
    results: Vec<RowResult>,
    row: &str,
    of: &[&str],
    aggregating: Counting,
) -> (Vec<(String, Aggregate)>, Vec<Vec<ScoredRow>>) {
    let (aggregating, plan) = (Arc::new(aggregating), plan(vec![scorer("a"), scorer("b")]));
    let mut aggregator = Aggregator::start(&planned(of), &plan, aggregating.clone()).await;
    for result in &results {
        aggregator.take(&row_record(row), result).await;
    }
    let aggregates = aggregator.finish().await;
    let handed = std::mem::take(&mut *aggregating.handed.lock().expect("no panic"));
    (aggregates, handed)
}

fn verdict(value: bool) -> Outcome {
    Outcome::Scored(vec![feedback(Value::Boolean(value))])
}

const ROW: &str = r#"{"inputs":{},"outputs":"x"}"#;

#[tokio::test]
async fn rows_come_in_order_and_in_chunks() {
    let results = (0..250).map(|index| result(index, vec![verdict(true), verdict(false)])).collect();
    let (aggregates, handed) = run(results, ROW, &[], Counting::default()).await;
    assert_eq!(handed.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(handed.iter().flatten().map(|scored| scored.row.index).eq(0..250));
    let told: Vec<_> = aggregates.iter().map(|(key, one)| (key.as_str(), one.value, one.counts.scored)).collect();
    assert_eq!(told, [("rows", Some(250.0), 250), ("rows/half", Some(125.0), 250)]);
}

#[tokio::test]
async fn long_rows_come_in_smaller_chunks() {
    let row = format!(r#"{{"inputs":{{}},"outputs":"{}"}}"#, "x".repeat(MOST_BYTES / 2));
    let results = (0..5).map(|index| result(index, Vec::new())).collect();
    let (_, handed) = run(results, &row, &[], Counting::default()).await;
    assert_eq!(handed.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
}

#[tokio::test]
async fn a_row_without_what_belongs_to_it_is_counted_and_not_handed_over() {
    let failed = || Outcome::Failed(Failure::new(FailureKind::Panicked, "boom"));
    let mut unanswered = result(3, vec![verdict(true), Outcome::Unpredicted]);
    unanswered.error = Some(Failure::new(FailureKind::Unavailable, "no answer"));
    let results = vec![
        result(0, vec![verdict(true), verdict(false)]),
        result(1, vec![failed(), verdict(true)]),
        result(2, vec![verdict(true), failed()]),
        unanswered,
    ];
    let (aggregates, handed) = run(results, ROW, &["b"], Counting::default()).await;
    let counts = Counts { scored: 2, failed: 1, unpredicted: 1, ..Counts::default() };
    assert_eq!(aggregates[0].1.counts, counts);
    assert_eq!(handed[0][0].verdicts, [("b".to_owned(), verdict(false))]);
}

#[tokio::test]
async fn a_row_without_outputs_belongs_to_those_who_look_at_verdicts_only() {
    let row = r#"{"inputs":{}}"#;
    for (of, scored, unpredicted) in [(&[][..], 0, 1), (&["a"], 1, 0)] {
        let (aggregates, _) = run(vec![result(0, vec![verdict(true)])], row, of, Counting::default()).await;
        assert_eq!(aggregates[0].1.counts, Counts { scored, unpredicted, ..Counts::default() });
    }
}

#[tokio::test]
async fn long_verdicts_count_as_well() {
    let long = || Outcome::Scored(vec![feedback(Value::Text("x".repeat(MOST_BYTES / 2)))]);
    let results = (0..5).map(|index| result(index, vec![long()])).collect();
    let (_, handed) = run(results, ROW, &["a"], Counting::default()).await;
    assert_eq!(handed.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
}

#[tokio::test]
async fn nothing_follows_a_failure_and_no_row_counts_as_scored() {
    let results = (0..250).map(|index| result(index, Vec::new())).collect();
    let (aggregates, handed) = run(results, ROW, &[], Counting { fails_at: Some(2), ..Counting::default() }).await;
    assert_eq!(handed.len(), 2);
    let [(key, aggregate)] = &aggregates[..] else { panic!("one aggregate") };
    assert_eq!(
        (key.as_str(), aggregate.value, aggregate.counts.scored, aggregate.counts.failed),
        ("rows", None, 0, 250)
    );
    assert_eq!(
        aggregate.failure.as_ref().map(|failure| failure.message.as_str()),
        Some("rows `q100` to `q199`: broke")
    );
}

#[tokio::test]
async fn there_is_no_number_of_nothing() {
    let (aggregates, handed) = run(Vec::new(), ROW, &[], Counting::default()).await;
    assert_eq!((aggregates[0].1.value, handed.len()), (None, 0));
}
