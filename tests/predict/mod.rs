//! Applications under test: asked for every row, with whatever they answer.

mod command;
mod http;
mod openai;

use serde_json::Value;

use crate::support::Project;

/// A project with a suite that has `predict` and scores what came of it, over these rows.
fn project(predict: &str, more: &str, rows: &[String]) -> Project {
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\npredict: {predict}\nscorers: [exact_match, response_length]\n{more}\n"
    );
    Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))])
}

/// The exported rows of the last run.
fn export(project: &Project) -> Vec<Value> {
    project.export("last")
}
