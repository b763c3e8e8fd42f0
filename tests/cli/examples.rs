//! The examples run as they stand.

use std::process::Command;

use crate::support::{Project, root, said};

#[test]
fn the_quick_start_ends_in_a_report_and_exit_0() {
    let suite = root().join("examples/quickstart");
    let said = Project::new().run(&["eval", suite.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.contains("passed: 12 rows"), "{}", said.out);
}

#[test]
fn init_writes_a_suite_that_runs() {
    let project = Project::new();
    let said = project.run(&["init", "evals"]);
    assert_eq!(said.code, 0, "{said:#?}");
    assert_eq!(project.json(0, &["eval", "evals"])["rows"], 12);
    let again = project.run(&["init", "evals"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("evals/karat.yaml"), "{}", again.err);
}

#[test]
fn a_pull_request_is_played_as_its_script_says() {
    let mut play = Command::new(root().join("examples/pull-request/play"));
    play.env("KARAT", env!("CARGO_BIN_EXE_karat")).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let said = said(play.output().unwrap());
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(said.out.contains("this run is worse than `main` on `exact_match` by 12.5 ± "), "{}", said.out);
}
