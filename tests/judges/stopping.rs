//! A run that is to stop asks nobody any more, and knows what it may have cost.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Judged, KEY, answer, verdict};
use crate::support::application::Application;
use crate::support::{interrupt, said};

/// What an interrupt makes of 40 rows, two of them asked at a time by a provider that takes this long; and how many
/// questions it had been asked before.
fn interrupted(takes: Duration) -> (Judged, Application, usize) {
    let provider = Application::start(move |asked, stream| {
        std::thread::sleep(takes);
        answer(asked, stream, verdict(asked))
    });
    let endpoint = ", price: { input: 1000, output: 2000 }, concurrency: 2, max_output_tokens: 100";
    let judged = Judged::new(&provider.url, 40, "", endpoint, "");
    let (http, env) = (format!("http={}", judged.url), format!("env=JUDGE_KEY@{}", judged.url));
    let mut run = judged.project.command(&["eval", "--allow", &http, "--allow", &env]);
    let run = run.env("JUDGE_KEY", KEY).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while provider.asked().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    interrupt(&run);
    let asked = provider.asked().len();
    let stopped = said(run.wait_with_output().unwrap());
    assert_eq!(stopped.code, 3, "{stopped:#?}");
    (judged, provider, asked)
}

fn spent(judged: &Judged) -> f64 {
    judged.project.json(0, &["runs", "show", "last", "--cost"])["spent"]["usd"].as_f64().unwrap()
}

#[test]
fn replies_on_their_way_are_waited_for_and_nothing_more_is_asked() {
    let (judged, provider, asked) = interrupted(Duration::from_millis(500));
    // One may have left in the moment between.
    assert!(provider.asked().len() <= asked + 2, "{} after {asked}", provider.asked().len());
    let paid = provider.asked().len();
    assert!((spent(&judged) - paid as f64 * 0.02).abs() < 1e-9, "{} for {paid}", spent(&judged));
    assert_eq!(judged.project.run(&["judge", "log", "last"]).out.matches("row q").count(), paid);
    let report = judged.report(0, &["--resume", "last"]);
    assert_eq!(report["scorers"]["grades"]["scored"], 40);
    assert_eq!(provider.asked().len(), 40);
}

#[test]
fn what_nobody_could_wait_for_is_in_the_record_at_its_most() {
    let (judged, provider, _) = interrupted(Duration::from_secs(20));
    assert_eq!(provider.asked().len(), 2);
    let log = judged.project.run(&["judge", "log", "last"]).out;
    assert_eq!(log.matches("the run ended before the judge replied").count(), 2, "{log}");
    // All of its output, and its bytes as tokens.
    assert!(spent(&judged) > 2.0 * 0.2, "{}", spent(&judged));
}
