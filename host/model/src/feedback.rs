//! One verdict about a row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// What a scorer found. Numbers are finite.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    Boolean(bool),
    Number(f64),
    Text(String),
    Booleans(Vec<bool>),
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Serialize for Value {
    /// Writes whole numbers without a fraction, as every other JSON tool does.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(value) => number(*value).serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Booleans(values) => serializer.collect_seq(values),
            Self::Numbers(values) => serializer.collect_seq(values.iter().copied().map(number)),
            Self::Texts(values) => serializer.collect_seq(values),
        }
    }
}

fn number(value: f64) -> serde_json::Number {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if value.fract() == 0.0 && value.abs() <= LARGEST_EXACT {
        return serde_json::Number::from(value as i64);
    }
    serde_json::Number::from_f64(value).unwrap_or_else(|| serde_json::Number::from(0))
}

/// One verdict of a scorer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Feedback {
    /// Name under the scorer's own; none for the main verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub value: Value,
    /// Why, for a person. A guest's text: untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        let written = |value: f64| serde_json::to_string(&Value::Number(value)).expect("a number");
        assert_eq!(written(5.0), "5");
        assert_eq!(written(-0.0), "0");
        assert_eq!(written(0.25), "0.25");
        assert_eq!(written(1e300), "1e+300");
    }
}
