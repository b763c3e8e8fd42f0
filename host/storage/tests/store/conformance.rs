//! What every store promises: each claim is checked on each store.

use model::ports::StoreError;
use model::run::RowResult;

use crate::samples::{
    all_exchanges, all_results, batch, dataset, exchange, exchanges, header, id, keep, long_exchange, long_result,
    report, result, started_run, verdict,
};
use crate::subject::{Subject, every_store};

every_store! {
    a_run_comes_back_as_it_was_stored,
    a_report_belongs_to_its_run_and_can_be_replaced,
    a_run_started_twice_keeps_its_results,
    a_run_on_an_unknown_dataset_is_refused,
    what_is_added_to_an_unknown_run_is_refused,
    runs_are_listed_newest_first,
    a_list_of_runs_goes_on_behind_a_deleted_one,
    results_come_in_dataset_order_whatever_order_they_were_stored_in,
    a_page_of_results_begins_behind_its_cursor,
    a_result_of_the_same_row_and_trial_is_replaced,
    results_of_every_length_come_back,
    results_of_runs_do_not_mix,
    exchanges_come_back_by_batch_whatever_order_they_were_stored_in,
    exchanges_that_are_stored_twice_are_there_once,
    exchanges_of_every_length_come_back,
    requests_at_the_same_time_are_all_kept,
    a_deleted_run_leaves_nothing_to_its_successor,
    a_dataset_goes_with_its_last_run,
    a_dataset_is_known_by_its_digest,
    a_dataset_that_is_not_kept_is_not_there,
    everything_is_there_after_reopening,
}

fn is_missing<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Missing { .. }))
}

async fn a_run_comes_back_as_it_was_stored(subject: Subject) {
    let store = subject.store();
    let stored = header(id(1), &keep(store, b"rows"));
    store.create_run(&stored).await.expect("created");
    let run = store.run(id(1)).await.expect("read").expect("it is there");
    assert_eq!((run.header, run.report), (stored, None));
    assert_eq!(store.run(id(2)).await.expect("read"), None);
}

async fn a_report_belongs_to_its_run_and_can_be_replaced(subject: Subject) {
    let store = subject.store();
    let (run, other) = (started_run(store, 1).await, started_run(store, 2).await);
    for seconds in [0.1 + 0.2, 7.0] {
        store.finish_run(run, &report(run, seconds)).await.expect("finished");
        assert_eq!(store.run(run).await.expect("read").expect("a run").report, Some(report(run, seconds)));
    }
    assert_eq!(store.run(other).await.expect("read").expect("a run").report, None);
}

async fn a_run_started_twice_keeps_its_results(subject: Subject) {
    let store = subject.store();
    let run = started_run(store, 1).await;
    store.put_results(run, vec![result(0, 0)]).await.expect("stored");
    store.put_exchanges(run, batch(1), exchanges(0)).await.expect("stored");
    store.finish_run(run, &report(run, 1.0)).await.expect("finished");
    let mut again = store.run(run).await.expect("read").expect("a run");
    again.header.version = "0.2.0".to_owned();
    store.create_run(&again.header).await.expect("created");
    assert_eq!(store.run(run).await.expect("read"), Some(again));
    assert_eq!(all_results(store, run, 10).await, [result(0, 0)]);
    assert_eq!(all_exchanges(store, run).await, [(batch(1), exchanges(0))]);
}

async fn a_run_on_an_unknown_dataset_is_refused(subject: Subject) {
    let store = subject.store();
    for digest in ["00".repeat(32), "no digest".to_owned(), "../LAYOUT".to_owned()] {
        assert!(is_missing(store.create_run(&header(id(1), &digest)).await));
    }
    assert_eq!(store.runs(None, 10).await.expect("read"), []);
}

