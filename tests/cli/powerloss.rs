//! The power goes while evaluations run: whatever was said to the user is true afterwards.

use std::collections::BTreeMap;

use crate::powerloss::{self, Disk, Step};
use crate::support::{Project, said};

/// Powers cut by the ordinary test; the full set asks for more with `KARAT_ROUNDS`.
const ROUNDS: usize = 12;

const ROWS: usize = 300;

/// What the user had been told of each run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Begun,
    /// The report was printed.
    Ended,
    Deleted,
}

fn told(steps: &[Step]) -> BTreeMap<String, Told> {
    let mut told = BTreeMap::new();
    let mut last = None;
    for line in steps.iter().filter_map(Step::said).flat_map(str::lines) {
        if let Some(run) = line.strip_prefix("deleted run ") {
            told.insert(run.to_owned(), Told::Deleted);
        } else if let Some(run) = line.strip_prefix("run ") {
            told.insert(run.to_owned(), Told::Begun);
            last = Some(run.to_owned());
        } else if let Some(run) = &last {
            told.insert(run.clone(), Told::Ended);
        }
    }
    told
}

/// Three evaluations and a deletion, journaled. Returns what was done to the store, and what a run exports.
fn recorded(project: &Project, shim: &std::path::Path) -> (Vec<Step>, String) {
    let journal = project.path("journal");
    let watched = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        powerloss::watch(&mut command, shim, &project.path(".karat"), &journal);
        let said = said(command.output().unwrap());
        assert_eq!(said.code, 0, "{said:#?}");
        said.out.lines().next().unwrap().trim_start_matches("run ").to_owned()
    };
    let first = watched(&["eval"]);
    watched(&["eval"]);
    watched(&["runs", "delete", &first]);
    let last = watched(&["eval"]);
    (powerloss::read(&journal), project.run(&["runs", "export", &last]).out)
}

#[test]
#[expect(clippy::print_stdout, reason = "the full set is told how much was done")]
fn what_the_user_was_told_is_true_whenever_the_power_goes() {
    let project = Project::of_answers(ROWS);
    let Some(shim) = powerloss::shim(&project.path("")) else {
        return println!("skipped: `what_the_user_was_told_is_true_whenever_the_power_goes` needs a C compiler");
    };
    let (steps, export) = recorded(&project, &shim);
    assert_eq!((told(&steps).len(), export.lines().count()), (3, ROWS));
    let empty = tempfile::tempdir().unwrap();
    let rounds = powerloss::rounds(ROUNDS);
    let mut resumed = 0;
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(round as u64);
        let at = random.usize(0..=steps.len());
        let mut disk = Disk::of(empty.path());
        steps[..at].iter().for_each(|step| disk.apply(step));
        let after = Project::of_answers(ROWS);
        disk.survive(&after.path(".karat"), (round % 2 == 1).then_some(&mut random));
        resumed += check(&after, &told(&steps[..at]), &export, &format!("round {round}, step {at}"));
    }
    println!(r#"{{"rounds": {rounds}, "steps": {}, "lost": 0, "unopenable": 0, "resumed": {resumed}}}"#, steps.len());
}

/// Checks a project after the power came back. Returns how many runs went on.
fn check(after: &Project, told: &BTreeMap<String, Told>, export: &str, place: &str) -> usize {
    // The first one is deleted after the second has ended, at first without a word.
    let between = told.len() == 2 && told.values().all(|told| *told == Told::Ended);
    let mut resumed = 0;
    for (number, (run, told)) in told.iter().enumerate() {
        let shown = after.run(&["runs", "show", run, "--json"]);
        if *told == Told::Deleted || (between && number == 0 && shown.code == 2) {
            assert!(shown.err.contains("there is no run"), "{place}: {shown:#?}");
            continue;
        }
        assert_eq!(shown.code, 0, "{place}: {shown:#?}");
        if *told == Told::Begun {
            let ended = after.run(&["eval", "--resume", run]);
            assert_eq!(ended.code, 0, "{place}: {ended:#?}");
            resumed += 1;
        }
        assert_eq!(after.run(&["runs", "export", run]).out, export, "{place}");
    }
    if after.path(".karat/LAYOUT").exists() {
        assert_eq!(after.json(0, &["doctor", "--check"])["whole"], true, "{place}");
    }
    resumed
}
