//! Replies of judges: what comes back is right, or nothing does.

use std::fs;
use std::path::{Path, PathBuf};

use model::ports::{CacheKey, JudgeCache, Store};
use storage::{EmbeddedStore, Options, SharedStore};
use tempfile::TempDir;

use crate::compaction::bytes;
use crate::samples::{cache_key, cached_reply, started_run};

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn open(root: &Path) -> EmbeddedStore {
    EmbeddedStore::open(root).expect("a store")
}

fn open_with(root: &Path, cache_bytes: u64) -> EmbeddedStore {
    EmbeddedStore::open_with(root, Options { cache_bytes, ..Options::default() }).expect("a store")
}

async fn put(cache: &dyn JudgeCache, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        cache.put(&cache_key(number), &cached_reply(number)).await.expect("kept");
    }
}

/// How many of these replies are there, all of which are right.
async fn found(cache: &dyn JudgeCache, numbers: impl IntoIterator<Item = u64>) -> usize {
    let mut found = 0;
    for number in numbers {
        if let Some(reply) = cache.get(&cache_key(number)).await.expect("looked up") {
            assert!(reply == cached_reply(number), "{number}");
            found += 1;
        }
    }
    found
}

#[tokio::test]
async fn replies_come_back_and_of_two_with_one_key_the_last() {
    let home = folder();
    let store = open(home.path());
    assert_eq!(store.get(&cache_key(0)).await.expect("looked up"), None);
    put(&store, 0..1300).await;
    for reply in [&b"first"[..], b"", b"last"] {
        store.put(&cache_key(7), reply).await.expect("kept");
        assert_eq!(store.get(&cache_key(7)).await.expect("looked up").as_deref(), Some(reply));
    }
    let megabytes = vec![7; 3 << 20];
    store.put(&cache_key(8), &megabytes).await.expect("kept");
    drop(store);
    for _ in 0..2 {
        let store = open(home.path());
        assert_eq!(store.get(&cache_key(7)).await.expect("looked up").as_deref(), Some(&b"last"[..]));
        assert!(store.get(&cache_key(8)).await.expect("looked up").as_ref() == Some(&megabytes));
        assert_eq!(found(&store, 9..1300).await, 1291);
        // Two that were replaced are still there.
        assert_eq!(store.statistics().await.expect("counted").replies, 1304);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_store_share_its_replies() {
    let home = folder();
    let owner = SharedStore::open(home.path()).expect("a store");
    let user = SharedStore::open(home.path()).expect("shared");
    put(&owner, 0..10).await;
    put(&user, 10..20).await;
    for cache in [&owner, &user] {
        assert_eq!(found(cache, 0..30).await, 20);
        let statistics = cache.statistics().await.expect("counted");
        assert_eq!((statistics.replies, statistics.most_bytes), (20, 1 << 30));
    }
    drop(owner);
    assert_eq!(found(&user, 0..30).await, 20);
    user.clear().await.expect("cleared");
    let other = SharedStore::open(home.path()).expect("shared");
    assert_eq!(found(&other, 0..30).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_holds_on_the_disk_and_what_is_asked_for_stays() {
    const BOUND: u64 = 16 << 20;
    let home = folder();
    let cache = home.path().join("cache");
    let mut store = open_with(home.path(), BOUND);
    for number in 0..20_000 {
        put(&store, [number]).await;
        if number.is_multiple_of(500) {
            assert_eq!(found(&store, [0, number]).await, 2);
            let (told, taken) = (store.statistics().await.expect("counted").bytes, bytes(&cache));
            assert!(taken <= BOUND + (1 << 20), "{taken} bytes at {number}");
            assert!(told <= BOUND && told.abs_diff(taken) < 1 << 20, "{told} bytes are told, {taken} are taken");
        }
        if number.is_multiple_of(7000) {
            drop(store);
            store = open_with(home.path(), BOUND);
        }
    }
    // The younger generation may have just been begun, and the index takes a part.
    let kept = found(&store, 0..20_000).await as u64;
    assert!(kept * 2048 > BOUND / 3, "{kept}");
    assert_eq!(found(&store, [0]).await, 1);
    assert_eq!(fs::read_dir(&cache).expect("a folder").count(), 2);
    // What is too long for the whole is left out.
    store.put(&cache_key(1), &vec![0; BOUND as usize]).await.expect("taken note of");
    assert_eq!(found(&store, [0]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cleared_cache_holds_nothing_and_takes_no_room() {
    let home = folder();
    let store = open(home.path());
    put(&store, 0..600).await;
    assert!(store.statistics().await.expect("counted").bytes > 600 * 2048);
    for _ in 0..2 {
        store.clear().await.expect("cleared");
        assert!(!home.path().join("cache").exists());
        assert_eq!(found(&store, 0..600).await, 0);
        let statistics = store.statistics().await.expect("counted");
        assert_eq!((statistics.replies, statistics.bytes), (0, 0));
    }
    put(&store, 0..10).await;
    drop(store);
    assert_eq!(found(&open(home.path()), 0..600).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_asks_judges_has_a_cache_and_it_outlives_runs() {
    let home = folder();
    let store = open(home.path());
    let run = started_run(&store, 1).await;
    assert_eq!(found(&store, [0]).await, 0);
    assert_eq!(store.statistics().await.expect("counted").bytes, 0);
    assert!(!home.path().join("cache").exists());
    put(&store, [0]).await;
    assert!(store.delete_run(run).await.expect("deleted"));
    store.compact().await.expect("compacted");
    assert_eq!(found(&store, [0]).await, 1);
    let copy = folder();
    store.back_up(copy.path()).await.expect("copied");
    assert!(!copy.path().join("cache").exists());
    drop(store);
    EmbeddedStore::rebuild(home.path()).expect("made anew");
    assert_eq!(found(&open(home.path()), [0]).await, 1);
}

/// Every file of the cache that is not empty.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::metadata(&path).expect("metadata").len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Faults that are tried; `KARAT_FAULTS` asks for more.
const FAULTS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn damage_costs_replies_and_never_changes_one() {
    let home = folder();
    // Two generations, the younger with replies that its index does not have.
    let store = open_with(home.path(), 4 << 20);
    put(&store, 0..1300).await;
    drop(store);
    let whole: Vec<_> =
        files(&home.path().join("cache")).into_iter().map(|path| (fs::read(&path).expect("a file"), path)).collect();
    let there = found(&open_with(home.path(), 4 << 20), 0..1300).await;
    assert!(there > 600, "{there}");

    let faults = std::env::var("KARAT_FAULTS").map_or(FAULTS, |number| number.parse().expect("a number"));
    let mut random = fastrand::Rng::with_seed(17);
    let mut lost = 0;
    for fault in 0..faults {
        let _ = fs::remove_dir_all(home.path().join("cache"));
        for (content, path) in &whole {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, content).expect("written");
        }
        let (content, path) = &whole[random.usize(0..whole.len())];
        let mut content = content.clone();
        let used = content.iter().rposition(|&byte| byte != 0).map_or(1, |last| last + 1);
        let at = random.usize(0..used);
        match fault % 4 {
            0 => content.truncate(at),
            1 => content[at..used.min(at + 4096)].fill(0),
            _ => content[at] ^= 1 << random.u8(0..8),
        }
        fs::write(path, content).expect("written");
        let store = open_with(home.path(), 4 << 20);
        lost += there.saturating_sub(found(&store, 0..1300).await);
        // It goes on with what is left.
        put(&store, [5000]).await;
        assert_eq!(found(&store, [5000]).await, 1, "{} at {at}", path.display());
        drop(store);
        assert_eq!(found(&open_with(home.path(), 4 << 20), [5000]).await, 1, "{} at {at}", path.display());
    }
    assert!(lost > 0 && lost < faults * there / 3, "{lost} of {}", faults * there);
}

#[tokio::test]
async fn an_index_that_points_to_other_replies_costs_replies_and_changes_none() {
    let home = folder();
    let store = open_with(home.path(), 4 << 20);
    put(&store, 0..1000).await;
    drop(store);
    let index = |name: &str| home.path().join("cache").join(name).join("index");
    let mut names: Vec<_> = fs::read_dir(home.path().join("cache"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a number"))
        .collect();
    names.sort();
    let [older, younger] = &names[..] else { panic!("{names:?}") };
    fs::rename(index(older), home.path().join("aside")).expect("moved");
    fs::rename(index(younger), index(older)).expect("moved");
    fs::rename(home.path().join("aside"), index(younger)).expect("moved");
    let store = open_with(home.path(), 4 << 20);
    assert!(found(&store, 0..1000).await < 1000);
    put(&store, 0..100).await;
    assert_eq!(found(&store, 0..100).await, 100);
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_does_not_keep_the_store_from_opening() {
    let home = folder();
    drop(open(home.path()));
    fs::write(home.path().join("cache"), "a letter").expect("written");
    let store = open(home.path());
    started_run(&store, 1).await;
    put(&store, 0..3).await;
    assert_eq!(found(&store, 0..3).await, 3);
    // Nor does one that can't even be made anew.
    let key: CacheKey = cache_key(9);
    store.clear().await.expect("cleared");
    let number = home.path().join("cache/0000000000000001/replies");
    fs::create_dir_all(&number).expect("made");
    for _ in 0..5 {
        store.put(&key, b"reply").await.expect("taken note of");
        let _ = store.get(&key).await.expect("looked up");
    }
    assert!(store.statistics().await.is_ok());
}
