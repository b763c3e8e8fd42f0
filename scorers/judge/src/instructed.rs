//! Judges that suites write themselves: instructions with places for parts of a row, and what the verdict may be.

use std::collections::BTreeMap;

use karat_sdk::Value as Said;
use karat_sdk::judge::Question;
use karat_sdk::prelude::*;

use crate::material::{Found, Material};
use crate::prompt::{Prompt, Shown, prompt};

pub(crate) const PROMPT: Prompt = prompt!("judge");

/// What is asked, and what of a row it is asked about.
pub(crate) struct Instructed {
    instructions: String,
    shown: Vec<(String, String)>,
}

impl Instructed {
    /// Asks a role by this prompt, which may be shown `more`.
    pub(crate) fn asked(&self, prompt: &Prompt, role: &str, more: &[Shown<'_>]) -> Question {
        let shown: Vec<_> = self.shown.iter().map(|(mark, text)| (mark.as_str(), text.clone())).collect();
        prompt.instructed(role, &[&shown[..], more].concat(), &self.instructions)
    }
}

/// Instructions in which each place names what stands between marks of that name, and these materials; or what the row does
/// not have. A place is `inputs`, `outputs`, `expectations`, a field of one of them such as `inputs.question`, `documents`,
/// `calls` or `conversation`.
pub(crate) fn instructed(instructions: &str, row: &Row) -> Result<Found<Instructed>, Failure> {
    let (mut told, mut materials) = (String::new(), BTreeMap::new());
    let mut rest = instructions;
    while let Some((before, place, behind)) = next_place(rest) {
        match material(place, row)? {
            Ok(text) => materials.insert(mark(place), text),
            Err(reason) => return Ok(Err(reason)),
        };
        told.push_str(&format!("{before}<{}>", mark(place)));
        rest = behind;
    }
    told.push_str(rest);
    Ok(Ok(Instructed { instructions: told, shown: materials.into_iter().collect() }))
}

/// The next `{{ place }}`, with what stands before and behind it.
fn next_place(instructions: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = instructions.split_once("{{")?;
    let (place, behind) = rest.split_once("}}")?;
    Some((before, place.trim(), behind))
}

/// `inputs.question` as a name of marks.
fn mark(place: &str) -> String {
    place.replace(|character: char| !character.is_ascii_alphanumeric(), "_").to_lowercase()
}

fn material(place: &str, row: &Row) -> Result<Found<String>, Failure> {
    let (part, field) = place.split_once('.').map_or((place, None), |(part, field)| (part, Some(field)));
    let fields = match (part, field) {
        ("inputs", _) => row.inputs(),
        ("expectations", _) => row.expectations(),
        ("outputs", None) => return Material::Response.of(row),
        ("outputs", Some(field)) => {
            let outputs: serde_json::Value = row.outputs()?.parse()?;
            let found = outputs.get(field).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            return Ok(found.ok_or_else(|| format!("the row has no `outputs.{field}`")));
        }
        ("documents", None) => return Material::Documents.of(row),
        ("calls", None) => return Material::Calls.of(row),
        ("conversation", None) => return Material::Conversation.of(row),
        _ => {
            let known = "`inputs`, `outputs`, `expectations`, a field of these, `documents`, `calls`, `conversation`";
            return Err(Failure::bad_parameter(format!("`{{{{ {place} }}}}` names nothing: there are {known}")));
        }
    };
    let Some(field) = field else {
        return Ok(fields.as_str().map(str::to_owned).ok_or_else(|| format!("the row has no `{part}`")));
    };
    match fields.get(field) {
        Some(value) => Ok(Ok(value.text()?.into_owned())),
        None => Ok(Err(format!("the row has no `{part}.{field}`"))),
    }
}

/// What a verdict may be: `bool`, `number`, `text`, `{ enum: [...] }`, or a list of one of these, `[number]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Kind {
    Plain(Plain),
    /// One of some labels.
    Labels {
        #[serde(rename = "enum")]
        #[schemars(length(min = 2))]
        labels: Vec<String>,
    },
    /// A list.
    List([Box<Kind>; 1]),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plain {
    Bool,
    Number,
    Text,
}

impl Kind {
    pub(crate) fn schema(&self) -> serde_json::Value {
        match self {
            Self::Plain(Plain::Bool) => json!({ "type": "boolean" }),
            Self::Plain(Plain::Number) => json!({ "type": "number" }),
            Self::Plain(Plain::Text) => crate::verdict::brief(),
            Self::Labels { labels } => json!({ "enum": labels }),
            Self::List([of]) => json!({ "type": "array", "items": of.schema(), "minItems": 1, "maxItems": 100 }),
        }
    }

