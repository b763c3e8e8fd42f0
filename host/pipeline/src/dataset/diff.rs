//! What differs between two versions.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek};

use model::json::Json;
use model::object;
use model::row::RowRecord;

use super::identity::{generated, inputs_key};
use super::incoming::Incoming;
use super::join::{Joint, join};

/// A row that is in one of two versions, or says something else in each.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    Removed { id: String, row: Box<RowRecord> },
    Added { id: String, row: Box<RowRecord> },
    Changed { id: String, changes: Vec<Change> },
}

/// A field that says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Such as `outputs` or `expectations.expected_response`.
    pub field: String,
    pub before: Option<Json>,
    pub after: Option<Json>,
}

/// Calls `each` with every difference: of rows of the first version in their order, then with the rows that only the second
/// has in theirs. Which row is which is told by their identity. Returns how many rows say the same.
///
/// # Errors
///
/// Fails when one of the versions can't be read.
pub fn diff<S: Read + Seek>(
    before: &mut dyn Read,
    after: &mut Incoming<S>,
    each: &mut dyn FnMut(Difference) -> io::Result<()>,
) -> io::Result<u64> {
    let mut same = 0;
    join(before, after, &mut |joint| match joint {
        Joint::Both { there, incoming } if there == incoming => {
            same += 1;
            Ok(())
        }
        Joint::Both { there, incoming } => {
            let (before, after) = (read(there)?, read(incoming)?);
            each(Difference::Changed { id: id(&after), changes: changes(&before, &after)? })
        }
        Joint::There(line) => {
            let row = Box::new(read(line)?);
            each(Difference::Removed { id: id(&row), row })
        }
        Joint::Incoming(line) => {
            let row = Box::new(read(line)?);
            each(Difference::Added { id: id(&row), row })
        }
    })?;
    Ok(same)
}

fn read(line: &[u8]) -> io::Result<RowRecord> {
    Ok(serde_json::from_slice(line)?)
}

/// What a row is called; of several that have the same inputs and no ids, all the same.
pub(super) fn id(row: &RowRecord) -> String {
    row.id.clone().unwrap_or_else(|| generated(inputs_key(&row.inputs), 1))
}

/// Fields whose values are told one by one.
const OBJECTS: [&str; 3] = ["inputs", "expectations", "tags"];

fn changes(before: &RowRecord, after: &RowRecord) -> io::Result<Vec<Change>> {
    let (before, after) = (fields(before)?, fields(after)?);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let change = |name: &String| {
        let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
        (before != after).then(|| Change { field: name.clone(), before, after })
    };
    Ok(names.into_iter().filter_map(change).collect())
}

fn fields(row: &RowRecord) -> io::Result<BTreeMap<String, Json>> {
    let text = serde_json::to_string(row)?;
    let mut fields = BTreeMap::new();
    for (name, value) in object::entries(&text).unwrap_or_default() {
        match object::entries(value.get()).filter(|_| OBJECTS.contains(&name.as_ref())) {
            Some(inner) => {
                let inner = inner.into_iter().map(|(key, value)| (format!("{name}.{key}"), Json::from_raw(value)));
                fields.extend(inner);
            }
            None => drop(fields.insert(name.into_owned(), Json::from_raw(value))),
        }
    }
    Ok(fields)
}
