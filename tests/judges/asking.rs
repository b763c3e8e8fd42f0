//! What comes of asking, and that nothing is asked twice.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::{Judged, answer, provider, question, verdict};
use crate::support::application::Application;

#[test]
fn a_scorer_asks_about_every_row_and_the_cost_is_told() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 20, "", ", price: { input: 1000, output: 2000 }", "gate: grades >= 0.5");
    let report = judged.report(0, &[]);
    assert_eq!((&report["scorers"]["grades"]["passed"], &report["verdict"]), (&10.into(), &"passed".into()));
    let cost = &report["cost"];
    // 10 tokens in and 5 out, at 0.001 and 0.002 USD each.
    assert_eq!((&cost["judge_calls"], &cost["usd"]), (&20.into(), &0.4.into()), "{cost:#}");
    assert_eq!((&cost["input_tokens"], &cost["output_tokens"]), (&200.into(), &100.into()));
    let of = &cost["of"]["grades"];
    assert_eq!((&of["judge_calls"], &of["calls"]), (&20.into(), &20.into()));
    assert!(of["fuel"].as_u64().unwrap() > 20_000 && of["seconds"].as_f64().unwrap() > 0.0, "{of:#}");
    let shown = judged.project.run(&["runs", "show", "last", "--cost"]).out;
    assert!(shown.contains("judges: 20 questions; tokens 200 in, 100 out; 0.4000 USD"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("grades ") && line.ends_with("0.400000")), "{shown}");
    let asked = provider.asked();
    assert_eq!(asked.len(), 20);
    assert_eq!((&asked[0].body["model"], &asked[0].body["temperature"]), (&"m".into(), &0.0.into()));
}

#[test]
fn what_was_asked_is_in_the_log_as_it_was_sent() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 3, r#"about: "Ann <ann@example.org> asks. ""#, ", redact: [email]", "");
    judged.report(0, &[]);
    assert!(provider.asked().iter().all(|asked| question(asked).starts_with("Ann <[EMAIL]> asks. Is this good?")));
    let logged = judged.project.run(&["judge", "log", "last", "--json"]).out;
    let exchanges: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exchanges.len(), 3);
    for exchange in &exchanges {
        assert_eq!((&exchange["key"], &exchange["role"]), (&"grades".into(), &"default".into()));
        assert_eq!((&exchange["endpoint"], &exchange["model"]), (&"small".into(), &"openai:/m".into()));
        assert!(
            exchange["sent"]["messages"][0]["content"].as_str().unwrap().starts_with("Ann <[EMAIL]> asks."),
            "{exchange:#}"
        );
        assert_eq!(exchange["usage"], json!({ "input_tokens": 10, "output_tokens": 5, "cost": null }));
        assert!(["yes", "no"].contains(&exchange["reply"].as_str().unwrap()));
    }
    let shown = judged.project.run(&["judge", "log", "last", "--row", "q1", "--full"]).out;
    assert!(shown.contains("row q1 trial 0") && shown.contains("Is this good? answer 1"), "{shown}");
    assert!(shown.contains("one of:\n      yes\n      no") && !shown.contains("answer 2"), "{shown}");
    let nobody = judged.project.run(&["judge", "log", "last", "--row", "q9"]);
    assert!(nobody.code == 2 && nobody.err.contains("the run has no row `q9`"), "{nobody:#?}");
}

#[test]
fn no_judge_of_a_row_waits_for_the_reply_to_another() {
    let both = Barrier::new(2);
    let provider = Application::start(move |asked, stream| {
        both.wait();
        answer(asked, stream, verdict(asked))
    });
    let second = r#"  - { plugin: ./asks.wasm, use: grades, name: again, with: { about: "Once more. " }, grant: { judge: { roles: [default] } } }"#;
    let judged = Judged::new(&provider.url, 1, "", ", timeout: 10s, retries: 0", second);
    for isolation in ["use: grades,", "use: grades, isolation: process,"] {
        let suite = judged.project.read("karat.yaml").replace("use: grades,", isolation);
        judged.project.write("karat.yaml", suite);
        let report = judged.report(0, &["--no-cache"]);
        assert_eq!(
            (&report["scorers"]["grades"]["scored"], &report["scorers"]["again"]["scored"]),
            (&1.into(), &1.into())
        );
    }
    assert_eq!(provider.asked().len(), 4);
}

