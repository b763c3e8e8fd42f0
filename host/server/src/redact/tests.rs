use model::assessment::{Assessment, AssessmentId, Said, Source as AssessmentSource, SourceKind};
use model::endpoint::Redaction;
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use model::ports::AnnotationChange;
use model::redaction::PatternRule;
use model::sensitive::Sensitive;
use model::trace::{Event, Link};

use super::*;

const KEY: [u8; 32] = [7; 32];

fn pattern(sensitive: Sensitive, action: Action) -> Rules {
    Rules { patterns: vec![PatternRule { looks: Redaction::Known(sensitive), action }], keys: Vec::new() }
}

fn named(glob: &str, action: Action) -> Rules {
    Rules { patterns: Vec::new(), keys: vec![KeyRule { key: glob.to_owned(), action }] }
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

/// What is left of an attribute `name`; none where it goes.
fn left(rules: &Rules, name: &str, value: &str) -> Option<String> {
    let redactions = Redactions { everywhere: rules.clone(), ..Redactions::default() };
    let redactor = Redactor::new(&redactions, KEY).expect("patterns");
    let mut span = Span { attributes: vec![(name.to_owned(), json(value))], ..Span::default() };
    redactor.of("default").span(&mut span);
    span.attribute(name).map(|value| value.as_str().to_owned())
}

#[track_caller]
fn check(rules: &Rules, value: &str, expected: &str) {
    assert_eq!(left(rules, "a", value).as_deref(), Some(expected), "{value}");
}

#[test]
fn what_is_looked_for_is_found_however_it_is_written() {
    let rules = pattern(Sensitive::Email, Action::Mask);
    check(&rules, r#""write to ann@example.org, please""#, r#""write to [EMAIL], please""#);
    check(&rules, r#""ann\u0040example.org""#, r#""[EMAIL]""#);
    check(&rules, r#""to:\nann@example.org""#, r#""to:\n[EMAIL]""#);
    check(&rules, r#"[1.0,{"b":["ann@example.org"]},null]"#, r#"[1.0,{"b":["[EMAIL]"]},null]"#);
    check(&rules, r#"{"ann@example.org":1,"z":2,"b":3}"#, r#"{"[EMAIL]":1,"z":2,"b":3}"#);
    check(&rules, r#""{\"to\":\"ann\\u0040example.org\"}""#, r#""{\"to\":\"[EMAIL]\"}""#);
    check(&rules, r#""[\"{\\\"to\\\":\\\"ann@example.org\\\"}\"]""#, r#""[\"{\\\"to\\\":\\\"[EMAIL]\\\"}\"]""#);
    // As MLflow writes what came in, where that is a text.
    check(&rules, r#""\"to:\\nann@example.org\"""#, r#""\"to:\\n[EMAIL]\"""#);
    check(&rules, r#""\"ann\\u0040example.org\"""#, r#""\"[EMAIL]\"""#);
    check(&rules, r#""\"ann@example.org\", he said""#, r#""\"[EMAIL]\", he said""#);
    check(&rules, r#""{ not JSON ann@example.org""#, r#""{ not JSON [EMAIL]""#);
}

#[test]
fn what_is_not_looked_for_stays_as_it_was_written() {
    let rules = pattern(Sensitive::Card, Action::Mask);
    for value in [
        r#"{"z":1.0,"a":1e400,"n":123456789012345678901234567890,"s":"caf\u00e9"}"#,
        r#""{ \"spaced\" : [ 1 ] }""#,
        "true",
        "-4111111111111112",
        "[]",
        "{}",
        r#"[{},[],"",{"a":[]}]"#,
        r#""\\\"""#,
    ] {
        check(&rules, value, value);
    }
}

#[test]
fn a_number_may_be_a_card_and_a_moment_is_none() {
    let rules = pattern(Sensitive::Card, Action::Mask);
    check(&rules, "4111111111111111", r#""[CARD]""#);
    check(&rules, r#"{"card":4111111111111111,"x":1}"#, r#"{"card":"[CARD]","x":1}"#);
    // Its last digit is the right one.
    check(&rules, "1732548728127", "1732548728127");
}

#[test]
fn a_pseudonym_is_the_same_for_the_same_and_tells_nothing() {
    let rules = pattern(Sensitive::Email, Action::Hash);
    let of = |value: &str| left(&rules, "a", value).expect("kept");
    let ann = of(r#""ann@example.org""#);
    assert_eq!((ann.len(), &ann[..8]), (r#""[EMAIL:0123456789abcdef]""#.len(), r#""[EMAIL:"#));
    assert_eq!(ann, of(r#""ann\u0040example.org""#));
    assert_ne!(ann, of(r#""bob@example.org""#));
    let other = Redactions { everywhere: rules, ..Redactions::default() };
    let mut span = Span { attributes: vec![("a".to_owned(), json(r#""ann@example.org""#))], ..Span::default() };
    Redactor::new(&other, [8; 32]).expect("patterns").of("default").span(&mut span);
    assert_ne!(span.attributes[0].1.as_str(), ann);
}

#[test]
fn what_is_dropped_takes_along_what_it_stood_in() {
    let rules = pattern(Sensitive::Email, Action::Drop);
    assert_eq!(left(&rules, "a", r#"{"b":["ann@example.org"]}"#), None);
    assert_eq!(left(&rules, "a", r#"{"ann@example.org":1}"#), None);
    check(&rules, r#""nobody""#, r#""nobody""#);
    let redactions = Redactions { everywhere: rules, ..Redactions::default() };
    let mut span = Span { status: Status::Error("ann@example.org".to_owned()), ..Span::default() };
    Redactor::new(&redactions, KEY).expect("patterns").of("default").span(&mut span);
    assert_eq!(span.status, Status::Error(String::new()));
}

#[test]
fn a_key_is_known_by_its_name_and_by_its_path() {
    let value = r#"{"User":{"password":"x","name":"Ann"},"token":[1,{"b":"]}"}],"n":1}"#;
    let after = |glob, action| left(&named(glob, action), "llm.input", value);
    assert_eq!(after("llm.*", Action::Drop), None);
    assert_eq!(after("LLM.INPUT", Action::Mask).as_deref(), Some(r#""[REDACTED]""#));
    let without_password = r#"{"User":{"name":"Ann"},"token":[1,{"b":"]}"}],"n":1}"#;
    for glob in ["password", "*passw*", "*.user.password", "llm.input.user.password"] {
        assert_eq!(after(glob, Action::Drop).as_deref(), Some(without_password), "{glob}");
    }
    let masked = r#"{"User":{"password":"x","name":"Ann"},"token":"[REDACTED]","n":1}"#;
    assert_eq!(after("token", Action::Mask).as_deref(), Some(masked));
    assert_eq!(after("user", Action::Drop).as_deref(), Some(r#"{"token":[1,{"b":"]}"}],"n":1}"#));
    assert_eq!(after("passwor", Action::Drop).as_deref(), Some(value));
    let within = left(&named("password", Action::Drop), "a", r#""{\"password\":\"x\",\"n\":1}""#);
    assert_eq!(within.as_deref(), Some(r#""{\"n\":1}""#));
}

#[test]
fn rules_of_an_experiment_stand_beside_those_of_all() {
    let redactions = Redactions {
        everywhere: pattern(Sensitive::Email, Action::Mask),
        experiments: BTreeMap::from([("clinic".to_owned(), named("patient", Action::Drop))]),
    };
    let redactor = Redactor::new(&redactions, KEY).expect("patterns");
    let attributes = || vec![("patient".to_owned(), json("7")), ("mail".to_owned(), json(r#""ann@example.org""#))];
    let kept = |experiment: &str| {
        let mut span = Span { attributes: attributes(), ..Span::default() };
        redactor.of(experiment).span(&mut span);
        span.attributes
    };
    let mail = ("mail".to_owned(), json(r#""[EMAIL]""#));
    assert_eq!(kept("clinic"), std::slice::from_ref(&mail));
    assert_eq!(kept("default"), [("patient".to_owned(), json("7")), mail]);
}

#[test]
fn every_part_of_a_span_is_looked_through_and_sources_stay_shared() {
    let secret = "ann@example.org";
    let attributes = || vec![("deep".to_owned(), json(&format!(r#"[{{"a":"{secret}"}}]"#)))];
    let source = Arc::new(Source {
        resource: Arc::new(attributes()),
        scope: "library".to_owned(),
        scope_version: "1".to_owned(),
        scope_attributes: attributes(),
    });
    let span = || Span {
        name: "call".to_owned(),
        attributes: attributes(),
        events: vec![Event { attributes: attributes(), ..Event::default() }],
        links: vec![Link { attributes: attributes(), ..Link::default() }],
        status: Status::Error(format!("no such user: {secret}")),
        source: Some(Arc::clone(&source)),
        ..Span::default()
    };
    let redactions = Redactions { everywhere: pattern(Sensitive::Email, Action::Mask), ..Redactions::default() };
    let redactor = Redactor::new(&redactions, KEY).expect("patterns");
    let mut spans = [span(), span()];
    let mut redacting = redactor.of("default");
    spans.iter_mut().for_each(|span| redacting.span(span));
    let all = format!("{spans:?}");
    assert!(!all.contains(secret), "{all}");
    assert_eq!(all.matches("[EMAIL]").count(), 12);
    let sources: Vec<_> = spans.iter().flat_map(|span| &span.source).collect();
    assert!(Arc::ptr_eq(sources[0], sources[1]));
}

#[test]
fn nothing_that_is_said_of_a_trace_keeps_what_is_looked_for() {
    let secret = "ann@example.org";
    let failure = || Failure { detail: Some(secret.to_owned()), ..Failure::new(FailureKind::Other, secret) };
    let assessment = |said| Assessment {
        id: AssessmentId(uuid::Uuid::nil()),
        span: None,
        name: "x".to_owned(),
        said,
        source: AssessmentSource { kind: SourceKind::Human, id: None },
        rationale: Some(format!("says {secret}")),
        created: 0,
        updated: 0,
        metadata: [("m".to_owned(), secret.to_owned())].into(),
        overrides: None,
    };
    let changes = || {
        let value = json(&format!("{{\"to\":[\"{secret}\"]}}"));
        let said = [Said::Feedback(value.clone()), Said::Expectation(value), Said::Failed(failure())];
        let tag = AnnotationChange::Tag { name: "t".to_owned(), value: Some(secret.to_owned()) };
        said.map(|said| AnnotationChange::Assess(assessment(said))).into_iter().chain([tag])
    };
    let left = |rules: Rules| {
        let redactor =
            Redactor::new(&Redactions { everywhere: rules, ..Redactions::default() }, KEY).expect("patterns");
        changes().map(|change| redactor.of("default").change(change)).collect::<Vec<_>>()
    };
    let all = format!("{:?}", left(pattern(Sensitive::Email, Action::Mask)));
    assert!(!all.contains(secret), "{all}");
    assert_eq!(all.matches("[EMAIL]").count(), 1 + 1 + 2 + 2 * 3 + 1, "{all}");
    let all = format!("{:?}", left(pattern(Sensitive::Email, Action::Drop)));
    assert!(!all.contains(secret) && !all.contains("says"), "{all}");
    assert_eq!(left(Rules::default()), changes().collect::<Vec<_>>());
}

#[test]
fn a_pattern_that_is_none_is_told() {
    let looks = Redaction::Pattern { pattern: "(".to_owned(), name: None };
    let rules = Rules { patterns: vec![PatternRule { looks, action: Action::Mask }], keys: Vec::new() };
    let redactions = Redactions { everywhere: rules, ..Redactions::default() };
    assert_eq!(Redactor::new(&redactions, KEY).err().expect("no pattern").pattern, "(");
}
