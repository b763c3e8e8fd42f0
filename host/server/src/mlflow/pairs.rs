//! Tags, parameters and the like: on the wire, a list of messages that have a key and a value.

use std::collections::BTreeMap;

use serde::Serialize;

use super::asked::lacks;
use super::{Asked, Wrong};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> Pair<'a> {
    pub(super) fn new(key: &'a str, value: &'a str) -> Self {
        Self { key, value }
    }
}

pub(super) fn of(map: &BTreeMap<String, String>) -> Vec<Pair<'_>> {
    map.iter().map(|(key, value)| Pair { key, value }).collect()
}

/// The pairs of a list, as they come; a value that is not there is empty.
pub(super) fn read(asked: &Asked, list: &str) -> Result<Vec<(String, String)>, Wrong> {
    let pair = |(place, pair): (usize, Asked)| {
        let key = pair.text("key")?.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| lacks(&format!("{list}[{place}].key")))?;
        Ok((key.to_owned(), pair.text("value")?.unwrap_or_default().to_owned()))
    };
    asked.messages(list)?.into_iter().enumerate().map(pair).collect()
}
