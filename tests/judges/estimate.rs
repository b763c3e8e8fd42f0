//! What a run will take is told before it takes it.

use serde_json::Value;

use super::{Judged, provider};

const PRICE: &str = ", price: { input: 1000, output: 2000 }";

#[test]
fn an_estimate_runs_the_first_rows_and_the_run_goes_on_from_there() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 200, "", PRICE, "");
    let estimated = judged.report(0, &["--estimate"]);
    let usd = &estimated["estimate"]["usd"];
    // Every question costs the same here: 0.02 USD.
    assert_eq!((&usd["low"], &usd["high"]), (&4.0.into(), &4.0.into()), "{estimated:#}");
    assert_eq!(
        (&estimated["estimate"]["seen"], &estimated["estimate"]["tokens"]["high"]),
        (&20.into(), &3000.0.into())
    );
    assert_eq!(provider.asked().len(), 20);
    let run = estimated["run"].as_str().unwrap();
    let report = judged.report(0, &["--resume", run]);
    assert_eq!((&report["cost"]["usd"], provider.asked().len()), (&4.0.into(), 200));
}

/// Replies that are known now need not be known of the other rows, and a minute has only so many requests.
#[test]
fn an_estimate_knows_what_was_known_and_how_fast_it_may_ask() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 620, "", &format!("{PRICE}, requests_per_minute: 600"), "");
    judged.report(0, &["--limit", "20"]);
    let estimated = judged.report(0, &["--estimate"]);
    assert_eq!(provider.asked().len(), 20);
    let estimate = &estimated["estimate"];
    assert_eq!(
        (&estimate["known"], &estimate["usd"]["low"], &estimate["usd"]["high"]),
        (&20.into(), &0.0.into(), &12.4.into())
    );
    let estimated = judged.report(0, &["--estimate", "--no-cache"]);
    assert_eq!(estimated["estimate"]["seconds"]["low"], 62.0, "{estimated:#}");
}

#[test]
fn a_run_that_may_cost_more_than_it_may_is_not_begun_without_a_word() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 200, "", PRICE, "");
    let said = judged.eval(&["--estimate", "--max-usd", "1"]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("more than the 1 USD that the run may spend") && said.err.contains("--yes"), "{said:#?}");
    assert_eq!(provider.asked().len(), 20);
    let said = judged.eval(&["--estimate", "--max-usd", "10", "--yes"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["scorers"]["grades"]["scored"], 200);
    assert_eq!(provider.asked().len(), 200);
}
