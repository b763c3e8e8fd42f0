//! Files beside a database: none is lost without a word.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use migrate::{Kind, Place, Report};

use crate::database::Database;
use crate::store::Kept;

const RUN: &str = "1/a0000000000000000000000000000001/artifacts";

fn why(report: &Report) -> String {
    let told = report.left_out().filter(|one| one.kind == Kind::File && !one.why.contains("what names them is kept"));
    told.map(|one| one.to_string()).collect()
}

/// A path as it is typed in the folder where this test runs.
fn relative(path: &Path) -> PathBuf {
    let up = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect::<PathBuf>();
    up.join(path.strip_prefix("/").unwrap())
}

#[tokio::test]
async fn a_database_may_be_named_by_a_relative_path() {
    let database = Database::of("3.18");
    let file = relative(&database.file());
    let place = Place::parse(file.to_str().unwrap()).unwrap();
    for place in [place.clone(), place.with_artifacts(relative(&database.artifacts())).unwrap()] {
        let report = Kept::in_memory().import(&place).await.unwrap();
        assert_eq!((report.count(Kind::File).new, why(&report)), (2, String::new()));
    }
}

#[tokio::test]
async fn what_a_run_got_later_comes_later() {
    let (database, kept) = (Database::of("3.18"), Kept::in_memory());
    // A file of a run that is over, and one of a run that goes on.
    let (over, going_on) = (database.artifacts().join(RUN), database.artifacts().join(RUN.replace("01/", "03/")));
    symlink("later.txt", over.join("linked.txt")).unwrap();
    assert!(why(&kept.import(&database.place()).await.unwrap()).contains("linked.txt` can't be read"));
    fs::write(over.join("later.txt"), "later").unwrap();
    fs::create_dir_all(&going_on).unwrap();
    fs::write(going_on.join("last.txt"), "last").unwrap();
    database.execute(
        "UPDATE runs SET status = 'FINISHED', end_time = 5800 WHERE run_uuid = 'a0000000000000000000000000000003'",
    );
    let report = kept.import(&database.place()).await.unwrap();
    assert_eq!((report.count(Kind::File).new, why(&report)), (3, String::new()));
    // Now both are whole, and are not looked at.
    assert_eq!(kept.import(&database.place()).await.unwrap().count(Kind::MetricPoint).new, 0);
}

#[tokio::test]
async fn files_that_are_somewhere_else_are_told() {
    let database = Database::of("3.18");
    fs::remove_dir_all(database.artifacts().join("1")).unwrap();
    let report = Kept::in_memory().import(&database.place()).await.unwrap();
    let why = why(&report);
    assert!(why.contains("mlartifacts/1`: nothing was logged to it, or it is elsewhere"), "{why}");
}

#[tokio::test]
async fn a_folder_that_cant_be_read_is_told() {
    let database = Database::of("3.18");
    let folder = database.artifacts().join(RUN);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "no folder").unwrap();
    let report = Kept::in_memory().import(&database.place()).await.unwrap();
    assert!(why(&report).contains("can't be read"), "{}", why(&report));
}

#[tokio::test]
async fn a_link_is_followed_and_what_has_no_name_is_told() {
    let database = Database::of("3.18");
    let folder = database.artifacts().join(RUN);
    symlink("notes/hello.txt", folder.join("linked.txt")).unwrap();
    symlink("nowhere", folder.join("dangling.txt")).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"odd\xff.txt")), "odd").unwrap();
    let report = Kept::in_memory().import(&database.place()).await.unwrap();
    assert_eq!(report.count(Kind::File).new, 3);
    let why = why(&report);
    assert!(why.contains("dangling.txt` can't be read") && why.contains("odd\u{fffd}.txt` can't be read"), "{why}");
}
