use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let problems = parse("karat.yaml", text).expect_err("a problem").to_string();
    assert_eq!(problems.lines().map(str::trim).collect::<Vec<_>>(), expected);
}

/// A suite that is sound, with `more` at its end.
fn with(more: &str) -> String {
    format!("name: s\ndata: {{ path: rows.jsonl }}\nscorers: [exact_match]\n{more}\n")
}

#[test]
fn the_suite_of_the_contract_is_read() {
    let text = r#"
name: gsm8k                                   # runs as it stands; both examples are checked by a test
data: { path: solutions.jsonl, map: { inputs.question: question, outputs: 6b_finetuning.solution, expectations.expected_response: ground_truth } }
scorers:
  - { use: numeric_match, with: { pattern: 'A:\s*(-?[\d.,]+)' } }
  - { plugin: ./empathy.wasm, use: empathy, limits: { memory: 64MiB, fuel: 1e9, time: 30s }, reuse: row }
limits: { concurrency: auto, row_timeout: 60s, max_failed: "1%" }
gate: "numeric_match >= 0.2"
"#;
    let SuiteFile { suite, .. } = parse("karat.yaml", text).expect("a suite");
    assert_eq!(suite.name, "gsm8k");
    assert_eq!(suite.data.map.expect("a map")["outputs"], "6b_finetuning.solution");
    let model::suite::ScorerEntry::Full(empathy) = &suite.scorers[1] else { panic!("an object") };
    assert_eq!(empathy.limits.as_ref().and_then(|limits| limits.fuel), Some(model::quantity::Count(1_000_000_000)));
}

#[test]
fn every_problem_is_reported_at_once_by_line() {
    check(
        "nam: s\ndata:\n  path: 3\nscorers:\n  - exact_match\n  - use: contains\n    wiht: {}\n    name: Tone\ntrials: 0\n",
        &[
            "karat.yaml:1: missing key `name`",
            "karat.yaml:1: unknown key `nam`",
            "hint: did you mean `name`?",
            "karat.yaml:3: data.path: expected a text, found a number",
            "karat.yaml:7: scorers[1]: unknown key `wiht`",
            "hint: did you mean `with`?",
            "karat.yaml:8: scorers[1].name: `Tone` does not match `^[a-z][a-z0-9_]*$`",
            "karat.yaml:9: trials: must be at least 1, found 0",
        ],
    );
}

#[test]
fn shapes_are_named_as_people_name_them() {
    check("- 1\n", &["karat.yaml:1: expected an object, found a list"]);
    check(&with("scorer: x"), &["karat.yaml:4: unknown key `scorer`", "hint: did you mean `scorers`?"]);
    check(
        &with("zzz: x"),
        &[
            "karat.yaml:4: unknown key `zzz`",
            "hint: allowed keys: `aggregators`, `baseline`, `data`, `endpoints`, `gate`, `judges`, `limits`, `name`, `predict`, `quarantine`, `reduce`, `scorers`, and 4 more",
        ],
    );
    check(&with("gate: 3"), &["karat.yaml:4: gate: expected a text or a list, found a number"]);
    check(&with("gate: [a >= 1, 3]"), &["karat.yaml:4: gate[1]: expected a text, found a number"]);
    check(
        "name: s\ndata: { path: x.csv, format: xml }\nscorers: exact_match\n",
        &[
            "karat.yaml:2: data.format: expected `jsonl`, `json`, `csv` or `parquet`, found `xml`",
            "karat.yaml:3: scorers: expected a list, found a text",
        ],
    );
    check(
        "name: s\ndata:\nscorers: [3]\n",
        &[
            "karat.yaml:2: data: expected an object, found nothing",
            "karat.yaml:3: scorers[0]: expected a text or an object, found a number",
        ],
    );
}

#[test]
fn quantities_are_checked_where_they_stand() {
    check(
        &with("limits: { row_timeout: fast }"),
        &["karat.yaml:4: limits.row_timeout: `fast` is not a span of time such as `30s`"],
    );
    check(
        &with("limits: { row_timeout: 30 }"),
        &["karat.yaml:4: limits.row_timeout: expected a text such as `30s`, found a number"],
    );
    check(
        &with("limits: { max_failed: 120% }"),
        &["karat.yaml:4: limits.max_failed: `120%` is not a share from `0%` to `100%`, or a number of rows"],
    );
    check(&with("limits:\n  concurrency: fast"), &["karat.yaml:5: limits.concurrency: expected `auto`, found `fast`"]);
    check(&with("limits:\n  concurrency: 0"), &["karat.yaml:5: limits.concurrency: must be at least 1, found 0"]);
    check(&with("trials: 1.5"), &["karat.yaml:4: trials: expected a whole number, found a number"]);
    check(&with("trials: 5000000000"), &["karat.yaml:4: trials: invalid value: integer `5000000000`, expected u32"]);
    check(
        "name: s\ndata: { path: x.csv }\nscorers:\n- use: x\n  limits: { memory: 64MB2, fuel: 1.5 }\n",
        &[
            "karat.yaml:5: scorers[0].limits.fuel: expected a whole number or a text such as `1000000`, found a number",
            "karat.yaml:5: scorers[0].limits.memory: `64MB2` is not a number of bytes such as `64MiB`",
        ],
    );
}

#[test]
fn what_is_not_yaml_says_where() {
    check(
        "",
        &["karat.yaml: the file is empty", "hint: `karat init` and `karat plugin new` write files to start from"],
    );
    check(
        "# nothing\n",
        &["karat.yaml: the file is empty", "hint: `karat init` and `karat plugin new` write files to start from"],
    );
    check("name: s\nname: t\n", &["karat.yaml:2: key `name` is there already"]);
    check("name: s\n1: a\n'1': b\n", &["karat.yaml:3: [1]: key `1` is there already"]);
    check("name: s\n---\nname: t\n", &["karat.yaml:3: a second document starts here; the file is one"]);
    check("name: s\ndata:\n\tpath: x\n", &["karat.yaml:3: a tab at column 1", "hint: YAML is indented with spaces"]);
    check("name: !secret s\n", &["karat.yaml:1: name: the tag `!secret` has no meaning here"]);
    check("name: .inf\n", &["karat.yaml:1: name: inf is no finite number"]);
    check("? [a]\n: b\n", &["karat.yaml:1: a key has to be a text"]);
}

#[test]
fn anchors_work_and_can_not_be_made_a_bomb() {
    let shared = "name: s\ndata: { path: x.csv }\nscorers:\n- { use: a, with: &w { n: 1 } }\n- { use: b, with: *w }\n";
    assert!(parse("karat.yaml", shared).is_ok());
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    check(&bomb, &["karat.yaml:5: aliases expand to too much"]);
}

#[test]
fn text_that_nests_without_end_is_refused() {
    for level in ["[", "[\n", "{a: "] {
        let problems = parse("karat.yaml", &level.repeat(100_000)).expect_err("a problem").to_string();
        assert!(problems.ends_with("lists and objects nest too deeply"), "{problems}");
    }
    let block: String = (0..5000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(parse("karat.yaml", &block).is_err());
}

#[test]
fn the_schema_says_which_draft_it_is() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "Karat suite");
}
