use std::sync::Arc;

use super::*;
use crate::testing::{Lines, Memory, feedback, header, plan, result, scorer};

#[tokio::test]
async fn rows_that_did_not_come_out_well_are_cut_once_with_their_identity() {
    let says = |value| Outcome::Scored(vec![feedback(Value::Boolean(value))]);
    let results = [
        RowResult { trial: 0, ..result(0, vec![says(true)]) },
        RowResult { trial: 0, ..result(1, vec![says(false)]) },
        RowResult { trial: 1, ..result(1, vec![says(false)]) },
        RowResult { trial: 0, ..result(2, vec![Outcome::Unpredicted]) },
        RowResult { trial: 0, ..result(3, vec![Outcome::Abstained { reason: "unclear".to_owned() }]) },
    ];
    let memory = Memory::default();
    let all = results.into_iter().map(|result| ((result.index, result.trial), result));
    memory.results.lock().expect("no panic").extend(all);
    let text: String = (0..4).map(|n| format!("{{\"inputs\":{{\"n\":{n}}},\"outputs\":\"o\"}}\n")).collect();
    let header = header(plan(vec![scorer("a")]));
    let source = Box::new(io::Cursor::new(text.into_bytes()));
    let joined = Joined::new(Arc::new(memory), &header, Arc::new(Lines), source);
    let mut to = Vec::new();
    assert_eq!(failing_rows(header.id, joined, &mut to).await.expect("a run"), 2);
    let rows: Vec<RowRecord> =
        String::from_utf8(to).expect("text").lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!(rows.iter().map(|row| row.id.as_deref()).collect::<Vec<_>>(), [Some("q1"), Some("q2")]);
    let source = rows[0].source.as_ref().expect("a source");
    assert_eq!(source.data.as_str(), format!("{{\"run_id\":\"{}\"}}", header.id));
}

#[test]
fn a_trace_is_where_its_row_comes_from() {
    let row = Json::parse(r#"{"id":"t1","inputs":{"q":1},"outputs":"a","trace":{"spans":[]}}"#).expect("JSON");
    let row = from_trace("t1", &row).expect("a row");
    assert_eq!(
        row.as_str(),
        r#"{"id":"t1","inputs":{"q":1},"outputs":"a","source":{"kind":"TRACE","data":{"trace_id":"t1"}}}"#
    );
}