async fn what_is_added_to_an_unknown_run_is_refused(subject: Subject) {
    let store = subject.store();
    started_run(store, 1).await;
    assert!(is_missing(store.put_results(id(2), vec![result(0, 0)]).await));
    assert!(is_missing(store.put_exchanges(id(2), batch(1), exchanges(0)).await));
    assert!(is_missing(store.finish_run(id(2), &report(id(2), 1.0)).await));
    assert!(is_missing(store.exchanges(id(2), None).await));
    assert!(is_missing(store.results(id(2), None, 10).await));
    assert!(!store.delete_run(id(2)).await.expect("looked up"));
}

async fn listed(subject: &Subject, after: Option<u128>, limit: usize) -> Vec<u128> {
    let runs = subject.store().runs(after.map(id), limit).await.expect("read");
    runs.iter().map(|run| run.header.id.0.as_u128()).collect()
}

async fn runs_are_listed_newest_first(subject: Subject) {
    for number in [2, u128::MAX, 1, 300] {
        let run = started_run(subject.store(), number).await;
        subject.store().finish_run(run, &report(run, number as f64)).await.expect("finished");
    }
    assert_eq!(listed(&subject, None, 10).await, [u128::MAX, 300, 2, 1]);
    assert_eq!(listed(&subject, None, 2).await, [u128::MAX, 300]);
    assert_eq!(listed(&subject, Some(300), 1).await, [2]);
    assert_eq!(listed(&subject, Some(1), 10).await, []);
    let newest = &subject.store().runs(None, 1).await.expect("read")[0];
    assert_eq!(newest.report.as_ref().map(|report| report.seconds), Some(u128::MAX as f64));
}

async fn a_list_of_runs_goes_on_behind_a_deleted_one(subject: Subject) {
    for number in 1..=3 {
        started_run(subject.store(), number).await;
    }
    assert!(subject.store().delete_run(id(2)).await.expect("deleted"));
    assert_eq!(listed(&subject, Some(2), 10).await, [1]);
    assert_eq!(listed(&subject, None, 10).await, [3, 1]);
}

async fn results_come_in_dataset_order_whatever_order_they_were_stored_in(subject: Subject) {
    let store = subject.store();
    let run = started_run(store, 1).await;
    let positions = [(256, 0), (0, 1), (u64::MAX, 0), (1, 0), (0, 0), (255, u32::MAX), (255, 256)];
    for (index, trial) in positions {
        store.put_results(run, vec![result(index, trial)]).await.expect("stored");
    }
    let mut sorted = positions.map(|(index, trial)| result(index, trial));
    sorted.sort_by_key(|result| (result.index, result.trial));
    assert_eq!(all_results(store, run, 3).await, sorted);
}

async fn a_page_of_results_begins_behind_its_cursor(subject: Subject) {
    let store = subject.store();
    let run = started_run(store, 1).await;
    store.put_results(run, (0..10).map(|index| result(index * 2, 0)).collect()).await.expect("stored");
    assert_eq!(store.results(run, Some((4, 0)), 2).await.expect("a page"), [result(6, 0), result(8, 0)]);
    assert_eq!(store.results(run, Some((5, 7)), 1).await.expect("a page"), [result(6, 0)]);
    assert_eq!(store.results(run, Some((18, 0)), 9).await.expect("a page"), []);
    assert_eq!(store.results(run, None, 0).await.expect("a page"), []);
}

async fn a_result_of_the_same_row_and_trial_is_replaced(subject: Subject) {
    let store = subject.store();
    let run = started_run(store, 1).await;
    let versions = [long_result(0, 9000), result(0, 0), long_result(0, 30_000), long_result(0, 5000)];
    for version in versions {
        store.put_results(run, vec![version.clone(), result(1, 0)]).await.expect("stored");
        assert_eq!(all_results(store, run, 1).await, [version, result(1, 0)]);
    }
    store.put_results(run, vec![long_result(1, 5000), result(1, 0)]).await.expect("stored");
    assert_eq!(store.results(run, Some((0, 0)), 9).await.expect("a page"), [result(1, 0)]);
}

