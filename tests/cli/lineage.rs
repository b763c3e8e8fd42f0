//! What a run came of: checked, had again, carried elsewhere; and rows that are left out of it.

use serde_json::{Value, json};

use crate::support::Project;

const SUITE: &str =
    "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein]\ngate: exact_match >= 0.5\n";

fn rows() -> String {
    let row = |(id, outputs, split): &(&str, &str, &str)| {
        let expected = json!({ "expected_response": "yes" });
        let row =
            json!({ "id": id, "inputs": { "q": id }, "outputs": outputs, "split": split, "expectations": expected });
        format!("{row}\n")
    };
    [("a", "yes", "test"), ("b", "no", "dev"), ("c", "yes", "test")].iter().map(row).collect()
}

fn project() -> Project {
    let project = Project::with(&[("karat.yaml", SUITE), ("rows.jsonl", &rows())]);
    project.json(0, &["eval"]);
    project
}

/// What is found of each thing that was looked at.
fn found(verified: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    verified["checked"].as_array().unwrap().iter().map(|one| (text(&one["what"]), text(&one["found"]))).collect()
}

fn found_so(verified: &Value, so: &str) -> Vec<String> {
    found(verified).into_iter().filter(|(_, found)| found == so).map(|(what, _)| what).collect()
}

#[test]
fn a_run_on_which_nothing_has_changed_verifies() {
    let project = project();
    let verified = project.json(0, &["runs", "verify", "last"]);
    let plugin = concat!("plugin karat/text ", env!("CARGO_PKG_VERSION"));
    let whats = ["suite", "data", "rows", plugin, "plan", "binary", "results", "verdict"];
    assert_eq!(found(&verified), whats.map(|what| (what.to_owned(), "same".to_owned())));
    assert_eq!(verified["verdict"], "same");
    let said = project.run(&["runs", "verify", "last"]);
    assert!(said.code == 0 && said.out.contains("nothing differs, 8 things the same"), "{said:#?}");
}

#[test]
fn what_has_changed_is_named_and_what_is_gone_is_not_called_different() {
    let project = project();
    project.write("rows.jsonl", rows() + "\n");
    project.write("karat.yaml", format!("{SUITE}seed: 3\n"));
    let verified = project.json(1, &["runs", "verify", "last"]);
    assert_eq!(found_so(&verified, "differs"), ["suite", "data", "plan"]);
    let plan = verified["checked"].as_array().unwrap().iter().find(|one| one["what"] == "plan").unwrap();
    assert_eq!(plan["told"], "`seed` of the suite changed");
    std::fs::remove_file(project.path("karat.yaml")).unwrap();
    std::fs::remove_file(project.path("rows.jsonl")).unwrap();
    let verified = project.json(0, &["runs", "verify", "last"]);
    assert_eq!((found_so(&verified, "differs"), found_so(&verified, "unknown").len()), (vec![], 2));
    // Where they are elsewhere now.
    project.write("moved/karat.yaml", SUITE);
    project.write("moved/rows.jsonl", rows());
    let verified = project.json(0, &["runs", "verify", "last", "--suite", "moved"]);
    assert!(found(&verified).iter().all(|(_, found)| found == "same"), "{verified}");
    assert_eq!(project.run(&["runs", "verify", "ffff"]).code, 2);
}

