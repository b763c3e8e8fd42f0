//! Plugins written with every SDK: begun, built and run as their authors would.
//!
//! Rust and Python are tried every time, all languages where `KARAT_LANGUAGES` is `all`. `scripts/languages` installs what
//! they are built with.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::application::Application;
use crate::support::{Project, Said, real_data, root, said};

/// A language and the file with its scorers.
struct Language {
    name: &'static str,
    source: &'static str,
    /// Lines below `[build]`.
    build: &'static str,
    always: bool,
}

const LANGUAGES: [Language; 5] = [
    Language { name: "rust", source: "src/lib.rs", build: "", always: true },
    Language { name: "python", source: "scorer.py", build: "", always: true },
    Language { name: "js", source: "scorer.js", build: "", always: false },
    Language { name: "js", source: "scorer.js", build: "engine = \"starlingmonkey\"\n", always: false },
    Language { name: "c", source: "scorer.c", build: "", always: false },
];

/// What is tried here.
fn languages() -> impl Iterator<Item = &'static Language> {
    let all = std::env::var("KARAT_LANGUAGES").is_ok_and(|languages| languages == "all");
    LANGUAGES.iter().filter(move |language| all || language.always)
}

/// Puts the tools of a language, which `scripts/languages` installs, where `plugin` finds them.
pub(super) fn equip(plugin: &Path, language: &str) {
    let (name, folder) = match language {
        // The standard library is compiled once for all of them.
        "rust" => ("target", "rust"),
        "js" | "ts" => ("node_modules", "javascript/node_modules"),
        other => (".venv", other),
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("languages").join(folder);
    if name == "target" {
        std::fs::create_dir_all(&folder).unwrap();
    }
    assert!(folder.exists(), "no `{}`: run `scripts/languages`", folder.display());
    std::os::unix::fs::symlink(folder, plugin.join(name)).unwrap();
}

/// `karat` where a compiler is found.
pub(super) fn karat(project: &Project, arguments: &[&str]) -> Said {
    said(with_compilers(&mut project.command(arguments)).output().unwrap())
}

impl Language {
    /// Begins a plugin, with the source of this name in place of the template's, and builds it.
    fn build(&self, project: &Project, kind: &str, plugin: &str) {
        let new = project.run(&["plugin", "new", "--kind", kind, "--lang", self.name, plugin]);
        assert_eq!(new.code, 0, "{new:#?}");
        let sources = sources(plugin);
        let source = self.source.replace("scorer", kind);
        let own = std::fs::read(sources.join(Path::new(&source).file_name().unwrap())).unwrap();
        project.write(&format!("{plugin}/{source}"), own);
        let manifest =
            project.read(&format!("{plugin}/plugin.toml")).replace("[build]\n", &format!("[build]\n{}", self.build));
        let more = std::fs::read_to_string(sources.join("plugin.toml")).unwrap_or_default();
        project.write(&format!("{plugin}/plugin.toml"), manifest + &more);
        self.build_as_it_is(project, plugin);
    }

    /// Builds a plugin as it was begun.
    fn build_as_it_is(&self, project: &Project, plugin: &str) {
        equip(&project.path(plugin), self.name);
        let built = karat(project, &["plugin", "build", plugin]);
        assert_eq!(built.code, 0, "{}: {built:#?}", self.name);
    }
}

/// Where the sources of a plugin are, of all languages.
fn sources(plugin: &str) -> PathBuf {
    root().join("tests/guests/languages").join(plugin.replace('-', "_"))
}

/// The surroundings that compilers need: they are the user's, not Karat's.
pub(super) fn with_compilers(command: &mut Command) -> &mut Command {
    for name in ["PATH", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(home) = std::env::home_dir() {
        let usual = |name: &str, folder: &str| (name.to_owned(), home.join(folder));
        for (name, folder) in [usual("CARGO_HOME", ".cargo"), usual("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(&name).is_none() && folder.exists() {
                command.env(name, folder);
            }
        }
    }
    command
}

#[test]
fn every_language_keeps_to_the_interface() {
    for language in languages() {
        let project = Project::new();
        language.build(&project, "scorer", "conformance");
        let tested = project.json(0, &["plugin", "test", "--conformance", "conformance"]);
        assert_eq!(tested["failed"], serde_json::json!([]), "{}", language.name);
        assert!(tested["cases"].as_u64().unwrap() > 30);
    }
}

#[test]
#[ignore = "of the full set: takes a minute or two; `scripts/test --run-ignored only languages`"]
fn a_predictor_begins_in_every_language_as_one_that_works() {
    let application = Application::answering(|asked| {
        assert_eq!(asked.path, "/answer");
        json!({ "answer": if asked.body["question"] == "What is 6 times 7?" { "42" } else { "?" } })
    });
    for language in languages().filter(|language| language.name != "c" && language.build.is_empty()) {
        let project = Project::new();
        let new = project.run(&["plugin", "new", "--kind", "predictor", "--lang", language.name, "my-app"]);
        assert_eq!(new.code, 0, "{new:#?}");
        language.build_as_it_is(&project, "my-app");
        let tested = project.json(0, &["plugin", "test", "my-app"]);
        assert_eq!((&tested["cases"], &tested["failed"]), (&2.into(), &json!([])), "{}", language.name);
        let suite = project.read("my-app/karat.yaml").replace("http://127.0.0.1:8000", &application.url);
        project.write("my-app/karat.yaml", suite);
        assert_eq!(project.run(&["plugin", "allow", "my-app"]).code, 0);
        let report = project.json(0, &["eval", "my-app", "--allow", &format!("http={}", application.url)]);
        assert_eq!(report["scorers"]["exact_match"]["passed"], 1, "{}: {report:#}", language.name);
        let traceparent = application.asked().pop().unwrap().header("traceparent").unwrap().to_owned();
        assert!(traceparent.starts_with("00-") && traceparent.len() == 55, "{}: {traceparent}", language.name);
    }
}

#[test]
#[ignore = "of the full set: takes a minute or two; `scripts/test --run-ignored only languages`"]
fn an_exporter_begins_in_every_language_as_one_that_works() {
    for language in languages().filter(|language| language.name != "c" && language.build.is_empty()) {
        let project = Project::new();
        let new = project.run(&["plugin", "new", "--kind", "exporter", "--lang", language.name, "low-scores"]);
        assert_eq!(new.code, 0, "{new:#?}");
        language.build_as_it_is(&project, "low-scores");
        let tested = project.json(0, &["plugin", "test", "low-scores"]);
        assert_eq!((&tested["cases"], &tested["failed"]), (&2.into(), &json!([])), "{}", language.name);
        let inspected = project.json(0, &["plugin", "inspect", "low-scores/low-scores.wasm"]);
        assert_eq!(inspected["exporters"][0]["name"], "low_scores", "{}", language.name);
        assert_eq!(project.run(&["eval", "low-scores", "--store", "store"]).code, 0);
        let exporter = ["--store", "store", "--exporter", "./low-scores/low-scores.wasm"];
        let said = project.run(&[&["runs", "export", "last"], &exporter[..]].concat());
        assert_eq!(said.code, 0, "{}: {said:#?}", language.name);
        let columns: Vec<_> = said.out.trim_end().split('\t').collect();
        assert_eq!((columns[0], columns[1]), ("wrong", "exact_match"), "{}: {said:#?}", language.name);
        assert_eq!(columns[2].parse(), Ok(0.0), "{}", language.name);
    }
}

#[test]
fn every_language_has_what_exporters_need() {
    for language in languages().filter(|language| language.name != "c") {
        let project = Project::new();
        language.build(&project, "exporter", "exporting");
        project.write("exporting/cases.yaml", std::fs::read(sources("exporting").join("cases.yaml")).unwrap());
        let tested = project.json(0, &["plugin", "test", "exporting"]);
        assert_eq!((&tested["cases"], &tested["failed"]), (&5.into(), &json!([])), "{}", language.name);
    }
}

#[test]
fn every_language_comes_to_the_same_as_the_built_in_scorer() {
    let Some(data) = real_data("every_language_comes_to_the_same_as_the_built_in_scorer") else { return };
    let data = data.join("gsm8k_solutions.jsonl");
    for language in languages() {
        let project = Project::new();
        language.build(&project, "scorer", "numeric-match");
        for model in ["6b_finetuning", "6b_verification"] {
            let own = verdicts(&project, &data, model, "plugin: numeric-match/numeric-match.wasm, ");
            let built_in = verdicts(&project, &data, model, "");
            assert_eq!(own.len(), 1319);
            for (own, built_in) in own.iter().zip(&built_in) {
                assert_eq!(own, built_in, "{}", language.name);
            }
        }
    }
}

/// All rows of a run of `numeric_match` over the published solutions of `model`.
fn verdicts(project: &Project, data: &Path, model: &str, plugin: &str) -> Vec<Value> {
    let map = format!(
        "{{ inputs.question: question, outputs: {model}.solution, expectations.expected_response: ground_truth }}"
    );
    let suite = format!(
        "name: parity\ndata: {{ path: {}, map: {map} }}\nscorers:\n  \
         - {{ {plugin}use: numeric_match, with: {{ pattern: 'A:\\s*(-?[\\d.,]+)' }} }}\n",
        data.display()
    );
    project.write("parity.yaml", suite);
    let report = project.json(0, &["eval", "parity.yaml"]);
    project.export(report["run"].as_str().unwrap())
}
