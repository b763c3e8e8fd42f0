//! `examples/`: each plugin there is begun, built, tested and evaluated as a reader would who makes it their own.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Project, root, said};

use super::languages::{equip, karat, with_compilers};

/// Begins a project of an example's name, copies the example over it, and goes on as its author would: unit tests, build,
/// cases. `unit_tests` is a command.
pub(super) fn build(language: &str, example: &str, unit_tests: &str) -> Project {
    let project = Project::new();
    let new = project.run(&["plugin", "new", "--lang", language, &format!("examples/{example}")]);
    assert_eq!(new.code, 0, "{new:#?}");
    build_in(project, language, example, unit_tests)
}

fn build_in(project: Project, language: &str, example: &str, before: &str) -> Project {
    let folder = project.path(example);
    copy(&root().join("examples").join(example), &folder);
    equip(&folder, language);
    let mut shell = Command::new("bash");
    shell.args(["-euc", before]).current_dir(&folder).env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    let tested = said(with_compilers(&mut shell).output().unwrap());
    assert_eq!(tested.code, 0, "{example}: {tested:#?}");
    for verb in ["build", "test"] {
        let done = karat(&project, &["plugin", verb, example]);
        assert_eq!(done.code, 0, "{example}: {done:#?}");
    }
    project
}

/// Copies what is the example's own: its `Cargo.toml` finds the SDK in this repository, a project's in its own folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let is_made = ["lock", "toml", "wasm"].iter().any(|end| name.ends_with(end)) && name != "plugin.toml";
        if entry.file_type().unwrap().is_file() && !is_made {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        } else if name == "src" || (name == "karat" && from.join("go.mod").is_file()) {
            copy(&entry.path(), &to.join(name));
        }
    }
}

/// The report of the example's own suite.
fn evaluate(project: &Project, example: &str, code: i32) -> Value {
    project.json(code, &["eval", example])
}

#[test]
#[ignore = "of the full set: takes a minute or two; `scripts/test --run-ignored only examples`"]
fn toxicity_in_python() {
    let project = build("python", "toxicity", "python3 -m unittest");
    let report = evaluate(&project, "toxicity", 0);
    assert_eq!(report["verdict"], "passed");
    assert_eq!((&report["scorers"]["civil"]["passed"], &report["scorers"]["civil"]["scored"]), (&4.into(), &5.into()));
    let echo = &project.export(report["run"].as_str().unwrap())[3];
    assert_eq!(echo["feedback"][0]["rationale"], "found `m0r0n` at 10 (moron*)");
}

#[test]
#[ignore = "of the full set: takes a minute or two; `scripts/test --run-ignored only examples`"]
fn overlap_in_rust() {
    let project = build("rust", "overlap", "cargo test --quiet");
    let report = evaluate(&project, "overlap", 0);
    assert_eq!(report["verdict"], "passed");
    let scorers = &report["scorers"];
    assert_eq!((&scorers["overlap"]["scored"], &scorers["overlap"]["abstained"]), (&3.into(), &1.into()));
    let of_rank = |rank: usize| scorers[format!("overlap/chunk_{rank}")]["value"].as_f64().unwrap();
    assert!(of_rank(1) > of_rank(2), "{report}");
}

#[test]
#[ignore = "of the full set: needs node; `scripts/languages --all`, then `scripts/test --run-ignored only examples`"]
fn json_contract_in_typescript() {
    let project = build("ts", "json-contract", "npm test");
    let report = evaluate(&project, "json-contract", 0);
    assert_eq!(report["verdict"], "passed");
    let invoice = &project.export(report["run"].as_str().unwrap())[2]["feedback"][0];
    assert!(invoice["rationale"].as_str().unwrap().contains("$.tags: expected a list, came \"billing\""), "{invoice}");
}

#[test]
#[ignore = "of the full set: needs zig; `scripts/languages --all`, then `scripts/test --run-ignored only examples`"]
fn sql_equivalence_in_c() {
    let project = build("c", "sql-equivalence", "true");
    let report = evaluate(&project, "sql-equivalence", 0);
    assert_eq!(report["verdict"], "passed");
    assert_eq!(report["scorers"]["sql_equivalent"]["passed"], 3);
}

#[test]
#[ignore = "of the full set: needs node; `scripts/languages --all`, then `scripts/test --run-ignored only examples`"]
fn tone_in_javascript() {
    let project = build("js", "tone", "node --test");
    // It asks for a judge: nobody has looked yet.
    let refused = project.run(&["eval", "tone"]);
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(refused.err.contains("karat plugin allow"), "{refused:#?}");
    assert_eq!(project.run(&["plugin", "allow", "tone/karat.yaml"]).code, 0);
    // There is none to ask: that is no verdict on the application.
    let report = evaluate(&project, "tone", 3);
    assert_eq!((&report["verdict"], &report["scorers"]["tone"]["failed"]), (&"incomplete".into(), &3.into()));
}

#[test]
#[ignore = "of the full set: needs go; `scripts/languages --all`, then `scripts/test --run-ignored only examples`"]
fn links_in_go() {
    let readme = std::fs::read_to_string(root().join("examples/links/README.md")).unwrap();
    let compile = readme.lines().find(|line| line.starts_with("GOOS=")).unwrap();
    let go = format!("export GOCACHE=$PWD/target/go PATH=$PWD/.venv/bin:$PATH; go vet .; go test .; {compile}");
    let project = build_in(Project::new(), "go", "links", &go);
    let report = evaluate(&project, "links", 0);
    assert_eq!((&report["verdict"], &report["scorers"]["links"]["passed"]), (&"passed".into(), &2.into()));
    // An instance that is kept is in order after its rows.
    let row = |n| format!("{{\"inputs\": {{\"q\": {n}}}, \"outputs\": \"https://acme.test/{n}\"}}\n");
    project.write("links/rows.jsonl", (0..2000).map(row).collect::<String>());
    let suite = "name: t\ndata: { path: rows.jsonl }\nlimits: { concurrency: 1 }\nscorers:\n  \
                 - { plugin: ./links.wasm, use: links, with: { hosts: [acme.test] }, reuse: run }\n";
    project.write("links/kept.yaml", suite);
    assert_eq!(project.json(0, &["eval", "links/kept.yaml"])["scorers"]["links"]["passed"], 2000);
}

#[test]
fn the_table_of_examples_has_each_of_them_and_each_has_its_story() {
    let examples = root().join("examples");
    let table = std::fs::read_to_string(examples.join("README.md")).unwrap();
    for entry in std::fs::read_dir(&examples).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        assert!(table.contains(&format!("| [`{name}`]({name}) |")), "{name} is not in the table");
        if entry.path().join("plugin.toml").is_file() {
            for file in ["README.md", "cases.yaml", "rows.jsonl", "karat.yaml", ".gitignore"] {
                assert!(entry.path().join(file).is_file(), "{name} has no {file}");
            }
        }
    }
    for sdk in table.split("`cp -r ../../").skip(1).map(|rest| rest.split(' ').next().unwrap()) {
        assert!(root().join(sdk).is_dir(), "{sdk}");
    }
}
