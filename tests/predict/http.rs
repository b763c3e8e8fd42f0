//! `http_json` against servers that behave, and servers that don't.

use std::io::Write;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{export, project};
use crate::support::application::{Application, Asked, write_answer};

/// The predictor, where the suite grants what it takes.
fn predict(url: &str, with: &str) -> String {
    format!(
        "{{ use: http_json, with: {{ url: \"{url}/chat\"{with} }}, grant: {{ http: [{{ url: \"{url}\", methods: [POST] }}] }} }}"
    )
}

fn question(number: usize) -> String {
    json!({
        "id": format!("q{number}"), "inputs": { "n": number, "user": { "name": "Ada" } },
        "outputs": "an old answer", "expectations": { "expected_response": format!("{}", 2 * number) },
    })
    .to_string()
}

fn double(asked: &Asked) -> Value {
    json!({ "answer": format!("{}", asked.body["n"].as_u64().unwrap() * 2), "usage": { "in": 3, "out": 2 } })
}

#[test]
fn a_thousand_rows_are_answered_by_a_server_and_scored() {
    let application = Application::answering(|asked| {
        thread::sleep(Duration::from_millis(2));
        double(asked)
    });
    let rows: Vec<_> = (0..1000).map(question).collect();
    let with = ", outputs: \"$.answer\", tokens: { input: \"$.usage.in\", output: \"$.usage.out\" }";
    let gate = "gate: \"exact_match >= 100% and latency.p90 <= 60s and latency.p50 > 1ms\"";
    let project = project(&predict(&application.url, with), gate, &rows);
    let allow = format!("http={}", application.url);
    let report = project.json(0, &["eval", "--allow", &allow]);
    assert_eq!(report["scorers"]["exact_match"]["passed"], 1000, "{report:#}");
    assert!(report["gates"].as_array().unwrap().iter().all(|gate| gate["holds"] == true), "{report:#}");
    let predictions = &report["predictions"];
    assert_eq!((&predictions["answered"], &predictions["failed"]), (&1000.into(), &0.into()));
    assert_eq!((&predictions["input_tokens"], &predictions["output_tokens"]), (&3000.into(), &2000.into()));
    assert!(predictions["latency"]["p50"].as_f64() >= Some(0.002), "{predictions}");
    // As many at once as it may be by default, and each row once.
    assert_eq!((application.most_at_once(), application.asked().len()), (8, 1000));

    let lines = export(&project);
    assert_eq!((&lines[7]["id"], &lines[7]["outputs"]), (&"q7".into(), &"14".into()));
    // The application is asked what the row asks, and is not told what is expected.
    let asked = &application.asked()[0];
    assert_eq!(asked.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["n", "user"]);
    let traceparent = asked.header("traceparent").unwrap();
    assert!(traceparent.len() == 55 && traceparent.starts_with("00-"), "{traceparent}");
}

#[test]
fn the_request_is_made_of_the_row() {
    let application = Application::answering(|_| json!({ "choices": [{ "text": "6" }] }));
    let with = ", headers: { x-user: \"{{ inputs.user.name }}\" }, outputs: \"$.choices[0].text\", \
                body: { prompt: \"{{ inputs.n }} times {{ inputs.n }}?\", n: \"{{ inputs.n }}\", row: \"{{ id }}\" }";
    let project = project(&predict(&application.url, with), "", &[question(3)]);
    let report = project.json(0, &["eval", "--allow", &format!("http={}", application.url)]);
    assert_eq!(report["scorers"]["exact_match"]["passed"], 1, "{report:#}");
    let asked = &application.asked()[0];
    assert_eq!(asked.body, json!({ "prompt": "3 times 3?", "n": 3, "row": "q3" }));
    assert_eq!(asked.header("x-user"), Some("Ada"));
}

/// An application that does with a row what its input `does` says.
fn odd(asked: &Asked, stream: &mut std::net::TcpStream) -> std::io::Result<()> {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    match asked.body["does"].as_str().unwrap() {
        "500" => write_answer(stream, 500, "something\n  broke"),
        "429" => write_answer(stream, 429, "slow down"),
        "404" => write_answer(stream, 404, "{\"detail\": \"Not Found\"}"),
        "text" => write_answer(stream, 200, "It is 42."),
        "shape" => write_answer(stream, 200, "{\"reply\": \"42\"}"),
        "redirect" => write!(stream, "HTTP/1.1 302 X\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n"),
        "chunked" => {
            write!(stream, "{chunked}5\r\n{{\"ans\r\n")?;
            thread::sleep(Duration::from_millis(50));
            write!(stream, "b\r\nwer\":\"42\" }}\r\n0\r\n\r\n")
        }
        "slow" => {
            thread::sleep(Duration::from_millis(300));
            write_answer(stream, 200, "{\"answer\": \"42\"}")
        }
        "hang" => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        "cut" => {
            write!(stream, "{chunked}5\r\n{{\"ans\r\n")?;
            stream.shutdown(std::net::Shutdown::Both)
        }
        "large" => write_answer(stream, 200, &format!("{{\"answer\": \"{}\"}}", "x".repeat(20_000))),
        other => unreachable!("{other}"),
    }
}

