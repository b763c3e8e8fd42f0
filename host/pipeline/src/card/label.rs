//! What people and judges say of a row, and when the two speak the same language.

use std::collections::BTreeSet;

use model::feedback::Value;
use model::object;
use model::row::RowRecord;
use serde_json::value::RawValue;

use crate::dataset::path::{self, Step, find};

/// Fields of a row in which a label can stand.
const FIELDS: [&str; 4] = ["expectations", "tags", "inputs", "outputs"];

/// How many labels a message names.
const NAMED: usize = 4;

/// One verdict, whoever gave it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Boolean(bool),
    Number(f64),
    Text(String),
}

impl Said {
    /// None for a list.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(Self::Boolean(*value)),
            Value::Number(value) => Some(Self::Number(*value)),
            Value::Text(value) => Some(Self::Text(value.clone())),
            Value::Booleans(_) | Value::Numbers(_) | Value::Texts(_) => None,
        }
    }

    /// As it is counted and shown.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }

    /// True is 1; a text has no number.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            Self::Number(value) => Some(*value),
            Self::Text(_) => None,
        }
    }
}

/// Where in a row people have said something.
pub(super) struct Place {
    field: &'static str,
    within: Vec<Step>,
}

impl Place {
    /// # Errors
    ///
    /// Fails with a reason where `text` leads to nothing that a row can have.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = path::parse(text)?.into_iter();
        let first = steps.next();
        let known = |field: &&&str| matches!(&first, Some(Step::Key(key)) if key == **field);
        let within: Vec<Step> = steps.collect();
        match FIELDS.iter().find(known) {
            Some(field) if matches!(within.first(), Some(Step::Key(_))) => Ok(Self { field, within }),
            _ => Err("a label stands in a field of `expectations`, `tags`, `inputs` or `outputs`".to_owned()),
        }
    }

    /// What people have said of the row; none where they have not.
    ///
    /// # Errors
    ///
    /// Fails where something else stands there.
    pub(super) fn of(&self, row: &RowRecord) -> Result<Option<Said>, ()> {
        let held = match self.field {
            "tags" => {
                let [Step::Key(tag)] = self.within.as_slice() else { return Ok(None) };
                return Ok(row.tags.get(tag).map(|label| Said::Text(label.clone())));
            }
            "expectations" => row.expectations.as_ref(),
            "outputs" => row.outputs.as_ref(),
            _ => Some(&row.inputs),
        };
        let Some(entries) = held.and_then(|held| object::entries(held.as_str())) else { return Ok(None) };
        find(&entries, &self.within).map_or(Ok(None), said)
    }
}

fn said(raw: &RawValue) -> Result<Option<Said>, ()> {
    match serde_json::from_str(raw.get()) {
        Ok(serde_json::Value::Null) => Ok(None),
        Ok(serde_json::Value::Bool(value)) => Ok(Some(Said::Boolean(value))),
        Ok(serde_json::Value::Number(value)) => value.as_f64().map(|value| Some(Said::Number(value))).ok_or(()),
        Ok(serde_json::Value::String(value)) => Ok(Some(Said::Text(value))),
        _ => Err(()),
    }
}

/// What the verdicts of a judge are, to which people's labels are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Number,
    Text,
}

impl Kind {
    /// None where verdicts are of several kinds, or there are none.
    pub(super) fn of<'a>(mut verdicts: impl Iterator<Item = &'a Said>) -> Option<Self> {
        let kind = |said: &Said| match said {
            Said::Boolean(_) => Self::Boolean,
            Said::Number(_) => Self::Number,
            Said::Text(_) => Self::Text,
        };
        let first = kind(verdicts.next()?);
        verdicts.all(|said| kind(said) == first).then_some(first)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Boolean => "says true or false",
            Self::Number => "gives numbers",
            Self::Text => "gives labels",
        }
    }

    /// A label of people as the judge would say it; none where it would not. `pass` is the label that means true.
    fn translated(self, label: &Said, pass: Option<&str>) -> Option<Said> {
        match (self, label) {
            (Self::Boolean, label) if pass.is_some() => Some(Said::Boolean(Some(label.label().as_str()) == pass)),
            (Self::Boolean, Said::Boolean(value)) => Some(Said::Boolean(*value)),
            (Self::Boolean, label) => match label.label().to_lowercase().as_str() {
                "true" | "yes" | "pass" | "1" => Some(Said::Boolean(true)),
                "false" | "no" | "fail" | "0" => Some(Said::Boolean(false)),
                _ => None,
            },
            (Self::Number, Said::Number(value)) => Some(Said::Number(*value)),
            (Self::Number, Said::Text(text)) => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Said::Number)
            }
            (Self::Number, Said::Boolean(_)) => None,
            (Self::Text, label) => Some(Said::Text(label.label())),
        }
    }
}

