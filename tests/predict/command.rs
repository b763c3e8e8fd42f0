//! Programs of this machine, which take the operator's word and are told as what they are: not sandboxed.

use serde_json::json;

use super::{export, project};
use crate::support::{Project, Said, root};

const APP: &str = r#"
import json, os, sys

for line in sys.stdin:
    row = json.loads(line)
    does = row["inputs"].get("does")
    if does == "die":
        print("no more", file=sys.stderr)
        sys.exit(3)
    if does == "print":
        print("debug output", flush=True)
    answer = {"outputs": str(2 * row["inputs"]["n"]), "usage": {"input_tokens": 5}}
    if does == "error":
        answer = {"error": "cannot double " + str(row["inputs"]["n"])}
    if does == "pid":
        answer = {"outputs": str(os.getpid())}
    print(json.dumps(answer), flush=True)
"#;

const PREDICT: &str = "{ use: command, grant: { process: [{ name: app, run: [python3, app.py] }] } }";

fn row(number: usize, does: &str) -> String {
    json!({
        "id": format!("q{number}"), "inputs": { "n": number, "does": does },
        "expectations": { "expected_response": format!("{}", 2 * number) },
    })
    .to_string()
}

fn with_app(predict: &str, rows: &[String]) -> Project {
    let project = project(predict, "limits: { max_failed: \"100%\" }", rows);
    project.write("app.py", APP);
    project
}

/// Runs the suite with the tests' own path to programs.
fn eval(project: &Project, arguments: &[&str]) -> Said {
    let mut command = project.command(&[&["eval"], arguments].concat());
    crate::support::said(command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap())
}

#[test]
fn a_program_goes_on_from_row_to_row() {
    let rows: Vec<_> = (0..1000).map(|number| row(number, "")).collect();
    let project = with_app(PREDICT, &rows);
    let said = eval(&project, &["--allow", "process=app", "--json"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["scorers"]["exact_match"]["passed"], 1000, "{report:#}");
    assert_eq!(report["predictions"]["input_tokens"], 5000);
    let rows: Vec<_> = (0..50).map(|number| row(number, "pid")).collect();
    let project = with_app(PREDICT, &rows);
    assert_eq!(eval(&project, &["--allow", "process=app"]).code, 0);
    let mut processes: Vec<_> = export(&project).iter().map(|line| line["outputs"].to_string()).collect();
    processes.dedup();
    assert_eq!(processes.len(), 1, "{processes:?}");
    let shown = project.run(&["runs", "show", "last"]).out;
    assert!(shown.contains("command (`python3 app.py`, not sandboxed): 50 rows answered"), "{shown}");
}

#[test]
fn a_program_that_breaks_off_costs_its_row_only() {
    let rows = [row(1, ""), row(2, "error"), row(3, "die"), row(4, ""), row(5, "print"), row(6, "")];
    let predict = PREDICT.replace("use: command", "use: command, retries: 0");
    let project = with_app(&predict, &rows);
    let said = eval(&project, &["--allow", "process=app"]);
    assert_eq!(said.code, 0, "{said:#?}");
    let errors: Vec<_> = export(&project).iter().map(|line| line["error"].as_str().unwrap_or("").to_owned()).collect();
    let parts = [
        "",
        "cannot double 2",
        "the command `app` ended: exit status: 3, and said: no more",
        "",
        "the program's line is no answer",
        "",
    ];
    for (error, part) in errors.iter().zip(parts) {
        assert!(error.contains(part) && error.is_empty() == part.is_empty(), "{errors:#?}");
    }
    assert!(errors[4].contains("debug output; what is not for Karat belongs to standard error"), "{errors:#?}");
}

#[test]
fn a_program_is_run_only_on_the_operators_word() {
    let project = with_app(PREDICT, &[row(1, "")]);
    let said = eval(&project, &[]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("the command `python3 app.py`, which is not sandboxed"), "{said:#?}");
    assert!(said.err.contains("--allow process=app"), "{said:#?}");
    let said = eval(&project, &["--allow", "process=other"]);
    assert_eq!(said.code, 2, "{said:#?}");
    let missing = PREDICT.replace("python3, app.py", "./nowhere");
    let project = with_app(&missing, &[row(1, "")]);
    assert_eq!(eval(&project, &["--allow", "process=app"]).code, 0);
    let error = export(&project)[0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("`app` can't be started: `./nowhere`"), "{error}");
}

/// A file that the guide to predictors has, in its own block.
fn of_the_guide(file: &str) -> String {
    let guide = std::fs::read_to_string(root().join("docs/predictors.md")).unwrap();
    let block = guide.split(&format!("`{file}`\n\n```")).nth(1).unwrap().split("\n```").next().unwrap();
    block.split_once('\n').unwrap().1.to_owned()
}

/// Has a program of the guide greet a thousand rows.
fn check_guide(file: &str, program: &str) {
    let row = |n| json!({ "inputs": { "name": n }, "expectations": { "expected_response": format!("Hello, {n}") } });
    let rows: Vec<_> = (0..1000).map(|n| row(format!("Ada {n}")).to_string()).collect();
    let project = project(&PREDICT.replace("python3, app.py", &format!("{program}, {file}")), "", &rows);
    project.write(file, of_the_guide(file));
    let said = eval(&project, &["--allow", "process=app", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["scorers"]["exact_match"]["passed"], 1000, "{report:#}");
}

#[test]
fn the_python_program_of_the_guide_answers() {
    check_guide("app.py", "python3");
}

#[test]
#[ignore = "of the full set: needs node; `scripts/test --run-ignored only predict`"]
fn the_node_program_of_the_guide_answers() {
    check_guide("app.mjs", "node");
}
