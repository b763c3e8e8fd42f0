//! `karat eval`: reports, gates, exit codes.

use crate::support::Project;

const SUITE: &str = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\n";

/// Three rows, two of them right.
const ROWS: &str = r#"{"id": "a", "inputs": {"q": "1"}, "outputs": "yes", "expectations": {"expected_response": "yes"}}
{"id": "b", "inputs": {"q": "2"}, "outputs": "no", "expectations": {"expected_response": "yes"}}
{"id": "c", "inputs": {"q": "3"}, "outputs": "yes", "expectations": {"expected_response": "yes"}}
"#;

fn project(more: &str) -> Project {
    Project::with(&[("karat.yaml", &format!("{SUITE}{more}")), ("rows.jsonl", ROWS)])
}

#[test]
fn a_report_counts_what_it_rests_on() {
    let report = project("").json(0, &["eval"]);
    let scorer = &report["scorers"]["exact_match"];
    assert_eq!((&report["rows"], &report["verdict"], &report["suite"]), (&3.into(), &"no_gate".into(), &"t".into()));
    assert_eq!(scorer["kind"], "rate");
    for (count, expected) in [("scored", 3), ("passed", 2), ("abstained", 0), ("failed", 0), ("unpredicted", 0)] {
        assert_eq!(scorer[count], expected, "{count}");
    }
    // Wilson's interval of 2 in 3: scipy.stats.binomtest(2, 3).proportion_ci(method="wilson").
    for (end, expected) in [("value", 2.0 / 3.0), ("lower", 0.207_659_600_802), ("upper", 0.938_508_055_280)] {
        assert!((scorer[end].as_f64().unwrap() - expected).abs() < 1e-9, "{end}: {}", scorer[end]);
    }
}

#[test]
fn gates_decide_the_exit_code() {
    for (gate, code, verdict) in [
        ("exact_match >= 0.6", 0, "passed"),
        ("exact_match >= 0.7", 1, "failed"),
        ("exact_match > 0.6 and exact_match.failed == 0", 0, "passed"),
        ("exact_match >= 60% and exact_match.lower >= 0.5", 1, "failed"),
    ] {
        let report = project(&format!("gate: \"{gate}\"\n")).json(code, &["eval"]);
        assert_eq!(report["verdict"], verdict, "{gate}");
    }
}

