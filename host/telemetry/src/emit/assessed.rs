//! What is said of a trace, as events of its spans.

use std::collections::HashSet;

use model::assessment::{Assessment, Said};
use model::json::Json;
use model::trace::{Attributes, Event, Span};

use super::row::{EVALUATION, error_type, explanation, text, value};
use crate::facts;

/// Adds a `gen_ai.evaluation.result` for each verdict that counts: to the span that it is about, else to the root, else to
/// the first. What is known to be right has no event in OpenTelemetry, and gets none.
pub fn add_evaluations(spans: &mut [Span], assessments: &[Assessment]) {
    let overridden: HashSet<_> = assessments.iter().filter_map(|assessment| assessment.overrides).collect();
    let root = spans.iter().position(|span| span.parent.is_none()).unwrap_or_default();
    for assessment in assessments.iter().filter(|assessment| !overridden.contains(&assessment.id)) {
        let place = assessment.span.as_ref().and_then(|id| spans.iter().position(|span| span.id == *id));
        let event = event(assessment);
        if let (Some(span), Some(event)) = (spans.get_mut(place.unwrap_or(root)), event) {
            span.events.push(event);
        }
    }
}

fn event(assessment: &Assessment) -> Option<Event> {
    let (outcome, said) = match &assessment.said {
        Said::Feedback(value) => ("scored", verdict(value)),
        Said::Failed(failure) => {
            let error = ("error.type".to_owned(), error_type(failure));
            ("failed", vec![error, explanation(&failure.message)])
        }
        Said::Expectation(_) => return None,
    };
    let more = [
        ("karat.assessment.source.kind", Json::from_serialize(&assessment.source.kind).ok()),
        ("karat.assessment.source.id", assessment.source.id.as_ref().map(text)),
    ];
    let mut attributes = vec![
        ("gen_ai.evaluation.name".to_owned(), text(&assessment.name)),
        ("karat.outcome".to_owned(), text(outcome)),
    ];
    attributes.extend(said);
    if matches!(assessment.said, Said::Feedback(_)) {
        attributes.extend(assessment.rationale.as_ref().map(explanation));
    }
    attributes.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Some(Event { time: assessment.created, name: EVALUATION.to_owned(), attributes })
}

/// A number is a score and a text a label; true and false are both. Of anything else, its JSON is the label.
fn verdict(verdict: &Json) -> Attributes {
    let (score, label) = match verdict.as_str() {
        "null" => (None, None),
        said @ ("true" | "false") => (Some(value(f64::from(u8::from(said == "true")))), Some(text(said))),
        said => match (facts::text(verdict), said.parse::<f64>()) {
            (Some(label), _) => (None, Some(text(label))),
            (None, Ok(score)) => (Some(value(score)), None),
            (None, Err(_)) => (None, Some(text(said))),
        },
    };
    let score = score.map(|score| ("gen_ai.evaluation.score.value".to_owned(), score));
    score.into_iter().chain(label.map(|label| ("gen_ai.evaluation.score.label".to_owned(), label))).collect()
}

#[cfg(test)]
mod tests {
    use model::assessment::{AssessmentId, Source, SourceKind};
    use model::outcome::{Failure, FailureKind};

    use super::*;

    fn assessment(number: u128, said: Said) -> Assessment {
        Assessment {
            id: AssessmentId(uuid::Uuid::from_u128(number)),
            span: None,
            name: format!("n{number}"),
            said,
            source: Source { kind: SourceKind::LlmJudge, id: Some("judge".to_owned()) },
            rationale: Some("because".to_owned()),
            created: 7,
            updated: 8,
            metadata: Default::default(),
            overrides: None,
        }
    }

    #[test]
    fn a_verdict_that_counts_is_an_event_of_its_span() {
        let json = |text| Json::parse(text).expect("JSON");
        let mut said = vec![
            assessment(1, Said::Feedback(json("true"))),
            assessment(2, Said::Feedback(json("0.5"))),
            assessment(3, Said::Feedback(json("\"good\""))),
            assessment(4, Said::Feedback(json("[1]"))),
            assessment(5, Said::Failed(Failure::new(FailureKind::TimedOut, "too slow"))),
            assessment(6, Said::Expectation(json("1"))),
            assessment(7, Said::Feedback(json("1"))),
            assessment(8, Said::Feedback(json("null"))),
        ];
        said[6].span = Some("b".to_owned());
        said[7].overrides = Some(said[1].id);
        let span = |id: &str, parent: Option<&str>| Span {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            ..Span::default()
        };
        let mut spans = [span("b", Some("a")), span("a", None)];
        add_evaluations(&mut spans, &said);
        let told = |span: &Span| {
            let of = |event: &Event| {
                let mut told = vec![format!("{} {}", event.name, event.time)];
                let shown = event.attributes.iter().filter(|(key, _)| !key.starts_with("karat.assessment"));
                told.extend(shown.map(|(key, value)| format!("{}={value}", key.rsplit('.').next().expect("a name"))));
                told.join(" ")
            };
            span.events.iter().map(of).collect::<Vec<_>>()
        };
        let head = "gen_ai.evaluation.result 7 name=";
        assert_eq!(told(&spans[0]), [format!("{head}\"n7\" outcome=\"scored\" value=1.0 explanation=\"because\"")]);
        let expected = [
            r#""n1" outcome="scored" value=1.0 label="true" explanation="because""#,
            r#""n3" outcome="scored" label="good" explanation="because""#,
            r#""n4" outcome="scored" label="[1]" explanation="because""#,
            r#""n5" outcome="failed" type="timed_out" explanation="too slow""#,
            r#""n8" outcome="scored" explanation="because""#,
        ];
        assert_eq!(told(&spans[1]), expected.map(|line| format!("{head}{line}")));
    }
}
