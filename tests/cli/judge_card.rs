//! `karat judge card` of scorers that ask nobody: real labels of people, and everything that can be wrong.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::application::Application;
use crate::support::{Project, real_data, root};

const SUITE: &str = r"
name: halueval
data:
  path: rows.jsonl
  map: { inputs.question: user_query, outputs: chatgpt_response, expectations.label: hallucination }
scorers:
  - { use: regex_match, name: long, with: { pattern: '(?s)^.{501}' } }
  - { use: response_length, with: { max: 500 } }
";

#[track_caller]
fn close(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} instead of {expected}");
}

/// Every answer of more than 500 characters is said to be a hallucination: HaluEval, and what scikit-learn, statsmodels and
/// `krippendorff` say of it (`tests/statistics/known_answers.py`).
#[test]
fn a_card_says_what_the_usual_packages_say() {
    let Some(folder) = real_data("a_card_says_what_the_usual_packages_say") else { return };
    let project = Project::with(&[("karat.yaml", SUITE)]);
    project.write("rows.jsonl", std::fs::read(folder.join("halueval_general.jsonl")).unwrap());
    let known = std::fs::read(root().join("host/decisions/tests/known_answers.json")).unwrap();
    let known: Value = serde_json::from_slice(&known).unwrap();
    let known = &known["halueval"];

    let label = ["--human", "expectations.label"];
    let made = project.json(0, &[&["judge", "card", "karat.yaml"], &label[..]].concat());
    assert_eq!((&made["rows"], &made["labelled"]), (&json!(4507), &json!(4507)));
    assert_eq!(made["not_compared"][0]["scorer"], "response_length", "{made:#}");
    let card = &made["cards"][0];
    let agreement = &card["agreement"];
    assert_eq!((&card["scorer"], &card["compared"]), (&json!("long"), &json!(4507)));
    assert_eq!((&agreement["labels"], &agreement["confusion"]), (&json!(["false", "true"]), &known["confusion"]));
    close(&agreement["kappa"]["value"], &known["kappa"]);
    let half = agreement["kappa"]["upper"].as_f64().unwrap() - agreement["kappa"]["value"].as_f64().unwrap();
    close(&json!(half / 1.959_963_984_540_054), &known["kappa_error"]);
    close(&agreement["alpha"]["value"], &known["alpha"]);
    close(&agreement["macro_f1"], &known["macro_f1"]);
    for place in 0..2 {
        let scores = &agreement["by_label"][place];
        for name in ["precision", "recall", "f1"] {
            close(&scores[name], &known[name][place]);
        }
    }
    assert!(card["length_slope"]["lower"].as_f64().unwrap() > 0.5, "it likes length: {card:#}");

    // The run is kept, and people's own word for what holds is taken as it is.
    let within = ["judge", "card", "last", "--scorer", "response_length/within", "--pass", "no"];
    let other = project.json(0, &[&within, &label[..]].concat());
    close(&other["cards"][0]["agreement"]["kappa"]["value"], &known["kappa"]);
    let said = project.run(&[&["judge", "card", "last"], &label[..]].concat());
    let first = "`long` says what people say on 48.5 % of 4,507 rows, less often than by chance (kappa -0.033";
    assert!(said.out.starts_with(first), "{}", said.out);
    assert!(said.out.contains("response_length is not held against people: people say `no`, `yes`"), "{}", said.out);
}

/// Of 40 answers every other one is right; people have looked at the first 20, and would pass one more.
fn labelled() -> Project {
    let project = Project::new();
    let row = |n: usize| {
        let mut row = json!({
            "id": format!("q{n}"), "inputs": { "n": n }, "outputs": format!("answer {n}"),
            "expectations": { "expected_response": format!("answer {}", n / 2 * 2) }, "tags": { "grade": (n % 3).to_string() },
        });
        if n < 20 {
            row["expectations"]["label"] = json!(if n.is_multiple_of(2) || n == 7 { "good" } else { "bad" });
        }
        row.to_string()
    };
    let rows: Vec<_> = (0..40).map(row).collect();
    let suite = "name: t\ndata: { path: rows.jsonl }\nscorers: [exact_match, levenshtein]\n";
    project.write("karat.yaml", suite);
    project.write("rows.jsonl", rows.join("\n"));
    project
}

