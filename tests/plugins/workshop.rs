//! What goes wrong between an idea and a plugin is told with the next step.

use crate::support::{Project, Said};

fn check(said: &Said, code: i32, told: &[&str]) {
    assert_eq!(said.code, code, "{said:#?}");
    for part in told {
        assert!(said.err.contains(part), "no `{part}` in {said:#?}");
    }
}

#[test]
fn a_project_is_begun_under_a_name_that_is_one_and_free() {
    let project = Project::new();
    check(&project.run(&["plugin", "new", "--lang", "c", "Tone_1"]), 2, &["`Tone_1` is no name", "publisher/name"]);
    assert_eq!(project.run(&["plugin", "new", "--lang", "c", "acme/tone"]).code, 0);
    check(&project.run(&["plugin", "new", "--lang", "c", "tone"]), 2, &["`tone` is there already"]);
    assert!(project.read("tone/plugin.toml").contains("name = \"acme/tone\""));
}

#[test]
fn what_a_language_does_not_offer_is_refused_with_those_that_do() {
    let project = Project::new();
    for kind in ["predictor", "exporter"] {
        let said = project.run(&["plugin", "new", "--kind", kind, "--lang", "c", "other"]);
        check(&said, 2, &[&format!("plugins in c can't offer {kind}s"), "rust, python, js or ts"]);
        assert!(!project.path("other").exists());
    }
    assert_eq!(project.run(&["plugin", "new", "--lang", "c", "other"]).code, 0);
    let manifest = project.read("other/plugin.toml").replace("[build]\n", "[build]\nkind = \"predictor\"\n");
    project.write("other/plugin.toml", manifest);
    check(&project.run(&["plugin", "build", "other"]), 2, &["`build.kind` is `predictor`, and plugins in C"]);
}

#[test]
fn what_is_wrong_with_a_project_is_told_with_its_line() {
    let project = Project::new();
    check(&project.run(&["plugin", "build"]), 2, &["no `plugin.toml`", "karat plugin new"]);
    assert_eq!(project.run(&["plugin", "new", "--lang", "python", "tone"]).code, 0);
    let good = project.read("tone/plugin.toml");
    project.write("tone/plugin.toml", good.replace("source =", "sorce ="));
    check(&project.run(&["plugin", "build", "tone"]), 2, &["line 9", "unknown field `sorce`", "karat schema plugin"]);
    project
        .write("tone/plugin.toml", format!("{good}\n[[capabilities.http]]\nurl = \"api.test\"\nmethods = [\"GET\"]\n"));
    check(&project.run(&["plugin", "build", "tone"]), 2, &["`api.test` should begin with `https://`"]);
}

#[test]
fn a_tool_that_is_missing_is_told_with_the_command_that_gets_it() {
    let project = Project::new();
    for (lang, tool, get) in [
        ("python", "componentize-py", "pip install componentize-py=="),
        ("js", "esbuild", "npm install"),
        ("c", "zig", "pip install ziglang=="),
    ] {
        assert_eq!(project.run(&["plugin", "new", "--lang", lang, lang]).code, 0);
        check(&project.run(&["plugin", "build", lang]), 2, &[&format!("`{tool}`, which is not installed"), get]);
    }
}

#[test]
fn a_source_that_is_not_there_is_named() {
    let project = Project::with(&[("plugin.toml", WASM)]);
    check(&project.run(&["plugin", "build"]), 2, &["plugin.wasm", "No such file"]);
}

#[test]
fn a_component_of_another_compiler_gets_its_manifest() {
    let project = Project::with(&[("plugin.toml", WASM)]);
    project.write("plugin.wasm", guests::wat::Plugin::default().bytes());
    let built = project.run(&["plugin", "build", "--output", "built.wasm"]);
    assert_eq!(built.code, 0, "{built:#?}");
    let inspected = project.json(0, &["plugin", "inspect", "built.wasm"]);
    assert_eq!(inspected["scorers"][0]["name"], "probe");
    // One that is another plugin than its project says is none.
    project.write("plugin.toml", WASM.replace("1.0.0", "2.0.0"));
    check(&project.run(&["plugin", "build", "--output", "other.wasm"]), 2, &["its manifest is wrong", "2.0.0"]);
    assert!(!project.path("other.wasm").exists());
}

