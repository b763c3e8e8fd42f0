//! What is said of traces from outside, without what should not be kept of it.

use model::assessment::{Assessment, Said};
use model::json::Json;
use model::ports::AnnotationChange;

use super::Redacting;

impl Redacting<'_> {
    /// Goes through the values of a change as through attributes: that of a tag by its name, that of an assessment likewise,
    /// its metadata by their names, and whatever else is text in it.
    pub fn change(&self, change: AnnotationChange) -> AnnotationChange {
        if self.sought.is_empty() {
            return change;
        }
        match change {
            AnnotationChange::Tag { name, value: Some(value) } => {
                let value = Some(self.text(&name, value).unwrap_or_default());
                AnnotationChange::Tag { name, value }
            }
            AnnotationChange::Assess(assessment) => AnnotationChange::Assess(self.assessment(assessment)),
            AnnotationChange::Tag { value: None, .. } | AnnotationChange::Withdraw(_) => change,
        }
    }

    fn assessment(&self, mut assessment: Assessment) -> Assessment {
        let value = |value| self.json(&assessment.name, value).unwrap_or_else(|| json_of(&()));
        assessment.said = match assessment.said {
            Said::Feedback(said) => Said::Feedback(value(said)),
            Said::Expectation(said) => Said::Expectation(value(said)),
            Said::Failed(mut failure) => {
                failure.message = self.text("message", failure.message).unwrap_or_default();
                failure.detail = failure.detail.and_then(|detail| self.text("detail", detail));
                Said::Failed(failure)
            }
        };
        assessment.rationale = assessment.rationale.and_then(|rationale| self.text("rationale", rationale));
        let metadata = assessment.metadata.into_iter();
        assessment.metadata =
            metadata.filter_map(|(name, value)| Some((name.clone(), self.text(&name, value)?))).collect();
        assessment
    }

    /// What is left of a text; none where it is dropped.
    fn text(&self, name: &str, text: String) -> Option<String> {
        let left = self.json(name, json_of(&text))?;
        serde_json::from_str(left.as_str()).ok().or_else(|| Some(left.as_str().to_owned()))
    }

    fn json(&self, name: &str, value: Json) -> Option<Json> {
        let mut attributes = vec![(name.to_owned(), value)];
        self.sought.attributes(&mut attributes);
        attributes.pop().map(|(_, left)| left)
    }
}

fn json_of<T: serde::Serialize>(value: &T) -> Json {
    Json::from_serialize(value).expect("texts and nothing are JSON")
}
