//! A run that was recorded can be had again, offline and to the byte.

use super::{Judged, KEY, provider};

#[test]
fn what_was_recorded_is_replayed_without_asking_anybody() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 20, "times: 2", ", price: { input: 1, output: 1 }", "trials: 2");
    let live = judged.report(0, &["--no-cache"]);
    let exported = judged.exported();
    judged.report(0, &["--record", "run.jsonl"]);
    assert_eq!(judged.exported(), exported);
    let cassette = judged.project.read("run.jsonl");
    assert_eq!(cassette.lines().count(), 81);
    assert!(!cassette.contains(KEY));
    let asked = provider.asked().len();
    // Without a key, without anything allowed, in a store that knows nothing.
    let said = judged.project.run(&["eval", "--json", "--replay", "run.jsonl", "--store", "elsewhere"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let replayed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(replayed["scorers"], live["scorers"]);
    assert_eq!((&replayed["cost"]["judge_calls"], provider.asked().len()), (&0.into(), asked));
    let again = judged.project.run(&["runs", "export", "last", "--store", "elsewhere"]).out;
    assert_eq!(again, exported);
    // The same run makes the same cassette.
    judged.report(0, &["--record", "again.jsonl"]);
    assert_eq!(judged.project.read("again.jsonl"), cassette);
}

#[test]
fn a_question_that_is_not_on_the_cassette_is_told() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 5, "", "", "");
    judged.report(0, &["--record", "run.jsonl", "--limit", "3"]);
    let said = judged.project.run(&["eval", "--replay", "run.jsonl"]);
    assert_eq!(said.code, 3, "{said:#?}");
    assert!(said.err.contains("2 questions not on `run.jsonl`: record it again with `--record`"), "{said:#?}");
    let failing = judged.project.run(&["runs", "show", "last", "--failing"]).out;
    assert!(failing.contains("this question is not on the cassette that is replayed"), "{failing}");
    judged.project.write("no.jsonl", "{}\n");
    let said = judged.project.run(&["eval", "--replay", "no.jsonl"]);
    assert!(said.code == 2 && said.err.contains("line 1: this is no cassette of Karat's"), "{said:#?}");
}

#[test]
fn a_predictors_requests_are_recorded_as_well() {
    use crate::support::application::Application;
    use std::sync::atomic::{AtomicUsize, Ordering};
    // One that never says the same twice: each trial is replayed what it was told.
    let times = AtomicUsize::new(0);
    let answer = move |_: &_| serde_json::json!({ "answer": "x".repeat(1 + times.fetch_add(1, Ordering::SeqCst)) });
    let application = Application::answering(answer);
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\npredict: {{ use: http_json, with: {{ url: \"{0}/ask\" }}, \
         grant: {{ http: [{{ url: \"{0}\", methods: [POST] }}] }} }}\nscorers: [response_length]\ntrials: 3\n",
        application.url
    );
    let rows: Vec<_> = (0..10).map(|n| format!(r#"{{"inputs": {{"n": {n}}}}}"#)).collect();
    let project = crate::support::Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
    let http = format!("http={}", application.url);
    project.json(0, &["eval", "--allow", &http, "--record", "run.jsonl"]);
    let export = |store| project.run(&["runs", "export", "last", "--store", store]).out;
    assert_eq!(application.asked().len(), 30);
    let said = project.run(&["eval", "--replay", "run.jsonl", "--store", "elsewhere"]);
    assert_eq!(said.code, 0, "{said:#?}");
    assert_eq!((export("elsewhere"), application.asked().len()), (export(".karat"), 30));
}
