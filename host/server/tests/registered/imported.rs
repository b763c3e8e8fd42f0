//! Datasets that were imported, as MLflow's client sees them.

use std::io::Cursor;

use model::dataset::{DatasetVersion, Provenance};
use model::suite::DataFormat;
use pipeline::dataset::{File, How, Incoming, Merged, merge};
use registry::{Made, NewVersion, Registry};
use serde_json::{Value, json};
use storage::MemoryStore;

use crate::{Running, tick};

/// As a command does it: the file is checked, merged into what is there, and is a version.
async fn import(registry: &Registry, dataset: &str, format: DataFormat, bytes: &[u8]) -> Made<Merged> {
    let (reader, traces) = (&formats::Reader, &telemetry::Reader);
    let file = File { reader, traces, format, peer: None, path: "cases" };
    let mut incoming = Incoming::read(file, &mut &bytes[..], Cursor::new(Vec::new())).unwrap();
    let provenance = Provenance::File { path: "cases".to_owned(), digest: incoming.digest().to_owned() };
    let new = NewVersion { dataset: dataset.to_owned(), provenance, message: None, by: Some("ann".to_owned()) };
    let make = registry.make_dataset_version(&new, (tick() / 1_000_000) as i64, |there, to, facts| {
        merge(there, &mut incoming, How::Merge, to, &mut |row| facts.add(row))
    });
    make.await.unwrap()
}

async fn frozen(registry: &Registry, dataset: &str) -> DatasetVersion {
    registry.freeze_dataset(dataset, None, 1).await.unwrap().unwrap()
}

#[tokio::test]
async fn imported_rows_are_records_and_changed_records_are_a_version() {
    let store = MemoryStore::new();
    let server = Running::over(&store).await;
    let registry = Registry::new(store.into());
    let id = server.dataset("support", json!({}), json!([])).await["dataset_id"].as_str().unwrap().to_owned();
    let rows = concat!(
        r#"{"id":"q1","inputs":{"question":"?"},"outputs":"a","expectations":{"expected_response":"x"},"tags":{"lang":"de"},"weight":2.0}"#,
        "\n",
        r#"{"inputs":{"question":"??"},"source":{"kind":"HUMAN","data":{"user":"bob"}}}"#,
    );
    let first = import(&registry, &id, DataFormat::Jsonl, rows.as_bytes()).await;
    assert_eq!((first.version.number, first.version.rows, first.told.added), (1, 2, 2));

    let shown = server.get(&format!("/3.0/mlflow/datasets/{id}"), json!({})).await["dataset"].clone();
    assert_eq!(shown["profile"], r#"{"num_records":2}"#);
    assert_eq!(shown["last_updated_by"], "ann");
    let schema: Value = serde_json::from_str(shown["schema"].as_str().unwrap()).unwrap();
    assert_eq!(schema["inputs"], json!({"question": "string"}));
    let records = server.records(&id).await;
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["inputs"], json!({"question": "?"}));
    assert_eq!(records[0]["outputs"], "a");
    assert_eq!(records[0]["expectations"], json!({"expected_response": "x"}));
    assert_eq!(records[0]["tags"], json!({"lang": "de"}));
    assert_eq!(records[1]["source"], json!({"source_type": "HUMAN", "source_data": {"user": "bob"}}));
    // Looking at it has changed nothing.
    assert_eq!(frozen(&registry, &id).await, first.version);
    let digest = server.get(&format!("/3.0/mlflow/datasets/{id}"), json!({})).await["dataset"]["digest"].clone();
    assert_eq!(digest, shown["digest"]);

    // A client's record of the same inputs is the same row, and says more.
    let said = json!([{"inputs": {"question": "?"}, "expectations": {"guidelines": ["be polite"]}}]);
    server.merge(&id, said).await;
    let second = frozen(&registry, &id).await;
    assert_eq!((second.number, second.rows, second.parent), (2, 2, Some(1)));
    let again = import(&registry, &id, DataFormat::Jsonl, rows.as_bytes()).await;
    assert_eq!((again.version, again.is_known), (second, true));
    assert_eq!(again.told, Merged { unchanged: 2, ..Merged::default() });
    let csv = import(&registry, &id, DataFormat::Csv, b"inputs.question,outputs\n???,b\n").await;
    assert_eq!((csv.version.number, csv.version.rows), (3, 3));
    assert_eq!(server.records(&id).await[2]["outputs"], "b");
}
