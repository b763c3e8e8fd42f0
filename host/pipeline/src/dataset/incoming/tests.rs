use std::io::Cursor;

use super::*;
use crate::testing::{Lines, Traces};

pub(in crate::dataset) fn read(
    text: &str,
    peer: Option<&'static Peer>,
) -> Result<Incoming<Cursor<Vec<u8>>>, DatasetError> {
    let format = DataFormat::Jsonl;
    let file = File { reader: &Lines, traces: &Traces, format, peer, path: "rows.jsonl" };
    Incoming::read(file, &mut text.as_bytes(), Cursor::default())
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let Err(error) = read(text, None) else { panic!("expected {expected:?}") };
    assert_eq!(error.to_string().lines().map(str::trim).collect::<Vec<_>>(), expected);
}

#[test]
fn rows_are_written_down_in_one_way_and_found_by_who_they_are() {
    let text = "{\"inputs\": {\"b\": 1.50, \"a\": \"\\u00e9\"}}\n{\"inputs\":{},\"id\":\"x\",\"tags\":null}\n{\"inputs\":{\"a\":\"é\",\"b\":1.50}}";
    let mut incoming = read(text, None).expect("rows");
    assert_eq!(incoming.rows(), 3);
    assert_eq!(incoming.digest(), blake3::hash(text.as_bytes()).to_hex().as_str());
    let mut line = Vec::new();
    let mut seen = Vec::new();
    for place in incoming.in_order() {
        incoming.line(place, &mut line).expect("in memory");
        seen.push(String::from_utf8(line.clone()).expect("text"));
    }
    let twice = "{\"inputs\":{\"a\":\"é\",\"b\":1.50}}\n";
    assert_eq!(seen, [twice, "{\"id\":\"x\",\"inputs\":{}}\n", twice]);
    let row: RowRecord = serde_json::from_str(twice).expect("a row");
    let mut keys = Keys::default();
    let places: Vec<_> = (0..3).map(|_| incoming.find(keys.of(&row, &row.inputs))).collect();
    assert!(places[0].is_some() && places[1].is_some() && places[0] != places[1], "{places:?}");
    assert_eq!(places[2], None);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_line() {
    check(
        "{\"inputs\":{},\"id\":\"a\"}\n{\n{\"inputs\":{\"q\":1},\"id\":\"a\"}\n{\"inputs\":3}",
        &[
            "rows.jsonl:2: EOF while parsing an object at line 1 column 1",
            "rows.jsonl:3: id: repeats the id of line 1",
            "hint: an id names one row",
            "rows.jsonl:4: inputs: expected an object, found a number",
            "hint: give the value a name of its own, such as `inputs.question`",
        ],
    );
    check("", &["rows.jsonl: there are no rows"]);
}

#[test]
fn the_shape_of_the_first_record_is_that_of_all() {
    check(
        "{\"user_input\":\"?\",\"reference\":\"!\"}\n{\"inputs\":{}}\n{\"user_input\":\"?\",\"ground\":1}",
        &[
            "rows.jsonl:2: unknown key `inputs` of a record of ragas",
            "hint: a `map` takes what it names and leaves out the rest",
            "rows.jsonl:2: missing key `user_input`, which every record of ragas has",
            "rows.jsonl:3: unknown key `ground` of a record of ragas",
            "hint: a `map` takes what it names and leaves out the rest",
        ],
    );
}
