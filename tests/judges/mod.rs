//! Judges: plugins that ask an LLM by way of the host.

mod asking;
mod budget;
mod built_in;
mod card;
mod cassettes;
mod crash;
mod estimate;
mod faults;
mod policy;
mod secrets;
mod stopping;
mod strangers;

use std::net::TcpStream;

use guests::wat::with_manifest;
use serde_json::{Value, json};

use crate::support::application::{Application, Asked, write_answer};
use crate::support::{Project, Said, said};

/// What stands in the environment in place of a key.
const KEY: &str = "sk-canary-0123456789abcdef";

/// The plugin `test/asks`, asking for the role `default`.
fn plugin() -> Vec<u8> {
    let plugin = json!({ "name": "test/asks", "version": env!("CARGO_PKG_VERSION") });
    let judge = json!({ "roles": ["default"], "why": "asks whether the outputs are good" });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "judge": judge } });
    with_manifest(guests::ASKS.to_vec(), &manifest.to_string())
}

/// A project of so many rows, whose scorer asks the endpoint at `url`; the suite has `more` besides.
struct Judged {
    project: Project,
    url: String,
}

impl Judged {
    fn new(url: &str, rows: usize, with: &str, endpoint: &str, more: &str) -> Self {
        let suite = format!(
            "name: judged\ndata: {{ path: rows.jsonl }}\n\
             endpoints:\n  small: {{ model: \"openai:/m\", base_url: \"{url}/v1\", api_key: {{ env: JUDGE_KEY }}{endpoint} }}\n\
             judges: {{ default: small }}\n\
             scorers:\n  - {{ plugin: ./asks.wasm, use: grades, with: {{ {with} }}, grant: {{ judge: {{ roles: [default] }} }} }}\n{more}\n"
        );
        let row = |n: usize| format!(r#"{{"id": "q{n}", "inputs": {{"n": {n}}}, "outputs": "answer {n}"}}"#);
        let rows: Vec<_> = (0..rows).map(row).collect();
        let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
        project.write("asks.wasm", plugin());
        assert_eq!(project.run(&["plugin", "allow"]).code, 0);
        Self { project, url: url.to_owned() }
    }

    /// Evaluates with everything allowed and the key in the environment.
    fn eval(&self, arguments: &[&str]) -> Said {
        let (http, env) = (format!("http={}", self.url), format!("env=JUDGE_KEY@{}", self.url));
        let allowed = ["eval", "--json", "--allow", &http, "--allow", &env];
        let mut command = self.project.command(&[&allowed, arguments].concat());
        said(command.env("JUDGE_KEY", KEY).output().unwrap())
    }

    /// The report of such an evaluation, which has to end with `code`.
    #[track_caller]
    fn report(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.eval(arguments);
        assert_eq!(said.code, code, "{said:#?}");
        serde_json::from_str(&said.out).unwrap()
    }

    fn exported(&self) -> String {
        let said = self.project.run(&["runs", "export", "last", "--format", "jsonl"]);
        assert_eq!(said.code, 0, "{said:#?}");
        said.out
    }
}

/// What was asked last.
fn question(asked: &Asked) -> String {
    let last = asked.body["messages"].as_array().and_then(|messages| messages.last());
    last.and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned()
}

/// An answer of OpenAI's shape, of 10 tokens in and 5 out.
fn completion(text: &str) -> Value {
    let choice = json!({ "message": { "role": "assistant", "content": text }, "finish_reason": "stop" });
    json!({ "id": "x", "model": "m", "choices": [choice], "usage": { "prompt_tokens": 10, "completion_tokens": 5 } })
}

/// Finds good what has an even number, and says so as the format wants it.
fn verdict(asked: &Asked) -> Value {
    let question = question(asked);
    let number: u32 = question.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(1);
    completion(&json!({ "reply": if number.is_multiple_of(2) { "yes" } else { "no" } }).to_string())
}

/// A provider that finds good what has an even number.
fn provider() -> Application {
    Application::start(|asked, stream| answer(asked, stream, verdict(asked)))
}

/// Answers those who have the key.
fn answer(asked: &Asked, stream: &mut TcpStream, answer: Value) -> std::io::Result<()> {
    if asked.path != "/v1/chat/completions" || asked.header("authorization") != Some(&format!("Bearer {KEY}")) {
        return write_answer(stream, 401, r#"{"error": {"message": "who are you?"}}"#);
    }
    write_answer(stream, 200, &answer.to_string())
}
