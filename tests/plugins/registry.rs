//! Plugins that were added to this machine, and suites that name them.

use serde_json::json;

use crate::support::Project;

const SUITE: &str = "name: t\ndata: { path: rows.jsonl }\nscorers: [{ plugin: test/fetch@VERSION, use: fetches, with: { url: \"https://a.test/\" }, \
                     grant: { http: [{ url: \"https://a.test\", methods: [GET] }] } }]\n\
                     limits: { max_failed: \"100%\" }\n";

fn project() -> Project {
    let project = Project::with(&[("rows.jsonl", "{\"inputs\": {}, \"outputs\": \"x\"}\n")]);
    project.write("karat.yaml", SUITE.replace("VERSION", env!("CARGO_PKG_VERSION")));
    project.write("fetch.wasm", plugin("https://a.test"));
    project
}

/// The guest that asks a server, with a manifest that declares which.
fn plugin(url: &str) -> Vec<u8> {
    let manifest = json!({
        "manifest": 1, "plugin": { "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") },
        "capabilities": { "http": [{ "url": url, "methods": ["GET"] }] },
    });
    guests::wat::with_manifest(guests::FETCH.to_vec(), &manifest.to_string())
}

fn reference() -> String {
    format!("test/fetch@{}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn a_suite_names_an_added_plugin_by_name_and_version() {
    let project = project();
    let unknown = project.run(&["eval"]);
    assert_eq!(unknown.code, 2, "{unknown:#?}");
    assert!(unknown.err.contains("karat plugin add FILE"), "{unknown:#?}");

    assert_eq!(project.run(&["plugin", "add", "fetch.wasm"]).code, 0);
    let listed = project.json(0, &["plugin", "list"]);
    assert!(listed.as_array().unwrap().iter().any(|plugin| plugin["name"] == "test/fetch"), "{listed}");
    // What it asks for is looked at as with any file, and pinned by its bytes.
    let unlocked = project.run(&["eval"]);
    assert!(unlocked.code == 2 && unlocked.err.contains("karat plugin allow"), "{unlocked:#?}");
    assert_eq!(project.run(&["plugin", "allow"]).code, 0);
    assert!(project.read("karat.lock").contains(&reference()));
    assert_eq!(project.json(0, &["eval"])["scorers"]["fetches"]["failed"], 1);

    let other = project.run(&["plugin", "inspect", "test/fetch@9.9.9"]);
    assert!(other.code == 2 && other.err.contains(&format!("there is `{}`", reference())), "{other:#?}");
}

#[test]
fn a_version_is_the_same_bytes_for_good() {
    let project = project();
    assert_eq!(project.run(&["plugin", "add", "fetch.wasm"]).code, 0);
    let again = project.run(&["plugin", "add", "fetch.wasm"]);
    assert!(again.code == 0 && again.out.contains("there already"), "{again:#?}");
    project.write("fetch.wasm", plugin("https://evil.test"));
    let other = project.run(&["plugin", "add", "fetch.wasm"]);
    assert!(other.code == 2 && other.err.contains("give this one a new version"), "{other:#?}");

    assert_eq!(project.run(&["plugin", "remove", &reference()]).code, 0);
    assert_eq!(std::fs::read_dir(blobs(&project)).unwrap().count(), 0);
    assert_eq!(project.run(&["plugin", "add", "fetch.wasm"]).code, 0);
}

#[test]
fn a_plugin_that_was_changed_where_it_is_kept_is_refused() {
    let project = project();
    assert_eq!(project.run(&["plugin", "add", "fetch.wasm"]).code, 0);
    let evil = plugin("https://evil.test");
    for blob in std::fs::read_dir(blobs(&project)).unwrap() {
        let path = blob.unwrap().path();
        if std::fs::read(&path).unwrap().starts_with(b"\0asm") {
            std::fs::write(path, &evil).unwrap();
        }
    }
    let said = project.run(&["plugin", "inspect", &reference()]);
    assert!(said.code == 2 && said.err.contains("is damaged"), "{said:#?}");
}

fn blobs(project: &Project) -> std::path::PathBuf {
    project.path(".local/share/karat/plugins/blobs/sha256")
}
