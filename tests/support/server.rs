//! A `karat serve`, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use serde_json::Value;

use super::Project;

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    /// Host and port of the API.
    pub(crate) address: String,
}

impl Server {
    /// Serves the project's store, on ports that are free.
    pub(crate) fn start(project: &Project, more: &[&str]) -> Self {
        let ports = ["serve", "--port", "0", "--otlp-port", "0", "--grpc-port", "0", "--json"];
        let mut child = project.start(&[&ports, more].concat());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{line}{said}")
        });
        let address = told["api"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { child, address }
    }

    /// Ends it as a power cut would, but for the disk.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as its operator does, and waits for that.
    pub(crate) fn stop(mut self) {
        super::interrupt(&self.child);
        self.child.wait().unwrap();
    }

    /// Status and JSON of the answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let address = &self.address;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        // What is sent in chunks is of one chunk here, or has none.
        let body =
            body.find(['{', '[']).map_or("null", |start| body[start..].trim_end_matches(['\r', '\n', '0']).trim_end());
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Sends spans, which are taken.
    pub(crate) fn take(&self, spans: &Value) {
        let request = serde_json::json!({ "resourceSpans": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "bot" } }] },
            "scopeSpans": [{ "scope": { "name": "tests" }, "spans": spans }]
        }] });
        let (status, answer) = self.ask("POST", "/v1/traces", &request.to_string());
        assert_eq!((status, &answer["partialSuccess"]), (200, &Value::Null), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
