//! Numbers of all rows together, from the suite to the report.

use serde_json::{Value, json};

use crate::support::{Project, root};

/// Rows enough for several chunks.
const ROWS: usize = 300;

/// The pairs of texts whose corpus scores were recorded, as rows.
fn recorded(suite: &str) -> Project {
    let pairs = std::fs::read_to_string(root().join("scorers/overlap/tests/vectors/pairs.jsonl")).unwrap();
    let row = |(number, line): (usize, &str)| {
        let pair: Value = serde_json::from_str(line).unwrap();
        let expectations = json!({ "expected_response": pair["expected"] });
        json!({ "id": format!("q{number}"), "inputs": {}, "outputs": pair["outputs"], "expectations": expectations })
            .to_string()
    };
    let rows: Vec<_> = pairs.lines().enumerate().map(row).collect();
    Project::with(&[("karat.yaml", suite), ("rows.jsonl", &rows.join("\n"))])
}

/// What sacrebleu makes of all of them.
fn expected(key: &str) -> f64 {
    let corpora = std::fs::read_to_string(root().join("scorers/overlap/tests/vectors/corpora.jsonl")).unwrap();
    let all: Value = serde_json::from_str(corpora.lines().next().unwrap()).unwrap();
    all[key].as_f64().unwrap()
}

const SUITE: &str = "name: t
data: { path: rows.jsonl }
scorers: [exact_match]
aggregators:
  - corpus_bleu
  - { use: corpus_bleu, name: folded, with: { case_sensitive: false } }
  - { use: corpus_chrf, isolation: process }
gate: corpus_bleu >= 0.3 and corpus_chrf.scored >= 300
";

#[test]
fn a_corpus_has_the_score_that_sacrebleu_gives_it() {
    let project = recorded(SUITE);
    let report = project.json(0, &["eval"]);
    for (key, recorded) in [("corpus_bleu", "bleu"), ("folded", "bleu_folded"), ("corpus_chrf", "chrf")] {
        let aggregate = &report["scorers"][key];
        assert!((aggregate["value"].as_f64().unwrap() - expected(recorded)).abs() < 1e-6, "{key}: {aggregate}");
        assert_eq!((&aggregate["kind"], &aggregate["scored"]), (&json!("corpus"), &json!(312)), "{key}");
    }
    let note = report["scorers"]["corpus_bleu"]["note"].as_str().unwrap();
    assert!(note.starts_with("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|"), "{note}");
    assert!(report["scorers"]["corpus_bleu/precision_1"]["value"].is_f64(), "{report}");
    assert_eq!((&report["verdict"], &report["gates"][0]["holds"]), (&json!("passed"), &json!(true)));
    let shown = project.run(&["runs", "show", "last"]).out;
    for part in ["corpus_bleu", "0.3942", "corpus_chrf", "0.561", note] {
        assert!(shown.contains(part), "`{part}` is not in {shown}");
    }
    assert_eq!(project.json(0, &["runs", "show", "last"])["scorers"], report["scorers"]);
}

#[test]
fn a_gate_on_a_corpus_decides() {
    let project = recorded(&SUITE.replace("0.3 ", "0.5 "));
    let report = project.json(1, &["eval"]);
    assert_eq!(report["gates"][0]["reason"], "0.3942 is below 0.5");
}

#[test]
fn a_run_that_was_taken_up_again_has_the_number_of_an_undisturbed_one() {
    let project = recorded(SUITE);
    let undisturbed = project.json(0, &["eval"]);
    // The estimate scores the first rows, and leaves the others for another session.
    let first = project.json(0, &["eval", "--estimate"]);
    let run = first["run"].as_str().unwrap();
    let resumed = project.json(0, &["eval", "--resume", run]);
    assert_eq!(resumed["run"], first["run"]);
    assert_eq!(resumed["scorers"], undisturbed["scorers"]);
}

/// A suite with these aggregators of the hostile plugin.
fn hostile(aggregators: &str) -> Project {
    let project = Project::of_answers(ROWS);
    project.write("hostile.wasm", guests::HOSTILE);
    let head = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein]\naggregators:\n";
    project.write("karat.yaml", format!("{head}{aggregators}"));
    project
}

#[test]
fn an_aggregator_sees_the_verdicts_that_it_is_of() {
    for isolation in ["thread", "process"] {
        let entry = format!("of: [exact_match], isolation: {isolation}");
        let project = hostile(&format!("  - {{ plugin: ./hostile.wasm, use: true_share, {entry} }}\n"));
        let report = project.json(0, &["eval"]);
        assert_eq!(report["scorers"]["true_share"]["value"], 0.5, "{isolation}");
        assert_eq!(report["scorers"]["true_share"]["value"], report["scorers"]["exact_match"]["value"]);
    }
}

