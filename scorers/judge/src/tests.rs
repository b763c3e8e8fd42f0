//! What judges make of replies, and of rows that lack something.

use karat_sdk::testing::{self, TestRow, row};
use karat_sdk::{Value as Said, prelude::*};

use crate::*;

/// Has every question answered by the next of these replies.
fn replies(replies: &[serde_json::Value]) {
    let replies: Vec<_> = replies.to_vec();
    let replies = std::cell::RefCell::new(replies.into_iter());
    testing::judge(move |_| replies.borrow_mut().next().expect("no more questions than replies").to_string());
}

fn verdict(verdict: impl serde::Serialize) -> serde_json::Value {
    json!({ "rationale": "so it is", "verdict": verdict })
}

fn answered() -> TestRow {
    let expectations = json!({ "expected_response": "Paris", "guidelines": ["Be brief."] });
    row().inputs(json!({ "question": "Capital?" })).outputs("Paris it is").expectations(expectations)
}

fn found() -> TestRow {
    answered().outputs(json!({ "text": "Paris it is", "retrieved_context": ["a", "b", "c"] }))
}

#[test]
fn pass_and_fail_are_true_and_false_with_the_reason() {
    replies(&[verdict("pass"), verdict("fail")]);
    let passed = answered().feedback::<Correctness>(json!({}));
    assert_eq!((passed.value(), passed.rationale()), (&true, Some("so it is")));
    assert!(!answered().verdict::<Guidelines>(json!({ "guidelines": ["Be polite."] })));
}

#[test]
fn a_reply_of_another_shape_is_a_failure() {
    replies(&[json!({ "verdict": "pass" }), json!("pass"), verdict(7)]);
    for _ in 0..3 {
        let failure = answered().score::<Safety>(json!({})).expect_err("no verdict");
        assert!(failure.message.contains("the reply can't be read"), "{}", failure.message);
    }
}

#[test]
fn what_is_equal_needs_no_judge() {
    replies(&[verdict("pass")]);
    let equal = |outputs: serde_json::Value, expected: serde_json::Value| {
        row().outputs(outputs).expected_response(expected).verdict::<Equivalence>(json!({}))
    };
    assert!(equal(json!("a "), json!("a")));
    assert!(equal(json!(1.0), json!("1")));
    assert!(!equal(json!("2"), json!(1)));
    assert!(!equal(json!(true), json!(false)));
    assert!(equal(json!("Paris it is"), json!("Paris")));
}

#[test]
fn grades_are_numbers() {
    let grades = json!({ "1": "wrong", "5": "right" });
    replies(&[verdict(4)]);
    assert_eq!(answered().verdict::<Rubric>(json!({ "criterion": "truth", "grades": grades })), 4.0);
    let failure = answered().score::<Rubric>(json!({ "criterion": "truth", "grades": { "5": "right" } }));
    assert!(failure.expect_err("no 1").message.contains("what 1 and what 5 is"));
    replies(&[json!({ "steps": ["look", "think"] }), verdict(10), verdict(1)]);
    assert_eq!(answered().verdict::<GEval>(json!({ "criterion": "truth" })), 1.0);
    assert_eq!(answered().verdict::<GEval>(json!({ "criterion": "truth", "steps": ["look"] })), 0.0);
}

#[test]
fn the_better_one_is_better_in_both_orders() {
    for (one, other, result, flipped, score) in [
        ("first", "second", "win", false, 1.0),
        ("second", "first", "loss", false, 0.0),
        ("first", "first", "tie", true, 0.5),
        ("neither", "neither", "tie", false, 0.5),
        ("first", "neither", "tie", true, 0.5),
    ] {
        replies(&[verdict(one), verdict(other)]);
        let feedback = answered().feedback::<Pairwise>(json!({}));
        let told = format!("{feedback:?}");
        assert_eq!(feedback.into_value().into_value(), Said::Text(result.to_owned()));
        assert!(
            told.contains(&format!("Boolean({flipped})")) && told.contains(&format!("Number({score:?})")),
            "{told}"
        );
    }
}

#[test]
fn documents_are_judged_one_by_one() {
    replies(&[verdict("pass"), verdict("fail"), verdict("pass")]);
    let feedback = found().feedback::<RetrievalRelevance>(json!({}));
    assert_eq!(feedback.value(), &[true, false, true]);
    assert_eq!(feedback.rationale(), Some("[1] so it is\n[2] so it is\n[3] so it is"));
    replies(&[verdict("fail"), verdict("pass"), verdict("fail")]);
    assert_eq!(found().verdict::<ContextPrecision>(json!({})), 0.5);
}

#[test]
fn claims_are_taken_out_and_looked_up() {
    let looked = json!({ "claims": [
        { "rationale": "there", "supported": true }, { "rationale": "not there", "supported": false },
    ] });
    replies(&[json!({ "claims": ["One.", "Two."] }), looked, json!({ "claims": [] })]);
    let feedback = found().feedback::<Faithfulness>(json!({}));
    assert_eq!((feedback.value(), feedback.rationale()), (&0.5, Some("+ One. (there)\n- Two. (not there)")));
    assert_eq!(found().score::<ContextRecall>(json!({})), Ok(Outcome::abstain("the expected response makes no claim")));
}

