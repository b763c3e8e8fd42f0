use model::json::Json;
use model::object;
use model::row::RowRecord;
use serde_json::Value;

use super::*;
use crate::testing::row_record;

fn read(name: &str, record: &str) -> Result<RowRecord, Vec<String>> {
    let record = Json::parse(record).expect("a record");
    let entries = object::entries(record.as_str()).expect("an object");
    Peer::named(name).expect("a peer").read(&entries).map_err(|flaws| {
        flaws.into_iter().map(|flaw| format!("{}: {}", flaw.field.unwrap_or_default(), flaw.message)).collect()
    })
}

/// A record comes back as it was, and its row is this one.
#[track_caller]
fn check(name: &str, record: &str, row: &str) {
    let peer = Peer::named(name).expect("a peer");
    let value: Value = serde_json::from_str(record).expect("a record");
    let keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(Peer::of(&keys).map(|peer| peer.name), Some(name), "{record}");
    let read = read(name, record).expect("a row");
    assert_eq!(serde_json::to_value(&read).expect("JSON"), serde_json::from_str::<Value>(row).expect("a row"));
    let written = peer.write(&read).expect("it fits");
    assert_eq!(written.to_value(), value);
    // What went through the canonical form of a version is the same.
    let line = read.canonical_line().expect("not deep");
    assert_eq!(peer.write(&row_record(&line)).expect("it fits").to_value(), value);
}

#[test]
fn promptfoo() {
    check(
        "promptfoo",
        r#"{"description":"d","vars":{"q":"?","n":[1]},"assert":[{"type":"equals","value":"x"}],"threshold":0.5,
            "metadata":{"lang":"de","level":3}}"#,
        r#"{"inputs":{"q":"?","n":[1]},"expectations":{"assert":[{"type":"equals","value":"x"}],"threshold":0.5},
            "tags":{"description":"d","lang":"de","level":"3"}}"#,
    );
    check(
        "promptfoo-csv",
        r#"{"q":"?","lang":"de","__expected":"x","__expected2":"contains: y","__description":"d"}"#,
        r#"{"inputs":{"q":"?","lang":"de"},"expectations":{"expected_response":"x","__expected2":"contains: y"},
            "tags":{"description":"d"}}"#,
    );
}

#[test]
fn inspect() {
    check(
        "inspect",
        r#"{"id":17,"input":[{"role":"user","content":"?"}],"choices":["a","b"],"target":["A","B"],
            "metadata":{"topic":"x","nested":{"a":null},"digits":"12"},"files":{"f":"text"}}"#,
        r#"{"id":"17","inputs":{"input":[{"role":"user","content":"?"}],"choices":["a","b"],"files":{"f":"text"}},
            "expectations":{"expected_response":["A","B"]},
            "tags":{"topic":"x","nested":"{\"a\":null}","digits":"\"12\""}}"#,
    );
}

#[test]
fn openai_evals() {
    check(
        "openai-evals",
        r#"{"input":[{"role":"system","content":"s"},{"role":"user","content":"?"}],"ideal":"x"}"#,
        r#"{"inputs":{"input":[{"role":"system","content":"s"},{"role":"user","content":"?"}]},
            "expectations":{"expected_response":"x"}}"#,
    );
}

#[test]
fn deepeval() {
    check(
        "deepeval",
        r#"{"name":"n","input":"?","actual_output":"a","expected_output":"x","context":["c"],"retrieval_context":["r"],
            "tools_called":[{"name":"t","output":1}],"expected_tools":[{"name":"t","input_parameters":{"k":1}}],
            "additional_metadata":{"k":true},"comments":"c"}"#,
        r#"{"inputs":{"input":"?","retrieved_context":["r"]},"outputs":"a",
            "expectations":{"expected_response":"x","expected_retrieved_context":["c"],
                "tools_called":[{"name":"t","output":1}],"expected_tool_calls":[{"name":"t","arguments":{"k":1}}]},
            "tags":{"name":"n","comments":"c","k":"true"}}"#,
    );
}

#[test]
fn ragas() {
    check(
        "ragas",
        r#"{"user_input":"?","response":"a","reference":"x","retrieved_contexts":["r"],"reference_contexts":["c"],
            "rubrics":{"score1_description":"bad"},"reference_tool_calls":[{"name":"t","args":{"k":1}}],
            "synthesizer_name":"s"}"#,
        r#"{"inputs":{"input":"?","retrieved_context":["r"]},"outputs":"a",
            "expectations":{"expected_response":"x","expected_retrieved_context":["c"],
                "rubrics":{"score1_description":"bad"},"expected_tool_calls":[{"name":"t","arguments":{"k":1}}]},
            "tags":{"synthesizer_name":"s"}}"#,
    );
}

