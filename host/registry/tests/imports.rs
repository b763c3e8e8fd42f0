//! Files on their way into a dataset, and out of it again: the way that commands go, with a store in a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use model::dataset::{Dataset, DatasetVersion, Provenance};
use model::json::Json;
use model::ports::{BlobStore, BrokenTrace, TraceReader};
use model::suite::DataFormat;
use model::trace::Trace;
use pipeline::dataset::peers::Peer;
use pipeline::dataset::{DatasetError, Difference, HandOutError, How, Incoming, Merged, diff, hand_out, merge};
use registry::{Made, NewVersion, Registry};
use storage::EmbeddedStore;
use tempfile::TempDir;

/// Has no look at traces: what is wrong with one is told by its reader's own tests.
struct AnyTrace;

impl TraceReader for AnyTrace {
    fn read(&self, _: &Json) -> Result<Trace, BrokenTrace> {
        Err(BrokenTrace { field: String::new(), message: "there is none here".to_owned(), hint: None })
    }
}

struct Kept {
    registry: Registry,
    store: Arc<EmbeddedStore>,
    folder: TempDir,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Write(#[from] formats::WriteError),
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(EmbeddedStore::open(&folder.path().join("store")).expect("a store"));
        Self { registry: Registry::new(Arc::clone(&store)), store, folder }
    }

    async fn dataset(&self, name: &str) -> Dataset {
        self.registry.create_dataset(name, BTreeMap::new(), Vec::new(), None, 1).await.expect("a dataset")
    }

    fn incoming(
        &self,
        name: &str,
        format: DataFormat,
        peer: Option<&'static Peer>,
    ) -> Result<Incoming<File>, DatasetError> {
        let mut source = File::open(self.folder.path().join(name)).expect("a file");
        let (reader, traces) = (&formats::Reader, &AnyTrace);
        let file = pipeline::dataset::File { reader, traces, format, peer, path: name };
        Incoming::read(file, &mut source, tempfile::tempfile().expect("a file"))
    }

    /// Imports the file of this name.
    async fn import(&self, dataset: &Dataset, name: &str, format: DataFormat, how: How) -> Made<Merged> {
        let mut incoming = self.incoming(name, format, None).expect("rows");
        let provenance = Provenance::File { path: name.to_owned(), digest: incoming.digest().to_owned() };
        let new = NewVersion { dataset: dataset.id.clone(), provenance, message: None, by: None };
        let made = self.registry.make_dataset_version(&new, 2, |there, to, facts| {
            merge(there, &mut incoming, how, to, &mut |row| facts.add(row))
        });
        made.await.expect("a version")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file");
    }

    fn export(
        &self,
        version: &DatasetVersion,
        name: &str,
        format: DataFormat,
        peer: Option<&Peer>,
    ) -> Result<(), Failed> {
        let mut out = File::create(self.folder.path().join(name)).expect("a file");
        let rows = || self.store.open_blob(&version.digest).expect("its rows");
        formats::write(format, &mut |each| hand_out(&mut rows(), peer, each), &mut out)
    }
}

const FORMATS: [DataFormat; 4] = [DataFormat::Jsonl, DataFormat::Json, DataFormat::Csv, DataFormat::Parquet];

const ROWS: &str = concat!(
    r#"{"id":"q1","inputs":{"question":"why, \"oh\"\nwhy?","n":1.50},"outputs":"because","expectations":{"expected_facts":["a","b"]},"#,
    r#""tags":{"lang":"de","level":"3"},"session":"s","trials":3,"split":"test","cluster":"c","weight":0.25,"#,
    r#""source":{"kind":"HUMAN","data":{"user":"ann"}}}"#,
    "\n",
    r#"{"inputs":{"question":"ж 漢"}}"#,
    "\n",
    r#"{"inputs":{"question":"ж 漢"},"split":"dev"}"#,
    "\n",
);

#[tokio::test]
async fn every_format_gives_back_what_came() {
    let kept = Kept::new();
    kept.write("rows.jsonl", ROWS);
    let first = kept.dataset("first").await;
    let version = kept.import(&first, "rows.jsonl", DataFormat::Jsonl, How::Merge).await.version;
    assert_eq!((version.rows, version.splits.len()), (3, 2));
    for format in FORMATS {
        kept.export(&version, "out", format, None).expect("it fits");
        let again = kept.dataset("again").await;
        let back = kept.import(&again, "out", format, How::Merge).await.version;
        assert_eq!(back.digest, version.digest, "{format:?}");
        // And so it is a second time, where they are there already.
        assert!(kept.import(&first, "out", format, How::Merge).await.is_known, "{format:?}");
        assert!(kept.import(&first, "out", format, How::Replace).await.is_known, "{format:?}");
    }
}

