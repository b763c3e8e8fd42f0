//! A second wall changes where plugins run, and nothing else.

use crate::support::Project;

const ROWS: usize = 300;

/// What a run of three scorers says of every row, with this said about each of them.
fn exported(more: &str) -> (Vec<serde_json::Value>, serde_json::Value) {
    let project = Project::of_answers(ROWS);
    let scorers = ["exact_match", "levenshtein", "response_length"];
    let lines: String = scorers.iter().map(|scorer| format!("  - {{ use: {scorer}{more} }}\n")).collect();
    let panics = format!("  - {{ plugin: ./hostile.wasm, use: panics{more} }}\n");
    let limits = "limits: { max_failed: \"100%\" }\n";
    project.write("karat.yaml", format!("name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n{lines}{panics}{limits}"));
    project.write("hostile.wasm", guests::HOSTILE);
    assert_eq!(project.json(0, &["eval"])["scorers"]["panics"]["failed"], ROWS);
    (project.export("last"), project.json(0, &["runs", "show", "last"]))
}

#[test]
fn the_same_is_said_of_every_row_from_another_process() {
    let (here, _) = exported("");
    let (there, run) = exported(", isolation: process");
    assert_eq!(here, there);
    assert_eq!(here.len(), ROWS);
    assert!(run.to_string().contains(r#""isolation":"process""#), "{run}");
}
