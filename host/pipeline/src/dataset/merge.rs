//! Rows merged into those that are there.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};

use model::json::Json;
use model::object;
use model::row::RowRecord;
use serde_json::value::RawValue;

use super::incoming::Incoming;
use super::join::{Joint, join};

/// What becomes of rows that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They stay, and take what a row of the same identity says: expectations and tags are added to theirs, or replaced one by
    /// one, anything else is replaced where it is said.
    Merge,
    /// They go, unless they come again; what comes is all there is.
    Replace,
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Those that went; of a merge, none.
    pub removed: u64,
}

/// Writes the rows of the next version to `to`: those that are there in their order, with the new ones behind them; or where
/// they are replaced, those that come in theirs. Calls `each` with every one.
///
/// # Errors
///
/// Fails when one of the sources does, or `to`.
pub fn merge<S: Read + Seek>(
    there: &mut dyn Read,
    incoming: &mut Incoming<S>,
    how: How,
    to: &mut dyn Write,
    each: &mut dyn FnMut(&RowRecord),
) -> io::Result<Merged> {
    let mut merged = Merged::default();
    let mut write = |line: &[u8]| {
        each(&serde_json::from_slice(line)?);
        to.write_all(line)
    };
    let keeps = how == How::Merge;
    join(there, incoming, &mut |joint| {
        match joint {
            Joint::There(_) if !keeps => merged.removed += 1,
            Joint::There(line) => {
                merged.unchanged += 1;
                write(line)?;
            }
            Joint::Incoming(line) => {
                merged.added += 1;
                if keeps {
                    write(line)?;
                }
            }
            Joint::Both { there, incoming } => {
                let line = if keeps { united(there, incoming)? } else { incoming.to_vec() };
                match line == there {
                    true => merged.unchanged += 1,
                    false => merged.changed += 1,
                }
                if keeps {
                    write(&line)?;
                }
            }
        }
        Ok(())
    })?;
    if !keeps {
        let mut line = Vec::new();
        for place in incoming.in_order() {
            incoming.line(place, &mut line)?;
            write(&line)?;
        }
    }
    Ok(merged)
}

/// One row of two lines, as a line with its end.
fn united(there: &[u8], incoming: &[u8]) -> io::Result<Vec<u8>> {
    if there == incoming {
        return Ok(there.to_vec());
    }
    let (there, incoming): (RowRecord, RowRecord) = (serde_json::from_slice(there)?, serde_json::from_slice(incoming)?);
    let mut tags = there.tags;
    tags.extend(incoming.tags);
    let row = RowRecord {
        id: incoming.id,
        inputs: incoming.inputs,
        outputs: incoming.outputs.or(there.outputs),
        expectations: match (there.expectations, incoming.expectations) {
            (Some(there), Some(incoming)) => Some(with(&there, &incoming)),
            (there, incoming) => incoming.or(there),
        },
        tags,
        trace: incoming.trace.or(there.trace),
        session: incoming.session.or(there.session),
        trials: incoming.trials.or(there.trials),
        split: incoming.split.or(there.split),
        cluster: incoming.cluster.or(there.cluster),
        weight: incoming.weight.or(there.weight),
        source: there.source.or(incoming.source),
    };
    let line = row.canonical_line().ok_or_else(|| io::Error::other("a row nests deeper than 128 levels"))?;
    Ok((line + "\n").into_bytes())
}

/// An object with what another has in addition, or instead.
fn with(there: &Json, incoming: &Json) -> Json {
    let all = [there, incoming].into_iter().flat_map(|object| object::entries(object.as_str()).unwrap_or_default());
    let all: BTreeMap<_, &RawValue> = all.collect();
    Json::from_serialize(&all).expect("values of JSON are JSON")
}

#[cfg(test)]
mod tests;
