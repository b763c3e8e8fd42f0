//! The smaller verbs.

use serde_json::Value;

use crate::support::Project;

#[test]
fn plugin_list_names_every_built_in_scorer() {
    let plugins = Project::new().json(0, &["plugin", "list"]);
    let scorers = plugins.as_array().unwrap().iter().flat_map(|plugin| plugin["scorers"].as_array().unwrap());
    let names: Vec<_> = scorers.map(|scorer| scorer["name"].as_str().unwrap()).collect();
    for name in [
        "exact_match",
        "contains",
        "regex_match",
        "numeric_match",
        "levenshtein",
        "response_length",
        "valid_json",
        "json_schema",
        "json_equals",
    ] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn plugin_inspect_says_what_a_component_offers_and_can_use() {
    let project = Project::new();
    project.write("hostile.wasm", guests::HOSTILE);
    let said = project.run(&["plugin", "inspect", "hostile.wasm"]);
    assert_eq!(said.code, 0, "{said:#?}");
    for words in ["test/hostile", "panics", "no files, no network", "blake3:"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    let inspected = project.json(0, &["plugin", "inspect", "hostile.wasm"]);
    assert_eq!(inspected["size"], guests::HOSTILE.len());
    assert!(
        inspected["imports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name.as_str().unwrap().starts_with("karat:eval/log"))
    );
}

#[test]
fn plugin_inspect_refuses_what_is_no_plugin() {
    let project = Project::with(&[("x.wasm", "no")]);
    for (file, told) in [("x.wasm", "not a WebAssembly component"), ("y.wasm", "y.wasm")] {
        let said = project.run(&["plugin", "inspect", file]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(told), "{}", said.err);
    }
}

#[test]
fn the_published_schema_takes_the_examples_and_refuses_a_typo() {
    let said = Project::new().run(&["schema", "suite"]);
    let schema: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut suite = serde_json::json!({
        "name": "t", "data": {"path": "x.jsonl"}, "scorers": ["exact_match", {"use": "contains", "with": {"any": ["a"]}}],
        "gate": ["exact_match >= 0.5"], "limits": {"max_failed": "1%", "concurrency": "auto"}
    });
    assert!(validator.is_valid(&suite));
    suite["scorer"] = "exact_match".into();
    assert!(!validator.is_valid(&suite));
}

#[test]
fn doctor_says_what_works() {
    let project = Project::new();
    let checks = project.json(0, &["doctor"]);
    assert!(checks.as_array().unwrap().iter().all(|check| check["works"] == true), "{checks}");
    assert!(!project.path(".karat").exists());
}

#[test]
fn doctor_checks_a_store_and_saves_what_is_whole_of_a_damaged_one() {
    let project = Project::new();
    assert_eq!(project.run(&["doctor", "--check"]).code, 2);
    project.run(&["init", "."]);
    project.json(0, &["eval"]);
    let findings = project.json(0, &["doctor", "--check"]);
    assert_eq!(
        (&findings["whole"], &findings["runs"], &findings["notes"]),
        (&true.into(), &1.into(), &Value::from([""; 0]))
    );
    project.json(0, &["doctor", "--compact"]);
    assert_eq!(project.json(0, &["doctor", "--rebuild"])["lost"], Value::from([""; 0]));
    let before = project.export("last");

    let log = project.path(".karat/log");
    let segment = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.filter(|path| path.extension().is_some()).max().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    std::fs::remove_file(log.join("CHECKPOINT")).unwrap();
    let said = project.run(&["runs", "list"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("doctor --check") && !said.err.contains("panicked"), "{}", said.err);
    assert_eq!(project.json(1, &["doctor", "--check"])["whole"], false);
    assert_eq!(project.json(1, &["doctor", "--rebuild"])["lost"].as_array().unwrap().len(), 1);
    assert_eq!(project.json(0, &["doctor", "--check"])["whole"], true);
    assert_eq!(before.len(), 12);
}

#[test]
fn help_fits_a_screen_and_an_unknown_verb_is_exit_2() {
    let project = Project::new();
    assert!(project.run(&["--help"]).out.lines().count() <= 40);
    assert_eq!(project.run(&["evaluate"]).code, 2);
}

#[test]
fn plugin_bench_says_what_each_scorer_costs_in_fuel_that_is_the_same_every_time() {
    let project = Project::new();
    let costs = || project.json(0, &["plugin", "bench", "karat/text"]);
    let (first, second) = (costs(), costs());
    let fuel = |costs: &Value| costs.as_array().unwrap().iter().map(|cost| cost["fuel"].as_u64()).collect::<Vec<_>>();
    assert_eq!(fuel(&first), fuel(&second));
    assert!(first.as_array().unwrap().iter().all(|cost| cost["fuel"].as_u64() > Some(0)), "{first}");
    let exact = first.as_array().unwrap().iter().find(|cost| cost["scorer"] == "exact_match").unwrap();
    assert_eq!(exact["outcome"], "scored");

    let row = r#"{"inputs": {}, "outputs": "aaab", "expectations": {"expected_response": "ab"}}"#;
    project.write("row.json", row);
    let contains = project.json(
        0,
        &["plugin", "bench", "karat/text", "--use", "contains", "--row", "row.json", "--with", r#"{"any": ["ab"]}"#],
    );
    assert_eq!(contains[0]["outcome"], "scored", "{contains}");
    assert_eq!(project.run(&["plugin", "bench", "karat/text", "--use", "nonsense"]).code, 2);
}
