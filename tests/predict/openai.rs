//! `openai_chat` against an endpoint that speaks as OpenAI's does.

use std::io::Write;

use serde_json::{Value, json};

use super::{export, project};
use crate::support::application::{Application, Asked, write_answer};
use crate::support::{Project, said};

/// Says how many messages it was sent and what the last one was.
fn reply(asked: &Asked) -> String {
    let messages = asked.body["messages"].as_array().unwrap();
    format!("{}: {}", messages.len(), messages.last().unwrap()["content"].as_str().unwrap())
}

fn endpoint(asked: &Asked, stream: &mut std::net::TcpStream) -> std::io::Result<()> {
    if asked.path != "/v1/chat/completions" {
        return write_answer(stream, 404, "{\"error\": {\"message\": \"no such path\"}}");
    }
    if asked.header("authorization") != Some("Bearer sk-test") {
        return write_answer(stream, 401, "{\"error\": {\"message\": \"no key\"}}");
    }
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 4 });
    if asked.body["stream"] != true {
        let choice = json!({ "message": { "role": "assistant", "content": reply(asked) }, "finish_reason": "stop" });
        let answer = json!({ "id": "x", "model": "m-1", "choices": [choice], "usage": usage });
        return write_answer(stream, 200, &answer.to_string());
    }
    let mut body = String::new();
    for part in reply(asked).split_inclusive(' ') {
        body += &format!("data: {}\n\n", json!({ "model": "m-1", "choices": [{ "delta": { "content": part } }] }));
    }
    body += &format!("data: {}\n\ndata: [DONE]\n\n", json!({ "choices": [], "usage": usage }));
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Evaluates with the key in the environment, and allowed for the endpoint.
fn eval(url: &str, with: &str, rows: &[Value]) -> (Project, Value) {
    let predict = format!(
        "{{ use: openai_chat, with: {{ url: \"{url}/v1\", model: m, api_key: API_KEY{with} }}, \
         grant: {{ http: [{{ url: \"{url}\", methods: [POST], secrets: [API_KEY] }}] }} }}"
    );
    let rows: Vec<_> = rows.iter().map(Value::to_string).collect();
    let project = project(&predict, "limits: { max_failed: \"100%\" }", &rows);
    let (http, env) = (format!("http={url}"), format!("env=API_KEY@{url}"));
    let mut command = project.command(&["eval", "--json", "--allow", &http, "--allow", &env]);
    let said = said(command.env("API_KEY", "sk-test").output().unwrap());
    assert_eq!(said.code, 0, "{said:#?}");
    let report = serde_json::from_str(&said.out).unwrap();
    (project, report)
}

#[test]
fn a_model_is_asked_whole_or_as_a_stream() {
    let application = Application::start(endpoint);
    let rows = [json!({ "inputs": { "question": "why is it so?" } })];
    for with in ["", ", stream: true"] {
        let with = format!(
            ", system: \"be brief\", prompt: \"Q: {{{{ inputs.question }}}}\", temperature: 0, extra: {{ top_p: 1 }}{with}"
        );
        let (project, report) = eval(&application.url, &with, &rows);
        assert_eq!(export(&project)[0]["outputs"], "2: Q: why is it so?", "{report:#}");
        let predictions = &report["predictions"];
        assert_eq!((&predictions["input_tokens"], &predictions["output_tokens"]), (&11.into(), &4.into()));
    }
    let body = &application.asked()[0].body;
    assert_eq!((&body["model"], &body["temperature"], &body["top_p"]), (&"m".into(), &0.0.into(), &1.into()));
}

#[test]
fn messages_come_from_the_row_or_its_only_text() {
    let application = Application::start(endpoint);
    let messages = json!([{ "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }, { "role": "user", "content": "c" }]);
    let rows = [
        json!({ "inputs": { "messages": messages } }),
        json!({ "inputs": { "question": "only one", "n": 1 } }),
        json!({ "inputs": { "question": "one", "context": "two" } }),
    ];
    let (project, _) = eval(&application.url, "", &rows);
    let lines = export(&project);
    assert_eq!((&lines[0]["outputs"], &lines[1]["outputs"]), (&"3: c".into(), &"1: only one".into()));
    let error = lines[2]["error"].as_str().unwrap();
    assert!(error.contains("there are several: context, question"), "{error}");
}
