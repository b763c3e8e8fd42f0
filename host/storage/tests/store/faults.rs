//! A disk on which the N-th operation fails.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::ports::{JudgeCache, Store, StoreError, TraceRetention};
use storage::files::{Disk, File, Files};
use storage::{EmbeddedStore, MemoryStore, Options};
use tempfile::TempDir;

use crate::samples::{
    all_exchanges, all_results, batch, cache_key, cached_reply, exchanges, id, keep, long_result, result, started_run,
};
use crate::{tasks, workload};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It does nothing and says so.
    Refused(io::ErrorKind),
    /// A write stops in the middle.
    Short,
}

/// The files of the disk, of which one operation fails, and all syncs after it.
#[derive(Debug)]
struct Faulty {
    left: AtomicUsize,
    fault: Fault,
}

impl Faulty {
    /// Whether this is the operation that fails.
    fn fails(&self) -> bool {
        self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }

    fn check(&self) -> io::Result<()> {
        if self.fails() { Err(self.error()) } else { Ok(()) }
    }

    fn error(&self) -> io::Error {
        match self.fault {
            Fault::Refused(kind) => kind.into(),
            Fault::Short => io::ErrorKind::WriteZero.into(),
        }
    }
}

#[derive(Debug)]
struct FaultyFiles(Arc<Faulty>);

#[derive(Debug)]
struct FaultyFile(Arc<dyn File>, Arc<Faulty>);

impl FaultyFiles {
    fn faulty(&self, file: io::Result<Arc<dyn File>>) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(FaultyFile(file?, Arc::clone(&self.0))))
    }
}