#[test]
fn the_same_run_asks_nobody_the_second_time() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 20, "times: 3", "", "");
    let first = judged.report(0, &[]);
    let exported = judged.exported();
    assert_eq!((&first["cost"]["judge_calls"], provider.asked().len()), (&60.into(), 60));
    let second = judged.report(0, &[]);
    assert_eq!((&second["cost"]["judge_calls"], &second["cost"]["judge_known"]), (&0.into(), &60.into()));
    assert_eq!((judged.exported(), provider.asked().len()), (exported, 60));
    let statistics = judged.project.json(0, &["judge", "cache", "stats"]);
    assert_eq!(statistics["replies"], 60);
    judged.report(0, &["--no-cache"]);
    assert_eq!(provider.asked().len(), 120);
    assert_eq!(judged.project.run(&["judge", "cache", "clear"]).code, 0);
    judged.report(0, &[]);
    assert_eq!(provider.asked().len(), 180);
}

#[test]
fn one_question_can_be_asked_by_hand() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 1, "", ", price: { input: 1, output: 1 }", "");
    let (http, env) = (format!("http={}", judged.url), format!("env=JUDGE_KEY@{}", judged.url));
    let allowed = ["--allow", &http, "--allow", &env];
    let ask = |arguments: &[&str]| {
        let arguments = [&["judge"], arguments, &allowed].concat();
        crate::support::said(judged.project.command(&arguments).env("JUDGE_KEY", super::KEY).output().unwrap())
    };
    let said = ask(&["ask", "Is it 4", "--choice", "yes", "--choice", "no"]);
    assert_eq!((said.code, said.out.trim()), (0, "yes"), "{said:#?}");
    assert!(said.err.contains("openai:/m") && said.err.contains("tokens 10 in, 5 out"), "{said:#?}");
    let said = ask(&["ask", "x", "--role", "strict"]);
    assert!(said.code == 2 && said.err.contains("roles of the suite: `default`"), "{said:#?}");
    let listed: Value = serde_json::from_str(&ask(&["list", "--json"]).out).unwrap();
    let listed = &listed[0];
    assert_eq!((&listed["endpoint"], &listed["key"]), (&"small".into(), &"set".into()));
    assert_eq!((&listed["roles"], &listed["reachable"]), (&json!(["default"]), &"yes".into()), "{listed:#}");
}

/// The spans of a row and of what was asked about it, as others get them.
#[test]
fn what_was_asked_is_exported_as_spans_under_the_row() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 2, "", ", price: { input: 1, output: 2 }", "");
    judged.report(0, &[]);
    let exported = judged.project.run(&["runs", "export", "last", "--exporter", "jsonl"]);
    assert_eq!(exported.code, 0, "{exported:#?}");
    let requests = exported.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let spans: Vec<Value> = requests
        .flat_map(|request| {
            request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default()
        })
        .collect();
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let (rows, asked) = (named("karat.row"), named("chat m"));
    assert_eq!((rows.len(), asked.len(), spans.len()), (2, 2, 4), "{exported:#?}");
    for span in asked {
        let row = rows.iter().find(|row| row["traceId"] == span["traceId"]).unwrap();
        assert_eq!((&span["parentSpanId"], &span["kind"]), (&row["spanId"], &3.into()));
        let attributes = span["attributes"].as_array().unwrap();
        let value = |key: &str| &attributes.iter().find(|pair| pair["key"] == key).unwrap()["value"];
        assert_eq!(value("gen_ai.provider.name")["stringValue"], "openai");
        assert_eq!(value("gen_ai.usage.input_tokens")["intValue"], "10");
        assert_eq!(value("karat.judge.usd")["doubleValue"], 0.00002);
        assert_eq!(value("karat.evaluator")["stringValue"], "grades");
        let said: Value =
            serde_json::from_str(value("gen_ai.output.messages")["stringValue"].as_str().unwrap()).unwrap();
        assert!(["yes", "no"].contains(&said[0]["parts"][0]["content"].as_str().unwrap()), "{said}");
    }
}
