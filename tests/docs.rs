//! What the documents list is what there is.

mod interface;

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Project, root};

#[test]
fn the_table_of_scorers_has_every_built_in_one_and_no_other() {
    let text = fs::read_to_string(root().join("scorers/README.md")).unwrap();
    let listed: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
    let plugins = Project::new().json(0, &["plugin", "list"]);
    let items = |kind: &'static str| {
        let plugins = plugins.as_array().unwrap().iter();
        plugins.flat_map(move |plugin| plugin[kind].as_array().into_iter().flatten())
    };
    let offered: BTreeSet<_> = items("scorers")
        .chain(items("aggregators"))
        .chain(items("predictors"))
        .chain(items("exporters"))
        .map(|scorer| scorer["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, offered);
}

/// The table of scorers in `scorers/README.md` is made of what they say of themselves; with `KARAT_BLESS=1` it is written
/// anew.
#[test]
fn the_table_of_scorers_says_what_they_say_of_themselves() {
    const MARKS: [&str; 2] =
        ["<!-- scorers: made by the test that checks it, see CONTRIBUTING.md -->\n", "\n<!-- /scorers -->"];
    let path = root().join("scorers/README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (written, after) = rest.split_once(MARKS[1]).unwrap();
    let said = Project::new().run(&["scorers", "list", "--markdown"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let made = said.out.trim_end();
    if std::env::var_os("KARAT_BLESS").is_some() {
        fs::write(&path, [before, MARKS[0], made, MARKS[1], after].concat()).unwrap();
        return;
    }
    let differing = made.lines().find(|line| !written.lines().any(|other| other == *line));
    assert!(
        written == made,
        "the table in scorers/README.md is not what scorers say of themselves ({differing:?}); to write it anew: \
         KARAT_BLESS=1 scripts/test -E 'test(say_of_themselves)'"
    );
}

#[test]
fn the_bundle_lists_what_each_pack_offers() {
    let plugins = Project::new().json(0, &["plugin", "list"]);
    for (plugin, pack) in plugins.as_array().unwrap().iter().zip(bundle::PACKS) {
        let offered = |kind: &str| {
            let items = plugin[kind].as_array().into_iter().flatten();
            items.map(|item| item["name"].as_str().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(offered("scorers"), pack.scorers, "{}", pack.name);
        assert_eq!(offered("aggregators"), pack.aggregators, "{}", pack.name);
        assert_eq!(offered("predictors"), pack.predictors, "{}", pack.name);
        assert_eq!(offered("exporters"), pack.exporters, "{}", pack.name);
    }
}

#[test]
fn the_commands_of_the_readme_exist() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let commands = text.split(['\n', '`']).filter_map(|part| part.trim_start_matches("$ ").split_whitespace().next());
    for script in commands.filter(|command| command.starts_with("scripts/") || command.starts_with(".ci/")) {
        assert!(root().join(script).is_file(), "{script}");
    }
    for verb in [
        "eval",
        "runs list",
        "runs show",
        "runs export",
        "runs verify",
        "runs replay",
        "runs import",
        "runs quarantine list",
        "runs delete",
        "datasets list",
        "datasets import",
        "datasets add",
        "datasets show",
        "datasets diff",
        "datasets export",
        "datasets tag",
        "datasets delete",
        "judge list",
        "judge ask",
        "judge card",
        "judge log",
        "judge cache stats",
        "scorers list",
        "scorers show",
        "plugin list",
        "plugin inspect",
        "init",
        "schema",
        "doctor",
    ] {
        let help: Vec<_> = verb.split(' ').chain(["--help"]).collect();
        assert_eq!(Project::new().run(&help).code, 0, "{verb}");
    }
}

#[test]
fn the_suite_of_the_readme_is_one() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let suite = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let project = Project::with(&[("karat.yaml", suite), ("cases.jsonl", "")]);
    project.write("empathy.wasm", guests::HOSTILE);
    let said = project.run(&["eval"]);
    // All that is wrong with it here is the stand-in for the plugin and the missing rows.
    let problems: Vec<_> = said.err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(problems.iter().all(|line| line.contains("empathy") || line.contains("cases.jsonl")), "{problems:#?}");
}

#[test]
fn the_table_of_endpoints_has_every_key_and_no_other() {
    let text = fs::read_to_string(root().join("docs/judges.md")).unwrap();
    let table = text.split("## Endpoints").nth(1).unwrap().split("\n\n").nth(1).unwrap();
    let keys = table.lines().filter(|line| line.starts_with("| `")).flat_map(|line| {
        let first = line.split('|').nth(1).unwrap();
        first.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    });
    let schema = Project::new().json(0, &["schema", "suite"]);
    let known = schema["$defs"]["EndpointEntry"]["properties"].as_object().unwrap().keys().cloned();
    assert_eq!(keys.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
}

#[test]
fn the_suite_of_the_guide_to_judges_is_one() {
    let text = fs::read_to_string(root().join("docs/judges.md")).unwrap();
    let suite = text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let row = r#"{"inputs": {"q": "?"}, "outputs": "x"}"#;
    let project = Project::with(&[("karat.yaml", suite), ("cases.jsonl", row)]);
    let said = project.run(&["eval"]);
    // All that is missing is the key.
    assert!(said.code == 2 && said.err.contains("`OPENAI_API_KEY` is not set"), "{said:#?}");
    assert_eq!(said.err.matches("error").count(), 1, "{said:#?}");
}

#[test]
fn the_guides_get_the_tools_that_a_new_plugin_names() {
    let project = Project::new();
    for lang in ["python", "c"] {
        let told = project.run(&["plugin", "new", "--lang", lang, lang]).out;
        let package = told.split_whitespace().find(|word| word.contains("==")).unwrap();
        let (name, _) = package.split_once("==").unwrap();
        for guide in ["docs/plugins.md", "docs/exporters.md"] {
            let text = fs::read_to_string(root().join(guide)).unwrap();
            for named in text.split_whitespace().filter(|word| word.starts_with(&format!("{name}=="))) {
                assert_eq!(named, package, "{guide}");
            }
        }
    }
}

/// `docs/interface.md` is made of `wit/`; with `KARAT_BLESS=1` it is written anew.
#[test]
fn the_reference_of_the_interface_is_what_the_interface_says() {
    let path = root().join("docs/interface.md");
    let made = interface::reference(&root().join("wit"));
    if std::env::var_os("KARAT_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differing = written.lines().zip(made.lines()).position(|(written, made)| written != made);
    assert!(
        written == made,
        "docs/interface.md differs from `wit/` (line {differing:?}): run this test with KARAT_BLESS=1"
    );
}

#[test]
fn every_link_within_the_documents_leads_somewhere() {
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/plugins.md",
        "docs/interface.md",
        "docs/gates.md",
        "docs/judges.md",
        "docs/predictors.md",
        "docs/exporters.md",
        "docs/reports.md",
        "docs/runs.md",
        "docs/security.md",
        "examples/README.md",
        "examples/pull-request/README.md",
    ] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let here = root().join(document);
            let target = if file.is_empty() { here.clone() } else { here.parent().unwrap().join(file) };
            assert!(target.exists(), "{document}: {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(interface::anchor);
                assert!(headings.any(|heading| heading == anchor), "{document}: {link}");
            }
        }
    }
}

/// What stands behind `](`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains(char::is_whitespace))
}
