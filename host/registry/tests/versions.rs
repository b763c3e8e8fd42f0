//! Versions of datasets, in a store in a folder.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use model::dataset::{Dataset, DatasetReference, DatasetVersion, Provenance, RecordGiven};
use model::json::Json;
use model::ports::BlobStore;
use model::row::RowRecord;
use registry::{Made, NewVersion, Registry};
use storage::EmbeddedStore;
use tempfile::TempDir;

struct Kept {
    registry: Registry,
    store: Arc<EmbeddedStore>,
    _folder: TempDir,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(EmbeddedStore::open(&folder.path().join("store")).expect("a store"));
        Self { registry: Registry::new(Arc::clone(&store)), store, _folder: folder }
    }

    async fn dataset(&self) -> Dataset {
        self.registry.create_dataset("support", BTreeMap::new(), Vec::new(), None, 1).await.expect("a dataset")
    }

    /// Makes a version of these rows.
    async fn add(&self, dataset: &str, rows: &[&str]) -> Made<()> {
        let new = NewVersion {
            dataset: dataset.to_owned(),
            provenance: Provenance::File { path: "cases.jsonl".to_owned(), digest: "d".to_owned() },
            message: Some("first cases".to_owned()),
            by: Some("ann".to_owned()),
        };
        let made = self.registry.make_dataset_version(&new, 5, |_, to, facts| {
            for row in rows {
                let row: RowRecord = serde_json::from_str(row)?;
                writeln!(to, "{}", row.canonical_line().expect("not deep"))?;
                facts.add(&row);
            }
            Ok(())
        });
        made.await.expect("it is made")
    }

    fn rows(&self, version: &DatasetVersion) -> Vec<String> {
        let mut text = String::new();
        self.store.open_blob(&version.digest).expect("its rows").read_to_string(&mut text).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    async fn frozen(&self, id: &str) -> DatasetVersion {
        self.registry.freeze_dataset(id, None, 9).await.expect("a store").expect("it has records")
    }

    async fn merge(&self, id: &str, inputs: &str) {
        let inputs = Json::parse(inputs).expect("JSON");
        let given = RecordGiven { inputs, outputs: None, expectations: None, tags: None, source: None, by: None };
        self.registry.merge_records(id, &[given], 7).await.expect("it fits");
    }
}

const FULL: &str = concat!(
    r#"{"id":"q1","inputs":{"a":1.0,"b":[1,{"c":null}]},"outputs":"x","expectations":{"expected_response":"y"},"#,
    r#""tags":{"lang":"de"},"trace":{"spans":[]},"session":"s","trials":3,"split":"test","cluster":"c","weight":0.5,"#,
    r#""source":{"kind":"TRACE","data":{"trace_id":"t"}}}"#
);

