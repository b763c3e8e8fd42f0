//! Scorers that clients of a server ask for.

use serde_json::{Value, json};

use crate::support::Project;
use crate::support::server::Server;

const PATH: &str = "/api/karat/v1/scores";

fn ask(server: &Server, question: &Value) -> (u16, Value) {
    server.ask("POST", PATH, &question.to_string())
}

#[track_caller]
fn refused(server: &Server, question: &Value, field: &str, words: &[&str]) {
    let (status, answer) = ask(server, question);
    let error = &answer["error"];
    assert_eq!((status, error["field"].as_str()), (400, Some(field)), "{answer:#}");
    let said = format!("{} {}", error["message"].as_str().unwrap(), error["hint"].as_str().unwrap_or_default());
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[test]
fn rows_of_a_client_are_scored_and_nothing_of_them_is_kept() {
    let project = Project::new();
    let server = Server::start(&project, &[]);
    let rows: Vec<Value> = (0..300)
        .map(|n| json!({ "inputs": { "n": n }, "outputs": format!("it is {n}"), "expectations": { "expected_response": n % 2 * n } }))
        .chain([json!({ "inputs": {} })])
        .collect();
    let (status, answer) =
        ask(&server, &json!({ "scorer": { "use": "numeric_match", "with": { "tolerance": 0.5 } }, "rows": rows }));
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!((&answer["scorer"], &answer["plugin"]["name"]), (&json!("numeric_match"), &json!("karat/text")));
    let told = answer["rows"].as_array().unwrap();
    assert_eq!(told.len(), 301);
    for (n, row) in told[..300].iter().enumerate() {
        let verdict = &row["feedback"][0];
        let expected = json!(n % 2 == 1 || n == 0);
        assert_eq!((&verdict["outcome"], &verdict["value"]), (&json!("scored"), &expected), "{n}: {row}");
    }
    assert_eq!(told[300]["feedback"], json!([]));
    assert_eq!(project.json(0, &["runs", "list"]), json!([]));

    let digest = answer["plugin"]["digest"].clone();
    let (status, _) = ask(&server, &json!({ "scorer": "exact_match", "digest": digest }));
    assert_eq!(status, 200);
    refused(
        &server,
        &json!({ "scorer": "exact_match", "digest": "0".repeat(64) }),
        "digest",
        &["not the one", digest.as_str().unwrap()],
    );
}

#[test]
fn a_scorer_sees_the_trace_that_a_row_brings() {
    let project = Project::new();
    let server = Server::start(&project, &[]);
    let span = json!({ "span_id": "0000000000000001", "name": "find", "start_time_unix_nano": 1, "end_time_unix_nano": 2,
        "attributes": { "mlflow.spanType": "TOOL" } });
    let row = json!({ "inputs": {}, "trace": { "trace_id": "0af7651916cd43dd8448eb211c80319c", "spans": [span] } });
    let (status, answer) = ask(&server, &json!({ "scorer": "step_count", "rows": [row] }));
    assert_eq!((status, &answer["rows"][0]["feedback"][0]["value"]), (200, &json!(1)), "{answer:#}");
    let broken = json!({ "inputs": {}, "trace": { "spans": [{ "span_id": "?" }] } });
    refused(&server, &json!({ "scorer": "step_count", "rows": [broken] }), "rows[0].trace.spans[0].span_id", &[]);
}

#[test]
fn a_client_reaches_nothing_by_a_scorer() {
    let project = Project::new();
    project.write("scorer.wasm", "not looked at");
    let server = Server::start(&project, &[]);
    refused(&server, &json!({ "scorer": "exact_mach" }), "scorer", &["exact_match"]);
    refused(
        &server,
        &json!({ "scorer": { "use": "numeric_match", "with": { "tolerance": "?" } } }),
        "scorer.with.tolerance",
        &["number"],
    );
    refused(&server, &json!({ "scorer": { "plugin": "./scorer.wasm" } }), "scorer.plugin", &["karat plugin add"]);
    refused(&server, &json!({ "scorer": "exact_match", "rows": [{ "outputs": 1 }] }), "rows[0]", &["inputs"]);
    // It asks models, for which a client's word is not enough.
    refused(&server, &json!({ "scorer": "correctness" }), "scorer.grant", &["judge", "karat eval"]);
    let endless = json!({ "use": "levenshtein", "limits": { "fuel": "1e15", "time": "10h" } });
    refused(&server, &json!({ "scorer": endless }), "scorer.limits", &["`use`"]);
    let long = json!({ "use": "contains", "with": { "any": vec!["a"; 20_000] } });
    refused(&server, &json!({ "scorer": long }), "scorer", &["65536 bytes"]);
}

#[test]
fn an_entry_is_read_as_json_and_not_as_a_file() {
    let project = Project::new();
    let server = Server::start(&project, &[]);
    // As Python writes what is beyond 16 bits.
    let asked = r#"{"scorer": {"use": "contains", "with": {"any": ["\ud83d\ude00"]}}, "rows": [{"inputs": {}, "outputs": "😀"}]}"#;
    let (status, answer) = server.ask("POST", PATH, asked);
    assert_eq!((status, &answer["rows"][0]["feedback"][0]["value"]), (200, &json!(true)), "{answer:#}");
}

#[test]
fn a_scorer_is_registered_by_the_digest_of_its_plugin() {
    let project = Project::new();
    let server = Server::start(&project, &[]);
    let register = |name: &str, of_ours: &Value| {
        let judge = json!({ "instructions": "Karat looks at {{ outputs }} and {{ expectations }}.", "model": "karat:/x", "karat": of_ours });
        let serialized = json!({ "name": name, "instructions_judge_pydantic_data": judge }).to_string();
        let asked = json!({ "experiment_id": "0", "name": name, "serialized_scorer": serialized });
        server.ask("POST", "/api/3.0/mlflow/scorers/register", &asked.to_string())
    };
    let (_, answer) = ask(&server, &json!({ "scorer": "exact_match" }));
    let digest = &answer["plugin"]["digest"];
    let (status, registered) = register("exact", &json!({ "scorer": "exact_match", "digest": digest }));
    assert_eq!((status, &registered["version"]), (200, &json!(1)), "{registered:#}");
    for (of_ours, word) in [
        (json!({ "scorer": "exact_match", "digest": "0".repeat(64) }), "not the one that was meant"),
        (json!({ "scorer": "exact_mach", "digest": digest }), "exact_match"),
        (json!({ "digest": digest }), "missing field `scorer`"),
    ] {
        let (status, refused) = register("other", &of_ours);
        assert_eq!((status, &refused["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")), "{refused:#}");
        assert!(refused["message"].as_str().unwrap().contains(word), "{refused:#}");
    }
    let asked = json!({ "experiment_id": "0", "name": "exact", "sample_rate": 0.5 });
    let (status, online) = server.ask("PUT", "/api/3.0/mlflow/scorers/online-config", &asked.to_string());
    assert_eq!((status, &online["config"]["sample_rate"]), (200, &json!(0.5)), "{online:#}");
}