async fn results_of_every_length_come_back(subject: Subject) {
    let store = subject.store();
    let run = started_run(store, 1).await;
    let lengths = [0, 1, 4000, 4090, 4096, 8200, 100_000, 3_000_000];
    let results: Vec<RowResult> = (0..).zip(lengths).map(|(index, length)| long_result(index, length)).collect();
    store.put_results(run, results.clone()).await.expect("stored");
    let subject = subject.reopened();
    assert!(all_results(subject.store(), run, 3).await == results);
}

async fn results_of_runs_do_not_mix(subject: Subject) {
    let store = subject.store();
    for number in [1, 2, u128::MAX] {
        let run = started_run(store, number).await;
        let own = RowResult { outcomes: vec![verdict(number == 2)], ..result(number as u64, 0) };
        store.put_results(run, vec![own]).await.expect("stored");
    }
    for number in [1, 2, u128::MAX] {
        let own = RowResult { outcomes: vec![verdict(number == 2)], ..result(number as u64, 0) };
        assert_eq!(all_results(store, id(number), 10).await, [own]);
    }
}

async fn exchanges_come_back_by_batch_whatever_order_they_were_stored_in(subject: Subject) {
    let store = subject.store();
    let (run, other) = (started_run(store, 1).await, started_run(store, 2).await);
    for number in [300, 0, u128::MAX, 7] {
        store.put_exchanges(run, batch(number), exchanges(number as u64)).await.expect("stored");
    }
    store.put_exchanges(other, batch(8), Vec::new()).await.expect("stored");
    let expected = [0, 7, 300, u128::MAX].map(|number| (batch(number), exchanges(number as u64)));
    assert_eq!(all_exchanges(store, run).await, expected);
    assert_eq!(store.exchanges(run, Some(batch(8))).await.expect("read"), Some((batch(300), exchanges(300))));
    assert_eq!(all_exchanges(store, other).await, [(batch(8), Vec::new())]);
    assert_eq!(all_results(store, run, 10).await, []);
}

async fn exchanges_that_are_stored_twice_are_there_once(subject: Subject) {
    let run = started_run(subject.store(), 1).await;
    for _ in 0..2 {
        subject.store().put_exchanges(run, batch(1), exchanges(1)).await.expect("stored");
        subject.store().put_exchanges(run, batch(2), exchanges(2)).await.expect("stored");
    }
    let subject = subject.reopened().compacted().await.rebuilt();
    let expected = [(batch(1), exchanges(1)), (batch(2), exchanges(2))];
    assert_eq!(all_exchanges(subject.store(), run).await, expected);
}

async fn exchanges_of_every_length_come_back(subject: Subject) {
    let run = started_run(subject.store(), 1).await;
    let mut expected = Vec::new();
    for (number, length) in (0..).zip([0, 1, 4096, 100_000, 3_000_000]) {
        let batched = (batch(number), vec![exchange(1, 1), long_exchange(number as u64, length)]);
        subject.store().put_exchanges(run, batched.0, batched.1.clone()).await.expect("stored");
        expected.push(batched);
    }
    assert!(all_exchanges(subject.reopened().store(), run).await == expected);
}

