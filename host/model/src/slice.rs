//! Parts of a dataset that are looked at by themselves.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::Scorers;
use crate::row::RowRecord;

/// What rows are sliced by: `split`, or a tag as `tags.lang`, or as `lang` where it can't be mistaken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SliceKey {
    Split,
    Tag(String),
}

impl SliceKey {
    /// What a row has there.
    pub fn of<'r>(&self, row: &'r RowRecord) -> Option<&'r str> {
        match self {
            Self::Split => row.split.as_deref(),
            Self::Tag(name) => row.tags.get(name).map(String::as_str),
        }
    }
}

impl FromStr for SliceKey {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text, text.strip_prefix("tags.")) {
            ("split", _) => Self::Split,
            (_, Some(tag)) => Self::Tag(tag.to_owned()),
            (tag, None) => Self::Tag(tag.to_owned()),
        })
    }
}

impl fmt::Display for SliceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split => f.write_str("split"),
            Self::Tag(name) => write!(f, "tags.{name}"),
        }
    }
}

impl Serialize for SliceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SliceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Cow::<'_, str>::deserialize(deserializer)?.parse().unwrap_or_else(|never: Infallible| match never {}))
    }
}

impl JsonSchema for SliceKey {
    fn schema_name() -> Cow<'static, str> {
        "SliceKey".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "examples": ["tags.lang"] })
    }
}

/// The rows that have one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Slice {
    pub by: SliceKey,
    pub value: String,
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.by, self.value)
    }
}

/// The numbers of a slice.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Sliced {
    #[serde(flatten)]
    pub slice: Slice,
    /// Rows of the run that are in it and have a result.
    pub rows: u64,
    pub scorers: Scorers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_split_or_a_tag() {
        let check =
            |text: &str, expected: &str| assert_eq!(text.parse::<SliceKey>().expect("a key").to_string(), expected);
        check("split", "split");
        check("lang", "tags.lang");
        check("tags.lang", "tags.lang");
        check("tags.split", "tags.split");
    }
}
