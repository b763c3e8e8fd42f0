//! Quantities as people write them: `64MiB`, `30s`, `1%`, `1e9`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes: `65536`, `64KiB`, `1.5GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A span of time: `250ms`, `30s`, `1m 30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub Duration);

/// A whole number that may be written with an exponent: `1000`, `1e9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

/// How many rows may fail: a share of all (`1%`) or a number of rows (`5`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowance {
    /// From 0 to 1.
    Share(f64),
    Rows(u64),
}

impl Allowance {
    /// The largest number out of `rows` that is still allowed.
    pub fn of(self, rows: u64) -> u64 {
        match self {
            Self::Share(share) => (share * rows as f64).floor() as u64,
            Self::Rows(allowed) => allowed,
        }
    }
}

/// A text that is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct QuantityError {
    text: String,
    expected: &'static str,
}

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let wrong = || QuantityError { text: text.to_owned(), expected: "a number of bytes such as `64MiB`" };
        text.parse::<bytesize::ByteSize>().map(|size| Self(size.as_u64())).map_err(|_| wrong())
    }
}

impl FromStr for TimeSpan {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let wrong = || QuantityError { text: text.to_owned(), expected: "a span of time such as `30s`" };
        humantime::parse_duration(text).map(Self).map_err(|_| wrong())
    }
}

impl FromStr for Allowance {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let wrong =
            || QuantityError { text: text.to_owned(), expected: "a share from `0%` to `100%`, or a number of rows" };
        let Some(percent) = text.trim().strip_suffix('%') else {
            return text.trim().parse().map(Self::Rows).map_err(|_| wrong());
        };
        let share = percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0;
        (0.0..=1.0).contains(&share).then_some(Self::Share(share)).ok_or_else(wrong)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", bytesize::ByteSize(self.0).display().iec())
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(self.0))
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{}%", share * 100.0),
            Self::Rows(rows) => write!(f, "{rows}"),
        }
    }
}

/// What a YAML or JSON scalar can be before it is a quantity.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Whole(u64),
    Number(f64),
    Text(String),
}

fn whole(scalar: &Scalar) -> Option<u64> {
    match scalar {
        Scalar::Whole(number) => Some(*number),
        Scalar::Number(number) if number.fract() == 0.0 && (0.0..1e18).contains(number) => Some(*number as u64),
        Scalar::Number(_) | Scalar::Text(_) => None,
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => text.parse().map_err(de::Error::custom),
            other => {
                whole(&other).map(Self).ok_or_else(|| de::Error::custom("a number of bytes is whole and not negative"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        let number = match &scalar {
            Scalar::Text(text) => text.parse::<f64>().ok().and_then(|number| whole(&Scalar::Number(number))),
            other => whole(other),
        };
        number.map(Self).ok_or_else(|| de::Error::custom("a count is whole and not negative"))
    }
}

impl<'de> Deserialize<'de> for Allowance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => text.parse().map_err(de::Error::custom),
            other => whole(&other).map(Self::Rows).ok_or_else(|| de::Error::custom("write a share as text: `\"1%\"`")),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for Allowance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! inline_schema {
    ($name:ident, $schema:tt) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

// The formats are checked where a suite is read; other validators take an unknown format for a remark.
inline_schema!(ByteSize, { "type": ["integer", "string"], "minimum": 0, "format": "byte-size", "examples": ["64MiB"] });
inline_schema!(TimeSpan, { "type": "string", "format": "time-span", "examples": ["30s"] });
inline_schema!(Count, { "type": ["integer", "string"], "minimum": 0, "format": "count", "examples": [1_000_000] });
inline_schema!(Allowance, { "type": ["integer", "string"], "minimum": 0, "format": "allowance", "examples": ["1%"] });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        assert_eq!("64MiB".parse(), Ok(ByteSize(64 << 20)));
        assert_eq!("1m 30s".parse(), Ok(TimeSpan(Duration::from_secs(90))));
        assert_eq!("1%".parse(), Ok(Allowance::Share(0.01)));
        assert_eq!("5".parse(), Ok(Allowance::Rows(5)));
        assert_eq!(serde_json::from_str::<Count>("1e9").expect("a count"), Count(1_000_000_000));
    }

    #[test]
    fn what_is_no_quantity_says_so() {
        assert_eq!(
            "fast".parse::<TimeSpan>().map_err(|error| error.to_string()),
            Err("`fast` is not a span of time such as `30s`".to_owned())
        );
        assert!("120%".parse::<Allowance>().is_err());
        assert!(serde_json::from_str::<Count>("1.5").is_err());
        assert!(serde_json::from_str::<ByteSize>("-1").is_err());
    }

    #[test]
    fn an_allowance_never_rounds_up() {
        assert_eq!(Allowance::Share(0.01).of(199), 1);
        assert_eq!(Allowance::Share(0.01).of(99), 0);
        assert_eq!(Allowance::Rows(3).of(1), 3);
    }
}
