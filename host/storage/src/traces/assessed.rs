//! Assessments as they stand in the index.

use model::assessment::{Assessment, Said};

use super::part::{Assessed, Note};
use super::strings::{NONE, Strings};

impl Assessed {
    pub(super) fn of(assessment: &Assessment, note: Note, strings: &mut Strings) -> Self {
        let (value, is_expectation) = match &assessment.said {
            Said::Feedback(value) => (strings.put(value.as_str()), false),
            Said::Failed(_) => (NONE, false),
            Said::Expectation(value) => (strings.put(value.as_str()), true),
        };
        Self {
            id: *assessment.id.0.as_bytes(),
            name: strings.put_whole(&assessment.name),
            value,
            is_expectation,
            of_session: assessment.is_of_session(),
            created: assessment.created,
            overrides: assessment.overrides.map(|id| *id.0.as_bytes()),
            note,
        }
    }
}
