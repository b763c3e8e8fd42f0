//! A store carried elsewhere, and copied.

use crate::support::Project;

const SUITE: &str = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\n";
const ROWS: &str = r#"{"inputs": {"q": 1}, "outputs": "a", "expectations": {"expected_response": "a"}}
{"inputs": {"q": 2}, "outputs": "b", "expectations": {"expected_response": "c"}}
"#;

fn evaluated() -> (Project, String) {
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", ROWS)]);
    let run = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    (project, run)
}

#[test]
fn a_store_is_carried_to_another_folder_in_a_file() {
    let (project, run) = evaluated();
    let written = project.json(0, &["store", "export", "all.karat"]);
    assert_eq!((&written["runs"], &written["results"], &written["datasets"]), (&1.into(), &2.into(), &1.into()));
    let read = project.json(0, &["store", "import", "all.karat", "--store", "other"]);
    assert_eq!((&read["results"], &read["known"]), (&2.into(), &0.into()));
    let export = |store: &str| project.run(&["runs", "export", &run, "--store", store]).out;
    assert_eq!(export("other"), export(".karat"));
    assert_eq!(project.json(0, &["store", "import", "all.karat", "--store", "other"])["known"], 1);
}

#[test]
fn a_file_that_was_cut_off_adds_nothing() {
    let (project, _) = evaluated();
    project.json(0, &["store", "export", "all.karat"]);
    let whole = std::fs::read(project.path("all.karat")).unwrap();
    project.write("all.karat", &whole[..whole.len() - 9]);
    for (file, told) in [("all.karat", "damaged"), ("rows.jsonl", "no archive"), ("nothing", "nothing")] {
        let said = project.run(&["store", "import", file, "--store", "other"]);
        assert_eq!(said.code, 2, "{said:#?}");
        assert!(said.err.contains(told) && said.err.contains("hint: "), "{}", said.err);
    }
    assert!(!project.path("other").exists());
}

#[test]
fn a_backup_is_a_store() {
    let (project, run) = evaluated();
    assert_eq!(project.run(&["store", "backup", "copy"]).code, 0);
    assert_eq!(project.json(0, &["runs", "list", "--store", "copy"])[0]["run"], run.as_str());
    let again = project.run(&["store", "backup", "copy"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("is not empty"), "{}", again.err);
}

#[test]
fn old_runs_are_deleted_and_new_ones_stay() {
    let (project, run) = evaluated();
    assert_eq!(project.run(&["runs", "delete", "--older-than", "1h"]).out, "");
    assert_eq!(project.run(&["runs", "delete", "--older-than", "0s"]).out, format!("deleted run {run}\n"));
    assert_eq!(project.json(0, &["runs", "list"]).as_array().unwrap().len(), 0);
}
