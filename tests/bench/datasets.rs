//! What it costs to take in a million rows, from JSONL and from Parquet: as a version, the same again, a thousand changed
//! rows, what differs, as files again, and as record documents. Prints a JSON line for each, with the peak of memory.
//! `cargo bench -p registry`; a number behind `--` is how many rows.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use model::dataset::{DatasetVersion, Provenance, RecordGiven};
use model::json::Json;
use model::ports::{BlobStore, BrokenTrace, TraceReader};
use model::suite::DataFormat;
use model::trace::Trace;
use pipeline::dataset::{HandOutError, How, Incoming, Merged, diff, hand_out, merge};
use registry::{Made, NewVersion, Registry};
use storage::EmbeddedStore;

struct NoTraces;

impl TraceReader for NoTraces {
    fn read(&self, _: &Json) -> Result<Trace, BrokenTrace> {
        unreachable!("the rows have none")
    }
}

fn main() {
    let rows = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(all(rows));
}

struct Home {
    folder: PathBuf,
    store: Arc<EmbeddedStore>,
    registry: Registry,
    /// The processor's time when something was told last, in seconds.
    told: Cell<f64>,
}

async fn all(rows: u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(EmbeddedStore::open(&folder.path().join("store")).unwrap());
    let home = Home {
        folder: folder.path().to_owned(),
        registry: Registry::new(Arc::clone(&store)),
        store,
        told: Cell::new(0.0),
    };
    home.write("rows.jsonl", 0..rows, "");
    home.write("changed.jsonl", (0..rows).step_by(usize::try_from(rows / 1000).unwrap().max(1)), ", changed");
    let id = home.dataset().await;
    let first = home.import(&id, "import of jsonl", "rows.jsonl", DataFormat::Jsonl).await.version;
    home.import(&id, "the same again", "rows.jsonl", DataFormat::Jsonl).await;
    let second = home.import(&id, "a thousand changed", "changed.jsonl", DataFormat::Jsonl).await.version;
    home.timed("diff", || home.diff(&first, &second));
    home.timed("export as parquet", || home.export(&first, "rows.parquet", DataFormat::Parquet));
    home.timed("export as csv", || home.export(&first, "rows.csv", DataFormat::Csv));
    let other = home.dataset().await;
    let same = home.import(&other, "import of parquet", "rows.parquet", DataFormat::Parquet).await.version;
    assert_eq!(same.digest, first.digest);
    let begun = Instant::now();
    home.registry.records(&id, None, 1000).await.unwrap();
    home.tell("first look at records", begun);
    let begun = Instant::now();
    home.registry.records(&id, None, 1000).await.unwrap();
    home.tell("a page of records", begun);
    let given = |n: u64| {
        let inputs = Json::parse(&inputs(n)).unwrap();
        RecordGiven { inputs, outputs: None, expectations: None, tags: None, source: None, by: None }
    };
    let known: Vec<_> = (0..100).map(given).collect();
    let begun = Instant::now();
    home.registry.merge_records(&id, &known, 3).await.unwrap();
    home.tell("a hundred known records merged one by one", begun);
}

fn inputs(n: u64) -> String {
    format!("{{\"question\":\"What is the capital of country number {n}, and why is it so large?\",\"lang\":\"en\"}}")
}

impl Home {
    fn write(&self, name: &str, rows: impl Iterator<Item = u64>, more: &str) {
        let mut to = BufWriter::new(File::create(self.folder.join(name)).unwrap());
        for n in rows {
            let expected = format!("The capital is city {n}{more}");
            let inputs = inputs(n);
            writeln!(
                to,
                "{{\"inputs\":{inputs},\"expectations\":{{\"expected_response\":\"{expected}\"}},\"split\":\"test\"}}"
            )
            .unwrap();
        }
        to.flush().unwrap();
    }

    async fn dataset(&self) -> String {
        self.registry.create_dataset("rows", BTreeMap::new(), Vec::new(), None, 1).await.unwrap().id
    }

    async fn import(&self, dataset: &str, what: &str, name: &str, format: DataFormat) -> Made<Merged> {
        let begun = Instant::now();
        let mut source = File::open(self.folder.join(name)).unwrap();
        let (reader, traces) = (&formats::Reader, &NoTraces);
        let file = pipeline::dataset::File { reader, traces, format, peer: None, path: name };
        let mut incoming = Incoming::read(file, &mut source, tempfile::tempfile().unwrap()).unwrap();
        let provenance = Provenance::File { path: name.to_owned(), digest: incoming.digest().to_owned() };
        let new = NewVersion { dataset: dataset.to_owned(), provenance, message: None, by: None };
        let made = self.registry.make_dataset_version(&new, 2, |there, to, facts| {
            merge(there, &mut incoming, How::Merge, to, &mut |row| facts.add(row))
        });
        let made = made.await.unwrap();
        self.tell(what, begun);
        made
    }

    fn diff(&self, before: &DatasetVersion, after: &DatasetVersion) {
        let spool = tempfile::tempfile().unwrap();
        let mut after = Incoming::of_version(&mut self.store.open_blob(&after.digest).unwrap(), spool).unwrap();
        let mut before = self.store.open_blob(&before.digest).unwrap();
        diff(&mut before, &mut after, &mut |_| Ok(())).unwrap();
    }

    fn export(&self, version: &DatasetVersion, name: &str, format: DataFormat) {
        let mut out = BufWriter::new(File::create(self.folder.join(name)).unwrap());
        let rows = || self.store.open_blob(&version.digest).unwrap();
        let written: Result<(), Failed> =
            formats::write(format, &mut |each| hand_out(&mut rows(), None, each), &mut out);
        written.unwrap();
        out.flush().unwrap();
    }

    fn timed(&self, what: &str, work: impl FnOnce()) {
        let begun = Instant::now();
        work();
        self.tell(what, begun);
    }

    /// With the processor's time and the peak of memory since it was told last.
    fn tell(&self, what: &str, begun: Instant) {
        let seconds = begun.elapsed().as_secs_f64();
        let cpu = processor_ticks() as f64 / TICKS_PER_SECOND;
        let spent = cpu - self.told.replace(cpu);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let peak: u64 = peak.split_whitespace().next().and_then(|peak| peak.parse().ok()).unwrap_or_default();
        println!(
            "{{\"what\":\"{what}\",\"seconds\":{seconds:.2},\"cpu_seconds\":{spent:.2},\"peak_mb\":{}}}",
            peak / 1024
        );
        let _ = std::fs::write(Path::new("/proc/self/clear_refs"), "5");
    }
}

/// As Linux counts them.
const TICKS_PER_SECOND: f64 = 100.0;

/// What this process has taken of the processor, with what the system did for it.
fn processor_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may have spaces.
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default().split(' ');
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

#[derive(Debug, thiserror::Error)]
#[error("it can't be written: {0}")]
struct Failed(String);

impl From<HandOutError> for Failed {
    fn from(error: HandOutError) -> Self {
        Self(error.to_string())
    }
}

impl From<formats::WriteError> for Failed {
    fn from(error: formats::WriteError) -> Self {
        Self(error.to_string())
    }
}
