//! Databases as MLflow's releases make them.

use std::fs;
use std::path::{Path, PathBuf};

use migrate::Place;
use rusqlite::Connection;

pub(crate) struct Database {
    folder: tempfile::TempDir,
}

/// The spans of a trace, as MLflow 2 writes them to a file.
const SPANS: &str = r#"{"spans": [{"name": "answer", "context": {"span_id": "0x00000000000000a1", "trace_id": "0xc00000000000000000000000000000ff"},
    "parent_id": null, "start_time": 1700000000000000001, "end_time": 1700000000250000000, "status_code": "ERROR", "status_message": "no",
    "attributes": {"mlflow.traceRequestId": "\"c0000000000000000000000000000001\"", "mlflow.spanType": "\"AGENT\""}, "events": []}]}"#;

impl Database {
    /// With one of everything that a release keeps, and files beside it.
    pub(crate) fn of(release: &str) -> Self {
        let database = Self { folder: tempfile::tempdir().unwrap() };
        let connection = Connection::open(database.file()).unwrap();
        // Tables that nobody reads are not there.
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        for part in ["mlflow", "filled"] {
            let sql = fs::read_to_string(schema(&format!("{part}-{release}.sql"))).unwrap();
            connection.execute_batch(&sql).unwrap();
        }
        database.put("1/a0000000000000000000000000000001/artifacts/notes/hello.txt", "hello");
        database.put("1/models/m-b0000000000000000000000000000001/artifacts/MLmodel", "name: agent");
        database.put_spans("c0000000000000000000000000000001");
        database
    }

    pub(crate) fn put_spans(&self, trace: &str) {
        self.put(&format!("1/traces/{trace}/artifacts/traces.json"), SPANS);
    }

    fn put(&self, path: &str, content: &str) {
        let path = self.artifacts().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The folder of the proxy for files.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.folder.path().join("mlartifacts")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("mlflow.db")
    }

    pub(crate) fn place(&self) -> Place {
        Place::parse(self.file().to_str().unwrap()).unwrap()
    }

    pub(crate) fn execute(&self, sql: &str) {
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }
}

fn schema(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(name)
}