impl Files for FaultyFiles {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.0.check()?;
        self.faulty(Disk.open(path))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.0.check()?;
        self.faulty(Disk.create(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.check()?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.check()?;
        Disk.remove(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.check()?;
        Disk.link(from, to)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0.check()?;
        Disk.list(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.check()?;
        Disk.sync_folder(folder)
    }
}

impl File for FaultyFile {
    fn length(&self) -> io::Result<u64> {
        self.1.check()?;
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.check()?;
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if !self.1.fails() {
            return self.0.write_at(bytes, offset);
        }
        if self.1.fault == Fault::Short {
            self.0.write_at(&bytes[..bytes.len() / 2], offset)?;
        }
        Err(self.1.error())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.1.check()?;
        self.0.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.check()?;
        self.0.sync()
    }
}

/// What a script of changes was told.
#[derive(Debug, Default)]
struct Acknowledged {
    created: bool,
    results: u64,
    batches: u64,
    failures: usize,
}

/// Makes changes one after the other, whatever becomes of each.
async fn script(store: &EmbeddedStore, changes: u64, told: &mut Acknowledged) {
    let compaction = (changes / 2).min(200);
    for index in 0..changes {
        let changed = match index {
            0 => {
                let digest = keep(store, b"rows");
                let created = store.create_run(&crate::samples::header(id(1), &digest)).await;
                told.created = created.is_ok();
                created
            }
            _ if index % compaction == compaction - 1 => store.compact().await,
            _ if index % 4 == 1 => {
                let stored = store.put_exchanges(id(1), batch(index.into()), exchanges(index)).await;
                told.batches += u64::from(stored.is_ok());
                stored
            }
            _ => {
                let stored = store.put_results(id(1), vec![stored(index)]).await;
                told.results += u64::from(stored.is_ok());
                stored
            }
        };
        match changed {
            Ok(()) => assert_eq!(told.failures, 0, "it writes on after a failure"),
            Err(StoreError::Missing { .. }) if !told.created => {}
            Err(StoreError::Io(_)) => told.failures += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn stored(index: u64) -> model::run::RowResult {
    if index.is_multiple_of(5) { long_result(index, 3000) } else { result(index, 0) }
}

/// Runs the script on a disk whose operation number `at` fails. Returns whether there was such an operation.
async fn check_fault(at: usize, fault: Fault, changes: u64) -> bool {
    let home = TempDir::new().expect("a temporary folder");
    let faulty = Arc::new(Faulty { left: AtomicUsize::new(at), fault });
    let files = Arc::new(FaultyFiles(Arc::clone(&faulty)));
    let mut told = Acknowledged::default();
    // A store that does not open has acknowledged nothing.
    if let Ok(store) = EmbeddedStore::open_with(
        home.path(),
        Options { files, segment_bytes: 20_000, checkpoint_bytes: 30_000, ..Options::default() },
    ) {
        script(&store, changes, &mut told).await;
        // The operation that fails may be this one.
        if let Ok(found) = store.results(id(1), None, usize::MAX).await {
            assert!(found.len() as u64 >= told.results);
        }
    }
    let happened = (faulty.left.load(Ordering::Relaxed) as isize) <= 0;

    let store = EmbeddedStore::open(home.path()).unwrap_or_else(|error| panic!("{fault:?} {at}: {error:?}"));
    if told.created {
        let found = all_results(&store, id(1), 1000).await;
        assert!(found.len() as u64 >= told.results, "{fault:?} {at}: {} of {}", found.len(), told.results);
        assert!(found.iter().all(|result| *result == stored(result.index)), "{fault:?} {at}");
        let found = all_exchanges(&store, id(1)).await;
        assert!(found.len() as u64 >= told.batches, "{fault:?} {at}: {} of {}", found.len(), told.batches);
        assert!(found.iter().all(|(id, found)| *found == exchanges(id.0.as_u128() as u64)), "{fault:?} {at}");
    }
    started_run(&store, 2).await;
    happened
}

const FAULTS: [Fault; 3] =
    [Fault::Refused(io::ErrorKind::Other), Fault::Refused(io::ErrorKind::StorageFull), Fault::Short];

#[expect(clippy::print_stdout, reason = "the full set is told how much was done")]
async fn check_every_fault(changes: u64, step: usize) {
    for fault in FAULTS {
        let mut at = 1;
        while check_fault(at, fault, changes).await {
            at += step;
        }
        assert!(at > changes as usize, "{fault:?} was tried {at} times");
        println!("{fault:?}: {at} operations, one in {step} of them failing");
    }
}

/// Does what a task does, with space given back in between, on a disk whose operation number `at` fails. Returns whether
/// there was such an operation. `expected` is what there is after each change.
async fn check_fault_with_task(task: u64, at: usize, fault: Fault, expected: &[BTreeMap<String, String>]) -> bool {
    let home = TempDir::new().expect("a temporary folder");
    let faulty = Arc::new(Faulty { left: AtomicUsize::new(at), fault });
    let files = Arc::new(FaultyFiles(Arc::clone(&faulty)));
    let happened = |faulty: &Faulty| (faulty.left.load(Ordering::Relaxed) as isize) <= 0;
    let mut done = 0;
    let options = Options { files, segment_bytes: 20_000, checkpoint_bytes: 30_000, ..Options::default() };
    if let Ok(store) = EmbeddedStore::open_with(home.path(), options) {
        let mut failure = None;
        for number in 0..expected.len() as u64 - 1 {
            let changed = match number % 25 {
                12 => store.compact().await,
                20 => store.reclaim().await.map(drop),
                _ => Ok(()),
            };
            let changed = match changed {
                Ok(()) => tasks::operate(&store, task, number).await,
                failed => failed,
            };
            if let Err(error) = changed {
                failure = Some(error);
                break;
            }
            done += 1;
        }
        if let Some(failure) = failure {
            assert!(matches!(failure, StoreError::Io(_)) && happened(&faulty), "{fault:?} {at}: {failure:?}");
            // What only read may have failed: then the store goes on.
            if let Err(refused) = tasks::operate(&store, task + 2, 0).await {
                let StoreError::Io(refused) = refused else { panic!("{fault:?} {at}: {refused:?}") };
                assert!(refused.to_string().starts_with("nothing is written any more"), "{fault:?} {at}: {refused}");
            }
        }
        // Reading goes on; the operation that fails may be this one.
        if happened(&faulty) {
            let found = tasks::everything(&store).await.expect("read");
            check_is_there(&found, task, done, expected, &format!("{fault:?} {at}"));
        }
    }
    let store = EmbeddedStore::open(home.path()).unwrap_or_else(|error| panic!("{fault:?} {at}: {error:?}"));
    let found = tasks::everything(&store).await.expect("read");
    check_is_there(&found, task, done, expected, &format!("{fault:?} {at}, opened again"));
    tasks::operate(&store, task + 4, 0).await.expect("it writes on");
    drop(store);
    let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]), "{fault:?} {at}");
    happened(&faulty)
}

/// What was asked for last may have been done.
fn check_is_there(
    found: &BTreeMap<String, String>,
    task: u64,
    done: usize,
    expected: &[BTreeMap<String, String>],
    what: &str,
) {
    let may_be = &expected[done..expected.len().min(done + 2)];
    assert!(may_be.contains(&workload::of_task(found, task)), "{what}: {done} changes");
}

#[expect(clippy::print_stdout, reason = "the full set is told how much was done")]
async fn check_every_fault_with_task(task: u64, changes: u64, step: usize) {
    let oracle = MemoryStore::new();
    let mut expected = vec![tasks::everything(&oracle).await.expect("read")];
    for number in 0..changes {
        tasks::operate(&oracle, task, number).await.expect("done");
        expected.push(tasks::everything(&oracle).await.expect("read"));
    }
    for fault in FAULTS {
        let mut at = 1;
        while check_fault_with_task(task, at, fault, &expected).await {
            at += step;
        }
        assert!(at > changes as usize, "{fault:?} was tried {at} times");
        println!("{fault:?}, task {task}: {at} operations, one in {step} of them failing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failing_operation_loses_a_trace_or_brings_one_back() {
    check_every_fault_with_task(0, 50, 41).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failing_operation_makes_a_commit_in_part() {
    check_every_fault_with_task(1, 40, 11).await;
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn none_of_all_failing_operations_loses_a_trace_or_brings_one_back() {
    check_every_fault_with_task(0, 150, 1).await;
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn none_of_all_failing_operations_makes_a_commit_in_part() {
    check_every_fault_with_task(1, 150, 1).await;
}

/// A disk on which the index of traces finds no room.
#[derive(Debug)]
struct NoIndex;

impl Files for NoIndex {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Disk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        if path.parent().is_some_and(|folder| folder.ends_with("traces")) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Disk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.link(from, to)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        Disk.list(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Disk.sync_folder(folder)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_room_for_its_index_works_on() {
    let home = TempDir::new().expect("a temporary folder");
    let open = |files: Arc<dyn Files>| {
        let options = Options { files, segment_bytes: 20_000, checkpoint_bytes: 30_000, ..Options::default() };
        EmbeddedStore::open_with(home.path(), options).expect("a store")
    };
    let oracle = MemoryStore::new();
    let mut next = 0;
    for files in [Arc::new(Disk) as Arc<dyn Files>, Arc::new(NoIndex), Arc::new(NoIndex), Arc::new(Disk)] {
        let store = open(files);
        for number in next..next + 40 {
            workload::operate(&store, 0, number).await.expect("done");
            workload::operate(&oracle, 0, number).await.expect("done");
        }
        next += 40;
        store.compact().await.expect("compacted");
        let found = workload::everything(&store).await.expect("read");
        assert!(found == workload::everything(&oracle).await.expect("read"));
    }
    let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failing_operation_loses_what_was_acknowledged() {
    check_every_fault(60, 7).await;
}

/// Replies of judges are lost at most, and the store does not mind.
#[tokio::test(flavor = "multi_thread")]
async fn no_failing_operation_on_the_cache_changes_a_reply_or_stops_the_store() {
    for fault in [Fault::Refused(io::ErrorKind::Other), Fault::Short] {
        let mut happened = 0;
        for at in 1..60 {
            let home = TempDir::new().expect("a temporary folder");
            drop(EmbeddedStore::open(home.path()).expect("a store"));
            let faulty = Arc::new(Faulty { left: AtomicUsize::new(usize::MAX), fault });
            let files = Arc::new(FaultyFiles(Arc::clone(&faulty)));
            let options = Options { files, ..Options::default() };
            let store = EmbeddedStore::open_with(home.path(), options).expect("a store");
            faulty.left.store(at, Ordering::Relaxed);
            for number in 0..20 {
                store.put(&cache_key(number), &cached_reply(number)).await.expect("kept, or not");
                for number in [number, number / 2] {
                    let found = store.get(&cache_key(number)).await.expect("there, or not");
                    assert!(found.is_none_or(|found| found == cached_reply(number)), "{fault:?} {at}");
                }
            }
            happened += usize::from((faulty.left.load(Ordering::Relaxed) as isize) <= 0);
            faulty.left.store(usize::MAX, Ordering::Relaxed);
            started_run(&store, 1).await;
        }
        assert!(happened > 40, "{happened}");
    }
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn none_of_all_failing_operations_loses_what_was_acknowledged() {
    check_every_fault(500, 1).await;
}
