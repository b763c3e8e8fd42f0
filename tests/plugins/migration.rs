//! Custom scorers of MLflow's move over by their import.

use std::process::Command;

use serde_json::Value;

use crate::support::{root, said};

use super::examples::build;

#[test]
fn the_python_sdk_reads_traces_as_mlflow_does() {
    let mut python = Command::new("python3");
    python.args(["-B", "-m", "unittest", "tests/test_trace.py"]).current_dir(root().join("guest-sdk/python"));
    let tested = said(python.output().unwrap());
    assert_eq!(tested.code, 0, "{tested:#?}");
    assert!(tested.err.contains("OK"), "{tested:#?}");
}

#[test]
fn three_scorers_of_mlflows_run_with_nothing_but_another_import() {
    let source = std::fs::read_to_string(root().join("examples/mlflow/scorer.py")).unwrap();
    let imports: Vec<_> =
        source.split("\"\"\"").nth(2).unwrap().lines().filter(|line| line.contains("import")).collect();
    assert_eq!(imports, ["from karat import Feedback, SpanType, Trace, scorer"]);

    let project = build("python", "mlflow", "python3 -m unittest");
    let report = project.json(0, &["eval", "mlflow"]);
    let scorers = &report["scorers"];
    assert_eq!((&report["verdict"], &scorers["response_length"]["passed"]), (&"passed".into(), &2.into()));
    // One row has no trace: nobody can say which tools were called.
    let tools = &scorers["tool_calls"];
    assert_eq!(
        (&tools["passed"], &tools["scored"], &tools["abstained"]),
        (&1.into(), &2.into(), &1.into()),
        "{report}"
    );
    let views: Vec<_> = scorers.as_object().unwrap().keys().filter(|key| key.starts_with("quality/")).collect();
    assert_eq!(views, ["quality/on_topic", "quality/tone", "quality/words", "quality/words_per_sentence"]);

    let rows = project.export(report["run"].as_str().unwrap());
    let on = |row: usize, key: &str| {
        rows[row]["feedback"].as_array().unwrap().iter().find(|one| one["scorer"] == key).cloned().unwrap()
    };
    let of = |key: &str| on(0, key);
    assert_eq!(on(1, "tool_calls")["rationale"], "called ['find_order', 'refund'] in 90 ms");
    assert_eq!(on(2, "tool_calls")["rationale"], "called ['find_country'], expected []");
    assert_eq!(
        (of("quality/tone")["value"].clone(), of("quality/words")["value"].as_f64()),
        (Value::from("apologetic"), Some(10.0))
    );
}
