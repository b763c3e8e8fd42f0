//! Known answers on public data: the GSM8K test set with two models' published solutions.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Project, real_data, root};

#[test]
fn fine_tuning_solves_286_of_1319() {
    check_gsm8k("fine_tuning_solves_286_of_1319", "6b_finetuning", 286);
}

#[test]
fn verification_solves_515_of_1319() {
    check_gsm8k("verification_solves_515_of_1319", "6b_verification", 515);
}

/// Runs the example suite on the published solutions of `model`: as many must be right as its publisher says, and the
/// very same ones.
fn check_gsm8k(test: &str, model: &str, correct: u64) {
    let Some(folder) = real_data(test) else { return };
    let data = folder.join("gsm8k_solutions.jsonl");
    let suite = root().join(format!("examples/gsm8k/{model}.yaml"));
    let project = Project::new();
    let report = project.json(0, &["eval", suite.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let scorer = &report["scorers"]["numeric_match"];
    assert_eq!((&report["rows"], &report["verdict"]), (&1319.into(), &"passed".into()));
    assert_eq!((&scorer["scored"], &scorer["passed"]), (&1319.into(), &correct.into()));
    assert!((scorer["value"].as_f64().unwrap() - correct as f64 / 1319.0).abs() < 1e-12);

    let published = published_verdicts(&data, model);
    let rows = project.export(report["run"].as_str().unwrap());
    assert_eq!(rows.len(), 1319);
    for row in rows {
        let question = row["inputs"]["question"].as_str().unwrap();
        assert_eq!(row["feedback"][0]["value"], published[question], "{question}");
    }
}

fn published_verdicts(data: &Path, model: &str) -> HashMap<String, Value> {
    let text = fs::read_to_string(data).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["question"].as_str().unwrap().to_owned(), row[model]["is_correct"].clone())).collect()
}
