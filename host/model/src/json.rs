//! A JSON value kept as text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// One JSON value as compact text: numbers as they were written, object keys in their order, no white space between
/// tokens.
///
/// Rows are passed on far more often than they are looked into, and a parsed number can't always be written back as
/// it was read; so the text is the value. Two values are equal when their texts are.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Reads one JSON text.
    ///
    /// # Errors
    ///
    /// Fails when `text` is not one valid JSON value, or nests deeper than 127 levels.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        // What is taken as it is has been read without looking at its depth.
        if raw.get().starts_with(['[', '{']) && depth(raw.get()) > DEEPEST {
            return Err(serde::de::Error::custom(format_args!("it nests deeper than {DEEPEST} levels")));
        }
        Ok(Self::from_raw(raw))
    }

    /// Takes a value that serde_json has already validated.
    pub fn from_raw(raw: &RawValue) -> Self {
        match compact(raw.get()) {
            Cow::Borrowed(_) => Self(raw.to_owned()),
            Cow::Owned(text) => {
                Self(RawValue::from_string(text).expect("white space between tokens carries no meaning"))
            }
        }
    }

    /// Writes `value` as JSON.
    ///
    /// # Errors
    ///
    /// Fails when `value` has no JSON form, such as a map whose keys are not strings.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Parses the text into a tree; object keys come out sorted.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(self.as_str()).unwrap_or(serde_json::Value::Null)
    }

    pub fn is_object(&self) -> bool {
        self.as_str().starts_with('{')
    }

    /// The same value written in one way: keys sorted, texts escaped in one way, of repeated keys the last. Numbers stay as
    /// they were written. None where it nests deeper than 128 levels.
    pub fn canonical(&self) -> Option<Self> {
        let mut text = String::with_capacity(self.as_str().len());
        write_canonical(self.as_str(), DEEPEST + 1, &mut text)?;
        RawValue::from_string(text).ok().map(Self)
    }
}

fn write_canonical(raw: &str, levels: usize, text: &mut String) -> Option<()> {
    let levels = levels.checked_sub(1)?;
    match raw.as_bytes().first()? {
        b'{' => {
            let entries: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
            for (number, (key, value)) in entries.iter().enumerate() {
                text.push(if number == 0 { '{' } else { ',' });
                write_text(key, text);
                text.push(':');
                write_canonical(value.get(), levels, text)?;
            }
            text.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            for (number, item) in items.iter().enumerate() {
                text.push(if number == 0 { '[' } else { ',' });
                write_canonical(item.get(), levels, text)?;
            }
            text.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        b'"' if raw.contains('\\') => write_text(&serde_json::from_str::<String>(raw).ok()?, text),
        _ => text.push_str(raw),
    }
    Some(())
}

fn write_text(value: &str, text: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(text, "{}", serde_json::Value::from(value));
}

/// As deep as serde_json reads into a tree.
const DEEPEST: usize = 127;

/// How many arrays and objects of a valid JSON text lie within each other, at the most.
fn depth(text: &str) -> usize {
    let (mut in_string, mut escaped, mut depth, mut deepest) = (false, false, 0_usize, 0);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// Drops white space outside of strings from a valid JSON text.
fn compact(text: &str) -> Cow<'_, str> {
    // All white space of anything else is in a string.
    if !text.starts_with(['[', '{']) {
        return Cow::Borrowed(text);
    }
    let mut in_string = false;
    let mut escaped = false;
    let mut is_space = |byte: u8| {
        if in_string {
            (escaped, in_string) = (!escaped && byte == b'\\', escaped || byte != b'"');
            return false;
        }
        in_string = byte == b'"';
        matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
    };
    let Some(first) = text.bytes().position(&mut is_space) else {
        return Cow::Borrowed(text);
    };
    let mut kept = Vec::with_capacity(text.len());
    kept.extend_from_slice(&text.as_bytes()[..first]);
    kept.extend(text.bytes().skip(first + 1).filter(|&byte| !is_space(byte)));
    Cow::Owned(String::from_utf8(kept).expect("only ASCII bytes were dropped"))
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::from_raw(&raw))
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_deep_as_a_tree_can_be() {
        let nested = |depth: usize| format!("{}\"[\\\"[\"{}", "[".repeat(depth), "]".repeat(depth));
        let deep = Json::parse(&nested(DEEPEST)).expect("not too deep");
        assert!(!deep.to_value().is_null());
        let wrong = Json::parse(&nested(DEEPEST + 1)).expect_err("too deep");
        assert!(wrong.to_string().contains("nests deeper than 127 levels"), "{wrong}");
    }

    #[test]
    fn only_white_space_between_tokens_is_dropped() {
        let spaced = "{ \"a b\" :\t[ 1.0 ,\n \"x \\\" y\" , \"\\\\\" ] }";
        let json = Json::parse(spaced).expect("valid");
        assert_eq!(json.as_str(), r#"{"a b":[1.0,"x \" y","\\"]}"#);
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        for number in ["1.0", "1e400", "123456789012345678901234567890", "-0", "0.10"] {
            assert_eq!(Json::parse(number).expect("valid").as_str(), number);
        }
    }
}
