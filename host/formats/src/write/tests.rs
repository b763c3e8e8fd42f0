use std::ops::ControlFlow;

use model::ports::DataReader;

use super::*;
use crate::Reader;

fn written(format: DataFormat, records: &[&str]) -> Result<Vec<u8>, WriteError> {
    let records: Vec<_> = records.iter().map(|record| Json::parse(record).expect("a record")).collect();
    let mut out = Vec::new();
    write::<WriteError>(format, &mut |each| records.iter().try_for_each(&mut *each), &mut out)?;
    Ok(out)
}

fn read(format: DataFormat, bytes: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    let result = Reader.read(format, &mut &bytes[..], &mut |record| {
        seen.push(record.map_or_else(|broken| broken.message, |record| record.fields.to_string()));
        ControlFlow::Continue(())
    });
    result.expect("in memory");
    seen
}

#[track_caller]
fn check(format: DataFormat, records: &[&str]) {
    let canonical = |text: &str| Json::parse(text).ok().and_then(|json| json.canonical()).map(|json| json.to_string());
    let read = read(format, &written(format, records).expect("it fits"));
    assert_eq!(
        read.iter().map(|record| canonical(record)).collect::<Vec<_>>(),
        records.iter().map(|record| canonical(record)).collect::<Vec<_>>(),
        "{format:?}"
    );
}

#[track_caller]
fn check_refused(record: &str, expected: &str) {
    let error = written(DataFormat::Csv, &[r#"{"id":"a"}"#, record]).expect_err(record).to_string();
    assert_eq!(error, expected);
}

#[test]
fn anything_comes_back_from_json_and_parquet() {
    let records = [
        r#"{"id":"a","n":1,"f":0.5,"b":true,"mixed":1,"odd":1.50,"text":"","inputs":{"q":[1,{"x":null}]}}"#,
        r#"{"id":"b,\n\"é","n":-7,"f":1e-9,"b":false,"mixed":"1","big":123456789012345678901234567890}"#,
        r#"{"id":"c","mixed":{"a":1.0}}"#,
        "{}",
    ];
    for format in [DataFormat::Jsonl, DataFormat::Json, DataFormat::Parquet] {
        check(format, &records);
    }
}

#[test]
fn nothing_is_a_file_too() {
    for format in [DataFormat::Jsonl, DataFormat::Json] {
        check(format, &[]);
    }
}

#[test]
fn rows_of_texts_have_columns_in_csv_and_others_cells_of_json() {
    let texts = [
        r#"{"id":"a","inputs":{"q":"?, \"x\"\n","lang":"de"},"outputs":"o","tags":{"t":"1"}}"#,
        r#"{"id":"b","inputs":{"lang":"en"},"expectations":{"expected_response":"x"}}"#,
    ];
    check(DataFormat::Csv, &texts);
    let bytes = written(DataFormat::Csv, &texts).expect("it fits");
    let header = "id,inputs.q,inputs.lang,outputs,tags.t,expectations.expected_response\n";
    assert!(String::from_utf8_lossy(&bytes).starts_with(header), "{}", String::from_utf8_lossy(&bytes));
    check(
        DataFormat::Csv,
        &[
            r#"{"inputs":{"q":"?"},"tags":{"empty":""},"trials":3,"weight":0.50}"#,
            r#"{"inputs":{"q":1,"a.b":[]},"expectations":{},"trace":{"spans":[]},"source":{"kind":"TRACE","data":{}}}"#,
        ],
    );
    check(DataFormat::Csv, &[r#"{"outputs":{"a":"x"}}"#, r#"{"outputs":{"b":"y"}}"#]);
}

#[test]
fn what_csv_cannot_hold_is_told() {
    check_refused(
        r#"{"outputs":3}"#,
        "record 2: `outputs` is a number, and CSV holds texts; JSONL and Parquet hold it",
    );
    check_refused(
        r#"{"outputs":{"a":1}}"#,
        "record 2: `outputs` is an object whose values are not all texts, and CSV holds texts; JSONL and Parquet hold it",
    );
    check_refused(r#"{"outputs":""}"#, "record 2: `outputs` is an empty text, which CSV takes for nothing");
    check_refused(r#"{"input":["a"]}"#, "record 2: `input` is a list, and CSV holds texts; JSONL and Parquet hold it");
    check_refused(r#"{" a":"x"}"#, "record 2: ` a` can't name a column of CSV");
    let both = [r#"{"outputs":"a"}"#, r#"{"outputs":{"a":"b"}}"#];
    let error = written(DataFormat::Csv, &both).expect_err("both").to_string();
    assert_eq!(error, "record 2: `outputs` is a text here and an object there; JSONL and Parquet hold both");
}

#[test]
fn what_is_no_parquet_says_so() {
    let seen = read(DataFormat::Parquet, b"{\"inputs\":{}}\n{\"inputs\":{}}\n");
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("it can't be read as Parquet: "), "{}", seen[0]);
    let whole = written(DataFormat::Parquet, &[r#"{"a":"b"}"#]).expect("it fits");
    for cut in [0, 3, whole.len() / 2, whole.len() - 1] {
        let seen = read(DataFormat::Parquet, &whole[..cut]);
        assert!(seen.iter().any(|line| line.starts_with("it can't be read as Parquet: ")), "{cut}: {seen:?}");
    }
}
