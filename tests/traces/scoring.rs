//! Traces as rows, and verdicts on traces.

use super::{found, id, served};
use crate::support::Project;

const SUITE: &str = r#"
name: traced
data: { traces: "span.status = 'ERROR'" }
scorers:
  - step_count
  - { use: span_errors, with: { max: 0 } }
  - { use: exact_match }
limits: { max_failed: "100%" }
"#;

fn verdicts(project: &Project, trace: u32) -> Vec<(String, String)> {
    let said = project.json(0, &["feedback", "list", &id(trace)]);
    let text = |value: &serde_json::Value| value.to_string();
    let said =
        said.as_array().unwrap().iter().map(|one| (one["name"].as_str().unwrap().to_owned(), text(&one["feedback"])));
    let mut said: Vec<_> = said.collect();
    said.sort();
    said
}

#[test]
fn a_suite_scores_traces_and_its_verdicts_stand_on_them() {
    let (project, _server) = served(5);
    project.run(&["feedback", "add", &id(3), "expected_response", "\"6\"", "--expectation"]);
    project.write("karat.yaml", SUITE);
    let report = project.json(0, &["eval"]);
    assert_eq!((&report["rows"], &report["scorers"]["exact_match"]["scored"]), (&2.into(), &1.into()), "{report}");
    let of_three = [
        ("exact_match", "true"),
        ("expected_response", "null"),
        ("span_errors", "1"),
        ("span_errors/within", "false"),
        ("step_count", "1"),
    ];
    assert_eq!(verdicts(&project, 3), of_three.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(verdicts(&project, 1).is_empty());
    assert_eq!(found(&project, &["feedback.span_errors/within = false and feedback.exact_match = true"]), [id(3)]);
    let source = &project.json(0, &["feedback", "list", &id(0)])[0]["source"];
    assert_eq!(source["kind"], "CODE", "{source}");
}

#[test]
fn a_run_over_traces_is_resumed_when_the_traces_have_gone() {
    let (project, _server) = served(4);
    project.write("karat.yaml", SUITE);
    let run = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    let before = project.export(&run);
    assert_eq!(project.run(&["traces", "delete", "--where", ""]).out, "deleted 4 traces\n");
    let again = project.json(0, &["eval", "--resume", &run]);
    assert_eq!(again["rows"], 2);
    assert_eq!(project.export(&run), before);
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let (project, _server) = served(20);
    let score = |seed: &str| -> Vec<String> {
        let arguments = ["traces", "score", "user = 'ada'", "--scorer", "step_count", "--sample", "5", "--seed", seed];
        let run = project.json(0, &arguments)["run"].as_str().unwrap().to_owned();
        project.export(&run).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = score("1");
    assert_eq!(first.len(), 5);
    assert_eq!(score("1"), first);
    assert_ne!(score("2"), first);
}

#[test]
fn what_is_wrong_with_a_suite_over_traces_is_told_with_its_line() {
    let (project, _server) = served(1);
    let check = |data: &str, told: &[&str]| {
        project.write("karat.yaml", format!("name: t\ndata: {data}\nscorers: [step_count]\n"));
        let said = project.run(&["eval"]);
        assert_eq!(said.code, 2, "{data}: {said:#?}");
        assert!(told.iter().all(|told| said.err.contains(told)), "{data}: {}", said.err);
    };
    check("{ traces: \"tokens > \" }", &["karat.yaml:2", "data.traces", "column"]);
    check("{ traces: \"\", path: rows.jsonl }", &["karat.yaml:2", "rows come from one place"]);
    check("{ path: rows.jsonl, sample: 3 }", &["karat.yaml:2", "data.sample", "is for `traces`"]);
    check("{ experiment: x }", &["karat.yaml:2", "missing key `path`", "choose traces"]);
    check("{ traces: \"user = 'nobody'\" }", &["no rows"]);
}
