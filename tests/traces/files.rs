//! Traces in files: written, read again, and read from what others write.

use super::{found, id, served};
use crate::support::{Project, root};

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let (project, _server) = served(4);
    project.run(&["feedback", "add", &id(2), "correct", "true", "--by", "ada"]);
    let exported = |store: &str, format: &str| {
        let said = project.run(&["traces", "export", "--format", format, "--store", store, "-o", "out"]);
        assert_eq!(said.code, 0, "{said:#?}");
        std::fs::read(project.path("out")).unwrap()
    };
    let whole = exported(".karat", "jsonl");
    project.write("all.jsonl", &whole);
    let said = project.run(&["traces", "import", "all.jsonl", "--store", "other"]);
    assert_eq!((said.code, &*said.out), (0, "imported 12 spans\n"), "{said:#?}");
    assert!(exported("other", "jsonl") == whole);
    let spans = exported(".karat", "otlp-protobuf");
    project.write("all.otlp", &spans);
    assert_eq!(project.run(&["traces", "import", "all.otlp", "--store", "third"]).code, 0);
    assert!(exported("third", "otlp-protobuf") == spans);
    assert_eq!(found(&project, &["feedback.correct = true", "--store", "other"]), [id(2)]);
}

#[test]
fn exports_of_others_are_read_with_what_they_say() {
    let folder = root().join("host/telemetry/tests/files");
    let project = Project::new();
    for file in ["mlflow/trace.json", "langfuse/traces.json", "phoenix/spans.jsonl"] {
        let said = project.run(&["traces", "import", folder.join(file).to_str().unwrap()]);
        assert_eq!(said.code, 0, "{file}: {said:#?}");
        assert!(said.out.starts_with("imported ") && !said.out.contains("imported 0"), "{file}: {}", said.out);
    }
    assert!(found(&project, &["tokens > 0"]).len() > 1);
}

#[test]
fn what_is_broken_is_told_with_its_line_and_the_rest_is_there() {
    let (project, _server) = served(2);
    let said = project.run(&["traces", "export"]);
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.insert(1, "{\"spans\": 7}");
    project.write("torn.jsonl", lines.join("\n"));
    let said = project.run(&["traces", "import", "torn.jsonl", "--store", "other"]);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.err.contains("torn.jsonl: line 2: is no trace that is known here"), "{}", said.err);
    assert_eq!(found(&project, &["", "--store", "other"]).len(), 2);
    assert_eq!(project.run(&["traces", "import", "nothing.jsonl"]).code, 2);
}

#[test]
fn what_is_sensitive_is_taken_out_of_files_too() {
    let (project, _server) = served(1);
    let text = project.run(&["traces", "export"]).out.replace("What is 0", "ada@example.org 0");
    project.write("all.jsonl", &text);
    project.write("redact.toml", "[[everywhere.patterns]]\nlooks = \"email\"\n");
    let said = project.run(&["traces", "import", "all.jsonl", "--redact", "redact.toml", "--store", "other"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let out = project.run(&["traces", "export", "--store", "other"]).out;
    assert!(out.contains("[EMAIL]") && !out.contains("ada@example.org"), "{out}");
}
