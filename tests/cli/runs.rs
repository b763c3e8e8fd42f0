//! `karat runs`: what is kept of a run.

use serde_json::Value;

use crate::support::Project;

const SUITE: &str =
    "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein]\ngate: exact_match >= 0.5\n";
const ROWS: &str = r#"{"id": "a", "inputs": {"q": "1"}, "outputs": "yes", "expectations": {"expected_response": "yes"}}
{"id": "b", "inputs": {"q": "2"}, "outputs": "no \u001b[31m", "expectations": {"expected_response": "yes"}}
"#;

fn project() -> (Project, String) {
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", ROWS)]);
    let run = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    (project, run)
}

#[test]
fn no_store_is_an_empty_list_and_makes_none() {
    let project = Project::new();
    assert_eq!(project.json(0, &["runs", "list"]), serde_json::json!([]));
    assert!(!project.path(".karat").exists());
}

#[test]
fn runs_are_listed_newest_first() {
    let (project, first) = project();
    let second = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    let listed = project.json(0, &["runs", "list"]);
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(ids, [second.as_str(), first.as_str()]);
    assert_eq!(project.json(0, &["runs", "list", "--limit", "1"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id() {
    let (project, run) = project();
    assert_eq!(project.json(0, &["runs", "show", &run[..8]])["run"], run.as_str());
    assert_eq!(project.json(0, &["runs", "show", "last"])["run"], run.as_str());
    let said = project.run(&["runs", "show", "ffff"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("ffff") && said.err.contains("karat runs list"), "{}", said.err);
}

#[test]
fn show_repeats_the_report_of_the_run() {
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", ROWS)]);
    let report = project.json(0, &["eval"]);
    let shown = project.json(0, &["runs", "show", "last"]);
    for part in ["run", "suite", "rows", "verdict", "scorers", "gates", "seconds"] {
        assert_eq!(shown[part], report[part], "{part}");
    }
}

#[test]
fn show_lists_failing_rows_with_the_reason_and_harmless_text() {
    let (project, run) = project();
    let said = project.run(&["runs", "show", &run, "--failing"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("b  exact_match  false"), "{}", said.out);
    assert!(!said.out.contains('\u{1b}'), "{}", said.out);
    let failing = &project.json(0, &["runs", "show", &run, "--failing"])["failing"];
    assert_eq!(failing.as_array().unwrap().len(), 1);
    assert_eq!((&failing[0]["id"], &failing[0]["scorer"]), (&"b".into(), &"exact_match".into()));
}

#[test]
fn a_run_outlives_its_data_file() {
    let (project, run) = project();
    std::fs::remove_file(project.path("rows.jsonl")).unwrap();
    assert_eq!(project.export(&run).len(), 2);
}

#[test]
fn an_export_goes_to_a_file_when_asked() {
    let (project, run) = project();
    assert_eq!(project.run(&["runs", "export", &run, "-o", "rows.out"]).code, 0);
    assert_eq!(project.read("rows.out"), project.run(&["runs", "export", &run]).out);
    let junit = project.run(&["runs", "export", &run, "--format", "junit"]).out;
    assert!(junit.starts_with("<?xml") && junit.contains("<testsuite name=\"exact_match\""), "{junit}");
}

#[test]
fn a_deleted_run_is_gone_and_others_stay() {
    let (project, first) = project();
    let second = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    assert_eq!(project.run(&["runs", "delete", &first]).code, 0);
    let listed = project.json(0, &["runs", "list"]);
    assert_eq!(listed.as_array().unwrap().iter().map(|run| &run["run"]).collect::<Vec<&Value>>(), [&second]);
    assert_eq!(project.export(&second).len(), 2);
    assert_eq!(project.run(&["runs", "show", &first]).code, 2);
}