#[tokio::test]
async fn what_a_client_changed_is_frozen_once() {
    let kept = Kept::new();
    let dataset = kept.dataset().await;
    let none = kept.registry.freeze_dataset(&dataset.id, None, 2).await.expect("a store");
    assert_eq!(none, None);
    kept.merge(&dataset.id, r#"{"q":2}"#).await;
    kept.merge(&dataset.id, r#"{"q":1}"#).await;
    let first = kept.frozen(&dataset.id).await;
    assert_eq!((first.number, first.rows, first.parent, &first.provenance), (1, 2, None, &Provenance::Records));
    assert_eq!(kept.rows(&first), [r#"{"inputs":{"q":2}}"#, r#"{"inputs":{"q":1}}"#]);
    assert_eq!(kept.frozen(&dataset.id).await, first);
    kept.merge(&dataset.id, r#"{"q":3}"#).await;
    let second = kept.frozen(&dataset.id).await;
    assert_eq!((second.number, second.rows, second.parent), (2, 3, Some(1)));
    assert_eq!(kept.rows(&first).len(), 2);
}

#[tokio::test]
async fn an_added_version_is_the_head_and_loses_nothing_on_its_way_through_records() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let Made { version: first, is_known, .. } = kept.add(&id, &[FULL, r#"{"inputs":{"q":1}}"#]).await;
    assert!(!is_known);
    assert_eq!(first.splits, BTreeMap::from([("test".to_owned(), 1)]));
    let dataset = kept.registry.dataset(&id).await.expect("it is there");
    assert_eq!((dataset.records.count, dataset.updated_by.as_deref()), (2, Some("ann")));

    let records = kept.registry.records(&id, None, 10).await.expect("it is there");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].inputs.as_str(), r#"{"a":1.0,"b":[1,{"c":null}]}"#);
    assert_eq!(kept.frozen(&id).await, first);
    // A client that changes one record leaves the others as they were.
    kept.merge(&id, r#"{"q":2}"#).await;
    let second = kept.frozen(&id).await;
    assert_eq!(kept.rows(&second)[..2], kept.rows(&first)[..]);
    assert_eq!(second.rows, 3);
}

#[tokio::test]
async fn records_follow_a_version_in_whatever_way_it_differs() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let versions: [&[&str]; 4] = [
        &[r#"{"inputs":{"q":1}}"#, r#"{"inputs":{"q":2}}"#, r#"{"inputs":{"q":3}}"#],
        &[
            r#"{"inputs":{"q":1}}"#,
            r#"{"inputs":{"q":2},"outputs":"o"}"#,
            r#"{"inputs":{"q":4}}"#,
            r#"{"inputs":{"q":3}}"#,
        ],
        &[r#"{"inputs":{"q":3}}"#],
        &[r#"{"id":"a","inputs":{"q":3}}"#, r#"{"id":"b","inputs":{"q":3}}"#],
    ];
    for rows in versions {
        kept.add(&id, rows).await;
        let records = kept.registry.records(&id, None, 10).await.expect("it is there");
        let expected: Vec<RowRecord> = rows.iter().map(|row| serde_json::from_str(row).expect("a row")).collect();
        assert_eq!(
            records.iter().map(|record| (&record.inputs, &record.outputs)).collect::<Vec<_>>(),
            expected.iter().map(|row| (&row.inputs, &row.outputs)).collect::<Vec<_>>()
        );
    }
    // One that has the inputs of another is taken away alone.
    let records = kept.registry.records(&id, None, 10).await.expect("it is there");
    kept.registry.delete_records(&id, &[records[0].id.clone()], 8).await.expect("it is there");
    kept.merge(&id, r#"{"q":3}"#).await;
    assert_eq!(kept.registry.records(&id, None, 10).await.expect("it is there").len(), 1);
}

#[tokio::test]
async fn more_records_than_go_in_one_step_come_and_go() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let rows: Vec<_> = (0..2500).map(|n| format!("{{\"inputs\":{{\"n\":{n}}}}}")).collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    kept.add(&id, &rows).await;
    assert_eq!(kept.registry.records(&id, None, 5000).await.expect("it is there").len(), 2500);
    let first = kept.frozen(&id).await;
    assert_eq!(first.number, 1);
    kept.add(&id, &rows[..10]).await;
    assert_eq!(kept.registry.records(&id, None, 5000).await.expect("it is there").len(), 10);
}

#[tokio::test]
async fn the_same_rows_are_the_same_version() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let first = kept.add(&id, &[r#"{"inputs":{"q":1}}"#]).await;
    let again = kept.add(&id, &[r#"{"inputs": {"q": 1}}"#]).await;
    assert_eq!((again.version, again.is_known), (first.version, true));
    // What a client has changed is frozen first.
    kept.merge(&id, r#"{"q":2}"#).await;
    let third = kept.add(&id, &[r#"{"inputs":{"q":1}}"#]).await.version;
    assert_eq!((third.number, third.parent), (3, Some(2)));
}

#[tokio::test]
async fn a_reference_means_one_version_or_says_why_not() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let resolved = async |text: &str| {
        let reference = DatasetReference::parse(text).expect("a reference");
        let found = kept.registry.resolve_dataset(&reference, None, 9).await;
        found.map(|(_, version)| version.number).map_err(|error| error.to_string())
    };
    assert_eq!(resolved("support").await, Err("the dataset `support` has no rows".to_owned()));
    kept.add(&id, &[r#"{"inputs":{"q":1}}"#]).await;
    kept.add(&id, &[r#"{"inputs":{"q":2}}"#]).await;
    kept.registry.name_dataset_version(&id, "prod", Some(1)).await.expect("it is there");
    for (text, number) in [("support@1", 1), ("support@latest", 2), ("support", 2), ("support@prod", 1)] {
        assert_eq!(resolved(text).await, Ok(number), "{text}");
        assert_eq!(resolved(&text.replace("support", &id)).await, Ok(number), "{text}");
    }
    for (text, wrong) in [
        ("other", "there is no dataset `other`"),
        ("support@3", "the dataset `support` has no version 3: it has versions 1 to 2"),
        ("support@dev", "the dataset `support` has no version `dev`: it has versions 1 to 2, and aliases `prod`"),
    ] {
        assert_eq!(resolved(text).await, Err(wrong.to_owned()), "{text}");
    }
    for name in ["latest", "7", "a@b", "a b", ""] {
        kept.registry.name_dataset_version(&id, name, Some(1)).await.expect_err("no name");
    }
    kept.registry.name_dataset_version(&id, "dev", Some(7)).await.expect_err("no version");
    kept.dataset().await;
    let wrong = resolved("support@1").await.expect_err("two of them");
    assert!(wrong.starts_with("2 datasets are named `support`; say which: d-"), "{wrong}");
}

#[tokio::test]
async fn what_versions_have_is_in_use_until_their_dataset_goes() {
    let kept = Kept::new();
    let id = kept.dataset().await.id;
    let version = kept.add(&id, &[FULL]).await.version;
    assert!(kept.registry.digests().await.expect("a store").contains(&version.digest));
    kept.registry.delete_dataset(&id).await.expect("it is there");
    assert!(!kept.registry.digests().await.expect("a store").contains(&version.digest));
}
