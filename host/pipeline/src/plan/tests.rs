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
    let overrides = Overrides {
        data: Some("y.CSV".to_owned()),
        limit: Some(3),
        only: Some("q7".to_owned()),
        ..Overrides::default()
    };
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
            "gate: [\"exact_match >= 0.9 or x\", \"exact_matsh >= 1 or not exact_match >= 1\"]",
        ),
        &[
            "karat.yaml:4: scorers[0]: unknown scorer `exact_mach`",
            "hint: did you mean `exact_match`?",
            "karat.yaml:5: scorers[1].with.tolerance: expected a number, found a text",
            "karat.yaml:6: scorers[2].plugin: `./gone.wasm` is not there",
            "hint: build it first",
            "karat.yaml:8: gate[0]: expected a comparison at column 24",
            "hint: one of `>=`, `<=`, `>`, `<`, `==`",
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
fn a_gate_that_compares_runs_needs_a_run_and_verdicts_that_can_be_better() {
    let hint = "hint: name one with `baseline` in the suite or in the gate, or with `--baseline`: a run's id, `last`, a name, a tag \
                or a branch of git";
    check(
        &suite(
            "- exact_match\n- { plugin: ./one.wasm }",
            "gate: [not regressed(exact_match), \"non_inferior(exact_mtch, margin=1%)\", \"regressed(tone, baseline=main)\"]",
        ),
        &[
            "karat.yaml:6: gate[0]: there is no run to compare `exact_match` with",
            hint,
            "karat.yaml:6: gate[1]: no scorer has the key `exact_mtch`",
            "hint: did you mean `exact_match`?",
            "karat.yaml:6: gate[2]: `tone` gives labels, which are neither better nor worse",
            "hint: compare what a scorer of numbers, or of `true` and `false`, gives",
        ],
    );
    let gate = "gate: not regressed(exact_match)";
    let Planned { plan, .. } =
        planned(&suite("- exact_match", &format!("baseline: main\n{gate}")), Overrides::default()).expect("a plan");
    assert_eq!(plan.baseline.as_deref(), Some("main"));
    let overrides = Overrides { baseline: Some("last".to_owned()), ..Overrides::default() };
    let Planned { plan, .. } = planned(&suite("- exact_match", gate), overrides).expect("a plan");
    assert_eq!(plan.baseline.as_deref(), Some("last"));
}

#[test]
fn a_slice_has_numbers_of_scorers_only() {
    let predict = "gate: \"slice(lang=de).latency.p90 <= 2s\"";
    check(
        &suite("- exact_match", predict),
        &[
            "karat.yaml:5: gate: `tags.lang=de` has no latency of its own",
            "hint: take `slice` out: latency is known of all rows only",
        ],
    );
    let more = "slices: [tags.lang, lang, split]\ngate: \"slice(lang=de).exact_match >= 0.9\"";
    let Planned { plan, .. } = planned(&suite("- exact_match", more), Overrides::default()).expect("a plan");
    assert_eq!(plan.slices.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tags.lang", "split"]);
}

#[test]
fn a_reducer_fits_the_verdicts_and_the_trials() {
    let scorers = "- exact_match\n- levenshtein\n- { plugin: ./one.wasm }";
    check(
        &suite(scorers, "trials: 3\nreduce: pass@3"),
        &[
            "karat.yaml:8: reduce: `pass@3` can't fold what `levenshtein` gives, which is numbers",
            "hint: give `levenshtein` a `reduce` of its own: `mean`, `median`, `mode`, `min` and `max` can",
        ],
    );
    check(
        &suite("- { use: exact_match, reduce: at_least@3 }\n- { plugin: ./one.wasm, reduce: mean }", "trials: 2"),
        &[
            "karat.yaml:4: scorers[0].reduce: `at_least@3` needs 3 trials of a row, and there are 2",
            "hint: raise `trials` to 3 or more",
            "karat.yaml:5: scorers[1].reduce: `mean` can't fold what `tone` gives, which is labels",
            "hint: `mode` and `majority` can",
        ],
    );
    let scorers = "- exact_match\n- { use: levenshtein, reduce: median }\n- { plugin: ./one.wasm }";
    let Planned { plan, .. } =
        planned(&suite(scorers, "trials: 3\nreduce: pass^2"), Overrides::default()).expect("a plan");
    let shown = plan.scorers.iter().map(|scorer| scorer.reduce.map(|reduce| reduce.to_string()));
    assert_eq!(shown.collect::<Vec<_>>(), [Some("pass^2".to_owned()), Some("median".to_owned()), None]);
}

#[test]
fn only_gates_on_rates_are_decided_before_the_last_row() {
    let hint =
        "hint: take `stop` out, or the gate: only rates such as `exact_match >= 0.9` are decided before the last row";
    let stop = |gate: &str| {
        suite("- exact_match\n- levenshtein", &format!("baseline: main\nstop: {{ when: decided }}\n{gate}"))
    };
    assert!(planned(&stop("gate: exact_match >= 0.9 or not exact_match <= 0.5"), Overrides::default()).is_ok());
    check(
        &stop(""),
        &[
            "karat.yaml:7: stop: there is no gate that could be decided",
            "hint: add one, such as `gate: \"exact_match >= 0.9\"`, or take `stop` out",
        ],
    );
    check(
        &stop("gate: [levenshtein <= 3, exact_match.lower >= 0.9, not regressed(exact_match), exact_match/sub >= 1]"),
        &[
            "karat.yaml:8: gate[0]: `stop` can't wait for `levenshtein <= 3`, which is not about a rate",
            hint,
            "karat.yaml:8: gate[1]: `stop` can't wait for `exact_match.lower >= 0.9`, which is not about the value of a rate",
            hint,
            "karat.yaml:8: gate[2]: `stop` can't wait for `regressed(exact_match)`, which compares with another run",
            hint,
            "karat.yaml:8: gate[3]: `stop` can't wait for `exact_match/sub >= 1`, which is not about a rate",
            hint,
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
