//! Finding traces and looking at them.

use super::{found, id, served, spans};

#[test]
fn traces_that_came_in_are_listed_and_searched_while_the_server_goes_on() {
    let (project, server) = served(7);
    assert_eq!(found(&project, &[""]), [6, 5, 4, 3, 2, 1, 0].map(id));
    assert_eq!(found(&project, &["tokens > 510", "--order", "tokens"]), [5, 6].map(id));
    assert_eq!(found(&project, &["span.type = 'TOOL' and span.status = 'ERROR'"]), [6, 3, 0].map(id));
    assert_eq!(found(&project, &["session = 's1' and not duration > 650ms"]), [5].map(id));
    assert_eq!(found(&project, &["inputs contains 'is 4 +'"]), [4].map(id));
    server.take(&spans(9));
    assert_eq!(found(&project, &["start > '2026-11-25T12:00:08Z'"]), [9].map(id));
}

#[test]
fn a_search_is_read_page_by_page() {
    let (project, _server) = served(5);
    let first = project.json(0, &["traces", "search", "user = 'ada'", "--limit", "3"]);
    let next = first["next"].as_str().unwrap();
    assert_eq!(found(&project, &["user = 'ada'", "--limit", "3", "--after", next]), [1, 0].map(id));
    let other = project.run(&["traces", "search", "", "--order", "cost", "--after", next]);
    assert_eq!(other.code, 2);
    assert!(other.err.contains("the cursor is of another search"), "{}", other.err);
}

#[test]
fn a_filter_that_cant_be_read_is_shown_with_its_place() {
    let (project, server) = served(1);
    let said = project.run(&["traces", "search", "duratoin > 2s"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("unknown field `duratoin` at column 1\nduratoin > 2s\n^"), "{}", said.err);
    assert!(said.err.contains("did you mean `duration`?"), "{}", said.err);
    let (status, answer) = server.ask("GET", "/api/karat/v1/traces?filter=duratoin%20%3E%202s", "");
    assert_eq!((status, &answer["error"]["field"]), (400, &"filter".into()), "{answer}");
}

#[test]
fn a_trace_is_shown_as_a_tree_with_what_each_step_took() {
    let (project, _server) = served(1);
    let shown = project.run(&["traces", "show", "0000"]);
    assert_eq!(shown.code, 0, "{shown:#?}");
    let lines: Vec<&str> = shown.out.lines().collect();
    assert!(
        lines[1].contains("took 99 ms, 3 spans, 1 error, 110 tokens (100 in, 10 out), 0.0003 USD"),
        "{}",
        shown.out
    );
    assert!(lines[4].starts_with("answer") && lines[4].contains("AGENT"), "{}", shown.out);
    assert!(lines[5].starts_with("  chat") && lines[5].contains("gpt-4o"), "{}", shown.out);
    assert!(lines[6].starts_with("  search") && lines[6].contains("error: nothing found"), "{}", shown.out);
    let json = project.json(0, &["traces", "show", &id(0)]);
    assert_eq!(json["shown"][1]["tokens"]["input"], 100);
    assert_eq!(json["shown"][0]["inputs"], "What is 0 + 0?");
}

#[test]
fn the_api_pages_through_the_same_search() {
    let (_project, server) = served(4);
    let (_, first) = server.ask("GET", "/api/karat/v1/traces?order=duration%20desc&limit=3", "");
    assert_eq!(first["traces"][0]["id"], id(3));
    let next = first["next"].as_str().unwrap();
    let path = format!("/api/karat/v1/traces?order=duration%20desc&limit=3&after={next}");
    let (_, second) = server.ask("GET", &path, "");
    assert_eq!((&second["traces"][0]["id"], &second["next"]), (&id(0).into(), &serde_json::Value::Null));
}