#[test]
fn questions_that_an_answer_answers_are_compared() {
    let question = |same| json!({ "question": "Which?", "same": same });
    replies(&[json!({ "questions": [question(true), question(false), question(true)] })]);
    assert_eq!(answered().verdict::<AnswerRelevancy>(json!({})), 2.0 / 3.0);
}

#[test]
fn calls_are_compared_or_judged() {
    let call = |name: &str, x: u32| json!({ "name": name, "arguments": { "x": x } });
    let called = |calls: &[serde_json::Value], expected: &[serde_json::Value]| {
        row().outputs(json!({ "tool_calls": calls })).expectations(json!({ "expected_tool_calls": expected }))
    };
    let (a, b) = (call("a", 1), call("b", 2));
    let check = |compare: &str, calls: &[serde_json::Value], expected: &[serde_json::Value]| {
        called(calls, expected).verdict::<ToolCallCorrectness>(json!({ "compare": compare }))
    };
    assert!(check("exact", &[b.clone(), a.clone()], &[a.clone(), b.clone()]));
    assert!(!check("ordered", &[b.clone(), a.clone()], &[a.clone(), b.clone()]));
    assert!(check("ordered", &[a.clone(), b.clone()], &[json!({ "name": "a" }), b.clone()]));
    assert!(!check("exact", &[a.clone(), b.clone()], std::slice::from_ref(&a)));
    assert!(!check("exact", &[], std::slice::from_ref(&a)));
    replies(&[verdict("pass")]);
    assert!(check("fuzzy", &[a], &[b]));
}

#[test]
fn labels_come_with_what_they_are_worth() {
    replies(&[verdict("superset"), verdict("unresolved")]);
    let told = format!("{:?}", answered().feedback::<Factuality>(json!({})).with("same", true));
    assert!(told.contains("Number(0.6)"), "{told}");
    let talk = row().inputs(json!({ "messages": [{ "role": "user", "content": "Again?!" }] })).outputs("Sorry.");
    let told = format!("{:?}", talk.score::<UserFrustration>(json!({})).expect("a verdict"));
    assert!(told.contains("Boolean(false)"), "{told}");
}

#[test]
fn what_a_row_lacks_is_a_reason_to_abstain() {
    #[track_caller]
    fn check<S: Scorer<Verdict: std::fmt::Debug>>(row: TestRow, with: serde_json::Value, expected: &str) {
        match row.score::<S>(with) {
            Ok(Outcome::Abstained(reason)) => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{} did not abstain: {other:?}", S::NAME),
        }
    }
    let bare = || row().inputs(json!({ "question": "Capital?" })).outputs("Paris");
    check::<Correctness>(bare(), json!({}), "`expectations.expected_response` nor `expectations.expected_facts`");
    check::<Equivalence>(bare(), json!({}), "`expectations.expected_response`");
    check::<ExpectationsGuidelines>(bare(), json!({}), "`expectations.guidelines`");
    check::<RetrievalGroundedness>(bare(), json!({}), "no documents were found");
    check::<RetrievalRelevance>(bare(), json!({}), "no documents were found");
    check::<Faithfulness>(bare(), json!({}), "no documents were found");
    check::<ToolCallCorrectness>(bare(), json!({}), "nothing tells of tools");
    check::<ToolCallEfficiency>(bare(), json!({}), "nothing tells of tools");
    check::<KnowledgeRetention>(bare(), json!({}), "no conversation in `inputs.messages`");
    check::<Pairwise>(bare(), json!({ "against": "other" }), "no `expectations.other`");
    let own = json!({ "instructions": "Is {{ outputs }} like {{ expectations.tone }}?", "value": "bool" });
    check::<Judge>(bare(), own.clone(), "no `expectations.tone`");
    check::<TraceJudge>(bare(), own, "no trace");
}

/// A judge who looks at the root, searches, and then decides.
#[test]
fn a_trace_is_looked_into_step_by_step() {
    let asked = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let looks = [("root", ""), ("search", "refund"), ("attribute", "1 mlflow.spanOutputs"), ("decide", "")];
    let mut replies: Vec<_> = looks
        .iter()
        .map(|(action, argument)| json!({ "because": "to see", "look": action, "of": argument }).to_string())
        .collect();
    replies.push(verdict(true).to_string());
    let (noted, replies) = (asked.clone(), std::cell::RefCell::new(replies.into_iter()));
    testing::judge(move |question| {
        noted.borrow_mut().push(question.prompt().to_owned());
        replies.borrow_mut().next().expect("no more questions")
    });
    let spans = [
        testing::span("agent", json!({ "mlflow.spanType": "AGENT" })),
        testing::span("pay", json!({ "mlflow.spanType": "TOOL", "mlflow.spanOutputs": "a refund of 5 EUR" })),
    ];
    let with = json!({ "instructions": "Was money given back?", "value": "bool" });
    let outcome = row().trace(spans).score::<TraceJudge>(with).expect("a verdict");
    let Outcome::Scored(feedback) = outcome else { panic!("no verdict") };
    assert_eq!(feedback.value(), &Answer(Said::Boolean(true)));
    let asked = asked.borrow();
    assert_eq!(asked.len(), 5);
    assert!(asked[1].contains("0: agent AGENT"), "{}", asked[1]);
    assert!(asked[2].contains("1: pay TOOL") && !asked[2].contains("a refund of 5 EUR"), "{}", asked[2]);
    assert!(asked[3].contains("a refund of 5 EUR"), "{}", asked[3]);
}
