//! The guides in `docs`, done as they say: in an empty folder, with an empty home, by their own commands only.

use std::process::Command;

use crate::support::{Project, root, said};

use super::languages::with_compilers;

/// What a section of a guide has a reader do.
enum Step {
    Run(String),
    Write { file: String, text: String },
}

/// The steps of the section with this heading.
fn steps(guide: &str, heading: &str) -> Vec<Step> {
    let guide = std::fs::read_to_string(root().join(guide)).unwrap();
    let section = guide.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let mut steps = Vec::new();
    let mut named = None;
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix('`').and_then(|line| line.strip_suffix('`')) {
            named = Some(file.to_owned());
        } else if let Some(language) = line.strip_prefix("```") {
            let text: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            match named.take() {
                Some(file) => steps.push(Step::Write { file, text }),
                None if language == "sh" => steps.push(Step::Run(text)),
                None => {}
            }
        }
    }
    steps
}

/// Follows a section of a guide; every command has to succeed.
fn check(guide: &str, heading: &str) {
    let project = Project::new();
    let karat = std::path::Path::new(env!("CARGO_BIN_EXE_karat")).parent().unwrap();
    let path = format!("{}:{}", karat.display(), std::env::var("PATH").unwrap());
    let mut folder = project.path("");
    let mut commands = 0;
    for step in steps(guide, heading) {
        match step {
            Step::Write { file, text } => {
                assert!(folder.join(&file).exists(), "{heading}: there is no `{file}` to edit");
                std::fs::write(folder.join(file), text).unwrap();
            }
            Step::Run(commands_of_step) => {
                let mut shell = Command::new("bash");
                shell.args(["-euc", &format!("{commands_of_step}\npwd")]).current_dir(&folder).env_clear();
                let shell = with_compilers(&mut shell).env("HOME", project.path("")).env("PATH", &path);
                for (name, value) in std::env::vars().filter(|(name, _)| is_of_a_registry(name)) {
                    shell.env(name, value);
                }
                let said = said(shell.output().unwrap());
                assert_eq!(said.code, 0, "{heading}: {commands_of_step}\n{}\n{}", said.out, said.err);
                folder = said.out.lines().last().unwrap().into();
                commands += commands_of_step.lines().count();
            }
        }
    }
    assert!(commands >= 5, "{heading}: the guide has {commands} commands");
}

/// Where packages come from is the machine's business.
fn is_of_a_registry(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PIP_", "UV_", "NPM_CONFIG_", "CARGO_", "SSL_", "REQUESTS_", "NODE_"].iter().any(|start| name.starts_with(start))
        && !name.starts_with("CARGO_PKG")
        && !["CARGO_TARGET_DIR", "CARGO_MANIFEST_DIR", "CARGO_BUILD"].iter().any(|other| name.starts_with(other))
}

#[test]
fn python_in_five_minutes() {
    check("docs/plugins.md", "Python");
}

#[test]
#[ignore = "of the full set: takes a minute or two; `scripts/test --run-ignored only guide`"]
fn an_exporter_in_five_minutes() {
    check("docs/exporters.md", "Your own");
}

#[test]
fn rust_in_five_minutes() {
    check("docs/plugins.md", "Rust");
}

#[test]
#[ignore = "of the full set: needs node; `scripts/test --run-ignored only guide`"]
fn javascript_in_five_minutes() {
    check("docs/plugins.md", "JavaScript");
}

#[test]
#[ignore = "of the full set: gets 90 MB; `scripts/test --run-ignored only guide`"]
fn c_in_five_minutes() {
    check("docs/plugins.md", "C\n");
}
