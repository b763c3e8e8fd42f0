//! Numbers that JSON has no word for, written as texts: for serde's `with`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Written<'w> {
    Number(f64),
    Word(std::borrow::Cow<'w, str>),
}

pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let written = match number {
        number if number.is_nan() => Written::Word("NaN".into()),
        number if number.is_infinite() && *number > 0.0 => Written::Word("Infinity".into()),
        number if number.is_infinite() => Written::Word("-Infinity".into()),
        number => Written::Number(*number),
    };
    written.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Word(word) => match &*word {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            word => Err(D::Error::custom(format_args!("`{word}` is no number"))),
        },
    }
}
