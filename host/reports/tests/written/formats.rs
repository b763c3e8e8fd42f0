//! What each format says of a run.

use std::sync::Arc;

use bytes::Bytes;
use model::feedback::{Feedback, Value};
use model::outcome::{Failure, FailureKind, Outcome};
use model::report::Verdict;
use model::run::{RowResult, Run};
use model::scorer::ValueKind;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use reports::Format;

use crate::support::{Case, feedback, result, row, run, scorer, support_bot, text, written};

/// Every outcome there is, on a row each.
fn outcomes() -> (Run, Vec<Case>) {
    let outcomes = vec![
        Outcome::Scored(vec![feedback(Value::Boolean(true), None)]),
        Outcome::Scored(vec![feedback(Value::Boolean(false), Some("not <polite>\u{1b}[31m"))]),
        Outcome::Scored(vec![feedback(Value::Number(-0.5), None)]),
        Outcome::Abstained { reason: "unclear".to_owned() },
        Outcome::Failed(Failure::new(FailureKind::Panicked, "boom")),
        Outcome::Unpredicted,
    ];
    let cases = outcomes
        .into_iter()
        .zip(0..)
        .map(|(outcome, index)| (row(r#"{"inputs":{"q":1}}"#), result(index, vec![outcome])));
    (run("test", vec![scorer("tone", ValueKind::Any)]), cases.collect())
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    for format in Format::ALL {
        let [one, other] = [(); 2].map(|()| {
            let (run, cases) = support_bot(300);
            written(format, &run, &cases)
        });
        assert!(one == other, "{format:?}");
        assert_eq!(format.name().parse(), Ok(format));
    }
    let unknown = "pdf".parse::<Format>().expect_err("no such format").to_string();
    assert_eq!(
        unknown,
        "there is no report format `pdf`: use one of `json`, `jsonl`, `junit`, `html`, `markdown`, `sarif`, `csv`, `parquet`"
    );
}

#[test]
fn a_run_without_an_end_is_told_as_far_as_it_came() {
    let (mut run, cases) = support_bot(10);
    run.report = None;
    for format in Format::ALL {
        written(format, &run, &cases);
    }
    assert!(text(Format::Markdown, &run, &cases).contains("### ⚠️ support&#45;bot: unfinished"));
    assert!(text(Format::Html, &run, &[]).contains("unfinished"));
}

#[test]
fn a_line_of_json_says_what_came_of_every_scorer_that_was_called() {
    let run = run("test", ["a", "b", "c", "d"].map(|key| scorer(key, ValueKind::Any)).to_vec());
    let sub = Feedback { name: Some("part".to_owned()), ..feedback(Value::Boolean(false), None) };
    let result = RowResult {
        error: Some(Failure::new(FailureKind::BadInput, "the row has no `outputs`")),
        ..result(
            3,
            vec![
                Outcome::Scored(vec![feedback(Value::Number(1.0), Some("why \"so\"")), sub]),
                Outcome::Abstained { reason: "unclear".to_owned() },
                Outcome::Failed(Failure::new(FailureKind::OutOfFuel, "ran out of fuel")),
                Outcome::Unpredicted,
            ],
        )
    };
    assert_eq!(
        text(Format::Jsonl, &run, &[(row(r#"{"inputs":{"q":1.0}}"#), result)]),
        concat!(
            r#"{"id":"q3","trial":0,"inputs":{"q":1.0},"outputs":null,"expectations":null,"#,
            r#""error":"the row has no `outputs`","feedback":["#,
            r#"{"scorer":"a","outcome":"scored","value":1,"rationale":"why \"so\"","reason":null},"#,
            r#"{"scorer":"a/part","outcome":"scored","value":false,"rationale":null,"reason":null},"#,
            r#"{"scorer":"b","outcome":"abstained","value":null,"rationale":null,"reason":"unclear"},"#,
            r#"{"scorer":"c","outcome":"failed","value":null,"rationale":null,"reason":"ran out of fuel"}]}"#,
            "\n"
        )
    );
}

#[test]
fn every_outcome_has_its_place_in_junit() {
    let (run, cases) = outcomes();
    let xml = text(Format::Junit, &run, &cases);
    for part in [
        r#"<testsuite name="tone" tests="6" skipped="1" errors="2" failures="1">"#,
        r#"<testcase name="q0" classname="tone"/>"#,
        r#"<failure message="not &lt;polite&gt;\u{1b}[31m"/>"#,
        r#"<skipped message="unclear"/>"#,
        r#"<error message="boom"/>"#,
        r#"<error message="there was nothing to score"/>"#,
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
}

#[test]
fn what_junit_leaves_out_is_counted() {
    const LISTED: u64 = 10_000;
    let run = run("test", vec![scorer("tone", ValueKind::Boolean)]);
    let case = |index, value| {
        (row(r#"{"inputs":{}}"#), result(index, vec![Outcome::Scored(vec![feedback(Value::Boolean(value), None)])]))
    };
    let cases: Vec<_> = (0..=LISTED).map(|index| case(index, true)).chain([case(0, false)]).collect();
    let xml = text(Format::Junit, &run, &cases);
    assert!(xml.contains("left out: 1 rows that passed, 0 that did not"));
    assert!(xml.contains(r#"tests="10001""#));
}

#[test]
fn every_verdict_is_a_line_of_csv() {
    let (run, cases) = outcomes();
    let expected = [
        "id,trial,scorer,outcome,value,number,rationale,reason",
        "q0,0,tone,scored,true,1,,",
        r"q1,0,tone,scored,false,0,not <polite>\u{1b}[31m,",
        "q2,0,tone,scored,-0.5,-0.5,,",
        "q3,0,tone,abstained,,,,unclear",
        "q4,0,tone,failed,,,,boom",
        "q5,0,tone,unpredicted,,,,",
        "",
    ];
    assert_eq!(text(Format::Csv, &run, &cases), expected.join("\r\n"));
}

#[test]
fn every_verdict_is_a_line_of_parquet() {
    let (run, cases) = outcomes();
    let reader = SerializedFileReader::new(Bytes::from(written(Format::Parquet, &run, &cases))).expect("a file");
    let lines: Vec<Vec<String>> = reader
        .get_row_iter(None)
        .expect("rows")
        .map(|line| line.expect("a row").get_column_iter().map(|(_, field)| shown(field)).collect())
        .collect();
    let expected = [
        ["q0", "0", "tone", "scored", "true", "1", "null", "null"],
        ["q1", "0", "tone", "scored", "false", "0", "not <polite>\u{1b}[31m", "null"],
        ["q2", "0", "tone", "scored", "-0.5", "-0.5", "null", "null"],
        ["q3", "0", "tone", "abstained", "null", "null", "null", "unclear"],
        ["q4", "0", "tone", "failed", "null", "null", "null", "boom"],
        ["q5", "0", "tone", "unpredicted", "null", "null", "null", "null"],
    ];
    assert_eq!(lines, expected);
}

fn shown(field: &Field) -> String {
    match field {
        Field::Str(text) => text.clone(),
        Field::Int(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Null => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn parquet_has_more_lines_than_fit_into_a_group() {
    let run = run("test", vec![scorer("tone", ValueKind::Boolean)]);
    let case = Arc::new((row(r#"{"inputs":{}}"#), outcomes().1[0].1.clone()));
    let bytes = written(Format::Parquet, &run, std::iter::repeat_n(&*case, 70_000));
    let reader = SerializedFileReader::new(Bytes::from(bytes)).expect("a file");
    assert_eq!((reader.metadata().file_metadata().num_rows(), reader.num_row_groups()), (70_000, 2));
}

/// The standard's own schema, in which one expression has a bracket too many.
fn sarif_schema() -> jsonschema::Validator {
    let text = include_str!("sarif-schema-2.1.0.json").replace("{2}]?$", "{2}$");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

#[test]
fn sarif_satisfies_the_standards_schema() {
    let (run, cases) = support_bot(400);
    let log: serde_json::Value = serde_json::from_str(&text(Format::Sarif, &run, &cases)).expect("JSON");
    let errors: Vec<_> = sarif_schema().iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let first = &results[0];
    assert_eq!(first["ruleId"], "tone");
    assert_eq!(first["level"], "warning");
    assert_eq!(first["message"]["text"], "`tone` on row q3: “That is not our problem.” turns the customer away.");
    assert_eq!(first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "data/cases.jsonl");
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn sarif_counts_the_findings_it_leaves_out() {
    let (mut run, _) = outcomes();
    run.header.data.path = "/data/möre [1].jsonl".to_owned();
    let case = outcomes().1.remove(1);
    let log: serde_json::Value =
        serde_json::from_str(&text(Format::Sarif, &run, std::iter::repeat_n(&case, 5003))).expect("JSON");
    assert!(sarif_schema().is_valid(&log));
    let told = &log["runs"][0];
    assert_eq!(told["results"].as_array().expect("results").len(), 5000);
    let notes = told["invocations"][0]["toolExecutionNotifications"].as_array().expect("notes");
    assert_eq!(notes[1]["message"]["text"], "3 more findings left out");
    let location = &told["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(location, "file:///data/m%C3%B6re%20%5B1%5D.jsonl");
}

#[test]
fn markdown_has_the_verdict_the_numbers_and_the_failing_rows() {
    let (run, cases) = support_bot(412);
    let told = text(Format::Markdown, &run, &cases);
    let html = crate::hostile::rendered(&told);
    assert!(told.starts_with("<!-- karat:support-bot -->\n### ❌ support&#45;bot: failed\n"), "{told}");
    for part in [
        "<p>1 of 3 gates does not hold: `correctness &gt;= 0.9`, since 0.8712 is below 0.9.</p>",
        "<td align=\"left\">❌ fails</td>",
        "<td align=\"left\"><code>correctness</code></td>",
        "<summary>85 failing rows</summary>",
        "<td align=\"left\"><code>“That is not our problem.” turns the customer away.</code></td>",
        "These are the first 50 verdicts",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn a_sentence_says_what_came_of_a_run() {
    let said = |verdict, reason: Option<&str>, gates: usize| {
        let (mut run, _) = support_bot(0);
        let report = run.report.as_mut().expect("a report");
        report.verdict = verdict;
        report.reason = reason.map(str::to_owned);
        report.gates.truncate(gates);
        let told = text(Format::Markdown, &run, &[]);
        told.lines().nth(3).expect("a sentence").replace("&#58;", ":").replace("&#96;", "`")
    };
    assert_eq!(said(Verdict::Passed, None, 3), "All 3 gates hold.");
    assert_eq!(said(Verdict::Passed, None, 1), "The gate holds.");
    let incomplete = said(Verdict::Incomplete, Some("19 of 20 rows are done"), 3);
    assert_eq!(incomplete, "Not to be decided: 19 of 20 rows are done.");
    let no_gate = "Every row is done, and nothing was asked of the numbers: the suite has no gate.";
    assert_eq!(said(Verdict::NoGate, None, 0), no_gate);
}
