//! Several processes on one store at once: nobody waits for another, and nobody loses anything when one dies.

use std::process::Child;

use serde_json::Value;

use crate::support::{Project, said};

/// Owners that are killed; `KARAT_KILLS` asks for more.
const KILLS: usize = 3;

const ROWS: usize = 10_000;

/// What a process printed that was not disturbed: a report of all rows.
fn check_is_whole(child: Child) -> String {
    let said = said(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{said:#?}");
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["rows"], &report["scorers"]["exact_match"]["scored"]), (&ROWS.into(), &ROWS.into()));
    report["run"].as_str().unwrap().to_owned()
}

/// The newest run; whoever owns the store answers.
fn newest(project: &Project) -> String {
    project.json(0, &["runs", "list"])[0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn evaluations_and_readers_share_a_store_whoever_is_killed() {
    let project = Project::of_answers(ROWS);
    let export = |run: &str| {
        let said = project.run(&["runs", "export", run]);
        assert_eq!(said.code, 0, "{said:#?}");
        said.out
    };
    let undisturbed = export(&check_is_whole(project.start(&["eval", "--json"])));
    assert_eq!(undisturbed.lines().count(), ROWS);

    let kills = std::env::var("KARAT_KILLS").map_or(KILLS, |number| number.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..kills {
        let known = newest(&project);
        // The first one there owns the store.
        let mut owner = project.start(&["eval", "--json"]);
        while newest(&project) == known {}
        let killed = newest(&project);
        let others = [project.start(&["eval", "--json"]), project.start(&["eval", "--json"])];
        for _ in 0..random.usize(0..8) {
            assert_ne!(newest(&project), known);
        }
        owner.kill().unwrap();
        owner.wait().unwrap();
        let resumed = project.start(&["eval", "--json", "--resume", &killed]);
        assert_ne!(newest(&project), known);
        for child in others.into_iter().chain([resumed]) {
            assert_eq!(export(&check_is_whole(child)), undisturbed, "round {round}");
        }
    }
    let findings = project.json(0, &["doctor", "--check"]);
    assert_eq!((&findings["whole"], &findings["runs"]), (&true.into(), &(1 + 3 * kills).into()));
}
