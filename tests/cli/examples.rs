//! The examples run as they stand.

use crate::support::{Project, root};

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