#[test]
fn what_a_scorer_asks_judges_goes_into_the_plugin_with_its_version() {
    let project =
        Project::with(&[("plugin.toml", WASM), ("prompts/probe.md", "---\nversion: 3\n---\nIs it polite?\n")]);
    project.write("plugin.wasm", guests::wat::Plugin::default().bytes());
    project.write("prompts/_shared.md", "a part of others");
    let build = || project.run(&["plugin", "build", "--output", "built.wasm"]);
    let built = build();
    assert_eq!(built.code, 0, "{built:#?}");
    let inspected = project.json(0, &["plugin", "inspect", "built.wasm"]);
    assert_eq!(inspected["scorers"][0]["prompt"], serde_json::json!({ "version": "3", "text": "Is it polite?" }));

    // The version stands beside the results.
    project
        .write("karat.yaml", "name: t\ndata: { path: rows.jsonl }\nscorers: [{ plugin: ./built.wasm, use: probe }]\n");
    project.write("rows.jsonl", "{\"inputs\": {}, \"outputs\": \"x\"}\n");
    project.json(0, &["eval"]);
    assert_eq!(project.json(0, &["runs", "show", "last"])["plan"]["scorers"][0]["prompt"], "3");
    let sent = project.run(&["runs", "export", "last", "--exporter", "jsonl", "--output", "sent.jsonl"]);
    assert_eq!(sent.code, 0, "{sent:#?}");
    assert!(project.read("sent.jsonl").contains(r#"{"key":"karat.prompt.version","value":{"stringValue":"3"}}"#));

    project.write("prompts/nobody.md", "---\nversion: 1\n---\nIs it polite?\n");
    check(&build(), 2, &["its manifest is wrong", "a prompt for `nobody`"]);
    project.write("prompts/nobody.md", "Is it polite?\n");
    check(&build(), 2, &["prompts/nobody.md", "`version: 1`"]);
}

#[test]
fn code_for_no_world_of_ours_is_refused_with_what_it_lacks() {
    let project = Project::with(&[("plugin.toml", WASM)]);
    project.write("plugin.wasm", guests::wat::raw("(module (memory (export \"memory\") 1))"));
    check(&project.run(&["plugin", "build"]), 2, &["can't be turned into a component", "karat:eval/"]);
    project.write("plugin.wasm", "hello");
    check(&project.run(&["plugin", "build"]), 2, &["can't be turned into a component"]);
}

#[test]
fn a_case_that_fails_says_what_came_instead() {
    let project = Project::new();
    project.write("fetch.wasm", guests::HOSTILE);
    project.write("cases.yaml", "- name: it echoes\n  scorer: echo\n  row: { inputs: { a: 1 }, outputs: x }\n  expect: { value: nothing of it }\n");
    let said = project.run(&["plugin", "test", "fetch.wasm"]);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(
        said.out.contains("FAIL  it echoes") && said.out.contains("value: expected \"nothing of it\", came"),
        "{said:#?}"
    );
    project.write("cases.yaml", "- name: x\n  row: { inputs: {} }\n  expects: {}\n");
    check(&project.run(&["plugin", "test", "fetch.wasm"]), 2, &["cases.yaml:3", "expects"]);
    project.write("cases.yaml", "- name: x\n  scorer: nobody\n  row: { inputs: {} }\n  expect: {}\n");
    check(&project.run(&["plugin", "test", "fetch.wasm"]), 2, &["case `x`", "name one as `scorer`"]);
}

const WASM: &str = "manifest = 1\n[plugin]\nname = \"test/wat\"\nversion = \"1.0.0\"\n\
                    [build]\nlanguage = \"wasm\"\nsource = \"plugin.wasm\"\n";
