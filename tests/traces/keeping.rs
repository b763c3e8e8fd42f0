//! What was acknowledged stays, and what is deleted goes.

use super::{found, id, served, spans};
use crate::support::Project;
use crate::support::server::Server;

#[test]
fn what_was_acknowledged_is_there_after_the_server_was_killed() {
    let (project, server) = served(3);
    let said = project.run(&["feedback", "add", &id(1), "correct", "false", "--by", "ada", "--rationale", "it is 2"]);
    assert_eq!(said.code, 0, "{said:#?}");
    server.kill();
    assert_eq!(found(&project, &["feedback.correct = false"]), [id(1)]);
    assert_eq!(project.json(0, &["doctor", "--check"])["traces"], 3);
    let again = Server::start(&project, &[]);
    again.take(&spans(3));
    assert_eq!(found(&project, &["", "--limit", "2"]), [3, 2].map(id));
}

#[test]
fn spans_that_come_late_and_twice_make_the_trace_they_would_have_made() {
    let whole = Project::new();
    let server = Server::start(&whole, &[]);
    server.take(&spans(2));
    let torn = Project::new();
    let late = Server::start(&torn, &[]);
    for place in [2, 0, 1, 2] {
        late.take(&serde_json::json!([spans(2)[place]]));
    }
    let shown = |project: &Project| project.json(0, &["traces", "show", &id(2)]);
    assert_eq!(shown(&torn), shown(&whole));
}

#[test]
fn feedback_is_overridden_and_taken_back() {
    let (project, _server) = served(1);
    let add = |value: &str, more: &[&str]| {
        let first = ["feedback", "add", "0000", "tone", value, "--by", "ada"];
        project.json(0, &[&first[..], more].concat())["id"].as_str().unwrap().to_owned()
    };
    let first = add("0.25", &[]);
    let second = add("0.75", &["--overrides", &first, "--source", "llm-judge"]);
    assert_eq!(found(&project, &["feedback.tone > 0.5"]), [id(0)]);
    assert!(found(&project, &["feedback.tone < 0.5"]).is_empty());
    assert_eq!(project.json(0, &["feedback", "list", "0000"]).as_array().unwrap().len(), 2);
    assert_eq!(project.run(&["feedback", "delete", "0000", &second]).code, 0);
    assert_eq!(found(&project, &["feedback.tone < 0.5"]), [id(0)]);
    let lost = project.run(&["feedback", "delete", "0000", &second]);
    assert_eq!(lost.code, 2, "{lost:#?}");
}

#[test]
fn traces_are_deleted_by_id_by_filter_and_by_age() {
    let (project, server) = served(6);
    assert_eq!(project.run(&["traces", "delete", &id(0)]).out, "deleted 1 trace\n");
    assert_eq!(project.run(&["traces", "delete", "--where", "tokens > 500"]).out, "deleted 2 traces\n");
    assert_eq!(found(&project, &[""]), [3, 2, 1].map(id));
    assert_eq!(server.ask("GET", &format!("/api/karat/v1/traces/{}", id(0)), "").0, 404);
    // They started in the future of no clock that runs this test.
    assert_eq!(project.run(&["traces", "delete", "--older-than", "9000d"]).out, "deleted 0 traces\n");
    let unknown = project.run(&["traces", "show", &id(0)]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("there is no trace"), "{}", unknown.err);
}

#[test]
fn an_archive_carries_traces_with_what_was_said_of_them() {
    let (project, _server) = served(2);
    project.run(&["feedback", "add", &id(0), "correct", "true"]);
    let written = project.json(0, &["store", "export", "all.karat"]);
    assert_eq!((&written["traces"], &written["spans"]), (&2.into(), &6.into()));
    assert_eq!(project.run(&["store", "import", "all.karat", "--store", "other"]).code, 0);
    let shown = |store: &str| project.json(0, &["traces", "show", &id(0), "--store", store]);
    assert_eq!(shown("other"), shown(".karat"));
}

#[test]
fn a_server_that_others_can_reach_needs_tokens() {
    let project = Project::new();
    let said = project.run(&["serve", "--host", "0.0.0.0", "--port", "0"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("without tokens") && said.err.contains("--token-file"), "{}", said.err);
}

#[test]
fn what_is_sensitive_is_taken_out_before_it_is_kept() {
    let project = Project::with(&[("redact.toml", "[[everywhere.patterns]]\nlooks = \"email\"\n")]);
    let server = Server::start(&project, &["--redact", "redact.toml"]);
    let mut spans = spans(0);
    spans[0]["attributes"][0]["value"]["stringValue"] = "write to ada@example.org".into();
    spans[2]["status"]["message"] = "ada@example.org is unknown".into();
    server.take(&spans);
    server.kill();
    let shown = project.run(&["traces", "show", "0000", "--full"]).out;
    assert!(shown.contains("[EMAIL]") && !shown.contains("ada@example.org"), "{shown}");
    for folder in ["log", "traces"] {
        for file in std::fs::read_dir(project.path(".karat").join(folder)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(15).any(|bytes| bytes == b"ada@example.org"));
        }
    }
}

#[test]
fn what_is_beyond_the_limits_of_its_experiment_goes() {
    let (project, server) = served(6);
    server.kill();
    project.write("retention.toml", "[everywhere]\nmax_age = \"90d\"\n[experiments.default]\nmax_traces = 2\n");
    let server = Server::start(&project, &["--retention", "retention.toml"]);
    let begun = std::time::Instant::now();
    while found(&project, &[""]).len() > 2 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(found(&project, &[""]), [5, 4].map(id));
    server.kill();
    project.write("retention.toml", "[everywhere]\nmax_age = \"soon\"\n");
    let said = project.run(&["serve", "--port", "0", "--retention", "retention.toml"]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("retention.toml") && said.err.contains("soon"), "{}", said.err);
}
