//! Gates that look at other runs, at parts of the rows, and at fewer rows than there are.

use serde_json::json;

use crate::support::Project;

/// So many rows, of which those are wrong; every other one is German.
fn rows(count: usize, wrong: &[usize]) -> String {
    let row = |index| {
        let outputs = if wrong.contains(&index) { "no" } else { "yes" };
        let lang = if index % 2 == 0 { "de" } else { "en" };
        let row = json!({
            "id": format!("q{index}"), "inputs": { "n": index }, "outputs": outputs,
            "expectations": { "expected_response": "yes" }, "tags": { "lang": lang },
        });
        format!("{row}\n")
    };
    (0..count).map(row).collect()
}

fn project(more: &str, rows: &str) -> Project {
    let suite = format!("name: t\ndata: {{ path: rows.jsonl }}\nscorers: [exact_match]\n{more}\n");
    Project::with(&[("karat.yaml", &suite), ("rows.jsonl", rows)])
}

#[test]
fn a_planted_regression_fails_the_gate_and_noise_does_not() {
    let project = project("gate: not regressed(exact_match)\nbaseline: main", &rows(200, &[1, 2]));
    // There is nothing to compare with yet; the run is kept, and is what others are held against.
    let first = project.json(1, &["eval", "--name", "main"]);
    assert!(first["gates"][0]["reason"].as_str().unwrap().contains("`main`"), "{first}");
    project.write("rows.jsonl", rows(200, &[1, 3, 4]));
    let noise = project.json(0, &["eval"]);
    assert!(noise["gates"][0]["reason"].as_str().unwrap().starts_with("no evidence either way"), "{noise}");
    let wrong: Vec<_> = (0..40).collect();
    project.write("rows.jsonl", rows(200, &wrong));
    let planted = project.json(1, &["eval"]);
    let reason = planted["gates"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("this run is worse than `main` on `exact_match` by 19.0 ± "), "{reason}");
    // Against the run with noise as well, by another name.
    let id = noise["run"].as_str().unwrap();
    assert_eq!(project.json(1, &["eval", "--baseline", id])["verdict"], "failed");
}

#[test]
fn a_slice_has_numbers_and_gates_of_its_own() {
    let more = "slices: [tags.lang]\ngate: slice(lang=de).exact_match >= 0.9 or not slice(lang=en).exact_match < 0.9";
    let report = project(more, &rows(20, &[0, 2, 4])).json(0, &["eval"]);
    let values: Vec<_> = report["slices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slice| (slice["value"].as_str().unwrap(), slice["scorers"]["exact_match"]["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(values, [("de", 0.7), ("en", 1.0)]);
}

#[test]
fn a_run_ends_when_its_gates_are_decided() {
    let project = project("gate: exact_match >= 0.5\nstop: { when: decided }", &rows(20_000, &[]));
    let report = project.json(0, &["eval"]);
    let decided = report["decided"]["rows"].as_u64().unwrap();
    assert!(decided < 1000, "{report}");
    assert_eq!(report["scorers"]["exact_match"]["scored"], decided);
    let run = report["run"].as_str().unwrap();
    assert_eq!(project.export(run).len() as u64, decided);
    let again = project.json(0, &["eval", "--resume", run]);
    assert_eq!((&again["decided"], &again["scorers"]), (&report["decided"], &report["scorers"]));
}