    /// The verdict in a reply that has this schema.
    pub(crate) fn read(&self, verdict: &serde_json::Value) -> Result<Answer, Failure> {
        let wrong = || Failure::other(format!("the judge's verdict can't be read: {verdict}"));
        let of = |kind: &Self| {
            let list = verdict.as_array().ok_or_else(wrong)?;
            list.iter().map(|one| kind.read(one).map(|answer| answer.0)).collect::<Result<Vec<_>, _>>()
        };
        let value = match self {
            Self::Plain(Plain::Bool) => verdict.as_bool().map(Said::Boolean),
            Self::Plain(Plain::Number) => verdict.as_f64().map(Said::Number),
            Self::Plain(Plain::Text) | Self::Labels { .. } => verdict.as_str().map(|text| Said::Text(text.to_owned())),
            Self::List([kind]) => list(of(kind)?),
        };
        value.map(Answer).ok_or_else(wrong)
    }
}

/// None where they are of several kinds, or lists themselves.
fn list(values: Vec<Said>) -> Option<Said> {
    use Said as Value;
    match values.first()? {
        Value::Boolean(_) => {
            let one = |value| if let Value::Boolean(value) = value { Some(value) } else { None };
            values.into_iter().map(one).collect::<Option<_>>().map(Value::Booleans)
        }
        Value::Number(_) => {
            let one = |value| if let Value::Number(value) = value { Some(value) } else { None };
            values.into_iter().map(one).collect::<Option<_>>().map(Value::Numbers)
        }
        Value::Text(_) => {
            let one = |value| if let Value::Text(value) = value { Some(value) } else { None };
            values.into_iter().map(one).collect::<Option<_>>().map(Value::Texts)
        }
        _ => None,
    }
}

/// A verdict of a kind that the suite says.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(pub Said);

impl Verdict for Answer {
    const KIND: ValueKind = ValueKind::Any;

    fn into_value(self) -> Said {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[test]
    fn places_become_marks_and_what_is_missing_is_told() {
        let row = row().inputs(json!({ "question": "why?" })).outputs("so").build();
        let instructions = "Does {{ outputs }} answer {{inputs.question}}, or all of {{ outputs }}?";
        let Instructed { instructions, shown } =
            instructed(instructions, &row).expect("they can be read").expect("all are there");
        assert_eq!(instructions, "Does <outputs> answer <inputs_question>, or all of <outputs>?");
        let shown: Vec<_> = shown.iter().map(|(mark, text)| (mark.as_str(), text.as_str())).collect();
        assert_eq!(shown, [("inputs_question", "why?"), ("outputs", "so")]);
        let missing = instructed("{{ expectations.tone }}", &row).expect("it can be read");
        assert_eq!(missing.err(), Some("the row has no `expectations.tone`".to_owned()));
        let unknown = instructed("{{ output }}", &row).err().expect("nothing of that name");
        assert!(unknown.message.contains("`{{ output }}` names nothing"), "{}", unknown.message);
    }

    #[test]
    fn verdicts_are_of_the_kind_that_is_said() {
        use Said::{Boolean, Numbers, Text};
        #[track_caller]
        fn check(kind: serde_json::Value, verdict: serde_json::Value, expected: Option<Said>) {
            let kind: Kind = serde_json::from_value(kind).expect("a kind");
            assert_eq!(kind.read(&verdict).ok().map(|answer| answer.0), expected);
        }
        check(json!("bool"), json!(true), Some(Boolean(true)));
        check(json!("bool"), json!("yes"), None);
        check(json!({ "enum": ["a", "b"] }), json!("a"), Some(Text("a".to_owned())));
        check(json!(["number"]), json!([1, 2.5]), Some(Numbers(vec![1.0, 2.5])));
        check(json!(["number"]), json!([]), None);
        assert!(serde_json::from_value::<Kind>(json!("boolean")).is_err());
    }
}