#[test]
fn langfuse() {
    check(
        "langfuse",
        r#"{"id":"i","input":{"q":"?"},"expectedOutput":{"answer":"x"},"metadata":{"lang":"de"},"sourceTraceId":"t"}"#,
        r#"{"id":"i","inputs":{"q":"?"},"expectations":{"expected_response":{"answer":"x"}},
            "tags":{"lang":"de","sourceTraceId":"t"}}"#,
    );
    check(
        "langfuse",
        r#"{"input":"?","expectedOutput":1}"#,
        r#"{"inputs":{"input":"?"},"expectations":{"expected_response":1}}"#,
    );
    let wrapped = r#"{"inputs":{"input":{"input":"?"}},"expectations":{"expected_response":1}}"#;
    check("langfuse", r#"{"input":{"input":"?"},"expectedOutput":1}"#, wrapped);
}

#[test]
fn phoenix() {
    check(
        "phoenix",
        r#"{"id":"i","input":{"q":"?"},"output":{"answer":"x"},"metadata":{"n":1}}"#,
        r#"{"id":"i","inputs":{"q":"?"},"expectations":{"expected_response":{"answer":"x"}},"tags":{"n":"1"}}"#,
    );
}

#[test]
fn langsmith() {
    check(
        "langsmith",
        r#"{"id":"i","inputs":{"q":"?"},"outputs":{"answer":"x"},"metadata":{"n":[1]},"split":"test"}"#,
        r#"{"id":"i","inputs":{"q":"?"},"expectations":{"answer":"x"},"tags":{"n":"[1]"},"split":"test"}"#,
    );
}

#[test]
fn braintrust() {
    check(
        "braintrust",
        r#"{"id":"i","input":["?"],"expected":"x","tags":["easy","new"],"metadata":{"empty":"","n":1}}"#,
        r#"{"id":"i","inputs":{"input":["?"]},"expectations":{"expected_response":"x"},
            "tags":{"easy":"","new":"","empty":"\"\"","n":"1"}}"#,
    );
}

#[test]
fn our_own_rows_are_nobody_elses() {
    for keys in
        [&["inputs", "outputs"][..], &["id", "inputs", "split"], &["inputs", "expected"], &["input"], &["question"]]
    {
        assert!(Peer::of(keys).is_none(), "{keys:?}");
    }
}

#[test]
fn what_a_record_has_beyond_its_shape_is_told() {
    let check = |name, record, expected: &[&str]| assert_eq!(read(name, record).expect_err("flaws"), expected);
    check(
        "ragas",
        r#"{"user_inputs":"?","response":"a"}"#,
        &[
            ": unknown key `user_inputs` of a record of ragas",
            ": missing key `user_input`, which every record of ragas has",
        ],
    );
    check("promptfoo", r#"{"vars":"a.csv"}"#, &["vars: expected an object, found a text"]);
    check(
        "braintrust",
        r#"{"input":1,"tags":["a"],"metadata":{"a":1}}"#,
        &["metadata.a: there are two values for the tag `a`"],
    );
    check(
        "deepeval",
        r#"{"input":1,"additional_metadata":{"name":"n"}}"#,
        &["additional_metadata.name: belongs into the field `name`"],
    );
    check(
        "ragas",
        r#"{"user_input":1,"reference_tool_calls":[{"arguments":{}}]}"#,
        &["reference_tool_calls: a call has `arguments`, where `args` is meant"],
    );
    check("langfuse", r#"{"input":1,"id":1.5}"#, &["id: expected a text or a whole number, found a number"]);
}

#[test]
fn what_a_shape_cannot_hold_is_told() {
    let check = |name: &str, row: &str, expected: &[&str]| {
        let unheld = Peer::named(name).expect("a peer").write(&row_record(row)).expect_err("it does not fit");
        let told: Vec<_> = unheld.into_iter().map(|unheld| format!("{} {}", unheld.field, unheld.message)).collect();
        assert_eq!(told, expected);
    };
    check(
        "ragas",
        r#"{"id":"a","inputs":{"input":"?","lang":"de"},"expectations":{"guidelines":["g"]},"weight":2.0}"#,
        &[
            "id has no place in a record of ragas",
            "inputs.lang has no place in a record of ragas",
            "expectations.guidelines has no place in a record of ragas",
            "weight has no place in a record of ragas",
        ],
    );
    check(
        "inspect",
        r#"{"inputs":{"question":"?"}}"#,
        &[
            "inputs.input is what inspect has as `input`, and is not there",
            "inputs.question has no place in a record of inspect",
        ],
    );
    check(
        "openai-evals",
        r#"{"inputs":{"input":"?"},"outputs":"a"}"#,
        &["outputs has no place in a record of openai-evals"],
    );
}
