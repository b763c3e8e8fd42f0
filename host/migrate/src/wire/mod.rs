//! MLflow's words for our nouns, as its REST API has them in JSON.
//!
//! Read leniently: whole numbers may be texts, numbers that are none are texts, what is empty is absent or null.

pub(crate) mod assessments;
pub(crate) mod named;
pub(crate) mod reviewed;
pub(crate) mod traces;
pub(crate) mod tracked;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// A key with a value, as lists of tags and parameters have them.
#[derive(Debug, Deserialize)]
pub(crate) struct Pair {
    #[serde(alias = "name")]
    key: String,
    #[serde(default)]
    value: Option<String>,
}

pub(crate) fn map(pairs: Option<Vec<Pair>>) -> BTreeMap<String, String> {
    pairs.into_iter().flatten().map(|pair| (pair.key, pair.value.unwrap_or_default())).collect()
}

pub(crate) fn pairs(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Whole {
    Number(i64),
    Float(f64),
    Text(String),
}

/// For serde's `deserialize_with`: a whole number, 0 where there is none.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(optional_whole(deserializer)?.unwrap_or_default())
}

pub(crate) fn optional_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::<Whole>::deserialize(deserializer)?
        .map(|whole| match whole {
            Whole::Number(number) => Ok(number),
            Whole::Float(number) => Ok(number as i64),
            Whole::Text(text) => text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no number"))),
        })
        .transpose()
}

/// For serde's `deserialize_with`: any double, also one that is no number.
pub(crate) fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(0.0),
        Some(Value::Number(number)) => Ok(number.as_f64().unwrap_or(f64::NAN)),
        // As Rust reads them: `NaN`, `Infinity`, `-Infinity`.
        Some(Value::String(text)) => {
            text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is no number")))
        }
        Some(other) => Err(serde::de::Error::custom(format!("`{other}` is no number"))),
    }
}

/// Likewise, as it is written.
pub(crate) fn written_double(number: f64) -> Value {
    match number {
        number if number.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        number => json!(number),
    }
}

/// Nanoseconds since 1970-01-01T00:00:00Z, of RFC 3339.
pub(crate) fn read_time(text: &str) -> Option<u64> {
    let time: SystemTime = humantime::parse_rfc3339_weak(text.trim()).ok()?;
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

pub(crate) fn written_time(nanoseconds: u64) -> String {
    humantime::format_rfc3339_nanos(UNIX_EPOCH + Duration::from_nanos(nanoseconds)).to_string()
}

/// Nanoseconds, of seconds with an `s` behind them.
pub(crate) fn read_duration(text: &str) -> Option<u64> {
    let seconds: f64 = text.trim().strip_suffix('s')?.parse().ok()?;
    (0.0..1e10).contains(&seconds).then(|| (seconds * 1e9).round() as u64)
}

pub(crate) fn written_duration(nanoseconds: u64) -> String {
    format!("{}.{:09}s", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

/// Nanoseconds of milliseconds; none before 1970.
pub(crate) fn nanoseconds(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds).unwrap_or_default().saturating_mul(1_000_000)
}
