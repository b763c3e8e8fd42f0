use super::*;

#[track_caller]
fn check(text: &str, expected: &[(&str, &str, Statistic, Comparison, f64)]) {
    let gates = parse(text).expect("a gate");
    let seen: Vec<_> = gates
        .iter()
        .map(|gate| match &gate.condition {
            Condition::Number(number) => {
                (&*gate.text, &*number.scorer, number.statistic, number.comparison, number.threshold)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seen, expected);
}

/// Brackets around everything, in the order of reading.
fn spelled(gate: &Gate) -> String {
    let joined = |of: &[Gate], by: &str| format!("({})", of.iter().map(spelled).collect::<Vec<_>>().join(by));
    match &gate.condition {
        Condition::Number(Number { scorer, slice, .. }) => match slice {
            Some(slice) => format!("{slice}:{scorer}"),
            None => scorer.clone(),
        },
        Condition::Regressed { regressed, baseline } => format!("regressed({regressed},{baseline:?})"),
        Condition::NonInferior { non_inferior, margin, baseline } => {
            format!("non_inferior({non_inferior},{margin},{baseline:?})")
        }
        Condition::Not { not } => format!("!{}", spelled(not)),
        Condition::Any { any } => joined(any, " | "),
        Condition::All { all } => joined(all, " & "),
    }
}

#[track_caller]
fn check_tree(text: &str, expected: &[&str]) {
    let gates = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(gates.iter().map(spelled).collect::<Vec<_>>(), expected);
    for gate in gates.iter().flat_map(Gate::parts) {
        let again = parse(&gate.text).unwrap_or_else(|error| panic!("{}: {error}", gate.text));
        let conditions: Vec<_> = again.into_iter().map(|gate| gate.condition).collect();
        let own = match &gate.condition {
            Condition::All { all } => all.iter().map(|gate| gate.condition.clone()).collect(),
            condition => vec![condition.clone()],
        };
        assert_eq!(conditions, own, "the text of a gate is the gate: {}", gate.text);
    }
}

#[test]
fn a_gate_compares_a_number_of_a_scorer() {
    use Comparison::{Above, AtLeast, AtMost, Below, Equal};
    use Statistic::{Failed, Lower, Value};
    check("tone >= 0.90", &[("tone >= 0.90", "tone", Value, AtLeast, 0.9)]);
    check("latency.p90 <= 2s", &[("latency.p90 <= 2s", "latency", Statistic::P90, AtMost, 2.0)]);
    check("latency.max < 300ms", &[("latency.max < 300ms", "latency", Statistic::Max, Below, 0.3)]);
    check("tone>=21.68%", &[("tone>=21.68%", "tone", Value, AtLeast, 0.2168)]);
    check(
        "a < -1e-3 AND b/c.lower > 5",
        &[("a < -1e-3", "a", Value, Below, -0.001), ("b/c.lower > 5", "b/c", Lower, Above, 5.0)],
    );
    check(
        "and <= 1 and a.failed == 0",
        &[("and <= 1", "and", Value, AtMost, 1.0), ("a.failed == 0", "a", Failed, Equal, 0.0)],
    );
    // Words of the grammar are names where nothing else is meant.
    for name in ["not", "or", "regressed", "non_inferior", "slice"] {
        let text = format!("{name} <= 1");
        check(&text, &[(&text, name, Value, AtMost, 1.0)]);
    }
    check("a/f(x) > 1", &[("a/f(x) > 1", "a/f(x)", Value, Above, 1.0)]);
}

#[test]
fn the_gate_of_the_contract_is_five_gates() {
    check_tree(
        "correctness >= 0.9 and latency.p90 <= 2s and not regressed(correctness) and non_inferior(fluency, margin=0.02, \
         baseline=main) and slice(lang=de).safety >= 0.99",
        &[
            "correctness",
            "latency",
            "!regressed(correctness,None)",
            "non_inferior(fluency,0.02,Some(\"main\"))",
            "tags.lang=de:safety",
        ],
    );
}

#[test]
fn not_binds_closest_and_or_last() {
    check_tree("a > 1 or b > 1 and c > 1", &["(a | (b & c))"]);
    check_tree("(a > 1 or b > 1) and c > 1", &["(a | b)", "c"]);
    check_tree("not a > 1 and b > 1", &["!a", "b"]);
    check_tree("not (a > 1 and b > 1) or not not c > 1", &["(!(a & b) | !!c)"]);
    check_tree("((a > 1))", &["a"]);
    check_tree("a > 1 and (b > 1 and c > 1)", &["a", "(b & c)"]);
    check_tree("regressed(a/x, baseline=feature/x-1.2)", &["regressed(a/x,Some(\"feature/x-1.2\"))"]);
    check_tree("regressed(a, baseline='release candidate')", &["regressed(a,Some(\"release candidate\"))"]);
    check_tree("non_inferior(a, baseline=last, margin=2%)", &["non_inferior(a,0.02,Some(\"last\"))"]);
    check_tree("slice(split=test).a.lower > 0", &["split=test:a"]);
    check_tree("slice(tags.split=\"a b\").a/b > 0", &["tags.split=a b:a/b"]);
}

#[test]
fn what_is_no_gate_says_where_and_why() {
    let check = |text: &str, expected: &str| {
        let error = parse(text).expect_err("no gate");
        assert_eq!(format!("{error}; {}", error.hint.clone().unwrap_or_default()), expected);
    };
    let (example, signs) = (EXAMPLE, SIGNS);
    check("", &format!("expected the name of a scorer at column 1; {example}"));
    check("tone", &format!("expected a comparison at column 5; {signs}"));
    check("tone => 1", &format!("`=>` is no comparison at column 6; {signs}"));
    check("tone >=", &format!("expected a number at column 8; {example}"));
    check("tone >= high", "`high` is no number at column 9; such as `0.9` or `90%`");
    check("tone >= inf", "`inf` is no number at column 9; such as `0.9` or `90%`");
    check("tone >= 2s", "`2s` is no number at column 9; such as `0.9` or `90%`");
    check("Tone >= 1", &format!("`Tone` is not the name of a scorer at column 1; {example}"));
    check("tone.lowr >= 1", "unknown statistic `lowr` at column 6; did you mean `lower`?");
    check("latency.p90 <= 2m", "`2m` is no time at column 16; such as `2s` or `300ms`");
    check("tone >= 1 b", &format!("expected `and`, `or` or the end, found `b` at column 11; {example}"));
    check("tone >= 1 and", &format!("expected the name of a scorer at column 14; {example}"));
    check("tone >= 1 or", &format!("expected the name of a scorer at column 13; {example}"));
    check("(tone >= 1", "expected `and`, `or` or `)` at column 11; a bracket is open");
    check("tone >= 1)", &format!("expected `and`, `or` or the end, found `)` at column 10; {example}"));
    check("not", &format!("expected the name of a scorer at column 4; {example}"));
    check("regressed()", &format!("expected the name of a scorer, found `)` at column 11; {REGRESSED}"));
    check("regressed(Tone)", &format!("`Tone` is not the name of a scorer at column 11; {REGRESSED}"));
    check("regressed(tone", &format!("expected `,` or `)` at column 15; {REGRESSED}"));
    check("regressed(tone, main)", "unknown name `main` at column 17; allowed names: `baseline`");
    check(
        "regressed(tone, baseline main)",
        &format!("expected `=` behind `baseline`, found `main` at column 26; {REGRESSED}"),
    );
    check("regressed(tone, baseline=)", &format!("expected a value, found `)` at column 26; {REGRESSED}"));
    check("regressed(tone, baseline=a, baseline=b)", &format!("`baseline` is there twice at column 29; {REGRESSED}"));
    check("non_inferior(tone)", &format!("the margin is missing at column 18; {NON_INFERIOR}"));
    check("non_inferior(tone, margn=1)", "unknown name `margn` at column 20; did you mean `margin`?");
    check("non_inferior(tone, margin=-1)", "`-1` is no margin at column 27; a number from 0, such as `0.02` or `2%`");
    check("slice(lang).tone > 1", &format!("expected `=` behind `lang`, found `)` at column 11; {SLICE}"));
    check("slice(lang=de) tone > 1", &format!("expected `.` and a scorer, found `tone` at column 16; {SLICE}"));
    check("slice(lang='de).tone > 1", &format!("the quote is not closed at column 12; {EXAMPLE}"));
    check("slice(lang='').tone > 1", &format!("the text is empty at column 12; {EXAMPLE}"));
    let nested = format!("{}a > 1{}", "(".repeat(100_000), ")".repeat(100_000));
    check(&nested, "brackets nest too deep at column 65; take some of them away");
}
