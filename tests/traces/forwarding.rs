//! Traces that are sent on as they come in.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{found, id, spans};
use crate::support::Project;
use crate::support::application::{Application, write_answer};
use crate::support::server::Server;

/// Waits for something that is going to be so.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_comes_in_goes_on_to_every_exporter() {
    let collector = Application::answering(|_| serde_json::json!({}));
    let project = Project::new();
    let url = format!("otlp_http={}/v1/traces", collector.url);
    let allow = format!("http={}", collector.url);
    let server = Server::start(&project, &["--export", &url, "--allow", &allow, "--export", "jsonl=spans.jsonl"]);
    server.take(&spans(1));
    wait_for("the collector", || !collector.asked().is_empty());
    assert_eq!(collector.asked()[0].path, "/v1/traces");
    server.take(&spans(2));
    let lines = || std::fs::read_to_string(project.path("spans.jsonl")).unwrap_or_default();
    wait_for("the file", || lines().contains(&id(2)));
    assert!(lines().contains(&id(1)));
    assert_eq!(found(&project, &[""]), [2, 1].map(id));
}

#[test]
fn an_exporter_that_refuses_or_hangs_delays_nobody_and_its_spans_are_not_lost() {
    let refuses = Application::start(|_, stream| write_answer(stream, 400, "{}"));
    let hangs = Application::start(|_, _| {
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    });
    let project = Project::new();
    let (first, second) = (format!("otlp_http={}", refuses.url), format!("webhook={}", hangs.url));
    let (allow, also) = (format!("http={}", refuses.url), format!("http={}", hangs.url));
    let server = Server::start(
        &project,
        &["--export", &first, "--export", &second, "--allow", &allow, "--allow", &also, "--dead-letters", "."],
    );
    let begun = Instant::now();
    (1..9).for_each(|number| server.take(&spans(number)));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let letters = || std::fs::read_to_string(project.path("dead-letters-otlp_http.jsonl")).unwrap_or_default();
    wait_for("the dead letters", || letters().contains(&id(8)));
    let refused = letters();
    let spans = refused.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).map(|request| {
        let resources = request["resourceSpans"].as_array().unwrap().clone();
        resources.iter().map(|resource| resource["scopeSpans"][0]["spans"].as_array().unwrap().len()).sum::<usize>()
    });
    assert_eq!(spans.sum::<usize>(), 8 * 3);
    // What the hanging one was not sent is in its dead letters when the server has ended.
    server.stop();
    let letters = std::fs::read_to_string(project.path("dead-letters-webhook.jsonl")).unwrap();
    assert!((1..9).all(|number| letters.contains(&id(number))), "{letters}");
}
