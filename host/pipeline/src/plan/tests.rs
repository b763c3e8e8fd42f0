use model::outcome::Outcome;
use model::scorer::ValueKind;

use super::*;
use crate::suite::parse;
use crate::testing::{Scripted, Shelf, description};

const TOLERANCE: &str = r#"{
    "type": "object",
    "properties": {"tolerance": {"type": "number", "minimum": 0}, "pattern": {"type": "string"}},
    "additionalProperties": false
}"#;
const REQUIRED: &str = r#"{"type": "object", "properties": {"any": {"type": "array"}}, "required": ["any"]}"#;

fn shelf() -> Shelf {
    let abstain = |_: &_, _: &str| Outcome::Abstained { reason: String::new() };
    let text = Scripted::plugin(
        "karat/text",
        vec![
            description("exact_match", "{}", ValueKind::Boolean, true),
            description("numeric_match", TOLERANCE, ValueKind::Boolean, true),
            description("contains", REQUIRED, ValueKind::Boolean, true),
            description("levenshtein", "{}", ValueKind::Number, true),
        ],
        abstain,
    );
    let one = Scripted::plugin("x/one", vec![description("tone", "{}", ValueKind::Label, false)], abstain);
    let two = vec![
        description("first", "{}", ValueKind::Text, false),
        description("broken", r#"{"type": "texts"}"#, ValueKind::Text, false),
    ];
    let two = Scripted::plugin("x/two", two, abstain);
    Shelf { built_in: vec![text], files: [("./one.wasm", one), ("./two.wasm", two)].into() }
}

fn suite(scorers: &str, more: &str) -> String {
    format!("name: s\ndata: {{ path: rows.jsonl }}\nscorers:\n{scorers}\n{more}\n")
}

fn planned(text: &str, overrides: Overrides) -> Result<Planned, Problems> {
    plan(&parse("karat.yaml", text).expect("a suite"), &shelf(), overrides)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let Err(problems) = planned(text, Overrides::default()) else { panic!("expected {expected:?}") };
    assert_eq!(problems.to_string().lines().map(str::trim).collect::<Vec<_>>(), expected);
}

#[test]
fn every_default_is_filled_in() {
    let text = suite("- exact_match", "limits: { row_timeout: 5s }");
    let Planned { plan, data, concurrency, .. } = planned(&text, Overrides::default()).expect("a plan");
    assert_eq!((plan.trials, plan.seed, plan.max_failed), (1, 0, Allowance::Share(0.0)));
    assert_eq!(plan.format, DataFormat::Jsonl);
    assert_eq!(data, DataSource::BesideSuite("rows.jsonl".to_owned()));
    assert_eq!(concurrency, None);
    let scorer = &plan.scorers[0];
    assert_eq!((scorer.key.as_str(), scorer.parameters.as_str()), ("exact_match", "{}"));
    assert_eq!(scorer.limits, CallLimits { time: Duration::from_secs(5), ..CallLimits::default() });
    assert!(scorer.needs_outputs);
}

#[test]
fn the_command_line_replaces_the_data_and_keeps_the_map() {
    let text = "name: s\ndata: { path: x.jsonl, map: { inputs.q: q } }\nscorers: [exact_match]\n";
    let overrides =
        Overrides { data: Some("y.CSV".to_owned()), limit: Some(3), only: Some("q7".to_owned()), max_usd: None };
    let Planned { plan, data, .. } = planned(text, overrides).expect("a plan");
    assert_eq!(data, DataSource::WorkingFolder("y.CSV".to_owned()));
    assert_eq!((plan.format, plan.limit, plan.only.as_deref()), (DataFormat::Csv, Some(3), Some("q7")));
    assert!(plan.map.is_some());
}

#[test]
fn scorers_that_can_share_an_instance_are_bound_together() {
    let scorers = "- exact_match\n- { plugin: ./one.wasm }\n- { use: levenshtein, reuse: row }\n- numeric_match\n\
                   - { use: exact_match, name: slow, limits: { time: 9s } }";
    let Planned { plan, bindings, .. } = planned(&suite(scorers, "seed: 7"), Overrides::default()).expect("a plan");
    let places: Vec<_> = bindings.iter().map(|bound| bound.places.clone()).collect();
    assert_eq!(places, [vec![0, 3], vec![1], vec![2], vec![4]]);
    for bound in &bindings {
        assert_eq!(bound.binding.seed, 7);
        for (call, place) in bound.binding.calls.iter().zip(&bound.places) {
            assert_eq!(call.item, plan.scorers[*place].scorer);
            assert_eq!(bound.binding.limits, plan.scorers[*place].limits);
        }
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    check(
        &suite(
            "- exact_mach\n- { use: numeric_match, with: { tolerance: x } }\n- { plugin: ./gone.wasm }\n- exact_match",
            "gate: [\"exact_match >= 0.9 or x\", \"exact_matsh >= 1\"]",
        ),
        &[
            "karat.yaml:4: scorers[0]: unknown scorer `exact_mach`",
            "hint: did you mean `exact_match`?",
            "karat.yaml:5: scorers[1].with.tolerance: expected a number, found a text",
            "karat.yaml:6: scorers[2].plugin: `./gone.wasm` is not there",
            "hint: build it first",
            "karat.yaml:8: gate[0]: gates can't be joined by `or` at column 20",
            "hint: every gate has to hold; `and` joins them",
            "karat.yaml:8: gate[1]: no scorer has the key `exact_matsh`",
            "hint: did you mean `exact_match`?",
        ],
    );
}

#[test]
fn a_scorer_that_is_not_there_is_an_error() {
    check(
        "name: s\ndata: { path: rows.jsonl }\nscorers: []\n",
        &[
            "karat.yaml:3: scorers: there are no scorers",
            "hint: name at least one under `scorers`, such as `- exact_match`",
        ],
    );
    check(
        &suite("- { use: bleu }", ""),
        &[
            "karat.yaml:4: scorers[0].use: unknown scorer `bleu`",
            "hint: built-in scorers: `contains`, `exact_match`, `levenshtein`, `numeric_match`",
        ],
    );
    check(
        &suite("- { name: x }", ""),
        &[
            "karat.yaml:4: scorers[0]: neither `use` nor `plugin` is there",
            "hint: `use` names a built-in scorer, `plugin` a file with scorers",
        ],
    );
    check(
        &suite("- { plugin: ./two.wasm }", ""),
        &["karat.yaml:4: scorers[0]: `./two.wasm` offers 2 scorers", "hint: add `use` with one of `first`, `broken`"],
    );
    check(
        &suite("- plugin: ./two.wasm\n  use: frist", ""),
        &["karat.yaml:5: scorers[0].use: `./two.wasm` has no scorer `frist`", "hint: did you mean `first`?"],
    );
}

#[test]
fn parameters_have_to_fit_the_scorer() {
    check(
        &suite("- use: numeric_match\n  with:\n    tolerance: -1\n    patern: x", ""),
        &[
            "karat.yaml:6: scorers[0].with.tolerance: must be at least 0, found -1",
            "karat.yaml:7: scorers[0].with: unknown key `patern`",
            "hint: did you mean `pattern`?",
        ],
    );
    check(&suite("- contains", ""), &["karat.yaml:4: scorers[0].with: missing key `any`"]);
    let Err(problems) = planned(&suite("- { plugin: ./two.wasm, use: broken }", ""), Overrides::default()) else {
        panic!("the schema is broken");
    };
    assert!(problems.to_string().contains("the schema that `broken` declares for its parameters is none"));
}

#[test]
fn two_scorers_with_one_key_are_an_error() {
    check(
        &suite("- exact_match\n- { use: levenshtein, name: exact_match }", ""),
        &[
            "karat.yaml:5: scorers[1]: `exact_match` is the key of `scorers[0]` as well",
            "hint: give one of them a `name` of its own",
        ],
    );
}

#[test]
fn a_gate_needs_a_number_to_compare() {
    let scorers = "- exact_match\n- levenshtein\n- { plugin: ./one.wasm }";
    let sound = "gate: \"exact_match/part.lower >= 1 and exact_match.passed > 3 and tone.scored > 0\"";
    assert!(planned(&suite(scorers, sound), Overrides::default()).is_ok());
    check(
        &suite(scorers, "gate: [tone >= 1, levenshtein.passed > 3, \"bleu > 1\"]"),
        &[
            "karat.yaml:7: gate[0]: `tone` gives labels, which have no value to compare",
            "hint: compare a count, such as `.scored` or `.failed`",
            "karat.yaml:7: gate[1]: `levenshtein` gives numbers, which neither pass nor fail",
            "hint: compare a count, such as `.scored` or `.failed`",
            "karat.yaml:7: gate[2]: no scorer has the key `bleu`",
            "hint: scorers: `exact_match`, `levenshtein`, `tone`",
        ],
    );
    check(
        &suite("- exact_match", "gate: [latency.p90 <= 2s, exact_match.p50 > 1]"),
        &[
            "karat.yaml:5: gate[0]: there is no latency without a predictor",
            "hint: it is the time that `predict` takes; rows that carry their outputs have none",
            "karat.yaml:5: gate[1]: `exact_match` has no such statistic",
            "hint: only `latency` has; a scorer has `.lower` and `.upper`, and its value without any",
        ],
    );
}

#[test]
fn the_data_needs_a_format_and_a_sound_map() {
    check(
        "name: s\ndata:\n  path: rows.txt\n  map:\n    input.q: q\n    inputs.q: q\nscorers: [exact_match]\n",
        &[
            "karat.yaml:3: data.path: the ending of `rows.txt` does not say which format it has",
            "hint: add `format: jsonl`, `json`, `csv` or `parquet` to `data`",
            "karat.yaml:5: data.map[\"input.q\"]: `input` is no field of a row",
            "hint: did you mean `inputs`?",
        ],
    );
}

#[test]
fn rows_of_a_dataset_are_named_by_version() {
    let of = |data: &str, overrides: Overrides| {
        planned(&format!("name: s\ndata: {data}\nscorers: [exact_match]\n"), overrides).expect("a plan")
    };
    let reference = |text: &str| DataSource::Dataset(DatasetReference::parse(text).expect("a reference"));
    assert_eq!(of("{ dataset: support@3 }", Overrides::default()).data, reference("support@3"));
    // What the suite's own file needs is not for a dataset.
    let overrides = Overrides { data: Some("dataset:support".to_owned()), ..Overrides::default() };
    let Planned { plan, data, .. } = of("{ path: x.csv, map: { inputs.q: q } }", overrides);
    assert_eq!((data, plan.map, plan.format), (reference("support"), None, DataFormat::Jsonl));
    let wrong =
        |data: &str, expected: &[&str]| check(&format!("name: s\ndata: {data}\nscorers: [exact_match]\n"), expected);
    wrong("{ dataset: support@0 }", &["karat.yaml:2: data.dataset: versions are counted from 1"]);
    wrong("{ dataset: \"@3\" }", &["karat.yaml:2: data.dataset: the name of a dataset is missing"]);
    wrong("{ dataset: s, format: csv }", &["karat.yaml:2: data.format: is for files, and these rows are in a dataset"]);
    wrong(
        "{ dataset: s, sample: 3 }",
        &["karat.yaml:2: data.sample: is for `traces`, and these rows are in a dataset"],
    );
    let hint = "hint: leave out all but one of `path`, `dataset` and `traces`";
    wrong("{ dataset: s, path: x.csv }", &["karat.yaml:2: data.dataset: rows come from one place", hint]);
}
