//! A run spends what it may and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Judged, answer, completion, provider};
use crate::support::application::Application;

/// 0.02 USD for each question, in 0.001 USD for each token.
const PRICE: &str = ", price: { input: 1000, output: 2000 }, concurrency: 4";

#[test]
fn a_run_stops_when_its_money_is_spent_and_goes_on_with_more() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 100, "", PRICE, "limits: { max_usd: 1 }");
    let stopped = judged.eval(&[]);
    assert_eq!(stopped.code, 3, "{stopped:#?}");
    let report: serde_json::Value = serde_json::from_str(&stopped.out).unwrap();
    let spent = report["cost"]["usd"].as_f64().unwrap();
    // A request may cost 0.6 USD at the most: that much can be left over.
    assert!((0.4..=1.0).contains(&spent), "{spent}");
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("what is left of 1 USD (`limits.max_usd`) is too little for another question"), "{reason}");
    assert!(stopped.err.contains("--resume") && stopped.err.contains("--max-usd MORE"), "{stopped:#?}");
    // What has a result is not failed: the other rows have none.
    let grades = &report["scorers"]["grades"];
    assert_eq!(grades["failed"], 0, "{report:#}");
    let run = report["run"].as_str().unwrap();
    let report = judged.report(0, &["--resume", run, "--max-usd", "10"]);
    assert_eq!(
        (&report["scorers"]["grades"]["scored"], &report["scorers"]["grades"]["passed"]),
        (&100.into(), &50.into())
    );
    assert_eq!(report["cost"]["usd"], 2.0, "{report:#}");
    assert_eq!(provider.asked().len(), 100);
}

#[test]
fn a_scorer_that_has_spent_its_own_money_takes_none_of_anothers() {
    let provider = provider();
    let again = "  - { plugin: ./asks.wasm, use: grades, name: again, grant: { judge: { roles: [default] } } }";
    let judged = Judged::new(&provider.url, 6, "", PRICE, again);
    let suite = judged.project.read("karat.yaml");
    judged
        .project
        .write("karat.yaml", suite.replacen("roles: [default]", "roles: [default], max_usd_per_run: 0.01", 1));
    let report = judged.report(3, &["--record", "tape.jsonl"]);
    let scored = |key: &str| (report["scorers"][key]["scored"].clone(), report["scorers"][key]["failed"].clone());
    assert_eq!(scored("again"), (6.into(), 0.into()), "{report:#}");
    // It gets what was asked for the other one meanwhile, at no cost.
    assert_eq!(report["cost"]["of"]["grades"]["usd"], 0.0, "{report:#}");
    assert_eq!(provider.asked().len(), 6);
}

/// However the prices and concurrency fall, no more is spent than was allowed.
#[test]
fn no_run_ever_spends_more_than_it_may() {
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..6 {
        let output = random.u32(1..400);
        let (questions, billed) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let bill = Arc::clone(&billed);
        let provider = Application::start(move |asked, stream| {
            // A model that says a lot now and then, up to all that it may.
            let length = if questions.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) { 100 } else { 1 };
            bill.fetch_add(length, Ordering::SeqCst);
            let mut said = completion(r#"{"reply": "yes"}"#);
            said["usage"]["completion_tokens"] = length.into();
            answer(asked, stream, said)
        });
        let (lanes, times, max) = (random.u32(1..16), random.u32(1..4), f64::from(random.u32(1..20)) / 10.0);
        let endpoint = format!(", price: {{ input: 0, output: {output} }}, concurrency: {lanes}");
        let judged = Judged::new(&provider.url, 40, &format!("times: {times}"), &endpoint, "");
        let said = judged.eval(&["--max-usd", &max.to_string()]);
        let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let spent = report["cost"]["usd"].as_f64().unwrap_or(0.0);
        let billed = billed.load(Ordering::SeqCst) as f64 * f64::from(output) / 1e6;
        assert!(billed <= max + 1e-9, "{billed} of {max}, {said:#?}");
        // What is billed is known: the price of each request is rounded up to a millionth.
        assert!((spent - billed).abs() < 1e-3, "{spent} of {billed}");
        assert!(said.code == 0 || said.code == 3, "{said:#?}");
    }
}

#[test]
fn a_scorer_that_has_spent_its_own_share_fails_alone() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 40, "", PRICE, "");
    let suite =
        judged.project.read("karat.yaml").replace("roles: [default] } }", "roles: [default], max_usd_per_run: 0.5 } }");
    judged.project.write("karat.yaml", suite + "  - response_length\n");
    let report = judged.report(3, &[]);
    assert_eq!(report["scorers"]["response_length"]["scored"], 40);
    let (scored, failed) = (&report["scorers"]["grades"]["scored"], &report["scorers"]["grades"]["failed"]);
    assert_eq!(scored.as_u64().unwrap() + failed.as_u64().unwrap(), 40);
    assert!(report["cost"]["usd"].as_f64().unwrap() <= 0.5, "{report:#}");
    let failing = judged.project.run(&["runs", "show", "last", "--failing"]).out;
    assert!(failing.contains("of 0.5 USD are left, and the question may cost"), "{failing}");
}

/// A provider that is not there has billed nothing.
#[test]
fn a_request_that_reached_nobody_costs_nothing() {
    let judged = Judged::new("http://127.0.0.1:9", 10, "", &format!("{PRICE}, retries: 0"), "limits: { max_usd: 1 }");
    let report = judged.report(3, &[]);
    assert_eq!(report["scorers"]["grades"]["failed"], 10, "{report:#}");
    assert_eq!(report["cost"]["usd"], 0.0, "{report:#}");
}

#[test]
fn a_question_that_can_never_be_paid_for_is_told() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 4, "", PRICE, "limits: { max_usd: 0.01 }");
    let report = judged.report(3, &[]);
    assert!(report["reason"].as_str().unwrap().contains("too little for another question"), "{report:#}");
    assert_eq!(provider.asked().len(), 0);
}

#[test]
fn a_ceiling_takes_a_price() {
    let judged = Judged::new("http://127.0.0.1:9", 1, "", "", "limits: { max_usd: 1 }");
    let said = judged.eval(&[]);
    assert!(said.code == 2 && said.err.contains("what `small` costs is not known"), "{said:#?}");
    assert!(said.err.contains("price: { input: 0.25, output: 2 }"), "{said:#?}");
}
