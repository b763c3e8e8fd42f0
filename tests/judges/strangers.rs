//! Plugins that are strangers to each other: neither sees nor spoils what the other was told.

use guests::wat::with_manifest;
use serde_json::json;

use super::{Judged, provider};

/// T51, T52: the same question of two plugins is two questions, however often it was asked.
#[test]
fn what_one_plugin_was_told_is_nothing_to_another() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 5, "", "", "");
    let plugin = json!({ "name": "test/asks", "version": env!("CARGO_PKG_VERSION") });
    let judge = json!({ "roles": ["default"], "why": "is another plugin" });
    let manifest = json!({ "manifest": 1, "plugin": plugin, "capabilities": { "judge": judge } });
    judged.project.write("other.wasm", with_manifest(guests::ASKS.to_vec(), &manifest.to_string()));
    let first = judged.report(0, &[]);
    assert_eq!((&first["cost"]["judge_calls"], provider.asked().len()), (&5.into(), 5));
    let suite = judged.project.read("karat.yaml");
    judged.project.write("karat.yaml", suite.replace("./asks.wasm", "./other.wasm"));
    assert_eq!(judged.project.run(&["plugin", "allow"]).code, 0);
    let other = judged.report(0, &[]);
    assert_eq!((&other["cost"]["judge_calls"], &other["cost"]["judge_known"]), (&5.into(), &0.into()));
    assert_eq!(provider.asked().len(), 10);
    judged.project.write("karat.yaml", suite);
    assert_eq!(judged.project.run(&["plugin", "allow"]).code, 0);
    assert_eq!(judged.report(0, &[])["cost"]["judge_known"], 5);
    // What a cassette has is whoever's: it is by the question alone.
    judged.report(0, &["--record", "run.jsonl"]);
    let suite = judged.project.read("karat.yaml").replace("./asks.wasm", "./other.wasm");
    judged.project.write("karat.yaml", suite);
    assert_eq!(judged.project.run(&["plugin", "allow"]).code, 0);
    let said = judged.project.run(&["eval", "--json", "--replay", "run.jsonl"]);
    assert_eq!(said.code, 0, "{said:#?}");
}

/// A plugin in a process of its own has no other judge, and the same accounts.
#[test]
fn a_plugin_in_a_process_of_its_own_asks_through_its_host() {
    let provider = provider();
    let endpoint = ", price: { input: 1000, output: 2000 }";
    let judged = Judged::new(&provider.url, 12, "times: 2", endpoint, "");
    let here = judged.report(0, &["--no-cache"]);
    let exported = judged.exported();
    let suite = judged.project.read("karat.yaml").replace("use: grades,", "use: grades, isolation: process,");
    judged.project.write("karat.yaml", suite);
    let there = judged.report(0, &["--no-cache"]);
    assert_eq!(judged.exported(), exported);
    assert_eq!((&there["cost"]["usd"], &there["cost"]["judge_calls"]), (&here["cost"]["usd"], &24.into()));
    let fuel = |report: &serde_json::Value| report["cost"]["of"]["grades"]["fuel"].clone();
    assert_eq!(fuel(&there), fuel(&here), "fuel is the same wherever a guest lives");
    let stopped = judged.eval(&["--no-cache", "--max-usd", "0.3"]);
    assert_eq!(stopped.code, 3, "{stopped:#?}");
}

/// What a plugin may not send it does not see.
#[test]
fn a_plugin_sees_what_it_may_send_and_no_more() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 3, "", "", "");
    let suite = judged.project.read("karat.yaml");
    let narrowed = suite.replace("roles: [default] }", "roles: [default], sends: [inputs] }");
    judged.project.write("karat.yaml", narrowed);
    let said = judged.eval(&[]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("`grades` needs the outputs, which it may not put to its judges"), "{said:#?}");
    // One that needs no outputs is called without them.
    let other = suite.replace("use: grades, with: {  }", "use: sees, with: {}");
    judged.project.write("karat.yaml", other.replace("roles: [default] }", "roles: [default], sends: [tags] }"));
    judged.report(0, &[]);
    assert!(judged.exported().contains(r#""value":"q0 {} none none""#), "{}", judged.exported());
    judged.project.write("karat.yaml", other);
    judged.report(0, &[]);
    assert!(judged.exported().contains(r#"q0 {\"n\":0} answer 0 none"#), "{}", judged.exported());
}
