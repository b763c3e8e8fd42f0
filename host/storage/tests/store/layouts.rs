//! Stores that earlier versions wrote.

use std::fs;
use std::path::Path;

use model::ports::{Store, StoreError};
use storage::EmbeddedStore;
use tempfile::TempDir;

use crate::samples::{all_results, dataset};

/// The store in `layout-1`, which Karat wrote when it had no log: its database is compressed there.
fn of_layout_1() -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/layout-1"), home.path());
    home
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        match name.to_str() {
            Some("db.zst") => {
                let bytes = zstd::decode_all(fs::File::open(&path).expect("a file")).expect("compressed");
                fs::write(to.join("db"), bytes).expect("written");
            }
            _ if path.is_dir() => copy(&path, &to.join(&name)),
            _ => _ = fs::copy(&path, to.join(&name)).expect("copied"),
        }
    }
}

async fn check_holds_everything(store: &EmbeddedStore) {
    let runs = store.runs(None, 10).await.expect("read");
    let told: Vec<_> = runs.iter().map(|run| (&run.header.plan.suite[..], run.header.data.rows)).collect();
    assert_eq!(told, [("long", 1), ("quickstart", 12)]);
    for run in runs {
        let results = all_results(store, run.header.id, 5).await;
        assert_eq!(results.len() as u64, run.header.data.rows);
        assert!(!dataset(store, &run.header.data.digest).expect("kept").is_empty());
        assert!(run.report.is_some());
        if run.header.plan.suite == "long" {
            assert_eq!(results[0].id.len(), 6000);
        }
    }
}

#[tokio::test]
async fn a_store_of_layout_1_is_moved_to_the_present_one() {
    let home = of_layout_1();
    for _ in 0..2 {
        check_holds_everything(&EmbeddedStore::open_existing(home.path()).expect("it opens").expect("a store")).await;
    }
    assert!(!home.path().join("sled").exists());
    assert_eq!(fs::read_to_string(home.path().join("LAYOUT")).expect("a file"), "2\n");
}

#[tokio::test]
async fn a_move_that_was_cut_off_begins_anew() {
    let home = of_layout_1();
    let other = TempDir::new().expect("a temporary folder");
    drop(EmbeddedStore::open(other.path()).expect("a store"));
    copy(&other.path().join("log"), &home.path().join("log"));
    check_holds_everything(&EmbeddedStore::open(home.path()).expect("it opens")).await;
}

#[test]
fn damage_in_a_store_of_layout_1_is_told_and_leaves_it_as_it_is() {
    let home = of_layout_1();
    let database = home.path().join("sled/db");
    let mut bytes = fs::read(&database).expect("a file");
    let used = bytes.iter().rposition(|&byte| byte != 0).expect("something is in it");
    bytes[..used].iter_mut().step_by(7).for_each(|byte| *byte ^= 1);
    fs::write(&database, bytes).expect("written");
    let opened = EmbeddedStore::open(home.path());
    assert!(matches!(opened, Err(StoreError::Damaged { .. } | StoreError::Io(_))));
    assert_eq!(fs::read_to_string(home.path().join("LAYOUT")).expect("a file"), "1\n");
}
