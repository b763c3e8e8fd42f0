//! Bad input: one clear error that names the file, line or field, a hint, exit 2, and nothing half-written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use crate::support::{Project, Said, said};

const SUITE: &str = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\n";
const ROW: &str = r#"{"inputs": {"q": "1"}, "outputs": "a", "expectations": {"expected_response": "a"}}"#;

/// Runs a suite that must be refused, with every one of `told` in what is said, and no run left behind.
fn check_refused(files: &[(&str, &str)], told: &[&str]) -> Said {
    let project = Project::with(files);
    let said = project.run(&["eval"]);
    check_said(&said, told);
    assert!(!project.path(".karat").exists(), "something was written");
    said
}

fn check_said(said: &Said, told: &[&str]) {
    assert_eq!(said.code, 2, "{said:#?}");
    assert_eq!(said.out, "");
    for words in told {
        assert!(said.err.contains(words), "`{words}` is not told: {}", said.err);
    }
}

#[test]
fn a_missing_suite_names_the_file_and_the_way_to_one() {
    check_refused(&[], &["karat.yaml", "karat init"]);
}

#[test]
fn a_missing_data_file_is_named_with_the_line_that_asks_for_it() {
    check_refused(&[("karat.yaml", SUITE)], &["karat.yaml:2", "data.path", "rows.jsonl"]);
}

#[test]
fn broken_yaml_is_told_with_its_line() {
    check_refused(&[("karat.yaml", "name: t\ndata: { path: x\nscorers: []\n")], &["karat.yaml:"]);
}

#[test]
fn an_unknown_key_suggests_the_known_one() {
    let suite = SUITE.replace("scorers:", "scorer:");
    check_refused(&[("karat.yaml", &suite)], &["karat.yaml:3", "`scorer`", "did you mean `scorers`?"]);
}

#[test]
fn an_unknown_scorer_suggests_a_known_one() {
    let suite = SUITE.replace("exact_match", "exact_mach");
    check_refused(
        &[("karat.yaml", &suite)],
        &["karat.yaml:3", "scorers[0]", "exact_mach", "did you mean `exact_match`?"],
    );
}

#[test]
fn a_parameter_of_the_wrong_type_is_named() {
    let suite = SUITE.replace("exact_match", "{ use: numeric_match, with: { tolerance: close } }");
    check_refused(&[("karat.yaml", &suite)], &["karat.yaml:3", "scorers[0].with.tolerance", "number"]);
}

#[test]
fn all_problems_of_a_suite_are_told_at_once() {
    let suite = "name: t\ndata: { path: rows.jsonl, fromat: csv }\nscorers: [exact_mach, { use: contains, with: { any: 3 } }]\n\
                 gate: \"accuracy >= 0.5\"\n";
    let said = check_refused(&[("karat.yaml", suite)], &["fromat"]);
    assert!(said.err.contains("karat.yaml:2"), "{}", said.err);
}

#[test]
fn every_broken_line_of_the_data_is_told_by_its_number() {
    let rows = format!("{ROW}\n{{\"inputs\": \n\n{ROW}\nnot json\n");
    check_refused(&[("karat.yaml", SUITE), ("rows.jsonl", &rows)], &["rows.jsonl:2", "rows.jsonl:5"]);
}

#[test]
fn a_ragged_csv_row_is_told_by_its_line() {
    let suite = SUITE.replace("rows.jsonl", "rows.csv");
    let rows = "inputs.q,outputs,expectations.expected_response\na,b,c\na,b\n";
    check_refused(&[("karat.yaml", &suite), ("rows.csv", rows)], &["rows.csv:3", "3"]);
}

#[test]
fn a_repeated_id_is_told_with_both_lines() {
    let row = ROW.replacen('{', "{\"id\": \"q-1\", ", 1);
    let rows = format!("{row}\n{ROW}\n{row}\n");
    check_refused(&[("karat.yaml", SUITE), ("rows.jsonl", &rows)], &["rows.jsonl:3", "id", "line 1"]);
}

#[test]
fn an_empty_dataset_is_no_success() {
    check_refused(&[("karat.yaml", SUITE), ("rows.jsonl", "\n\n")], &["rows.jsonl", "no row"]);
}

#[test]
fn a_suite_without_scorers_is_no_success() {
    let suite = SUITE.replace("[exact_match]", "[]");
    check_refused(&[("karat.yaml", &suite), ("rows.jsonl", ROW)], &["karat.yaml:3", "scorers"]);
}

#[test]
fn a_map_that_matches_nothing_is_told_by_its_path() {
    let suite =
        SUITE.replace("path: rows.jsonl", "path: rows.jsonl, map: { inputs.q: inputs.q, outputs: answer.text }");
    check_refused(
        &[("karat.yaml", &suite), ("rows.jsonl", ROW)],
        &["karat.yaml:2", "data.map.outputs", "`answer.text` is in no row"],
    );
}

#[test]
fn a_gate_on_a_scorer_that_is_not_there_is_told() {
    let suite = format!("{SUITE}gate: exact_mach >= 0.5\n");
    check_refused(
        &[("karat.yaml", &suite), ("rows.jsonl", ROW)],
        &["karat.yaml:4", "gate", "exact_mach", "exact_match"],
    );
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let suite = SUITE.replace("exact_match", "{ plugin: ./x.wasm }");
    for (bytes, told) in [("not wasm at all", "not a WebAssembly component"), ("\0asm\u{1}\0\0\0", "core module")] {
        let files = [("karat.yaml", suite.as_str()), ("x.wasm", bytes), ("rows.jsonl", ROW)];
        check_refused(&files, &["karat.yaml:3", "scorers[0].plugin", "x.wasm", told]);
    }
}

#[test]
fn a_component_for_another_world_is_refused() {
    let project = Project::with(&[("rows.jsonl", ROW)]);
    project.write("karat.yaml", SUITE.replace("exact_match", "{ plugin: ./other.wasm }"));
    project.write("other.wasm", guests::OTHER_WORLD);
    check_said(&project.run(&["eval"]), &["karat.yaml:3", "scorers[0].plugin", "other.wasm", "another world"]);
}

#[test]
fn a_store_in_use_by_another_process_says_so() {
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", ROW)]);
    assert_eq!(project.run(&["eval"]).code, 0);
    let held = fs::File::open(project.path(".karat/LOCK")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    check_said(&project.run(&["eval"]), &[".karat", "in use by another process", "--store"]);
    drop(held);
    assert_eq!(project.run(&["eval"]).code, 0);
}

#[test]
fn a_read_only_store_folder_says_so() {
    const NOBODY: u32 = 65534;
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", ROW)]);
    let folder = project.path(".karat");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(project.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = project.command(&["eval"]);
    if rustix::process::geteuid().is_root() {
        // Permissions do not bind root.
        command.uid(NOBODY).gid(NOBODY);
    }
    check_said(&said(command.output().unwrap()), &[".karat", "can't be written", "--store"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
