use std::io::Cursor;

use super::*;
use crate::dataset::diff::{Difference, diff};
use crate::dataset::incoming::tests::read;

fn merged(there: &str, incoming: &str, how: How) -> (Vec<String>, Merged) {
    let mut incoming = read(incoming, None).expect("rows");
    let (mut to, mut rows) = (Vec::new(), 0);
    let counts =
        merge(&mut there.as_bytes(), &mut incoming, how, &mut to, &mut |_| rows += 1).expect("all is in memory");
    let lines: Vec<_> = String::from_utf8(to).expect("text").lines().map(str::to_owned).collect();
    assert_eq!(rows, lines.len());
    (lines, counts)
}

const THERE: &str = concat!(
    r#"{"inputs":{"q":1},"outputs":"a","expectations":{"x":1,"y":2},"tags":{"t":"1"},"split":"dev"}"#,
    "\n",
    r#"{"id":"two","inputs":{"q":2}}"#,
    "\n",
    r#"{"inputs":{"q":1}}"#,
    "\n",
);

#[test]
fn a_row_takes_what_comes_and_keeps_the_rest() {
    let incoming = concat!(
        r#"{"inputs":{"q":3}}"#,
        "\n",
        r#"{"id":"two","inputs":{"q":7}}"#,
        "\n",
        r#"{"inputs":{"q":1},"outputs":"b","expectations":{"y":3,"z":4},"tags":{"u":"2"},"weight":0.5}"#,
    );
    let (lines, counts) = merged(THERE, incoming, How::Merge);
    assert_eq!(counts, Merged { added: 1, changed: 2, unchanged: 1, removed: 0 });
    assert_eq!(
        lines,
        [
            r#"{"inputs":{"q":1},"outputs":"b","expectations":{"x":1,"y":3,"z":4},"tags":{"t":"1","u":"2"},"split":"dev","weight":0.5}"#,
            r#"{"id":"two","inputs":{"q":7}}"#,
            r#"{"inputs":{"q":1}}"#,
            r#"{"inputs":{"q":3}}"#,
        ]
    );
}

#[test]
fn the_same_again_changes_nothing() {
    let (lines, counts) = merged(THERE, THERE.trim_end(), How::Merge);
    assert_eq!(lines, THERE.lines().collect::<Vec<_>>());
    assert_eq!(counts, Merged { unchanged: 3, ..Merged::default() });
}

#[test]
fn what_is_replaced_is_gone_unless_it_comes_again() {
    let incoming = concat!(r#"{"inputs":{"q":3}}"#, "\n", r#"{"id":"two","inputs":{"q":2}}"#);
    let (lines, counts) = merged(THERE, incoming, How::Replace);
    assert_eq!(counts, Merged { added: 1, changed: 0, unchanged: 1, removed: 2 });
    assert_eq!(lines, incoming.lines().collect::<Vec<_>>());
}

#[test]
fn versions_differ_by_rows_and_their_fields() {
    let after = concat!(
        r#"{"inputs":{"q":9}}"#,
        "\n",
        r#"{"inputs":{"q":1},"outputs":"a","expectations":{"x":1,"z":2},"tags":{"t":"1"},"split":"test"}"#,
        "\n",
        r#"{"inputs":{"q":1}}"#,
        "\n",
    );
    let mut after = Incoming::of_version(&mut after.as_bytes(), Cursor::new(Vec::new())).expect("in memory");
    let mut seen = Vec::new();
    let same = diff(&mut THERE.as_bytes(), &mut after, &mut |difference| {
        seen.push(match difference {
            Difference::Removed { id, .. } => format!("-{id}"),
            Difference::Added { row, .. } => format!("+{}", row.inputs),
            Difference::Changed { changes, .. } => {
                let value = |json: &Option<Json>| json.as_ref().map_or("none".to_owned(), Json::to_string);
                let told = |change: &crate::dataset::Change| {
                    format!("{}: {} → {}", change.field, value(&change.before), value(&change.after))
                };
                changes.iter().map(told).collect::<Vec<_>>().join("; ")
            }
        });
        Ok(())
    });
    assert_eq!(same.expect("in memory"), 1);
    assert_eq!(
        seen,
        [r#"expectations.y: 2 → none; expectations.z: none → 2; split: "dev" → "test""#, "-two", r#"+{"q":9}"#,]
    );
}
