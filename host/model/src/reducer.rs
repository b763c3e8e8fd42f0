//! How the trials of a row become one value.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::scorer::ValueKind;

/// Folds what a scorer said of each trial of a row. `true` counts as 1, `false` as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reducer {
    Mean,
    Median,
    /// The most frequent value; of several, the smallest.
    Mode,
    Min,
    Max,
    /// The value of more than half of the trials; booleans without one are `false`, labels have none.
    Majority,
    /// `pass@k`: how probable it is that at least one of `k` trials passes.
    PassAt(NonZeroU32),
    /// `pass^k`: how probable it is that all of `k` trials pass.
    PassAll(NonZeroU32),
    /// `at_least@k`: whether `k` trials or more passed.
    AtLeast(NonZeroU32),
}

impl Reducer {
    /// Whether it can fold verdicts of this kind. What is no number, boolean or label is never folded.
    pub fn takes(self, kind: ValueKind) -> bool {
        matches!(
            (self, kind),
            (_, ValueKind::Boolean | ValueKind::Any)
                | (Self::Mean | Self::Median | Self::Mode | Self::Min | Self::Max, ValueKind::Number)
                | (Self::Mode | Self::Majority, ValueKind::Label)
        )
    }

    /// Whether a row of booleans becomes one that is true or false itself, and not something in between.
    pub fn decides(self) -> bool {
        matches!(self, Self::Mode | Self::Min | Self::Max | Self::Majority | Self::AtLeast(_))
    }

    /// How many trials it speaks of, where it says so.
    pub fn needs(self) -> Option<NonZeroU32> {
        match self {
            Self::PassAt(k) | Self::PassAll(k) | Self::AtLeast(k) => Some(k),
            _ => None,
        }
    }
}

/// A text that is no reducer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a reducer: `mean`, `median`, `mode`, `min`, `max`, `majority`, or `pass@k`, `pass^k` or `at_least@k` with a \
     number such as `pass@3`"
)]
pub struct ReducerError(String);

impl FromStr for Reducer {
    type Err = ReducerError;

    fn from_str(text: &str) -> Result<Self, ReducerError> {
        let counted = |rest: &str| rest.parse().map_err(|_| ReducerError(text.to_owned()));
        Ok(match text {
            "mean" => Self::Mean,
            "median" => Self::Median,
            "mode" => Self::Mode,
            "min" => Self::Min,
            "max" => Self::Max,
            "majority" => Self::Majority,
            _ => match (text.strip_prefix("pass@"), text.strip_prefix("pass^"), text.strip_prefix("at_least@")) {
                (Some(rest), _, _) => Self::PassAt(counted(rest)?),
                (_, Some(rest), _) => Self::PassAll(counted(rest)?),
                (_, _, Some(rest)) => Self::AtLeast(counted(rest)?),
                (None, None, None) => return Err(ReducerError(text.to_owned())),
            },
        })
    }
}

impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::Mode => f.write_str("mode"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Majority => f.write_str("majority"),
            Self::PassAt(k) => write!(f, "pass@{k}"),
            Self::PassAll(k) => write!(f, "pass^{k}"),
            Self::AtLeast(k) => write!(f, "at_least@{k}"),
        }
    }
}

impl Serialize for Reducer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reducer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Reducer {
    fn schema_name() -> Cow<'static, str> {
        "Reducer".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "reducer", "examples": ["pass@3"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducers_read_as_they_are_written() {
        for text in ["mean", "median", "mode", "min", "max", "majority", "pass@3", "pass^2", "at_least@1"] {
            assert_eq!(text.parse::<Reducer>().expect("a reducer").to_string(), text);
        }
        for text in ["", "average", "pass", "pass@", "pass@0", "pass@-1", "pass@3.5", "at_least"] {
            let error = text.parse::<Reducer>().expect_err("no reducer").to_string();
            assert!(error.starts_with(&format!("`{text}` is not a reducer")), "{error}");
        }
    }
}
