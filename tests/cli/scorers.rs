//! What there is to choose from.

use serde_json::{Value, json};

use crate::support::Project;

/// A scorer of the list by its name.
fn listed<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut scorers = list.as_array().unwrap().iter();
    scorers.find(|scorer| scorer["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {list}"))
}

/// A plugin whose only scorer has this name.
fn plugin(name: &'static str, manifest: &Value) -> Vec<u8> {
    let mut whole = json!({ "manifest": 1, "plugin": { "name": "test/wat", "version": "1.0.0" } });
    whole.as_object_mut().unwrap().extend(manifest.as_object().unwrap().clone());
    let plugin = guests::wat::Plugin { name, ..guests::wat::Plugin::default() };
    guests::wat::with_manifest(plugin.bytes(), &whole.to_string())
}

#[test]
fn the_list_has_built_in_scorers_and_those_of_added_plugins() {
    let project = Project::new();
    project.write(
        "probe.wasm",
        plugin("probe", &json!({ "prompts": { "probe": { "version": "3", "text": "Is it polite?" } } })),
    );
    assert_eq!(project.run(&["plugin", "add", "probe.wasm"]).code, 0);
    let list = project.json(0, &["scorers", "list"]);
    let exact = listed(&list, "exact_match");
    assert_eq!(exact["plugin"]["name"], "karat/text");
    assert_eq!(
        (&exact["built_in"], &exact["value"], &exact["better"]),
        (&json!(true), &json!("boolean"), &json!("maximize"))
    );
    assert_eq!((&exact["determinism"], &exact["needs"]["outputs"]), (&json!("pure"), &json!(true)));
    assert_eq!(listed(&list, "contains")["parameters"]["properties"]["case_sensitive"]["default"], true);
    assert_eq!(listed(&list, "guidelines")["determinism"], "judge");
    assert_eq!(listed(&list, "guidelines")["prompt"]["version"], "1");
    let probe = listed(&list, "probe");
    assert_eq!((&probe["built_in"], &probe["plugin"]["version"]), (&json!(false), &json!("1.0.0")));
    assert_eq!(probe["prompt"], json!({ "version": "3", "text": "Is it polite?" }));

    let said = project.run(&["scorers", "list"]);
    let line = |name: &str| said.out.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    assert!(line("guidelines").contains("karat/judge") && line("guidelines").contains("judge "), "{said:#?}");
    assert!(line("probe").contains("test/wat"), "{said:#?}");
    assert!(!project.run(&["scorers", "list", "--markdown"]).out.contains("`probe`"));
}

/// What it said the first time is kept, by its bytes.
#[test]
fn the_list_is_the_same_the_second_time_and_a_changed_plugin_is_asked_anew() {
    let project = Project::new();
    let list = || {
        let command = &mut project.command(&["scorers", "list", "--json"]);
        let output = command.env("XDG_CACHE_HOME", project.path("cache")).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let add = |name| {
        project.write("plugin.wasm", plugin(name, &json!({})));
        project.run(&["plugin", "remove", "test/wat@1.0.0"]);
        assert_eq!(project.run(&["plugin", "add", "plugin.wasm"]).code, 0);
    };
    add("probe");
    let first = list();
    assert_eq!(first, list());
    add("other");
    assert!(listed(&list(), "other").is_object());

    // Somebody else's words are no plugin's.
    let kept = project.path("cache/karat/compiled/descriptions");
    for entry in std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some() {
            let mut text = std::fs::read(&entry).unwrap();
            if let Some(at) = text.windows(11).position(|word| word == b"exact_match") {
                text[at] = b'x';
            }
            std::fs::write(&entry, text).unwrap();
        }
    }
    assert!(listed(&list(), "exact_match").is_object());
}

#[test]
fn one_scorer_is_told_with_its_parameters_and_its_prompt() {
    let project = Project::new();
    let said = project.run(&["scorers", "show", "response_length"]);
    assert_eq!(said.code, 0, "{said:#?}");
    for part in [
        "plugin   karat/text",
        "digest   blake3:",
        "needs    outputs",
        "cost     pure",
        "unit  (`chars` or `words`; default `chars`)",
        "What is counted.",
        "max  (integer)",
    ] {
        assert!(said.out.contains(part), "no `{part}` in {}", said.out);
    }
    let judge = project.run(&["scorers", "show", "guidelines"]);
    for part in ["guidelines  (list of text; required)", "cost     judge", "prompt, version 1", "<guidelines>"] {
        assert!(judge.out.contains(part), "no `{part}` in {}", judge.out);
    }
    let shown = project.json(0, &["scorers", "show", "guidelines"]);
    assert_eq!((&shown["name"], &shown["plugin"]["name"]), (&json!("guidelines"), &json!("karat/judge")));
    assert!(shown["prompt"]["text"].as_str().unwrap().len() > 100);
}

#[test]
fn an_unknown_scorer_is_told_with_what_may_have_been_meant() {
    let project = Project::new();
    let said = project.run(&["scorers", "show", "exact_mach"]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(
        said.err.contains("unknown scorer `exact_mach`") && said.err.contains("did you mean `exact_match`?"),
        "{said:#?}"
    );
    let said = project.run(&["scorers", "show", "exact_match", "--plugin", "acme/none"]);
    assert!(said.code == 2 && said.err.contains("no plugin `acme/none`"), "{said:#?}");
}

#[test]
fn a_name_that_several_plugins_use_takes_the_plugin() {
    let project = Project::new();
    project.write("plugin.wasm", plugin("exact_match", &json!({})));
    assert_eq!(project.run(&["plugin", "add", "plugin.wasm"]).code, 0);
    let said = project.run(&["scorers", "show", "exact_match"]);
    assert!(said.code == 2 && said.err.contains("`test/wat@1.0.0`"), "{said:#?}");
    for plugin in ["test/wat", "test/wat@1.0.0"] {
        let shown = project.json(0, &["scorers", "show", "exact_match", "--plugin", plugin]);
        assert_eq!(shown["plugin"]["name"], "test/wat");
    }
}
