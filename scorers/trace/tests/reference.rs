//! Scorers say what reference implementations say; `vectors/README.md` has which.

use karat_sdk::prelude::*;
use karat_sdk::serde_json::{self, Value};
use karat_sdk::testing::row;
use trace::{RetrievalMrr, RetrievalNdcg, RetrievalPrecision, RetrievalRecall};
use trace::{ToolCallArguments, ToolCallF1, ToolCallsMatch};

fn cases(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("vectors")
}

fn tools() -> Vec<Value> {
    cases(include_str!("vectors/tools.json"))
}

fn calls(case: &Value) -> karat_sdk::testing::TestRow {
    row().expectations(json!({"expected_tool_calls": case["expected"]})).outputs(json!({"tool_calls": case["called"]}))
}

#[track_caller]
fn check_number(seen: f64, said: &Value, what: &str, case: &Value) {
    let said = said.as_f64().expect("a number");
    assert!((seen - said).abs() < 1e-6, "{what}: {seen}, not {said}: {case}");
}

#[test]
fn f1_is_what_ragas_says() {
    for case in tools() {
        for arguments in ["ignore", "exact"] {
            let seen = calls(&case).verdict::<ToolCallF1>(json!({ "arguments": arguments }));
            check_number(seen, &case[format!("f1/{arguments}")], arguments, &case);
        }
    }
}

#[test]
fn arguments_are_what_ragas_says_where_the_order_is_the_expected_one() {
    let all = tools();
    let in_order: Vec<_> = all.iter().filter(|case| case.get("arguments").is_some()).collect();
    assert!(in_order.len() > 20, "{}", in_order.len());
    for case in in_order {
        check_number(calls(case).verdict::<ToolCallArguments>(json!({})), &case["arguments"], "arguments", case);
    }
}

#[test]
fn calls_match_as_agentevals_has_it() {
    let mut verdicts = 0;
    for case in tools() {
        for (way, said) in case["matches"].as_object().expect("ways") {
            let (mode, arguments) = way.split_once('/').expect("two parts");
            let seen = calls(&case).verdict::<ToolCallsMatch>(json!({ "mode": mode, "arguments": arguments }));
            assert_eq!(Some(seen), said.as_bool(), "{way}: {case}");
            verdicts += 1;
        }
    }
    assert_eq!(verdicts, 1196);
}

#[test]
fn rankings_are_judged_as_trec_eval_and_sklearn_do() {
    for case in cases(include_str!("vectors/retrieval.json")) {
        let retrieved: Vec<_> =
            case["retrieved"].as_array().expect("ids").iter().map(|id| json!({ "id": id })).collect();
        let row = row()
            .expectations(json!({"expected_retrieved_context": case["expected"]}))
            .outputs(json!({ "retrieved_context": retrieved }));
        for (part, parameters) in [("cut", json!({"k": case["k"]})), ("whole", json!({}))] {
            let said = &case[part];
            let check = |seen: f64, name: &str| check_number(seen, &said[name], name, &case);
            check(row.clone().verdict::<RetrievalPrecision>(parameters.clone()), "precision");
            check(row.clone().verdict::<RetrievalRecall>(parameters.clone()), "recall");
            check(row.clone().verdict::<RetrievalMrr>(parameters.clone()), "mrr");
            check(row.clone().verdict::<RetrievalNdcg>(parameters), "ndcg");
        }
        if !case["sklearn_ndcg"].is_null() {
            let seen = row.verdict::<RetrievalNdcg>(json!({"k": case["k"]}));
            check_number(seen, &case["sklearn_ndcg"], "sklearn", &case);
        }
    }
}
