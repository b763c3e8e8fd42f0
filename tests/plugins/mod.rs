//! Plugins as strangers write them: what goes wrong in one is that row's failure, told in words, and the run goes on.

mod examples;
mod files;
mod grants;
mod guide;
mod isolation;
mod languages;
mod migration;
mod registry;
mod streams;
mod traces;
mod workshop;

use serde_json::Value;

use crate::support::Project;

/// Runs a scorer of the hostile guest, and `exact_match` beside it, over two rows, one after the other.
fn run(scorer: &str, more: &str) -> (Value, Vec<Value>) {
    let rows = r#"{"id": "a", "inputs": {"q": 1}, "outputs": "x", "expectations": {"expected_response": "x"}}
{"id": "b", "inputs": {"q": 2}, "outputs": "x", "expectations": {"expected_response": "x"}}
"#;
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - {{ plugin: ./hostile.wasm, use: {scorer}{more} }}\n  - exact_match\n\
         limits: {{ max_failed: \"100%\", concurrency: 1 }}\n"
    );
    let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", rows)]);
    project.write("hostile.wasm", guests::HOSTILE);
    let report = project.json(0, &["eval"]);
    let rows = project.export("last");
    (report, rows.into_iter().map(|row| row["feedback"][0].clone()).collect())
}

/// The scorer fails on both rows for the reason that `told` is a part of; the scorer beside it is untouched.
fn check_fails(scorer: &str, more: &str, told: &str) {
    let (report, feedback) = run(scorer, more);
    assert_eq!(report["scorers"][scorer]["failed"], 2, "{report}");
    assert_eq!(report["scorers"]["exact_match"]["passed"], 2, "{report}");
    for item in feedback {
        assert_eq!((&item["outcome"], &item["value"]), (&"failed".into(), &Value::Null));
        assert!(item["reason"].as_str().unwrap().contains(told), "{item}");
    }
}

#[test]
fn a_panic_is_told_by_its_message() {
    check_fails("panics", "", "panicked: the answer was 42");
}

#[test]
fn a_loop_ends_with_its_fuel() {
    check_fails("loops", ", limits: { fuel: 1e7 }", "used up its fuel (`limits.fuel` is 10000000)");
}

#[test]
fn a_loop_with_fuel_to_spare_ends_at_its_deadline() {
    check_fails("loops", ", limits: { fuel: 1e15, time: 50ms }", "gave no answer within 50ms");
}

#[test]
fn memory_without_end_is_refused_and_told_with_the_limit() {
    check_fails("allocates", ", limits: { memory: 8MiB }", "ran out of memory (`limits.memory` is 8.0 MiB");
}

#[test]
fn recursion_without_end_is_told_as_such() {
    check_fails("recurses", "", "ran out of stack");
}

#[test]
fn a_trap_is_told_by_its_name() {
    check_fails("traps", "", "unreachable");
}

#[test]
fn a_guest_that_exits_ends_only_itself() {
    check_fails("exits", "", "ended itself");
}

#[test]
fn an_answer_over_the_limit_is_refused() {
    check_fails("long_output", ", with: { bytes: 300000 }, limits: { output: 100KiB }", "larger than 100.0 KiB");
}

#[test]
fn an_answer_that_is_no_verdict_is_refused() {
    check_fails("nan", "", "not a number that can be averaged");
    check_fails("infinite", "", "not a number that can be averaged");
    check_fails("empty", "", "no main verdict");
    check_fails("wrong_kind", "", "declares true or false but gave a text");
}

#[test]
fn a_failure_of_the_scorers_own_making_is_told_as_it_said_it() {
    let (report, feedback) = run("fails", "");
    assert_eq!(report["scorers"]["fails"]["failed"], 2);
    assert!(!feedback[0]["reason"].as_str().unwrap().is_empty());
}

#[test]
fn abstaining_counts_neither_for_nor_against() {
    let (report, feedback) = run("abstains", "");
    let scorer = &report["scorers"]["abstains"];
    assert_eq!((&scorer["abstained"], &scorer["scored"], &scorer["value"]), (&2.into(), &0.into(), &Value::Null));
    assert_eq!(feedback[0]["outcome"], "abstained");
}

#[test]
fn a_guest_that_talks_much_is_heard_out() {
    let (report, _) = run("prints", "");
    assert_eq!(report["scorers"]["prints"]["passed"], 2);
}

#[test]
fn nothing_is_carried_from_call_to_call_unless_it_is_asked_for() {
    let numbers =
        |more: &str| run("counts", more).1.iter().map(|item| item["value"].as_f64().unwrap()).collect::<Vec<_>>();
    assert_eq!(numbers(""), [1.0, 1.0]);
    assert_eq!(numbers(", reuse: row"), [1.0, 1.0]);
    assert_eq!(numbers(", reuse: run"), [1.0, 2.0]);
}

#[test]
fn the_world_outside_is_not_there() {
    let (_, feedback) = run("surroundings", "");
    let seen = feedback[0]["value"].as_str().map_or_else(|| feedback[0]["rationale"].to_string(), str::to_owned);
    assert!(!seen.contains("root:") && !seen.contains("HOME"), "{seen}");
}

#[test]
fn time_stands_still_and_chance_is_seeded_by_the_row() {
    let clock = run("clock", "").1;
    assert_eq!(clock[0]["value"], 1_000_000_000_000_u64);
    assert_eq!(clock[0]["value"], clock[1]["value"]);
    let random = || {
        run("random", "")
            .1
            .iter()
            .map(|item| item["value"].to_string() + &item["rationale"].to_string())
            .collect::<Vec<_>>()
    };
    let first = random();
    assert_ne!(first[0], first[1]);
    assert_eq!(first, random());
}

#[test]
fn a_run_is_given_up_when_a_scorer_does_nothing_but_break() {
    let suite = |allowed: &str| {
        format!(
            "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - {{ plugin: ./hostile.wasm, use: panics }}\n  - exact_match\n\
             limits: {{ max_failed: \"{allowed}\" }}\n"
        )
    };
    let row =
        |n| format!(r#"{{"inputs": {{"q": {n}}}, "outputs": "x", "expectations": {{"expected_response": "x"}}}}"#);
    let rows: Vec<_> = (0..5000).map(row).collect();
    let project = Project::with(&[("karat.yaml", &suite("10%")), ("rows.jsonl", &rows.join("\n"))]);
    project.write("hostile.wasm", guests::HOSTILE);
    let report = project.json(3, &["eval"]);
    assert_eq!(report["verdict"], "incomplete");
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("`panics` broke on") && reason.contains("the answer was 42"), "{reason}");
    let scored = report["scorers"]["exact_match"]["scored"].as_u64().unwrap();
    assert!((500..5000).contains(&scored), "{scored}");
    // Where all rows may fail there is nothing to give up.
    project.write("karat.yaml", suite("100%"));
    assert_eq!(project.json(0, &["eval"])["scorers"]["panics"]["failed"], 5000);
}
