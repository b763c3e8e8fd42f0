//! What comparing two runs of 100,000 rows costs, in a store on a disk: two verdicts of true and false, one number with its
//! bootstrap. Prints a JSON line. `cargo bench -p decisions`

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

#[path = "../../host/decisions/tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod support;

use std::time::Instant;

use decisions::{Labels, Options, compare};
use model::feedback::Value;
use storage::EmbeddedStore;
use support::{keep, passed, result, scored};
use tempfile::TempDir;

const ROWS: u64 = 100_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let home = TempDir::new().unwrap();
        let store = EmbeddedStore::open(home.path()).unwrap();
        let scorers = &[("right", "maximize"), ("short", "maximize"), ("similarity", "maximize")];
        let rows = |more: u64| {
            let row = |index: u64| {
                let number = (index * 7919 % 1009) as f64 / 1009.0 + more as f64 * (index % 5) as f64 / 100.0;
                let outcomes =
                    vec![passed(index % 7 >= 2 - more), passed(index.is_multiple_of(3)), scored(Value::Number(number))];
                result(index, outcomes)
            };
            (0..ROWS).map(row).collect::<Vec<_>>()
        };
        let (a, b) = (keep(&store, 1, scorers, rows(0)).await, keep(&store, 2, scorers, rows(1)).await);
        for slices in [0, 4] {
            let mut labels = Labels::default();
            if slices > 0 {
                let names: Vec<_> = (0..slices).map(|slice| format!("tag.lang={slice}")).collect();
                (0..ROWS).for_each(|index| {
                    labels.add(&format!("q{index}"), None, None, [names[(index % slices) as usize].as_str()]);
                });
            }
            let begun = Instant::now();
            let found = compare(&store, a, b, &Options { labels, ..Options::default() }).await.unwrap();
            let seconds = begun.elapsed().as_secs_f64();
            println!(
                "{}",
                serde_json::json!({"rows": ROWS, "slices": slices, "seconds": seconds, "sentence": found.sentence})
            );
        }
    });
}
