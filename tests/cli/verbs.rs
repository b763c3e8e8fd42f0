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
fn help_fits_a_screen_and_an_unknown_verb_is_exit_2() {
    let project = Project::new();
    assert!(project.run(&["--help"]).out.lines().count() <= 24);
    assert_eq!(project.run(&["evaluate"]).code, 2);
}
