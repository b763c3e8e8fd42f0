//! Traces from where they come in to where they are scored: a real server, a real store, the command line.

mod asked;
mod files;
mod forwarding;
mod keeping;
mod predicted;
mod scoring;
mod searching;

use serde_json::{Value, json};

use crate::support::Project;
use crate::support::server::Server;

/// 2026-11-25T12:00:00Z, in nanoseconds.
const NOON: u64 = 1_795_608_000_000_000_000;

/// The trace of this number.
fn id(number: u32) -> String {
    format!("{number:08x}{:024x}", 1)
}

/// A question that was answered with a tool, and a failure of that tool in every third trace.
fn spans(number: u32) -> Value {
    let start = NOON + u64::from(number) * 1_000_000_000;
    let span = |place: u32, parent: u32, name: &str, attributes: Value| {
        let attributes: Vec<Value> = attributes
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| match value {
                Value::Number(number) => json!({ "key": key, "value": { "intValue": number.to_string() } }),
                other => json!({ "key": key, "value": { "stringValue": other.as_str().unwrap() } }),
            })
            .collect();
        let failed = name == "search" && number.is_multiple_of(3);
        json!({
            "traceId": id(number), "spanId": format!("{place:016x}"), "name": name,
            "parentSpanId": if parent > 0 { format!("{parent:016x}") } else { String::new() },
            "startTimeUnixNano": (start + u64::from(place) * 1_000_000).to_string(),
            "endTimeUnixNano": (start + u64::from(number + 1) * 100_000_000).to_string(),
            "attributes": attributes,
            "status": if failed { json!({ "code": 2, "message": "nothing found" }) } else { json!({}) }
        })
    };
    let question = format!("What is {number} + {number}?");
    json!([
        span(
            1,
            0,
            "answer",
            json!({ "openinference.span.kind": "AGENT", "input.value": question,
            "output.value": (2 * number).to_string(), "session.id": format!("s{}", number / 5), "user.id": "ada" })
        ),
        span(
            2,
            1,
            "chat",
            json!({ "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 100 * (number + 1), "gen_ai.usage.output_tokens": 10 })
        ),
        span(3, 1, "search", json!({ "openinference.span.kind": "TOOL", "tool.name": "search" })),
    ])
}

/// A project whose server has taken in so many traces, and goes on.
fn served(traces: u32) -> (Project, Server) {
    let project = Project::new();
    let server = Server::start(&project, &[]);
    (0..traces).for_each(|number| server.take(&spans(number)));
    (project, server)
}

/// The ids that a search finds, in its order.
fn found(project: &Project, arguments: &[&str]) -> Vec<String> {
    let found = project.json(0, &[&["traces", "search"], arguments].concat());
    found["traces"].as_array().unwrap().iter().map(|trace| trace["id"].as_str().unwrap().to_owned()).collect()
}
