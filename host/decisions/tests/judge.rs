//! A judge beside people.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::path::PathBuf;

use decisions::judge::{agreement, consistency, corrected, length_slope, next_labels, order_flips, sentence};
use model::card::{JudgeCard, Scale};
use serde_json::Value;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[track_caller]
fn close(found: f64, expected: &Value) {
    let expected = expected.as_f64().expect("a number");
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} instead of {expected}");
}

/// Every answer of more than 500 characters is said to be a hallucination; what scikit-learn, statsmodels and krippendorff say of
/// that beside people, by `tests/statistics/known_answers.py`.
#[test]
fn a_scorer_agrees_with_people_as_known_packages_say() {
    let Some(folder) = std::env::var_os("KARAT_TEST_DATA").map(PathBuf::from) else {
        assert!(std::env::var_os("CI").is_none(), "KARAT_TEST_DATA is not set");
        return eprintln!("skipped: it needs KARAT_TEST_DATA, see README");
    };
    let text = std::fs::read_to_string(folder.join("halueval_general.jsonl")).expect("the data");
    let pairs: Vec<_> = text
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("a row");
            let length = row["chatgpt_response"].as_str().expect("an answer").chars().count();
            pair(row["hallucination"].as_str().expect("a label"), if length > 500 { "yes" } else { "no" })
        })
        .collect();
    let known: Value = serde_json::from_str(include_str!("known_answers.json")).expect("JSON");
    let known = &known["halueval"];
    let found = agreement(&pairs, Scale::Nominal, 1).expect("pairs");
    assert_eq!((found.labels, serde_json::json!(found.confusion)), (words(&["no", "yes"]), known["confusion"].clone()));
    let kappa = found.kappa.expect("two labels");
    close(kappa.value, &known["kappa"]);
    close((kappa.upper.expect("rows") - kappa.value) / 1.959_963_984_540_054, &known["kappa_error"]);
    let alpha = found.alpha.expect("two labels");
    close(alpha.value, &known["alpha"]);
    assert!(alpha.lower < Some(alpha.value) && alpha.upper > Some(alpha.value), "{alpha:?}");
    close(found.macro_f1, &known["macro_f1"]);
    for (label, scores) in found.by_label.iter().enumerate() {
        close(scores.precision.expect("said"), &known["precision"][label]);
        close(scores.recall.expect("true"), &known["recall"][label]);
        close(scores.f1.expect("there"), &known["f1"][label]);
    }
}

#[test]
fn grades_are_in_the_order_of_numbers() {
    let pairs = [pair("10", "9"), pair("2", "2"), pair("9", "10"), pair("1", "2")];
    let found = agreement(&pairs, Scale::Ordinal, 1).expect("pairs");
    assert_eq!(found.labels, words(&["1", "2", "9", "10"]));
    assert!(
        found.kappa.expect("labels").value
            > agreement(&pairs, Scale::Nominal, 1).expect("pairs").kappa.expect("labels").value
    );
    assert_eq!(agreement(&[], Scale::Nominal, 1), None);
}

#[test]
fn a_card_comes_down_to_a_sentence() {
    let told = |pairs: &[(u32, &str, &str)]| {
        let pairs: Vec<_> =
            pairs.iter().flat_map(|(times, people, judge)| (0..*times).map(|_| pair(people, judge))).collect();
        let agreement = agreement(&pairs, Scale::Nominal, 1);
        let compared = pairs.len() as u64;
        sentence(&JudgeCard { scorer: "kind".to_owned(), agreement, compared, ..JudgeCard::default() }, true)
    };
    assert_eq!(
        told(&[(90, "true", "true"), (90, "false", "false"), (20, "true", "false")]),
        "`kind` says what people say on 90.0 % of 200 rows, which beyond chance is almost perfect agreement (kappa 0.8, 0.72 … 0.88)"
    );
    assert!(told(&[(3, "true", "true"), (3, "false", "true")]).contains("which chance may do as well"));
    assert!(told(&[(30, "true", "false"), (30, "false", "true")]).contains("less often than by chance"));
    assert!(told(&[(3, "true", "true")]).ends_with("all of which have one label, so that chance alone may be at work"));
}

#[test]
fn a_judge_that_says_the_same_again_is_consistent() {
    let rows = [words(&["yes", "yes", "no"]), words(&["yes", "yes", "yes"]), words(&["no"])];
    let found = consistency(&rows).expect("repeats");
    assert!((found.same.value - 2.0 / 3.0).abs() < 1e-12, "{found:?}");
    assert_eq!((found.unanimous.value, found.unanimous.of), (0.5, 2));
    assert_eq!(consistency(&[words(&["no"])]), None);
}

#[test]
fn a_judge_that_takes_what_stands_first_flips() {
    assert_eq!(order_flips(&[true, false, true, false]).expect("pairs").value, 0.5);
    assert_eq!(order_flips(&[]), None);
}

#[test]
fn a_judge_that_likes_length_has_a_slope() {
    let rows: Vec<_> = (0..60)
        .map(|index| (f64::from(100 << (index % 6)), 0.1 * f64::from(index % 6) + 0.01 * f64::from(index % 5)))
        .collect();
    let found = length_slope(&rows).expect("rows");
    assert!(found.lower > Some(0.09) && found.upper < Some(0.11), "{found:?}");
    assert_eq!(length_slope(&[(5.0, 1.0), (5.0, 0.0), (5.0, 1.0)]), None);
}

#[test]
fn people_correct_a_judge_that_is_too_kind() {
    // The judge passes all that people pass, and a third of the rest.
    let truth = |index: u32| f64::from(u8::from(index.is_multiple_of(2)));
    let judge = |index: u32| if index % 6 == 1 { 1.0 } else { truth(index) };
    let labelled: Vec<_> = (0..120).map(|index| (truth(index), judge(index))).collect();
    let others: Vec<_> = (0..1200).map(judge).collect();
    let found = corrected(&labelled, &others).expect("labels");
    assert!((found.corrected.value - 0.5).abs() < 1e-9 && found.judged > 0.6, "{found:?}");
    let width = |of: model::card::Measured| of.upper.expect("rows") - of.lower.expect("rows");
    assert!(width(found.corrected) < width(found.people) && found.reliance > 0.5, "{found:?}");
}

#[test]
fn rows_to_label_are_drawn_by_the_seed_and_the_unsure_are_told() {
    let rows: Vec<_> = (0..50)
        .map(|index| (format!("q{index}"), words(if index % 10 == 3 { &["yes", "no"] } else { &["yes", "yes"] })))
        .collect();
    let (few, more) = (next_labels(&rows, 5, 1), next_labels(&rows, 10, 1));
    assert_eq!(few.drawn, more.drawn[..5]);
    assert_ne!(few.drawn, next_labels(&rows, 5, 2).drawn);
    assert_eq!(few.unsure, words(&["q13", "q23", "q3", "q33", "q43"]));
}
