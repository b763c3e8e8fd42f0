//! Two runs beside each other, as somebody decides by them.

use serde_json::{Value, json};

use crate::support::{Project, real_data, root};

/// One of the two models whose solutions of GSM8K are graded by the example's suite.
fn graded(project: &Project, data: &str, model: &str) -> String {
    let suite = root().join(format!("examples/gsm8k/{model}.yaml"));
    let run = project.json(0, &["eval", suite.to_str().unwrap(), "--data", data, "--name", model]);
    run["run"].as_str().unwrap().to_owned()
}

#[test]
fn known_answers_are_compared_as_the_usual_packages_do() {
    let Some(folder) = real_data("known_answers_are_compared_as_the_usual_packages_do") else { return };
    let project = Project::new();
    let data = folder.join("gsm8k_solutions.jsonl");
    let [a, b] = ["6b_finetuning", "6b_verification"].map(|model| graded(&project, data.to_str().unwrap(), model));
    let report = format!("html={}", project.path("compare.html").display());
    let compared = project.json(0, &["compare", &a, &b, "--report", &report, "--report", "markdown=compare.md"]);

    let known = std::fs::read(root().join("host/decisions/tests/known_answers.json")).unwrap();
    let known: Value = serde_json::from_slice(&known).unwrap();
    let right = &compared["scorers"][0];
    let known = &known["gsm8k"];
    let table = ["both", "only_a", "only_b", "neither"].map(|cell| &right["table"][cell]);
    assert_eq!(json!(table), known["table"]);
    let p = right["tests"].as_array().unwrap().iter().find(|test| test["test"] == "mc_nemar").unwrap()["p"].as_f64();
    for (ours, theirs) in [(p, "p"), (right["lower"].as_f64(), "lower"), (right["upper"].as_f64(), "upper")] {
        let (ours, theirs) = (ours.unwrap(), known[theirs].as_f64().unwrap());
        assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
    }
    assert_eq!((&compared["verdict"], &right["finding"]), (&json!("better"), &json!("better")));
    let sentence = compared["sentence"].as_str().unwrap();
    assert!(sentence.contains("6b_verification is better than 6b_finetuning on `numeric_match` by 17.4"), "{sentence}");
    assert_eq!(compared["rows"]["paired"], 1319);
    for file in ["compare.html", "compare.md"] {
        assert!(project.read(file).contains("17.4"), "{file}");
    }
    assert_eq!(project.run(&["compare", &a, &b, "--fail-on-worse"]).code, 0);
    let back = project.run(&["compare", &b, &a, "--fail-on-worse", "--rows", "1"]);
    assert_eq!(back.code, 1, "{}", back.err);
    assert!(back.out.contains("worse in B, 1 of 293:"), "{}", back.out);
}

#[test]
fn noise_is_no_evidence_and_power_says_how_many_rows_are() {
    let project = Project::of_answers(40);
    let a = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    let rows = project.read("rows.jsonl");
    // One of forty answers gets worse.
    project.write("rows.jsonl", rows.replacen("\"answer 0\", \"exp", "\"answer\", \"exp", 1));
    let b = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    let compared = project.json(0, &["compare", &a, &b, "--margin", "exact_match=0.2"]);
    let exact = compared["scorers"].as_array().unwrap().iter().find(|one| one["scorer"] == "exact_match").unwrap();
    assert_eq!((&exact["finding"], &exact["table"]["only_a"]), (&json!("no_evidence"), &json!(1)));
    assert_eq!(exact["non_inferiority"]["holds"], true, "{exact}");
    assert!(exact["sentence"].as_str().unwrap().contains("no evidence"), "{exact}");

    let needed = project.json(0, &["power", &a, "--difference", "0.1", "--with", &b]);
    let needed = needed.as_array().unwrap().iter().find(|one| one["scorer"] == "exact_match").unwrap();
    assert!(needed["rows"].as_u64().unwrap() > 40 && needed["basis"] == "two_runs", "{needed}");
}

#[test]
fn what_can_not_be_compared_is_told_why() {
    let project = Project::of_answers(4);
    let a = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    let b = project.json(0, &["eval"])["run"].as_str().unwrap().to_owned();
    for (arguments, told) in [
        (&["compare", &a, &a][..], "with itself"),
        (&["compare", &a, "nothing"], "there is no run `nothing`"),
        (&["compare", &a, &b, "--margin", "tone=0.1"], "there is no scorer `tone`"),
        (&["compare", &a, &b, "--margin", "tone"], "SCORER=X"),
        (&["compare", &a, &b, "--report", "pdf=x"], "can't be written as `pdf`"),
        (&["compare", &a, &b, "--alpha", "2"], "between 0 and 1"),
        (&["power", &a, "--difference", "0"], "above 0"),
    ] {
        let said = project.run(arguments);
        assert_eq!(said.code, 2, "{arguments:?}");
        assert!(said.err.contains(told), "{arguments:?}: {}", said.err);
    }
}
