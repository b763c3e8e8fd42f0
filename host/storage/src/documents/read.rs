//! Reading documents: the view says where, the log holds what.

use std::collections::{BTreeMap, HashMap};

use model::document::{Document, Kind};
use model::json::Json;
use model::ports::StoreError;

use super::frames::Frame;
use crate::database::Snapshot;
use crate::log::{Address, Log, Stored};
use crate::operation::unreadable;
use crate::view::{self, Pointer, keys, open_entry, pointer};

pub(crate) fn document(now: Snapshot<'_>, log: &Log, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
    let Some(Pointer { as_of, address }) = pointer(now, &keys::document(kind as u8, key))? else {
        return Ok(None);
    };
    let value = value(log, address, kind, key)?;
    Ok(Some(Document { key: key.to_owned(), version: as_of, value }))
}

/// Up to `limit` documents of a kind whose keys begin with `prefix` and come behind `after`.
pub(crate) fn list(
    now: Snapshot<'_>,
    log: &Log,
    kind: Kind,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let all = keys::document(kind as u8, prefix);
    let start = after.map_or_else(|| all.clone(), |after| [&keys::document(kind as u8, after)[..], &[0]].concat());
    let mut found = Vec::new();
    // What one frame holds of the list is read together.
    let mut frames: BTreeMap<Address, HashMap<String, usize>> = BTreeMap::new();
    for entry in now.scan(&all, &start).take(limit) {
        let (entry_key, value) = entry?;
        let Pointer { as_of, address } = open_entry(&entry_key, &value)?;
        let key = keys::document_key(&entry_key).ok_or_else(|| view::damaged(&entry_key, "has a wrong key"))?;
        frames.entry(address).or_default().insert(key.to_owned(), found.len());
        found.push((key.to_owned(), as_of, None));
    }
    for (address, wanted) in frames {
        let frame = Frame::open(&log.read(address)?, address)?;
        let of_kind = frame.changes().filter(|(changed, _)| changed.kind == kind as u8);
        for (place, json) in of_kind.filter_map(|(changed, json)| Some((*wanted.get(&changed.key)?, json?))) {
            found[place].2 = Some(parse(json, address)?);
        }
    }
    let documents = found.into_iter().map(|(key, version, value)| match value {
        Some(value) => Ok(Document { key, version, value }),
        None => Err(misled(&key)),
    });
    documents.collect()
}

/// The value that a frame has of a document.
pub(super) fn value(log: &Log, address: Address, kind: Kind, key: &str) -> Result<Json, StoreError> {
    let frame = Frame::open(&log.read(address)?, address)?;
    let found = frame.changes().find(|(changed, _)| changed.kind == kind as u8 && changed.key == key);
    let (_, json) = found.ok_or_else(|| misled(key))?;
    parse(json.ok_or_else(|| misled(key))?, address)
}

/// Reads all of a frame. Returns nothing but what is wrong with it.
pub(crate) fn check_frame(stored: &Stored, address: Address) -> Result<(), StoreError> {
    let frame = Frame::open(stored, address)?;
    frame.changes().filter_map(|(_, json)| json).try_for_each(|json| parse(json, address).map(drop))
}

fn parse(json: &[u8], address: Address) -> Result<Json, StoreError> {
    serde_json::from_slice(json).map_err(|error| unreadable(address, &format!("its document ({error})")))
}

/// The view points to a frame that has something else.
fn misled(key: &str) -> StoreError {
    StoreError::Damaged { what: format!("`view` does not say where the document `{}` is", key.escape_debug()) }
}

#[cfg(test)]
mod tests {
    use model::document::{Change, Expected};

    use super::*;
    use crate::documents::frames;
    use crate::log::Position;

    #[test]
    fn a_value_that_is_no_json_is_damage() {
        let change = |value: &str| {
            let value = Some(Json::parse(value).expect("JSON"));
            Change { kind: Kind::Index, key: "a".to_owned(), expected: Expected::Anything, value }
        };
        let address = Address { position: Position { segment: 1, offset: 32 }, length: 0 };
        let check = |payload: Vec<u8>| check_frame(&Stored { kind: frames::DOCUMENTS, sequence: 1, payload }, address);
        let (_, mut payload) = frames::commit(&[change("[1]")]).expect("small");
        check(payload.clone()).expect("whole");
        *payload.last_mut().expect("the end of the value") = b'}';
        assert!(matches!(check(payload), Err(StoreError::Damaged { .. })));
    }
}
