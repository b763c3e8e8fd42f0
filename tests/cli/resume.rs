//! A run that dies is resumed, never restarted.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::{Project, interrupt, said};

/// Rows enough for a run to be caught in its middle. The full test set uses 200,000: `tests/bench/resume`.
const ROWS: usize = 20_000;

const SUITE: &str = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein, response_length]\n";

/// The run id, which is printed as soon as it exists.
fn run_id(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().strip_prefix("run ").unwrap().to_owned()
}

/// Waits until the store's log has grown: some hundred rows more are done.
fn wait_for_rows(project: &Project) {
    let size = || std::fs::metadata(project.path(".karat/log/0000000000000001.seg")).map_or(0, |file| file.len());
    let enough = size() + 20_000;
    let give_up = Instant::now() + Duration::from_secs(60);
    while size() < enough {
        assert!(Instant::now() < give_up, "{} bytes are stored", size());
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was_and_ends_like_an_undisturbed_one() {
    let project = Project::of_answers(ROWS);
    let mut child = project.start(&["eval"]);
    let run = run_id(&mut child);
    wait_for_rows(&project);
    for _ in 0..3 {
        child.kill().unwrap();
        child.wait().unwrap();
        child = project.start(&["eval", "--resume", &run]);
        wait_for_rows(&project);
    }
    let resumed = said(child.wait_with_output().unwrap());
    assert_eq!(resumed.code, 0, "{resumed:#?}");
    let export = project.run(&["runs", "export", &run]).out;
    assert_eq!(export.lines().count(), ROWS);

    let undisturbed = project.json(0, &["eval"]);
    assert_eq!(export, project.run(&["runs", "export", undisturbed["run"].as_str().unwrap()]).out);
}

/// Runs killed by the ordinary test; the full set asks for more with `KARAT_KILLS`.
const KILLS: usize = 4;

#[test]
fn a_run_killed_at_any_moment_goes_on_and_ends_like_an_undisturbed_one() {
    let project = Project::of_answers(ROWS);
    let limited = ["eval", "--limit", "2000"];
    let begun = Instant::now();
    let undisturbed = project.json(0, &limited)["run"].as_str().unwrap().to_owned();
    let took = begun.elapsed();
    let expected = project.run(&["runs", "export", &undisturbed]).out;
    let mut random = fastrand::Rng::with_seed(7);
    let kills = std::env::var("KARAT_KILLS").map_or(KILLS, |number| number.parse().unwrap());
    for round in 0..kills {
        let mut child = project.start(&limited);
        let run = run_id(&mut child);
        std::thread::sleep(took.mul_f64(random.f64()));
        child.kill().unwrap();
        child.wait().unwrap();
        let resumed = project.run(&[&limited[..], &["--resume", &run]].concat());
        assert_eq!(resumed.code, 0, "round {round}: {resumed:#?}");
        assert_eq!(project.run(&["runs", "export", &run]).out, expected, "round {round}");
    }
    assert_eq!(project.json(0, &["doctor", "--check"])["whole"], true);
}

#[test]
fn an_interrupt_finishes_what_is_in_flight_and_says_how_to_go_on() {
    let project = Project::of_answers(ROWS);
    let mut child = project.start(&["eval"]);
    let run = run_id(&mut child);
    wait_for_rows(&project);
    interrupt(&child);
    let interrupted = said(child.wait_with_output().unwrap());
    assert_eq!(interrupted.code, 3, "{interrupted:#?}");
    assert!(interrupted.err.contains(&format!("--resume {run}")), "{}", interrupted.err);
    let report = project.json(0, &["eval", "--resume", &run]);
    assert_eq!((&report["rows"], &report["scorers"]["exact_match"]["scored"]), (&ROWS.into(), &ROWS.into()));
}

#[test]
fn an_interrupt_does_not_wait_for_guests_without_end() {
    let limits = "{ fuel: 1e15, time: 10m }";
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - {{ plugin: ./hostile.wasm, use: loops, limits: {limits} }}\n"
    );
    let project = Project::of_answers(ROWS);
    project.write("karat.yaml", suite);
    project.write("hostile.wasm", guests::HOSTILE);
    let mut child = project.start(&["eval"]);
    let run = run_id(&mut child);
    while busy(&child) < Duration::from_millis(500) {
        std::thread::yield_now();
    }
    interrupt(&child);
    let interrupted = said(child.wait_with_output().unwrap());
    assert_eq!(interrupted.code, 3, "{interrupted:#?}");
    // What was cut off is not there, so that `--resume` comes to it again.
    assert_eq!(project.export(&run), [serde_json::Value::Null; 0]);
}

/// Processor time: starting takes little of it, guests all there is.
fn busy(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    // The fourteenth field of `proc(5)`, in hundredths of a second; the second may have spaces, and ends with `)`.
    let ticks: u64 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(11).unwrap().parse().unwrap();
    Duration::from_millis(10 * ticks)
}

#[test]
fn a_run_is_not_resumed_under_other_conditions() {
    let project = Project::of_answers(ROWS);
    let run = project.json(0, &["eval", "--limit", "10"])["run"].as_str().unwrap().to_owned();
    let refused = |because: &str| {
        let said = project.run(&["eval", "--limit", "10", "--resume", &run]);
        assert_eq!(said.code, 2, "{said:#?}");
        assert!(said.err.contains(because), "`{because}`: {}", said.err);
    };
    project.write("karat.yaml", SUITE.replace("name: t\n", "name: t\nseed: 7\n"));
    refused("seed");
    project.write("karat.yaml", SUITE);
    let rows = project.read("rows.jsonl");
    project.write("rows.jsonl", rows.replacen("answer 0", "answer zero", 1));
    refused("data");
    project.write("rows.jsonl", rows);
    assert_eq!(project.json(0, &["eval", "--limit", "10", "--resume", &run])["rows"], 10);
}

#[test]
fn a_run_that_is_not_there_can_not_be_resumed() {
    let said = Project::of_answers(ROWS).run(&["eval", "--resume", "0199"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("0199") && said.err.contains("karat runs list"), "{}", said.err);
}
