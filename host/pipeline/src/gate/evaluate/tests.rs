use super::*;
use crate::gate::parse;
use model::aggregate::Counts;
use model::slice::Slice;

fn aggregate(kind: AggregateKind, value: Option<f64>, lower: Option<f64>) -> Aggregate {
    Aggregate {
        kind,
        value,
        lower,
        upper: lower.map(|_| 1.0),
        counts: Counts { scored: 1319, passed: 286, ..Counts::default() },
        basis: Default::default(),
        note: None,
        failure: None,
        labels: Default::default(),
    }
}

fn scorers() -> Scorers {
    Scorers(vec![
        ("rate".to_owned(), aggregate(AggregateKind::Rate, Some(286.0 / 1319.0), Some(0.195_4))),
        ("close".to_owned(), aggregate(AggregateKind::Mean, Some(0.899_999_9), None)),
        ("label".to_owned(), aggregate(AggregateKind::Categorical, None, None)),
        ("empty".to_owned(), aggregate(AggregateKind::Mean, None, None)),
    ])
}

/// `tone` is worse than in any other run, and nothing is known of the rest.
struct Worse;

impl Against for Worse {
    fn regressed(&self, scorer: &str, baseline: Option<&str>) -> Finding {
        let holds = (scorer == "tone").then_some(true);
        Finding { holds, reason: format!("`{scorer}` beside {}", baseline.unwrap_or("the suite's")) }
    }

    fn non_inferior(&self, _: &str, margin: f64, _: Option<&str>) -> Finding {
        Finding { holds: Some(margin > 0.1), reason: format!("0.1 against {margin}") }
    }
}

#[track_caller]
fn check(text: &str, holds: bool, reason: &str) {
    let scorers = scorers();
    let slice = Slice { by: "lang".parse().expect("a key"), value: "de".to_owned() };
    let of_slice = Scorers(vec![("rate".to_owned(), aggregate(AggregateKind::Rate, Some(0.5), Some(0.4)))]);
    let slices = [Sliced { slice, rows: 2, scorers: of_slice }];
    let evidence = Evidence { scorers: &scorers, slices: &slices, predictions: None, against: &Worse };
    let gates = parse(text).expect("a gate");
    assert_eq!(gates.len(), 1, "{text}");
    let expected = GateResult { text: text.to_owned(), holds, reason: reason.to_owned() };
    assert_eq!(evaluate(&gates[0], evidence), expected);
}

#[test]
fn the_reason_has_the_numbers() {
    check("rate >= 0.9", false, "0.2168 is below 0.9");
    check("rate >= 20%", true, "0.2168 is at least 0.2");
    check("rate.lower > 0.2", false, "0.1954 is not above 0.2");
    check("rate.upper <= 1", true, "1 is at most 1");
    check("rate.passed == 286", true, "286 is equal to 286");
    check("rate.failed == 1", false, "0 is not equal to 1");
    check("close >= 0.9", false, "0.8999999 is below 0.9");
    check("slice(lang=de).rate >= 0.5", true, "0.5 is at least 0.5");
    check("slice(lang=de).rate.lower >= 0.5", false, "0.4 is below 0.5");
}

#[test]
fn a_gate_without_a_number_does_not_hold() {
    for (text, reason) in [
        ("label <= 1", "labels have no value"),
        ("empty <= 1", "no row was scored"),
        ("close.lower <= 1", "too few rows were scored for an interval"),
        ("rate/sub <= 1", "no row was given a `rate/sub`"),
        ("latency.p90 <= 1s", "no row has a latency"),
        ("slice(lang=fr).rate <= 1", "no row has `tags.lang=fr`"),
    ] {
        check(text, false, reason);
        // Nor does its opposite.
        check(&format!("not {text}"), false, reason);
    }
}

#[test]
fn what_another_run_says_decides_what_asks_for_it() {
    check("not regressed(tone)", false, "`tone` beside the suite's");
    check("regressed(tone, baseline=main)", true, "`tone` beside main");
    check("not regressed(rate)", false, "`rate` beside the suite's");
    check("non_inferior(rate, margin=0.2)", true, "0.1 against 0.2");
    check("non_inferior(rate, margin=0.02)", false, "0.1 against 0.02");
}

#[test]
fn one_that_holds_is_enough_where_any_does() {
    check("rate >= 0.9 or rate >= 0.2", true, "`rate >= 0.2`: 0.2168 is at least 0.2");
    check(
        "rate >= 0.9 or rate >= 0.8",
        false,
        "`rate >= 0.9`: 0.2168 is below 0.9; `rate >= 0.8`: 0.2168 is below 0.8",
    );
    check("empty >= 0.9 or rate >= 0.2", true, "`rate >= 0.2`: 0.2168 is at least 0.2");
    // What is not known may hold: neither the whole is known then, nor its opposite.
    let unknown = "`empty >= 0.9`: no row was scored; `rate >= 0.9`: 0.2168 is below 0.9";
    check("empty >= 0.9 or rate >= 0.9", false, unknown);
    check("not (empty >= 0.9 or rate >= 0.9)", false, unknown);
    check("not (empty >= 0.9 and rate >= 0.9)", true, "`rate >= 0.9`: 0.2168 is below 0.9");
    check(
        "rate >= 0.9 or (rate >= 0.1 and rate <= 0.3)",
        true,
        "`rate >= 0.1 and rate <= 0.3`: `rate >= 0.1`: 0.2168 is at least 0.1; `rate <= 0.3`: 0.2168 is at most 0.3",
    );
}
