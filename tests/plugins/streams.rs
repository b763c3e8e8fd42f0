//! Answers that a plugin takes as they come.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use guests::wat::with_manifest;
use serde_json::json;

use crate::support::Project;

const KEY: &str = "s3cr3t-v4lu3";

/// A server that sends events one by one, says the key back in two pieces, and never ends by itself.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
                let (first, second) = KEY.split_at(5);
                let pieces = [head, "data: on", "e\n", "\ndata: you said ", first, second, "\n\n"];
                pieces.iter().try_for_each(|piece| stream.write_all(piece.as_bytes()).and_then(|()| stream.flush()))
            });
        }
    });
    url
}

#[test]
fn an_answer_comes_piece_by_piece_in_this_process_and_in_another() {
    let url = server();
    let rule = json!({ "url": url, "methods": ["GET"], "secrets": ["KEY"], "why": "listens" });
    let plugin = json!({ "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "http": [rule] } });
    let project = Project::with(&[("rows.jsonl", r#"{"inputs": {"q": 1}, "outputs": "x"}"#)]);
    project.write("fetch.wasm", with_manifest(guests::FETCH.to_vec(), &manifest.to_string()));
    for isolation in ["thread", "process"] {
        let suite = format!(
            "name: t\ndata: {{ path: rows.jsonl }}\nscorers:\n  - plugin: ./fetch.wasm\n    use: streams\n    \
             isolation: {isolation}\n    with: {{ url: \"{url}/\", key: \"{{{{secret:KEY}}}}\", leave: 2 }}\n    \
             grant: {{ http: [{{ url: \"{url}\", methods: [GET], secrets: [KEY] }}] }}\n"
        );
        project.write("karat.yaml", suite);
        assert_eq!(project.run(&["plugin", "allow"]).code, 0);
        let (http, env) = (format!("http={url}"), format!("env=KEY@{url}"));
        let said = project.command(&["eval", "--allow", &http, "--allow", &env]).env("KEY", KEY).output().unwrap();
        assert!(said.status.success(), "{said:?}");
        let value = project.export("last")[0]["feedback"][0]["value"].clone();
        assert_eq!(value, "200 text/event-stream one|you said [secret KEY]", "{isolation}");
    }
}
