//! Traces as rows of Parquet files: our own, and what others make of theirs.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use formats::WriteError;
use model::json::Json;
use model::ports::DataReader;
use model::search::TraceInfo;
use model::suite::DataFormat;
use telemetry::files::{self, Imported};

/// What is read of a file: traces, and what is wrong.
fn all(mut file: &[u8]) -> (Vec<Imported>, Vec<String>) {
    let (mut traces, mut broken) = (Vec::new(), Vec::new());
    let mut each = |one: Result<Imported, files::BrokenFile>| {
        match one {
            Ok(imported) => traces.push(imported),
            Err(wrong) => broken.push(wrong.to_string()),
        }
        ControlFlow::Continue(())
    };
    let read = match files::is_parquet(file.fill_buf().expect("in memory")) {
        true => files::read_rows(|row| formats::Reader.read(DataFormat::Parquet, &mut file, row), &mut each),
        false => files::read(&mut file, &mut each),
    };
    read.expect("in memory");
    (traces, broken)
}

fn table(rows: &[Json]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rows = |each: &mut dyn FnMut(&Json) -> Result<(), WriteError>| rows.iter().try_for_each(each);
    formats::write(DataFormat::Parquet, &mut rows, &mut out).expect("in memory");
    out
}

#[test]
fn a_table_has_what_was_written() {
    let file = include_bytes!("files/mlflow/version_2.jsonl");
    let (traces, _) = all(file);
    assert!(traces.len() > 1);
    let rows: Vec<_> = traces
        .iter()
        .map(|Imported { trace, experiment, tags, assessments }| {
            let experiment = experiment.clone().unwrap_or_else(|| "default".to_owned());
            let (tags, assessments) = (tags.clone(), assessments.clone());
            let info = TraceInfo { id: trace.id.clone(), experiment, tags, assessments, ..TraceInfo::default() };
            files::row(&info, &trace.spans)
        })
        .collect();
    let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
    let expected = all(lines.concat().as_bytes());
    assert_eq!((expected.0.len(), &expected.1[..]), (traces.len(), &[][..]));
    assert_eq!(all(&table(&rows)), expected);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_row() {
    let rows = [r#"{"karat":1,"trace_id":"no","spans":[]}"#, r#"{"karat":1,"trace_id":"x"}"#];
    let mut file = table(&rows.map(|row| Json::parse(row).expect("JSON")));
    let (_, broken) = all(&file);
    assert!(broken[0].starts_with("row 1: `trace_id` ") && broken[1].starts_with("row 2: "), "{broken:?}");
    file.truncate(file.len() / 2);
    let (_, broken) = all(&file);
    assert!(broken[0].starts_with("row 1: it can't be read as Parquet"), "{broken:?}");
}

#[test]
fn a_failing_source_of_rows_fails() {
    let failed = files::read_rows(|_| Err(io::Error::other("the disk is gone")), &mut |_| ControlFlow::Continue(()));
    assert_eq!(failed.expect_err("it fails").to_string(), "the disk is gone");
}

#[test]
fn a_frame_of_mlflow_is_its_traces() {
    let (traces, broken) = all(include_bytes!("files/mlflow/frame.parquet"));
    assert_eq!((traces.len(), broken), (2, Vec::new()));
    for Imported { trace, tags, .. } in &traces {
        let names: Vec<_> = trace.spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!((names, tags["fruit"].as_str()), (vec!["answer", "search"], "apple"));
        assert!(trace.spans[0].attribute("mlflow.spanInputs").is_some(), "{:?}", trace.spans[0]);
    }
    let said: Vec<_> = traces.iter().flat_map(|imported| &imported.assessments).map(|said| &said.name[..]).collect();
    assert_eq!(said, ["good"]);
}
