//! Two lists of rows side by side, by who the rows are.

use std::io::{self, BufRead, BufReader, Read, Seek};

use model::row::RowRecord;

use super::incoming::{Incoming, Keys};

/// Rows of one identity, as lines with their ends: what is there, and what comes.
pub(super) enum Joint<'l> {
    There(&'l [u8]),
    Both { there: &'l [u8], incoming: &'l [u8] },
    Incoming(&'l [u8]),
}

/// Calls `each` for the rows that are there, in their order, then for those that come and are not there, in theirs.
pub(super) fn join<S: Read + Seek>(
    there: &mut dyn Read,
    incoming: &mut Incoming<S>,
    each: &mut dyn FnMut(Joint<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut there = BufReader::with_capacity(64 << 10, there);
    let mut met = vec![false; usize::try_from(incoming.rows()).unwrap_or(usize::MAX)];
    let (mut keys, mut line, mut other) = (Keys::default(), Vec::new(), Vec::new());
    loop {
        line.clear();
        if there.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let row: RowRecord = serde_json::from_slice(&line)?;
        match incoming.find(keys.of(&row, &row.inputs)) {
            None => each(Joint::There(&line))?,
            Some(place) => {
                met[place] = true;
                incoming.line(place, &mut other)?;
                each(Joint::Both { there: &line, incoming: &other })?;
            }
        }
    }
    for place in incoming.in_order().into_iter().filter(|place| !met[*place]) {
        incoming.line(place, &mut line)?;
        each(Joint::Incoming(&line))?;
    }
    Ok(())
}
