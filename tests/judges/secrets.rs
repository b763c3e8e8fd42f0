//! A key is in nothing that is left behind, or that anybody is told.

use std::path::Path;

use super::{Judged, KEY, completion, question};
use crate::support::application::{Application, write_answer};

/// Every file below a folder that has the key in it.
fn with_key(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            with_key(&path, found);
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn a_provider_that_says_the_key_back_says_it_to_nobody() {
    let provider = Application::start(|asked, stream| {
        let echo = asked.header("authorization").unwrap_or_default().to_owned();
        match question(asked).ends_with('3') {
            true => write_answer(stream, 400, &format!(r#"{{"error": {{"message": "bad key {echo}"}}}}"#)),
            false => write_answer(stream, 200, &completion(&format!("yes {echo}")).to_string()),
        }
    });
    let judged = Judged::new(&provider.url, 5, "", "", "");
    let suite = judged
        .project
        .read("karat.yaml")
        .replace("use: grades, with: {  }", "use: asks, with: { role: default, questions: 5 }");
    judged.project.write("karat.yaml", suite);
    let recorded =
        judged.eval(&["--record", "run.jsonl", "--report", "junit=report.xml", "--report", "json=report.json"]);
    let mut told = recorded.out + &recorded.err + &judged.exported();
    judged.project.run(&["store", "export", "store.karat"]);
    let verbs = [
        &["runs", "show", "last", "--failing", "--cost", "--json"][..],
        &["judge", "log", "last", "--full"],
        &["judge", "log", "last", "--json"],
    ];
    for verb in verbs {
        let said = judged.project.run(verb);
        told += &(said.out + &said.err);
    }
    assert!(told.contains("Is") || told.contains("yes"), "{told}");
    assert!(!told.contains(KEY), "{told}");
    assert!(provider.asked().iter().any(|asked| asked.header("authorization").is_some_and(|key| key.contains(KEY))));
    let mut found = Vec::new();
    with_key(&judged.project.path("."), &mut found);
    assert_eq!(found, Vec::<String>::new());
}