async fn requests_at_the_same_time_are_all_kept(subject: Subject) {
    let run = started_run(subject.store(), 1).await;
    let subject = std::sync::Arc::new(subject);
    let writers = (0..200).map(|index| {
        let subject = std::sync::Arc::clone(&subject);
        tokio::spawn(async move { subject.store().put_results(run, vec![result(index, 0)]).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic").expect("stored");
    }
    let expected: Vec<_> = (0..200).map(|index| result(index, 0)).collect();
    assert_eq!(all_results(subject.store(), run, 1000).await, expected);
}

async fn a_deleted_run_leaves_nothing_to_its_successor(subject: Subject) {
    let store = subject.store();
    let (run, other) = (started_run(store, 1).await, started_run(store, 2).await);
    for run in [run, other] {
        store.put_results(run, (0..1200).map(|index| result(index, 0)).collect()).await.expect("stored");
        store.put_results(run, vec![long_result(7, 20_000)]).await.expect("stored");
        store.put_exchanges(run, batch(1), exchanges(1)).await.expect("stored");
        store.put_exchanges(run, batch(2), exchanges(2)).await.expect("stored");
        store.finish_run(run, &report(run, 1.0)).await.expect("finished");
    }
    assert!(store.delete_run(run).await.expect("deleted"));
    assert_eq!(store.run(run).await.expect("read"), None);
    assert!(is_missing(store.results(run, None, 1).await));
    assert!(is_missing(store.exchanges(run, None).await));
    assert!(!store.delete_run(run).await.expect("looked up"));

    started_run(store, 1).await;
    assert_eq!(store.run(run).await.expect("read").expect("a run").report, None);
    assert_eq!(all_results(store, run, 10).await, []);
    assert_eq!(all_results(store, other, 1000).await.len(), 1200);
    store.put_exchanges(run, batch(2), exchanges(7)).await.expect("stored");
    let subject = subject.compacted().await.rebuilt();
    assert_eq!(all_exchanges(subject.store(), run).await, [(batch(2), exchanges(7))]);
    assert_eq!(all_exchanges(subject.store(), other).await.len(), 2);
}

async fn a_dataset_goes_with_its_last_run(subject: Subject) {
    let store = subject.store();
    let (shared, other) = (keep(store, b"shared"), keep(store, b"other"));
    for (number, digest) in [(1, &shared), (2, &shared), (3, &other)] {
        store.create_run(&header(id(number), digest)).await.expect("created");
    }
    assert!(store.delete_run(id(1)).await.expect("deleted"));
    assert_eq!(dataset(store, &shared).expect("still used"), b"shared");
    assert!(store.delete_run(id(2)).await.expect("deleted"));
    assert!(is_missing(dataset(store, &shared)));
    assert_eq!(dataset(store, &other).expect("still used"), b"other");
}

async fn a_dataset_is_known_by_its_digest(subject: Subject) {
    let store = subject.store();
    let megabytes: Vec<u8> = (0..3_000_000_u32).flat_map(|at| (at / 7).to_le_bytes()).collect();
    for bytes in [&b""[..], b"rows\n", &megabytes] {
        let digest = keep(store, bytes);
        assert_eq!(digest, blake3::hash(bytes).to_hex().as_str());
        assert_eq!(keep(store, bytes), digest);
        assert!(dataset(store, &digest).expect("kept") == bytes);
    }
    for unknown in ["00".repeat(32), String::new(), "../LAYOUT".to_owned()] {
        assert!(is_missing(dataset(store, &unknown)));
    }
}

async fn a_dataset_that_is_not_kept_is_not_there(subject: Subject) {
    let mut given_up = subject.store().new_dataset().expect("a place to write");
    given_up.write_all(b"rows").expect("written");
    drop(given_up);
    let digest = blake3::hash(b"rows").to_hex();
    assert!(is_missing(dataset(subject.store(), &digest)));
}

async fn everything_is_there_after_reopening(mut subject: Subject) {
    let run = started_run(subject.store(), 1).await;
    for index in 0..20 {
        subject.store().put_results(run, vec![result(index, 0), long_result(index + 100, 5000)]).await.expect("stored");
        subject = subject.reopened();
    }
    subject.store().finish_run(run, &report(run, 1.0)).await.expect("finished");
    subject = subject.reopened();
    let expected = (0..20).map(|index| result(index, 0)).chain((100..120).map(|index| long_result(index, 5000)));
    assert_eq!(all_results(subject.store(), run, 7).await, expected.collect::<Vec<_>>());
    assert_eq!(subject.store().run(run).await.expect("read").expect("a run").report, Some(report(run, 1.0)));
    assert_eq!(
        dataset(subject.store(), blake3::hash(&1_u128.to_be_bytes()).to_hex().as_str()).expect("kept").len(),
        16
    );
}