#[test]
fn whatever_an_application_answers_is_told_as_what_it_is() {
    let application = Application::start(odd);
    let cases = [
        ("500", Err("the application answered with status 500: something broke"), 2),
        ("429", Err("the application answered with status 429: slow down"), 2),
        ("404", Err("the application answered with status 404: {\"detail\": \"Not Found\"}"), 1),
        ("text", Err("the application's answer (status 200) is not JSON"), 1),
        ("shape", Err("the answer has nothing at `$.answer`: its keys are reply"), 1),
        ("redirect", Err("a redirect to http://other.test/, which is not followed"), 1),
        ("chunked", Ok("42"), 1),
        ("slow", Ok("42"), 1),
        ("hang", Err("gave no answer within 2s (`limits.time`)"), 2),
        ("cut", Err("gave an answer that can't be read"), 2),
        ("large", Err("larger than `limits.http_bytes` allows"), 1),
    ];
    let rows: Vec<_> =
        cases.iter().map(|(does, ..)| json!({ "id": does, "inputs": { "does": does } }).to_string()).collect();
    let url = &application.url;
    let predict = format!(
        "{{ use: http_json, with: {{ url: \"{url}\", outputs: \"$.answer\" }}, retries: 1, concurrency: 16, \
         limits: {{ time: 2s, http_bytes: 10KB }}, grant: {{ http: [{{ url: \"{url}\", methods: [POST] }}] }} }}"
    );
    let project = project(&predict, "", &rows);
    let report = project.json(3, &["eval", "--allow", &format!("http={url}")]);
    assert_eq!((&report["predictions"]["answered"], &report["predictions"]["failed"]), (&2.into(), &9.into()));
    let counts = &report["scorers"]["response_length"];
    assert_eq!((&counts["scored"], &counts["unpredicted"], &counts["failed"]), (&2.into(), &9.into(), &0.into()));
    for (line, (does, expected, times)) in export(&project).iter().zip(cases) {
        match expected {
            Ok(outputs) => assert_eq!((&line["outputs"], &line["error"]), (&outputs.into(), &Value::Null)),
            Err(part) => {
                let error = line["error"].as_str().unwrap();
                assert!(error.contains(part) && line["outputs"].is_null(), "{does}: {error}");
            }
        }
        let asked = application.asked().iter().filter(|asked| asked.body["does"] == does).count();
        assert_eq!(asked, times, "{does}");
    }
    let shown = project.run(&["runs", "show", "last", "--failing"]).out;
    assert!(shown.contains("http_json: 2 rows answered, 9 failed, 4 asked again"), "{shown}");
    assert!(shown.contains("status 404"), "{shown}");
}

#[test]
fn an_application_that_recovers_is_asked_again() {
    let application = Application::start(|asked, stream| match asked.body["n"].as_u64() {
        Some(3) if is_first() => write_answer(stream, 503, "not yet"),
        _ => write_answer(stream, 200, "\"6\""),
    });
    let project = project(&predict(&application.url, ""), "", &[question(3)]);
    let report = project.json(0, &["eval", "--allow", &format!("http={}", application.url)]);
    assert_eq!(report["scorers"]["exact_match"]["passed"], 1, "{report:#}");
    assert_eq!(report["predictions"]["retries"], 1);
}

/// True the first time.
fn is_first() -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    static FIRST: AtomicBool = AtomicBool::new(true);
    FIRST.swap(false, Ordering::SeqCst)
}

#[test]
fn nothing_is_asked_without_the_operators_word() {
    let application = Application::answering(double);
    let suite = project(&predict(&application.url, ""), "", &[question(1)]);
    let said = suite.run(&["eval"]);
    assert!(said.code == 2 && said.err.contains(&format!("--allow http={}", application.url)), "{said:#?}");
    let open = project(&format!("{{ use: http_json, with: {{ url: \"{}\" }} }}", application.url), "", &[question(1)]);
    let said = open.run(&["eval", "--allow", &format!("http={}", application.url)]);
    assert!(said.code == 2 && said.err.contains("any server that the suite names"), "{said:#?}");
    assert!(application.asked().is_empty());
}

#[test]
fn what_is_wrong_with_a_predictor_is_told_with_its_line() {
    let check = |predict: &str, told: &str| {
        let said = project(predict, "", &[question(1)]).run(&["eval"]);
        assert!(said.code == 2 && said.err.contains("karat.yaml:3") && said.err.contains(told), "{said:#?}");
    };
    check("http_jsn", "did you mean `http_json`?");
    check("{ use: http_json, with: { ur: x } }", "unknown key `ur`");
    check("{ use: exact_match }", "unknown predictor `exact_match`");
    check(
        "{ use: http_json, with: { url: x }, grant: { http: [{ url: \"*\", methods: [POST] }] } }",
        "would be anything",
    );
}

#[test]
fn a_run_that_was_cut_off_asks_only_about_the_rest() {
    let application = Application::answering(double);
    let rows: Vec<_> = (0..300).map(question).collect();
    let project = project(&predict(&application.url, ", outputs: \"$.answer\""), "limits: { concurrency: 2 }", &rows);
    let allow = format!("http={}", application.url);
    let whole = project.json(0, &["eval", "--allow", &allow]);
    let expected = export(&project);
    let asked = application.asked().len();
    let again = project.json(0, &["eval", "--allow", &allow, "--resume", whole["run"].as_str().unwrap()]);
    assert_eq!(again["scorers"], whole["scorers"]);
    assert_eq!((application.asked().len(), export(&project)), (asked, expected));
}

#[test]
fn an_isolated_predictor_answers_the_same() {
    let application = Application::answering(double);
    let rows: Vec<_> = (0..20).map(question).collect();
    let predict = predict(&application.url, ", outputs: \"$.answer\"");
    let allow = format!("http={}", application.url);
    let run = |predict: &str| {
        let project = project(predict, "", &rows);
        project.json(0, &["eval", "--allow", &allow]);
        export(&project)
    };
    assert_eq!(run(&predict), run(&predict.replace("use: http_json", "use: http_json, isolation: process")));
}