#[test]
fn people_who_labelled_some_rows_correct_the_judge_on_all() {
    let project = labelled();
    project.json(0, &["eval"]);
    let arguments = ["judge", "card", "last", "--human", "expectations.label", "--pass", "good", "--next", "3"];
    let made = project.json(0, &[&arguments[..], &["--scorer", "exact_match"]].concat());
    let card = &made["cards"][0];
    assert_eq!((&made["labelled"], &card["compared"]), (&json!(20), &json!(20)));
    assert_eq!(card["agreement"]["confusion"], json!([[9, 0], [1, 10]]));
    let corrected = &card["corrected"];
    close(&corrected["judged"], &json!(0.5));
    close(&corrected["people"]["value"], &json!(0.55));
    let value = corrected["corrected"]["value"].as_f64().unwrap();
    assert!((value - 0.55).abs() < 0.01 && corrected["corrected"]["of"] == 40, "{corrected}");
    let next = card["next"]["drawn"].as_array().unwrap();
    let is_unlabelled = |id: &Value| id.as_str().unwrap()[1..].parse::<u32>().unwrap() >= 20;
    assert!(next.len() == 3 && next.iter().all(is_unlabelled), "{next:?}");
    let sentence = card["sentence"].as_str().unwrap();
    assert!(sentence.contains("corrected by people, the rate of all rows is 55.0 %"), "{sentence}");
    // Asked once, a scorer says nothing of how far it agrees with itself; asked again, this one does.
    assert!(card["consistency"].is_null());
    let again = [&["judge", "card", ".", "--repeats", "3", "--scorer", "exact_match"], &arguments[3..]].concat();
    assert_eq!(project.json(0, &again)["cards"][0]["consistency"]["unanimous"]["value"], 1.0);
}

#[test]
fn numbers_are_held_against_numbers() {
    let project = labelled();
    project.json(0, &["eval"]);
    let made = project.json(0, &["judge", "card", "last", "--human", "tags.grade", "--scorer", "levenshtein"]);
    let card = &made["cards"][0];
    assert_eq!((&card["scale"], &card["compared"]), (&json!("interval"), &json!(40)));
    assert!(card["agreement"]["alpha"]["value"].as_f64().unwrap() < 0.5, "{card:#}");
}

#[test]
fn what_can_not_be_held_against_people_is_told_why() {
    let project = labelled();
    let unknown = project.run(&["judge", "card", "last", "--human", "expectations.label"]);
    assert!(unknown.code == 2 && unknown.err.contains("there is no run `last`"), "{}", unknown.err);
    project.json(0, &["eval"]);
    for (arguments, told) in [
        (&["--human", "label"][..], "a label stands in a field of `expectations`"),
        (&["--human", "expectations..label"], "a name is missing"),
        (&["--human", "expectations.verdict"], "none of 40 rows has a label in `expectations.verdict`"),
        (
            &["--human", "expectations.label", "--scorer", "tone"],
            "there is no scorer `tone` in this run; there are `exact_match`",
        ),
        (
            &["--human", "expectations.label", "--scorer", "exact_match"],
            "people say `bad`, `good`, where it says true or false",
        ),
        (&["--human", "expectations.label", "--scorer", "exact_match/sub"], "it has no verdict on any row"),
        (
            &["--human", "expectations.label", "--pass", "great"],
            "no row has the label `great`: people say `bad`, `good`",
        ),
        (&["--human", "expectations.label", "--repeats", "3"], "can't be repeated"),
    ] {
        let said = project.run(&[&["judge", "card", "last"], arguments].concat());
        assert_eq!(said.code, 2, "{arguments:?}: {said:#?}");
        assert!(said.err.contains(told), "{arguments:?}: {}", said.err);
    }
    project.write(
        "rows.jsonl",
        r#"{"id": "q1", "inputs": {}, "outputs": "x", "expectations": {"expected_response": "x", "label": ["a"]}}"#,
    );
    project.json(0, &["eval"]);
    let said = project.run(&["judge", "card", "last", "--human", "expectations.label"]);
    assert!(said.err.contains("row `q1`: what stands in `expectations.label` is no label"), "{}", said.err);
}

/// What a scorer says of two answers that differ is no doubt of its own.
#[test]
fn an_application_that_answers_differently_does_not_make_a_judge_unsure() {
    let times: Mutex<HashMap<String, u32>> = Mutex::default();
    let application = Application::answering(move |asked| {
        let mut times = times.lock().unwrap();
        let time = times.entry(asked.body.to_string()).or_default();
        *time += 1;
        json!(if time.is_multiple_of(2) { "yes" } else { "no" })
    });
    let url = &application.url;
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\npredict: {{ use: http_json, with: {{ url: \"{url}\", outputs: $ }}, \
         grant: {{ http: [{{ url: \"{url}\", methods: [POST] }}] }} }}\nscorers: [exact_match]\n"
    );
    let row = |n: u32| json!({ "inputs": { "n": n }, "expectations": { "expected_response": "yes", "label": n % 2 } });
    let rows: Vec<_> = (0..6).map(|n| row(n).to_string()).collect();
    let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
    let allow = format!("http={url}");
    let card = ["judge", "card", ".", "--human", "expectations.label", "--allow", &allow, "--repeats"];
    let twice = &project.json(0, &[&card[..], &["2"]].concat())["cards"][0];
    assert!(twice["consistency"].is_null(), "{twice:#}");
    assert!(twice["notes"][0].as_str().unwrap().contains("asked anew"), "{twice:#}");
    let often = &project.json(0, &[&card[..], &["4"]].concat())["cards"][0];
    assert_eq!(
        often["consistency"]["unanimous"],
        json!({ "value": 1.0, "lower": often["consistency"]["unanimous"]["lower"], "upper": 1.0, "of": 12 })
    );
}
