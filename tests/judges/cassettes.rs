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

#[test]
fn a_run_is_had_again_from_the_exchanges_that_the_store_has_of_it() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 10, "times: 2", "", "trials: 2");
    judged.report(0, &[]);
    let asked = provider.asked().len();
    let again = judged.project.json(0, &["runs", "replay", "last"]);
    assert_eq!((&again["identical"], &again["lines"]), (&true.into(), &20.into()), "{again}");
    // On another machine as well, without the plugin's file.
    judged.project.json(0, &["runs", "export", "last", "--format", "karat", "--output", "run.karat"]);
    let elsewhere = crate::support::Project::new();
    elsewhere.write("run.karat", std::fs::read(judged.project.path("run.karat")).unwrap());
    elsewhere.json(0, &["runs", "import", "run.karat"]);
    assert_eq!(elsewhere.json(0, &["runs", "replay", "last"])["identical"], true);
    let verified = elsewhere.json(0, &["runs", "verify", "last"]);
    let found = |what: &str| {
        verified["checked"].as_array().unwrap().iter().find(|one| one["what"] == what).unwrap()["found"].clone()
    };
    assert_eq!((found("prompt of grades"), found("plan")), ("same".into(), "same".into()), "{verified}");
    assert_eq!(provider.asked().len(), asked);
}

#[test]
fn a_run_that_is_had_again_from_another_cassette_differs_and_says_in_which_rows() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 4, "", "", "");
    judged.report(0, &["--record", "run.jsonl"]);
    let verified = judged.project.json(0, &["runs", "verify", "last"]);
    assert!(verified["checked"].as_array().unwrap().iter().any(|one| one["what"] == "cassette"), "{verified}");
    let again = judged.project.json(0, &["runs", "replay", "last"]);
    assert_eq!((&again["identical"], &again["from"]), (&true.into(), &"the cassette `run.jsonl`".into()));
    // The last question is not on it.
    let cassette = judged.project.read("run.jsonl");
    let lines: Vec<_> = cassette.lines().collect();
    judged.project.write("other.jsonl", lines[..lines.len() - 1].join("\n") + "\n");
    let again = judged.project.json(1, &["runs", "replay", "last", "--cassette", "other.jsonl"]);
    assert_eq!((&again["differing_rows"], &again["unanswered"]), (&1.into(), &1.into()), "{again}");
    assert_eq!(again["differing"][0]["what"], serde_json::json!(["grades"]), "{again}");
    // Another cassette in its place is told.
    judged.project.write("run.jsonl", lines[..1].join("\n") + "\n");
    let verified = judged.project.json(1, &["runs", "verify", "last"]);
    let cassette = verified["checked"].as_array().unwrap().iter().find(|one| one["what"] == "cassette").unwrap();
    assert_eq!(cassette["found"], "differs", "{verified}");
}

#[test]
fn an_application_answers_what_it_answered() {
    use crate::support::application::Application;
    let answer = |asked: &crate::support::application::Asked| serde_json::json!({ "answer": asked.body["n"] });
    let application = Application::answering(answer);
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\npredict: {{ use: http_json, with: {{ url: \"{0}/ask\" }}, \
         grant: {{ http: [{{ url: \"{0}\", methods: [POST] }}] }} }}\nscorers: [response_length]\ntrials: 2\n",
        application.url
    );
    let rows: Vec<_> = (0..5).map(|n| format!(r#"{{"inputs": {{"n": {n}}}}}"#)).collect();
    let project = crate::support::Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
    project.json(0, &["eval", "--allow", &format!("http={}", application.url)]);
    let again = project.json(0, &["runs", "replay", "last"]);
    assert_eq!((&again["identical"], &again["lines"]), (&true.into(), &10.into()), "{again}");
    assert_eq!(application.asked().len(), 10);
}
