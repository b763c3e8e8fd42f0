//! Values of other tools' metadata as tags, which are texts, and back.

use model::json::Json;
use serde_json::value::RawValue;

/// A text stays what it is, unless it could be taken for JSON; anything else is JSON. `keeps_empty` says that an empty tag
/// means something else.
pub(super) fn written(value: &RawValue, keeps_empty: bool) -> String {
    let json = Json::from_raw(value);
    match serde_json::from_str::<String>(json.as_str()) {
        Ok(text) if is_json(&text) || keeps_empty && text.is_empty() => serde_json::Value::from(text).to_string(),
        Ok(text) => text,
        Err(_) => json.as_str().to_owned(),
    }
}

pub(super) fn read(tag: &str) -> Json {
    match Json::parse(tag) {
        Ok(json) if json.as_str() == tag => json,
        _ => Json::from_serialize(tag).expect("a text is JSON"),
    }
}

fn is_json(text: &str) -> bool {
    Json::parse(text).is_ok_and(|json| json.as_str() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let values = [
            r#""de""#,
            r#""3""#,
            "3",
            "3.50",
            "true",
            r#""true""#,
            r#"["a",1]"#,
            r#"{"a":null}"#,
            r#""[1, 2]""#,
            r#""""#,
        ];
        for value in values {
            let raw = RawValue::from_string(value.to_owned()).expect("JSON");
            for keeps_empty in [false, true] {
                assert_eq!(read(&written(&raw, keeps_empty)).as_str(), value);
            }
        }
    }

    #[test]
    fn plain_texts_and_numbers_are_plain_tags() {
        let tag = |value: &str| written(&RawValue::from_string(value.to_owned()).expect("JSON"), false);
        assert_eq!([tag(r#""de""#), tag("3"), tag(r#""3""#)], ["de", "3", "\"3\""]);
    }
}