/// Brings labels of people into a judge's words, in their order.
///
/// # Errors
///
/// Fails with a reason where the two can't be compared.
pub(super) fn translate<'a>(
    labels: impl Iterator<Item = &'a Said> + Clone,
    kind: Kind,
    verdicts: impl Iterator<Item = &'a Said>,
    pass: Option<&str>,
) -> Result<Vec<Said>, String> {
    let people = || shown(labels.clone().map(Said::label));
    if let Some(pass) = pass
        && kind == Kind::Boolean
        && !labels.clone().any(|label| label.label() == pass)
    {
        return Err(format!("no row has the label `{pass}`: people say {}", people()));
    }
    let translated: Option<Vec<Said>> = labels.clone().map(|label| kind.translated(label, pass)).collect();
    let Some(translated) = translated else {
        let strange = labels.clone().filter(|label| kind.translated(label, pass).is_none());
        return Err(format!("people say {}, where it {}", shown(strange.map(Said::label)), kind.words()));
    };
    if kind == Kind::Text {
        let of_judge: BTreeSet<String> = verdicts.map(Said::label).collect();
        if !translated.iter().any(|label| of_judge.contains(&label.label())) {
            return Err(format!("people say {}, where it says {}", people(), shown(of_judge.into_iter())));
        }
    }
    Ok(translated)
}

fn shown(labels: impl Iterator<Item = String>) -> String {
    let all: BTreeSet<String> = labels.collect();
    let named: Vec<_> = all.iter().take(NAMED).map(|label| format!("`{label}`")).collect();
    let more = all.len().saturating_sub(NAMED);
    named.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::testing::row_record;

    fn text(text: &str) -> Said {
        Said::Text(text.to_owned())
    }

    #[test]
    fn a_label_is_found_where_the_path_leads() {
        let row = row_record(
            r#"{"inputs":{"q":1},"expectations":{"label":"yes","by":{"ann":true},"none":null,"list":[1]},"tags":{"x":"2"}}"#,
        );
        let at = |path: &str| Place::parse(path).expect("a path").of(&row);
        assert_eq!(at("expectations.label"), Ok(Some(text("yes"))));
        assert_eq!(at("expectations.by.ann"), Ok(Some(Said::Boolean(true))));
        assert_eq!(at("tags.x"), Ok(Some(text("2"))));
        assert_eq!(at("inputs.q"), Ok(Some(Said::Number(1.0))));
        assert_eq!(at("expectations.list[0]"), Ok(Some(Said::Number(1.0))));
        for nothing in ["expectations.none", "expectations.gone", "outputs.label", "tags.y", "tags.x.y"] {
            assert_eq!(at(nothing), Ok(None), "{nothing}");
        }
        assert_eq!(at("expectations.list"), Err(()));
        for wrong in ["label", "expectations", "id.x", "expectations..x", "tags[0]"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[track_caller]
    fn check(labels: &[Said], verdicts: &[Said], pass: Option<&str>, expected: Result<&[Said], &str>) {
        let kind = Kind::of(verdicts.iter()).expect("a kind");
        let found = translate(labels.iter(), kind, verdicts.iter(), pass);
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn labels_of_people_are_brought_into_the_judges_words_or_refused() {
        let (yes, no) = (Said::Boolean(true), Said::Boolean(false));
        check(
            &[text("Yes"), text("fail"), Said::Number(1.0)],
            from_ref(&yes),
            None,
            Ok(&[yes.clone(), no.clone(), yes.clone()]),
        );
        check(&[text("good"), text("bad")], from_ref(&no), Some("bad"), Ok(&[no.clone(), yes.clone()]));
        check(&[text("good"), text("no")], from_ref(&yes), None, Err("people say `good`, where it says true or false"));
        check(&[text("good")], &[yes], Some("great"), Err("no row has the label `great`: people say `good`"));
        check(&[text("4"), Said::Number(5.0)], &[Said::Number(1.0)], None, Ok(&[Said::Number(4.0), Said::Number(5.0)]));
        check(&[no], &[Said::Number(1.0)], None, Err("people say `false`, where it gives numbers"));
        check(&[text("win")], &[text("tie"), text("win")], None, Ok(&[text("win")]));
        check(&[text("a"), text("b")], &[text("c")], None, Err("people say `a`, `b`, where it says `c`"));
        assert_eq!(Kind::of([text("a"), Said::Number(1.0)].iter()), None);
    }
}