#[tokio::test]
async fn rows_of_other_tools_go_the_whole_way_and_back() {
    let kept = Kept::new();
    let files = [
        (
            "promptfoo",
            r#"[{"vars":{"q":"?","n":3},"assert":[{"type":"icontains","value":"x"}],"metadata":{"k":1}},{"vars":{"q":"!"}}]"#,
        ),
        ("openai-evals", r#"[{"input":[{"role":"user","content":"?"}],"ideal":["a","b"]}]"#),
        (
            "ragas",
            r#"[{"user_input":"?","response":"a","reference":"x","retrieved_contexts":["r"]},{"user_input":"!"}]"#,
        ),
        (
            "deepeval",
            r#"[{"input":"?","actual_output":"a","expected_tools":[{"name":"t","input_parameters":{"k":[1]}}]}]"#,
        ),
        ("langfuse", r#"[{"id":"i1","input":{"q":"?"},"expectedOutput":{"a":1},"metadata":{"n":null,"m":"x"}}]"#),
        ("inspect", r#"[{"id":1,"input":"?","target":"x","choices":["a","b"],"metadata":{"deep":{"er":[1.0]}}}]"#),
        ("braintrust", r#"[{"input":"?","expected":{"a":1},"tags":["easy"],"metadata":{"n":"12"}}]"#),
        ("phoenix", r#"[{"input":{"q":"?"},"output":{"a":"x"},"metadata":{"n":1}}]"#),
        ("langsmith", r#"[{"inputs":{"q":"?"},"outputs":{"a":"x"},"metadata":{"n":1},"split":"test"}]"#),
    ];
    for (name, text) in files {
        kept.write("theirs.json", text);
        let peer = Peer::named(name);
        let dataset = kept.dataset(name).await;
        let version = kept.import(&dataset, "theirs.json", DataFormat::Json, How::Merge).await.version;
        let expected: serde_json::Value = serde_json::from_str(text).expect("JSON");
        for format in [DataFormat::Json, DataFormat::Jsonl, DataFormat::Parquet] {
            kept.export(&version, "out", format, peer).expect("it fits");
            let again = kept.dataset("again").await;
            // Whose they are is told by their fields once more.
            assert_eq!(kept.import(&again, "out", format, How::Merge).await.version.digest, version.digest, "{name}");
        }
        kept.export(&version, "out", DataFormat::Json, peer).expect("it fits");
        let written = std::fs::read_to_string(kept.folder.path().join("out")).expect("a file");
        assert_eq!(without_nulls(serde_json::from_str(&written).expect("JSON")), without_nulls(expected), "{name}");
    }
    kept.write("theirs.csv", "q,lang,__expected,__description\n\"a, b\",de,x,first\nc,en,y,second\n");
    let dataset = kept.dataset("table").await;
    let version = kept.import(&dataset, "theirs.csv", DataFormat::Csv, How::Merge).await.version;
    kept.export(&version, "out", DataFormat::Csv, Peer::named("promptfoo-csv")).expect("it fits");
    let again = kept.dataset("again").await;
    assert_eq!(kept.import(&again, "out", DataFormat::Csv, How::Merge).await.version.digest, version.digest);
}

/// Of a record: nulls of its own are as good as nothing.
fn without_nulls(records: serde_json::Value) -> serde_json::Value {
    let mut records = records;
    for record in records.as_array_mut().expect("a list") {
        record.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    }
    records
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_row_and_field() {
    let kept = Kept::new();
    kept.write("rows.jsonl", ROWS);
    let dataset = kept.dataset("rows").await;
    let version = kept.import(&dataset, "rows.jsonl", DataFormat::Jsonl, How::Merge).await.version;
    let wrong = |format, peer| kept.export(&version, "out", format, Peer::named(peer)).expect_err("no").to_string();
    assert_eq!(
        wrong(DataFormat::Jsonl, "ragas"),
        "row 1 (`q1`): `inputs.input` is what ragas has as `user_input`, and is not there"
    );
    assert_eq!(
        wrong(DataFormat::Jsonl, "braintrust"),
        "row 1 (`q1`): `expectations.expected_facts` has no place in a record of braintrust"
    );
    kept.write("theirs.jsonl", "{\"user_input\":\"?\"}\n{\"user_input\":\"?\",\"grade\":1}\n{\"user_input\":");
    let Err(error) = kept.incoming("theirs.jsonl", DataFormat::Jsonl, None) else { panic!("it is broken") };
    assert_eq!(
        error.to_string(),
        "theirs.jsonl:2: unknown key `grade` of a record of ragas\n  \
         hint: a `map` takes what it names and leaves out the rest\n\
         theirs.jsonl:3: EOF while parsing a value, the line ends too early"
    );
    let Err(error) = kept.incoming("rows.jsonl", DataFormat::Parquet, None) else { panic!("it is none") };
    assert!(error.to_string().starts_with("rows.jsonl:1: it can't be read as Parquet: "), "{error}");
}

#[tokio::test]
async fn versions_that_were_made_of_files_can_be_compared() {
    let kept = Kept::new();
    let dataset = kept.dataset("rows").await;
    kept.write("one.csv", "inputs.q,outputs\na,1\nb,2\n");
    kept.write("two.csv", "inputs.q,outputs\nb,3\nc,4\n");
    let one = kept.import(&dataset, "one.csv", DataFormat::Csv, How::Merge).await;
    let two = kept.import(&dataset, "two.csv", DataFormat::Csv, How::Replace).await;
    assert_eq!(two.told, Merged { added: 1, changed: 1, unchanged: 0, removed: 1 });
    let open = |version: &DatasetVersion| kept.store.open_blob(&version.digest).expect("its rows");
    let spool = tempfile::tempfile().expect("a file");
    let mut after = Incoming::of_version(&mut open(&two.version), spool).expect("rows");
    let mut seen = Vec::new();
    let same = diff(&mut open(&one.version), &mut after, &mut |difference| {
        seen.push(match difference {
            Difference::Removed { row, .. } => format!("-{}", row.inputs),
            Difference::Added { row, .. } => format!("+{}", row.inputs),
            Difference::Changed { changes, .. } => changes.into_iter().map(|change| change.field).collect(),
        });
        Ok(())
    });
    assert_eq!(same.expect("rows"), 0);
    assert_eq!(seen, [r#"-{"q":"a"}"#, "outputs", r#"+{"q":"c"}"#]);
}
