//! What earlier runs say of single rows, in words.

use model::stability::{Ledger, Rows};

use crate::quantities::count;
use crate::text;

/// Rows that are named of a kind, and characters of a name.
const NAMED: usize = 10;
const NAME: usize = 100;

/// How rows are counted: the name of a column, and how many.
pub(crate) fn counts(ledger: &Ledger) -> [(&'static str, u64); 5] {
    let Ledger { stable_pass, stable_fail, flaky, quarantined, unknown, .. } = *ledger;
    [
        ("Always passed", stable_pass),
        ("Always failed", stable_fail),
        ("Flaky", flaky),
        ("In quarantine", quarantined),
        ("Not known", unknown),
    ]
}

/// What this run adds, where it adds something: regressions first. Each with how many rows, and their names as far as there is room.
pub(crate) fn news(ledger: &Ledger) -> impl Iterator<Item = (&'static str, u64, Vec<String>)> {
    let kinds = [
        ("always passed, fail now on every trial", &ledger.regressed),
        ("always passed, fail now on too few trials to be sure", &ledger.unconfirmed),
        ("flaky, fail now, which decides nothing", &ledger.flaky_failing),
        ("always failed, pass now on every trial", &ledger.mended),
    ];
    kinds.into_iter().filter(|(_, rows)| rows.count > 0).map(|(what, Rows { count, first })| {
        (what, *count, first.iter().take(NAMED).map(|id| text::line(id, NAME)).collect())
    })
}

/// How many rows have no name here.
pub(crate) fn more(rows: u64, named: usize) -> Option<String> {
    let more = rows.saturating_sub(named as u64);
    (more > 0).then(|| format!("and {} more", count(more)))
}
