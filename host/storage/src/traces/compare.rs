//! Whether two indexes say the same.

use std::collections::BTreeSet;

use super::id;
use super::part::{Chunk, Row};
use super::read::Known;
use super::table::Table;

/// What `found` has otherwise than `expected`, in words. Numbers of traces and texts may differ.
pub(super) fn differences(found: &Table, expected: &Table) -> Vec<String> {
    let mut differences = Vec::new();
    for row in expected.rows() {
        let name = id::hex(&row.id);
        match found.number(&row.id).map(|number| found.row(number)) {
            None => differences.push(format!("trace {name} is missing in `traces`")),
            Some(other) if !is_same(&other, found, &row, expected) => {
                differences.push(format!("trace {name} of `traces` is not what the log says"));
            }
            Some(_) => {}
        }
    }
    let gone = found.rows().filter(|row| expected.number(&row.id).is_none());
    differences.extend(gone.map(|row| format!("trace {} of `traces` is not in the log", id::hex(&row.id))));
    differences
}

fn is_same(row: &Row, table: &Table, other: &Row, others: &Table) -> bool {
    let places = |row: &Row| row.chunks().map(|chunk| (chunk.segment, chunk.offset)).collect::<BTreeSet<_>>();
    let shape = |row: &Row, table: &Table| {
        let texts = table.strings.list(row.shape).iter().map(|&text| table.strings.text(text).map(str::to_owned));
        texts.collect::<BTreeSet<_>>()
    };
    let top = |row: &Row| -> Option<Chunk> { row.top_chunk().copied() };
    Known::of(row, &table.strings).info() == Known::of(other, &others.strings).info()
        && places(row) == places(other)
        && shape(row, table) == shape(other, others)
        && (row.top, top(row), row.arrived) == (other.top, top(other), other.arrived)
}
