//! What was paid for before a run was killed is known after it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Judged, KEY, answer, verdict};
use crate::support::application::Application;

#[test]
fn a_run_that_is_killed_knows_what_it_has_spent() {
    let provider = Application::start(|asked, stream| {
        std::thread::sleep(Duration::from_millis(20));
        answer(asked, stream, verdict(asked))
    });
    const LANES: usize = 4;
    let endpoint = format!(", price: {{ input: 1000, output: 2000 }}, concurrency: {LANES}");
    let judged = Judged::new(&provider.url, 120, "", &endpoint, "");
    let (http, env) = (format!("http={}", judged.url), format!("env=JUDGE_KEY@{}", judged.url));
    let mut killed = judged.project.command(&["eval", "--allow", &http, "--allow", &env]);
    let mut killed = killed.env("JUDGE_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while provider.asked().len() < 60 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let cost = judged.project.json(0, &["runs", "show", "last", "--cost"])["spent"]["usd"].as_f64().unwrap();
    let paid = provider.asked().len() as f64 * 0.02;
    // What was on its way when it was killed, and what came back in the group that was being written, is not known.
    assert!(cost <= paid && cost > 0.5, "{cost} of {paid}");
    let report = judged.report(0, &["--resume", "last"]);
    assert_eq!(report["scorers"]["grades"]["scored"], 120);
    let (known, paid) = (report["cost"]["usd"].as_f64().unwrap(), provider.asked().len() as f64 * 0.02);
    assert!(known <= paid && paid - known <= 0.5, "{known} of {paid}");
}

#[test]
fn a_key_that_is_refused_is_not_tried_for_every_row() {
    let provider = Application::start(|_, stream| {
        crate::support::application::write_answer(stream, 401, r#"{"error": {"message": "no"}}"#)
    });
    let judged = Judged::new(&provider.url, 100, "", ", concurrency: 4", "");
    let report = judged.report(3, &[]);
    assert_eq!(report["scorers"]["grades"]["failed"], 100);
    assert!(provider.asked().len() <= 8, "{}", provider.asked().len());
}