#[test]
fn a_reader_that_goes_away_does_not_change_the_exit_code() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = project("gate: exact_match >= 0.7\n").command(&["eval"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_gate_that_does_not_hold_says_by_which_numbers() {
    let report = project("gate: exact_match >= 0.7\n").json(1, &["eval"]);
    let gate = &report["gates"][0];
    assert_eq!((&gate["text"], &gate["holds"]), (&"exact_match >= 0.7".into(), &false.into()));
    assert!(gate["reason"].as_str().unwrap().contains("0.6667"), "{gate}");
}

#[test]
fn a_failed_row_makes_the_run_incomplete_unless_it_is_allowed() {
    let no_expectation = r#"{"id": "d", "inputs": {"q": "4"}, "outputs": "yes"}"#;
    for (allowed, code, verdict) in [("0%", 3, "incomplete"), ("25%", 0, "no_gate"), ("1", 0, "no_gate")] {
        let project = project(&format!("limits: {{ max_failed: \"{allowed}\" }}\n"));
        project.write("rows.jsonl", format!("{ROWS}{no_expectation}\n"));
        let report = project.json(code, &["eval"]);
        assert_eq!(report["verdict"], verdict, "{allowed}");
        let scorer = &report["scorers"]["exact_match"];
        // The failed row is counted apart: it is not a wrong answer.
        assert_eq!((&scorer["scored"], &scorer["failed"]), (&3.into(), &1.into()));
        assert!((scorer["value"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    }
}

#[test]
fn a_row_without_outputs_stays_in_the_count() {
    let project = project("");
    project.write("rows.jsonl", format!("{ROWS}{}\n", r#"{"id": "d", "inputs": {"q": "4"}}"#));
    let report = project.json(3, &["eval"]);
    assert_eq!(report["scorers"]["exact_match"]["unpredicted"], 1);
    let row = &project.export("last")[3];
    assert_eq!((&row["id"], &row["feedback"]), (&"d".into(), &serde_json::json!([])));
    assert!(row["error"].is_object() || row["error"].is_string(), "{row}");
}

#[test]
fn export_has_every_row_in_dataset_order() {
    let project = project("");
    project.json(0, &["eval"]);
    let rows = project.export("last");
    assert_eq!(
        serde_json::to_string(&rows[1]).unwrap(),
        serde_json::json!({
            "id": "b", "trial": 0, "inputs": {"q": "2"}, "outputs": "no", "expectations": {"expected_response": "yes"},
            "error": null,
            "feedback": [{
                "scorer": "exact_match", "outcome": "scored", "value": false,
                "rationale": rows[1]["feedback"][0]["rationale"], "reason": null
            }]
        })
        .to_string()
    );
    assert_eq!(rows.iter().map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn the_same_suite_gives_the_same_bytes() {
    let project = project("trials: 2\n");
    let export = |project: &Project| {
        project.json(0, &["eval"]);
        project.run(&["runs", "export", "last"]).out
    };
    let first = export(&project);
    assert_eq!(first.lines().count(), 6);
    assert_eq!(first, export(&project));
}

#[test]
fn json_and_csv_and_a_map_lead_to_the_same_rows() {
    let expected = {
        let project = project("");
        project.json(0, &["eval"]);
        project.run(&["runs", "export", "last"]).out
    };
    let csv = "id,inputs.q,outputs,expectations.expected_response\na,1,yes,yes\nb,2,no,yes\nc,3,yes,yes\n";
    let json = format!("[\n{}\n]\n", ROWS.trim().lines().collect::<Vec<_>>().join(",\n"));
    let foreign = "key,question,answer,truth,note\na,1,yes,yes,x\nb,2,no,yes,\nc,3,yes,yes,y\n";
    let map = ", map: { id: key, inputs.q: question, outputs: answer, expectations.expected_response: truth }";
    for (file, rows, map) in [("rows.csv", csv, ""), ("rows.json", json.as_str(), ""), ("foreign.csv", foreign, map)] {
        let project = Project::with(&[(file, rows)]);
        project.write("karat.yaml", SUITE.replace("path: rows.jsonl", &format!("path: {file}{map}")));
        project.json(0, &["eval"]);
        assert_eq!(project.run(&["runs", "export", "last"]).out, expected, "{file}");
    }
}

#[test]
fn only_and_limit_choose_rows() {
    let project = project("");
    assert_eq!(project.json(0, &["eval", "--limit", "2"])["rows"], 2);
    assert_eq!(project.json(0, &["eval", "--only", "c"])["rows"], 1);
    assert_eq!(project.export("last")[0]["id"], "c");
    let said = project.run(&["eval", "--only", "nobody"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("nobody"), "{}", said.err);
}

#[test]
fn rows_without_an_id_get_a_stable_one() {
    let project = project("");
    let row = r#"{"inputs": {"b": 1, "a": "x"}, "outputs": "y", "expectations": {"expected_response": "y"}}"#;
    let turned = r#"{"inputs": {"a": "x", "b": 1}, "outputs": "y", "expectations": {"expected_response": "y"}}"#;
    project.write("rows.jsonl", format!("{row}\n{turned}\n"));
    project.json(0, &["eval"]);
    let ids: Vec<_> = project.export("last").iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids[0].len(), 16);
    assert_eq!(ids[1], format!("{}#2", ids[0]));
}

#[test]
fn the_run_id_is_told_before_the_end_and_never_mixes_with_data() {
    let project = project("");
    let said = project.run(&["eval", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(said.err.contains(report["run"].as_str().unwrap()), "{said:#?}");
    let said = project.run(&["eval"]);
    assert!(said.out.starts_with("run "), "{said:#?}");
    assert!(!said.out.contains('\u{1b}'), "{said:#?}");
}

#[test]
fn reports_are_written_where_they_were_asked_for() {
    let project = project("");
    let said = project.run(&["eval", "--report", "junit=out/report.xml", "--report", "json=report.json"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let junit = project.read("out/report.xml");
    assert!(junit.contains("<testsuite name=\"exact_match\" tests=\"3\""), "{junit}");
    assert!(junit.contains("failures=\"1\""), "{junit}");
    let report: serde_json::Value = serde_json::from_str(&project.read("report.json")).unwrap();
    assert_eq!(report["rows"], 3);
}

#[test]
fn the_table_shows_every_scorer_with_its_interval() {
    let said = project("gate: exact_match >= 0.5\n").run(&["eval"]);
    for words in ["exact_match", "0.6667", "0.2077", "0.9385", "passed", "holds"] {
        assert!(said.out.contains(words), "`{words}` is missing:\n{}", said.out);
    }
}
