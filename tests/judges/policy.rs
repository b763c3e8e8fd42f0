//! Who may be asked with which key is the operator's to say.

use serde_json::json;

use super::{Judged, KEY, provider};
use crate::support::{Project, said};

#[test]
fn an_address_that_is_not_public_and_a_key_of_ones_own_take_the_operator() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 1, "", "", "");
    let said = judged.project.run(&["eval"]);
    assert_eq!(said.code, 2, "{said:#?}");
    let url = &provider.url;
    assert!(said.err.contains(&format!("--allow http={url} --allow env=JUDGE_KEY@{url}")), "{said:#?}");
    assert!(provider.asked().is_empty());
}

#[test]
fn a_key_that_is_not_set_is_told_before_anything_runs() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 1, "", "", "");
    let (http, env) = (format!("http={}", judged.url), format!("env=JUDGE_KEY@{}", judged.url));
    let said = judged.project.run(&["eval", "--allow", &http, "--allow", &env]);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains("the key of the endpoint `small` is not there: `JUDGE_KEY` is not set"), "{said:#?}");
}

#[test]
fn a_key_may_be_in_a_file() {
    let provider = provider();
    let judged = Judged::new(&provider.url, 2, "", "", "");
    let suite = judged.project.read("karat.yaml").replace("{ env: JUDGE_KEY }", "{ file: key.txt }");
    judged.project.write("karat.yaml", suite);
    judged.project.write("key.txt", format!("{KEY}\n"));
    let (http, file) = (format!("http={}", judged.url), format!("file=key.txt@{}", judged.url));
    let report = judged.project.json(0, &["eval", "--allow", &http, "--allow", &file]);
    assert_eq!(report["scorers"]["grades"]["scored"], 2);
}

/// What is wrong with a suite about judges, in order.
#[track_caller]
fn check(endpoints: &str, expected: &[&str]) {
    let suite = format!(
        "name: t\ndata: {{ path: rows.jsonl }}\n{endpoints}\nscorers:\n  - {{ plugin: ./asks.wasm, use: grades, grant: {{ judge: {{ roles: [default] }} }} }}\n"
    );
    let row = json!({ "inputs": { "q": 1 }, "outputs": "x" }).to_string();
    let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &row)]);
    project.write("asks.wasm", super::plugin());
    let said = said(project.command(&["eval"]).output().unwrap());
    assert_eq!(said.code, 2, "{said:#?}");
    for expected in expected {
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    }
}

#[test]
fn what_is_wrong_with_judges_is_told_with_its_line() {
    check("", &["karat.yaml:5: scorers[0]: `grades` asks the judge `default`, and nobody is behind that role"]);
    let bound = "judges: { default: smal }";
    check(
        &format!("endpoints: {{ small: {{ model: \"openai:/m\" }} }}\n{bound}"),
        &["karat.yaml:4: judges.default: there is no endpoint `smal`", "did you mean `small`?"],
    );
    check(
        "endpoints:\n  small: { model: gpt-5 }\njudges: { default: small }",
        &[
            "karat.yaml:4: endpoints.small.model: `gpt-5` should be a provider and a model, such as `openai:/gpt-5-mini`",
        ],
    );
    check(
        "endpoints:\n  small: { model: \"openai:/m\", with: { n: 5 } }\njudges: { default: small }",
        &["karat.yaml:4: endpoints.small.with: `n` would change what a question may cost", "`max_output_tokens`"],
    );
    check(
        "endpoints:\n  small: { model: \"azure:/d\", fallback: none, redact: [{ pattern: \"(\" }] }\njudges: { default: small }",
        &["where `azure:/d` is found is not said", "there is no endpoint `none`", "`(` is no regular expression"],
    );
}
