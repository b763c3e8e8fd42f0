//! JSON that is parsed only where a scorer looks.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::failure::Failure;

/// One JSON value of a row. It knows where it stands, so that failures name the field.
#[derive(Clone, Copy, Debug)]
pub struct Json<'r> {
    text: &'r str,
    place: Place<'r>,
}

impl<'r> Json<'r> {
    pub(crate) fn new(text: &'r str, part: &'static str) -> Self {
        Self { text, place: Place { part, field: None } }
    }

    /// The value as compact JSON text.
    pub fn as_str(self) -> &'r str {
        self.text
    }

    /// Whether the value is a JSON string.
    pub fn is_string(self) -> bool {
        self.text.starts_with('"')
    }

    /// The value as people read it: a string's characters, and the JSON text of anything else.
    ///
    /// # Errors
    ///
    /// Fails when the string has an escape that is no character, such as half of a surrogate pair.
    pub fn text(self) -> Result<Cow<'r, str>, Failure> {
        if !self.is_string() {
            return Ok(Cow::Borrowed(self.text));
        }
        self.parse().map(|Text(text)| text)
    }

    /// The value as any type that serde can read.
    ///
    /// # Errors
    ///
    /// Fails as bad input when the value is of another shape.
    pub fn parse<T: Deserialize<'r>>(self) -> Result<T, Failure> {
        serde_json::from_str(self.text)
            .map_err(|error| Failure::bad_input(format!("`{}` can't be read: {error}", self.place)))
    }
}

/// The fields of a JSON object of a row: `inputs` or `expectations`. A field that is `null` counts as absent.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'r> {
    text: Option<&'r str>,
    part: &'static str,
}

impl<'r> Fields<'r> {
    pub(crate) fn new(text: Option<&'r str>, part: &'static str) -> Self {
        Self { text, part }
    }

    /// The object as compact JSON text; none where the row has none.
    pub fn as_str(self) -> Option<&'r str> {
        self.text
    }

    /// A field, where there is one.
    pub fn get<'n>(self, name: &'n str) -> Option<Json<'n>>
    where
        'r: 'n,
    {
        let text = find(self.text?, name).filter(|text| *text != "null")?;
        Some(Json { text, place: Place { part: self.part, field: Some(name) } })
    }

    /// A field that the scorer can't do without.
    ///
    /// # Errors
    ///
    /// Fails as bad input, naming the field, when it is absent.
    pub fn need<'n>(self, name: &'n str) -> Result<Json<'n>, Failure>
    where
        'r: 'n,
    {
        self.get(name).ok_or_else(|| Failure::bad_input(format!("the row has no `{}.{name}`", self.part)))
    }

    /// All fields at once, as any type that serde can read.
    ///
    /// # Errors
    ///
    /// Fails as bad input when the row has none of them, or they are of another shape.
    pub fn parse<T: Deserialize<'r>>(self) -> Result<T, Failure> {
        let text = self.text.ok_or_else(|| Failure::bad_input(format!("the row has no `{}`", self.part)))?;
        Json::new(text, self.part).parse()
    }
}

/// Where in a row a value stands.
#[derive(Clone, Copy, Debug)]
struct Place<'r> {
    part: &'static str,
    field: Option<&'r str>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{}.{field}", self.part),
            None => f.write_str(self.part),
        }
    }
}

/// The text of field `name` of the JSON object `object`. Nothing else is built from the object.
fn find<'r>(object: &'r str, name: &str) -> Option<&'r str> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(Find(name)).ok()?
}

struct Find<'n>(&'n str);

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a key without keeping it.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// A JSON string, borrowed where it has no escapes.
struct Text<'r>(Cow<'r, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ReadText).map(Self)
    }
}

struct ReadText;

impl<'de> Visitor<'de> for ReadText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_among_others_whatever_they_hold() {
        let object = r#"{"a":{"b":[1,2]},"b":"x\"y","c":null}"#;
        assert_eq!(find(object, "a"), Some(r#"{"b":[1,2]}"#));
        assert_eq!(find(object, "b"), Some(r#""x\"y""#));
        assert_eq!(find(object, "d"), None);
    }

    #[test]
    fn a_field_that_is_null_is_absent() {
        let fields = Fields::new(Some(r#"{"expected_response":null}"#), "expectations");
        assert!(fields.get("expected_response").is_none());
        let failure = fields.need("expected_response").expect_err("absent");
        assert_eq!(failure.message, "the row has no `expectations.expected_response`");
    }

    #[test]
    fn text_is_what_a_string_says_and_the_json_of_anything_else() {
        let text = |json| Json::new(json, "outputs").text();
        assert_eq!(text(r#""a\nb""#).as_deref(), Ok("a\nb"));
        assert!(matches!(text(r#""plain""#), Ok(Cow::Borrowed("plain"))));
        assert_eq!(text(r#"{"a":1.0}"#).as_deref(), Ok(r#"{"a":1.0}"#));
        assert!(text(r#""\ud800""#).is_err());
    }
}