#[test]
fn a_run_is_had_again_without_its_files_and_leaves_nothing() {
    let project = project();
    std::fs::remove_file(project.path("karat.yaml")).unwrap();
    std::fs::remove_file(project.path("rows.jsonl")).unwrap();
    let again = project.json(0, &["runs", "replay", "last"]);
    assert_eq!((&again["identical"], &again["lines"], &again["differing"]), (&json!(true), &json!(3), &json!([])));
    assert_eq!(project.json(0, &["runs", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_run_is_one_file_that_another_machine_verifies_opens_and_has_again() {
    let project = Project::with(&[("rows.jsonl", "{\"id\": \"a\", \"inputs\": {\"n\": 1}, \"outputs\": \"abc\"}\n")]);
    project.write("mine.wasm", guests::wat::Plugin::default().bytes());
    let inspected = project.json(0, &["plugin", "inspect", "mine.wasm"]);
    let scorer = inspected["scorers"][0]["name"].as_str().unwrap();
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - {{ plugin: ./mine.wasm, use: {scorer} }}\n  - response_length\n"
    );
    project.write("karat.yaml", suite);
    let report = project.json(0, &["eval"]);
    let id = report["run"].as_str().unwrap();
    let said = project.run(&["runs", "export", "last", "--format", "karat"]);
    assert!(said.code == 2 && said.err.contains("--output"), "{said:#?}");
    let written = project.json(0, &["runs", "export", "last", "--format", "karat", "--output", "run.karat"]);
    assert_eq!((&written["left_out"], &written["contents"]["blobs"]), (&json!([]), &json!(1)));

    let elsewhere = Project::new();
    elsewhere.write("run.karat", std::fs::read(project.path("run.karat")).unwrap());
    assert_eq!(elsewhere.json(0, &["runs", "import", "run.karat"])["run"], id);
    assert_eq!(elsewhere.json(0, &["runs", "import", "run.karat"])["known"], true);
    assert_eq!(elsewhere.json(0, &["runs", "show", id])["scorers"], report["scorers"]);
    let html = |of: &Project| of.run(&["runs", "export", id, "--format", "html"]).out;
    assert_eq!(html(&elsewhere), html(&project));
    let verified = elsewhere.json(0, &["runs", "verify", id]);
    assert_eq!(found_so(&verified, "unknown"), ["suite", "data"], "{verified}");
    assert_eq!(elsewhere.json(0, &["runs", "replay", id])["identical"], true);
    // What was taken in is as good as the first: it can be handed on.
    elsewhere.json(0, &["runs", "export", id, "--format", "karat", "--output", "on.karat"]);
    assert_eq!(std::fs::read(elsewhere.path("on.karat")).unwrap(), std::fs::read(project.path("run.karat")).unwrap());
}

#[test]
fn a_file_that_was_changed_or_cut_off_is_refused_whole() {
    let project = project();
    project.json(0, &["runs", "export", "last", "--format", "karat", "--output", "run.karat"]);
    let whole = std::fs::read(project.path("run.karat")).unwrap();
    let elsewhere = Project::new();
    let refused = |bytes: &[u8], told: &str| {
        elsewhere.write("run.karat", bytes);
        let said = elsewhere.run(&["runs", "import", "run.karat"]);
        assert!(said.code == 2 && said.err.contains("run.karat") && said.err.contains(told), "{said:#?}");
        assert!(!elsewhere.path(".karat").exists());
    };
    for place in (12..whole.len()).step_by(whole.len() / 20) {
        let mut broken = whole.clone();
        broken[place] ^= 0x10;
        refused(&broken, "damaged");
    }
    refused(&whole[..whole.len() / 2], "damaged");
    refused(b"{}", "no archive");
    // A whole store is no run.
    project.json(0, &["eval"]);
    assert_eq!(project.run(&["store", "export", "all.karat"]).code, 0);
    refused(&std::fs::read(project.path("all.karat")).unwrap(), "karat store import");
}

#[test]
fn rows_of_one_split_are_run_and_the_others_counted() {
    let project = project();
    let report = project.json(0, &["eval", "--split", "test"]);
    assert_eq!((&report["rows"], &report["left_out"]), (&json!(2), &json!(1)));
    assert_eq!(report["scorers"]["exact_match"]["value"], 1.0);
    let limited = project.json(1, &["eval", "--split", "dev", "--limit", "1"]);
    assert_eq!((&limited["rows"], &limited["left_out"]), (&json!(1), &json!(2)));
    assert_eq!(project.export("last")[0]["id"], "b");
    assert_eq!(project.json(0, &["runs", "replay", "last"])["identical"], true);
    project.write("karat.yaml", SUITE.replace("rows.jsonl }", "rows.jsonl, split: test }"));
    assert_eq!(project.json(0, &["eval"])["rows"], 2);
    let said = project.run(&["eval"]);
    assert!(said.out.contains("2 rows (1 of other splits left out)"), "{said:#?}");
    let said = project.run(&["eval", "--split", "tset"]);
    assert!(said.code == 2 && said.err.contains("no row is of the split `tset`"), "{said:#?}");
    assert!(said.err.contains("did you mean `test`?"), "{said:#?}");
    for format in ["markdown", "html"] {
        let written = project.run(&["runs", "export", "last", "--format", format]).out;
        assert!(written.contains("others left out") || written.contains("other splits left out"), "{written}");
    }
}

#[test]
fn rows_on_the_list_of_the_store_make_no_regression() {
    let row = |n: usize, outputs: &str| {
        let row = json!({ "id": format!("q{n}"), "inputs": { "n": n }, "outputs": outputs, "expectations": { "expected_response": "yes" } });
        format!("{row}\n")
    };
    let rows = |wrong: usize| (0..20).map(|n| row(n, if n == wrong { "no" } else { "yes" })).collect::<String>();
    let suite = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\ntrials: 3\nbaseline: main\ngate: not regressed(exact_match)\n";
    let project = Project::with(&[("karat.yaml", suite), ("rows.jsonl", &rows(99))]);
    let said = project.run(&["runs", "quarantine", "add", "t", "q7"]);
    assert!(said.code == 2 && said.err.contains("no run of a suite `t`"), "{said:#?}");
    project.json(1, &["eval", "--name", "main"]);
    project.write("rows.jsonl", rows(7));
    let regressed = project.json(1, &["eval"]);
    assert_eq!(regressed["ledgers"][0]["regressed"]["first"], json!(["q7"]));
    let report = |format| project.run(&["runs", "export", "last", "--format", format]).out;
    assert!(
        report("markdown").contains("1 row always passed, fail now on every trial: <code>q7</code>"),
        "{}",
        report("markdown")
    );
    assert!(report("html").contains("Row by row, over earlier runs"));
    assert_eq!(project.run(&["runs", "quarantine", "add", "t", "q7", "--reason", "the clock"]).code, 0);
    let listed = project.json(0, &["runs", "quarantine", "list"]);
    assert_eq!((&listed[0]["row"], &listed[0]["reason"]), (&json!("q7"), &json!("the clock")));
    let quarantined = project.json(0, &["eval"]);
    assert_eq!(quarantined["ledgers"][0]["quarantined"], 1);
    // What the list was then is part of the run.
    assert_eq!(project.run(&["runs", "quarantine", "remove", "t", "q7"]).code, 0);
    let verified = project.json(0, &["runs", "verify", "last"]);
    assert_eq!(found_so(&verified, "differs"), Vec::<String>::new(), "{verified}");
    assert_eq!(project.json(0, &["runs", "quarantine", "list"]), json!([]));
    let said = project.run(&["runs", "quarantine", "remove", "t", "q7"]);
    assert!(said.code == 2 && said.err.contains("`q7` of `t` is not in quarantine"), "{said:#?}");
}
