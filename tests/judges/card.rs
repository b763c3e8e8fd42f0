//! `karat judge card` of judges that are asked: how far they agree with themselves, and what a verdict takes.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{KEY, completion};
use crate::support::application::{Application, Asked, write_answer};
use crate::support::{Project, said};

/// The number of the row that is asked about, and whether our answer is shown first.
fn shown(asked: &Asked) -> (u32, bool) {
    let messages = asked.body["messages"].as_array().unwrap();
    let text: String = messages.iter().filter_map(|message| message["content"].as_str()).collect();
    let behind = text.rsplit_once("reply no. ").unwrap().1;
    let number: String = behind.chars().take_while(char::is_ascii_digit).collect();
    let is_first = text.rfind("other no. ").is_none_or(|other| text.rfind("reply no. ").unwrap() < other);
    (number.parse().unwrap(), is_first)
}

/// Finds even replies good, but of the fourth it says something else each time. Of two it takes ours, or on every fifth row
/// what stands first.
fn judge() -> Application {
    let times: Mutex<HashMap<u32, u32>> = Mutex::default();
    Application::start(move |asked, stream| {
        let (number, is_first) = shown(asked);
        let schema = asked.body["response_format"].to_string();
        let verdict = if schema.contains("neither") {
            json!(if is_first || number.is_multiple_of(5) { "first" } else { "second" })
        } else {
            let mut times = times.lock().unwrap();
            let time = times.entry(number).or_default();
            *time += 1;
            json!(number.is_multiple_of(2) && (number != 4 || !time.is_multiple_of(2)))
        };
        let reply = json!({ "rationale": "so it is", "verdict": verdict });
        write_answer(stream, 200, &completion(&reply.to_string()).to_string())
    })
}

fn project(url: &str) -> Project {
    let suite = format!(
        "name: judged\ndata: {{ path: rows.jsonl }}\n\
         endpoints:\n  small: {{ model: \"openai:/m\", base_url: \"{url}/v1\", api_key: {{ env: JUDGE_KEY }}, price: {{ input: 1, output: 2 }} }}\n\
         judges: {{ default: small }}\n\
         scorers:\n  - {{ name: good, judge: {{ instructions: \"Is {{{{ outputs }}}} good?\", value: bool }} }}\n  - pairwise\n  - exact_match\n"
    );
    let row = |n: u32| {
        let label = (n < 10).then(|| n.is_multiple_of(2));
        json!({
            "id": format!("q{n}"), "inputs": { "question": "?" }, "outputs": format!("reply no. {n}"),
            "expectations": { "expected_response": format!("other no. {n}"), "label": label, "preferred": "win" },
        })
        .to_string()
    };
    let rows: Vec<_> = (0..20).map(row).collect();
    Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))])
}

#[test]
fn a_judge_is_held_against_people_and_itself() {
    let application = judge();
    let project = project(&application.url);
    let (http, env) = (format!("http={}", application.url), format!("env=JUDGE_KEY@{}", application.url));
    let allowed = ["--allow", &http, "--allow", &env];
    let arguments = ["judge", "card", ".", "--human", "expectations.label", "--repeats", "2", "--json"];
    let made = said(project.command(&[&arguments[..], &allowed].concat()).env("JUDGE_KEY", KEY).output().unwrap());
    assert_eq!(made.code, 0, "{made:#?}");
    let made: Value = serde_json::from_str(&made.out).unwrap();

    // Those that ask nobody are not asked for their card.
    assert_eq!((made["cards"].as_array().unwrap().len(), &made["not_compared"][0]["scorer"]), (1, &json!("pairwise")));
    let card = &made["cards"][0];
    assert_eq!((&card["scorer"], &card["compared"]), (&json!("good"), &json!(10)));
    let consistency = &card["consistency"];
    assert_eq!((&consistency["unanimous"]["value"], &consistency["unanimous"]["of"]), (&json!(0.95), &json!(20)));
    assert_eq!(card["next"]["drawn"].as_array().unwrap().len(), 10);
    let verdicts = &card["verdicts"];
    assert_eq!((&verdicts["count"], &verdicts["questions"]), (&json!(40), &json!(1.0)));
    assert!((verdicts["usd"].as_f64().unwrap() - 20e-6).abs() < 1e-12, "{verdicts}");
    assert!(verdicts["latency"]["p50"].as_f64().unwrap() > 0.0, "{verdicts}");

    let arguments = ["judge", "card", "last", "--human", "expectations.preferred", "--scorer", "pairwise"];
    let pairwise = &project.json(0, &arguments)["cards"][0];
    assert_eq!((&pairwise["order_flips"]["value"], &pairwise["order_flips"]["of"]), (&json!(0.2), &json!(20)));
    assert_eq!(
        (&pairwise["verdicts"]["questions"], &pairwise["agreement"]["confusion"]),
        (&json!(2.0), &json!([[0, 0], [4, 16]]))
    );
    assert!(pairwise["length_slope"].is_null(), "a label is no number: {pairwise:#}");
    let told = project.run(&arguments).out;
    assert!(told.contains("verdicts that the order flips"), "{told}");
    assert!(told.contains("40 verdicts: 2.0 questions and 0.0000 USD each; latency p50"), "{told}");
}