#[test]
fn an_aggregator_that_fails_is_one_failure_and_the_rest_stays() {
    for (name, more, told) in [
        ("adds_forever", ", limits: { fuel: 1e7 }", "fuel"),
        ("hoards", "", "memory"),
        ("panics_in_the_middle", "", "it was too much at"),
        ("panics_in_the_middle", ", isolation: process", "it was too much at"),
        ("exits_at_the_end", "", "ended itself"),
        ("gives_nan", "", "NaN"),
    ] {
        let entry = format!("  - {{ plugin: ./hostile.wasm, use: {name}{more} }}\n");
        let project = hostile(&format!("{entry}  - corpus_chrf\ngate: {name} >= 0\n"));
        let report = project.json(3, &["eval"]);
        let aggregate = &report["scorers"][name];
        assert_eq!((&aggregate["value"], &aggregate["failed"]), (&Value::Null, &json!(ROWS)), "{name}");
        let message = aggregate["failure"]["message"].as_str().unwrap();
        assert!(message.contains(told), "{name}: {message}");
        let reason = report["reason"].as_str().unwrap();
        assert!(reason.contains(&format!("the aggregator `{name}` failed")), "{reason}");
        assert_eq!(report["gates"][0]["holds"], false, "{name}");
        assert_eq!(report["scorers"]["exact_match"]["value"], 0.5, "{name}");
        assert_eq!(report["scorers"]["corpus_chrf"]["scored"], ROWS, "{name}");
    }
}

#[test]
fn rows_that_were_not_predicted_are_counted_and_left_out() {
    let suite = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\naggregators: [corpus_bleu]\n\
                 limits: { max_failed: \"100%\" }\n";
    let expected = r#""expectations": {"expected_response": "a b c d"}"#;
    let rows = format!(
        "{{\"inputs\": {{\"q\": 1}}, \"outputs\": \"a b c d\", {expected}}}\n{{\"inputs\": {{\"q\": 2}}, {expected}}}\n"
    );
    let report = Project::with(&[("karat.yaml", suite), ("rows.jsonl", &rows)]).json(0, &["eval"]);
    let bleu = &report["scorers"]["corpus_bleu"];
    assert_eq!((&bleu["value"], &bleu["scored"], &bleu["unpredicted"]), (&json!(1.0), &json!(1), &json!(1)));
}

#[test]
fn a_wrong_suite_is_told_with_line_and_field() {
    for (aggregators, told) in [
        ("[corpus_blue]", vec!["karat.yaml:4", "aggregators[0]", "did you mean `corpus_bleu`?"]),
        ("[bleu]", vec!["karat.yaml:4", "aggregators[0]", "unknown aggregator `bleu`"]),
        ("\n  - { use: corpus_bleu, with: { max_ngram: 9 } }", vec!["karat.yaml:5", "aggregators[0].with.max_ngram"]),
        ("\n  - { use: corpus_bleu, with: { ngram: 2 } }", vec!["karat.yaml:5", "`ngram`"]),
        ("\n  - corpus_bleu\n  - corpus_bleu", vec!["karat.yaml:6", "aggregators[1]", "give one of them a `name`"]),
        ("\n  - { use: corpus_bleu, name: exact_match }", vec!["karat.yaml:5", "is the key of `scorers[0]` as well"]),
        (
            "\n  - { use: corpus_bleu, of: [exact] }",
            vec!["karat.yaml:5", "aggregators[0].of[0]", "no scorer has the key"],
        ),
        ("\n  - { plugin: ./rows.jsonl }", vec!["karat.yaml:5", "is no plugin"]),
        ("[corpus_bleu]\ngate: corpus_bleu.lower >= 0.1", vec!["karat.yaml:5", "gate", "has no interval"]),
        ("[corpus_bleu]\ngate: corpus_blue >= 0.1", vec!["karat.yaml:5", "did you mean `corpus_bleu`?"]),
    ] {
        let head = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match]\naggregators: ";
        let row = r#"{"inputs": {}, "outputs": "a", "expectations": {"expected_response": "a"}}"#;
        let project = Project::with(&[("karat.yaml", &format!("{head}{aggregators}\n")), ("rows.jsonl", row)]);
        let said = project.run(&["eval"]);
        assert_eq!(said.code, 2, "{aggregators}: {said:#?}");
        for words in told {
            assert!(said.err.contains(words), "`{words}` is not told: {}", said.err);
        }
    }
}

#[test]
fn an_aggregator_is_told_of_where_plugins_are() {
    let project = Project::new();
    project.write("hostile.wasm", guests::HOSTILE);
    let inspected = project.run(&["plugin", "inspect", "hostile.wasm"]).out;
    assert!(inspected.contains("true_share  (an aggregator)"), "{inspected}");
    let listed = project.run(&["scorers", "list"]).out;
    assert!(listed.lines().any(|line| line.starts_with("corpus_bleu") && line.contains("karat/overlap")), "{listed}");
    let shown = project.run(&["scorers", "show", "corpus_bleu"]).out;
    assert!(shown.contains("an aggregator") && shown.contains("max_ngram"), "{shown}");
}
