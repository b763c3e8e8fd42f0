//! Prompts that a suite names in place of texts: `prompts:/support@prod`.
//!
//! Any text among the parameters of the predictor or of a scorer may be one. What the version says takes its place before the
//! suite is planned: a text, or the messages of a chat as a list. Where versions are kept is not known here.

use model::prompt::{PromptRef, SCHEME};
use model::suite::{PredictEntry, PredictUse, ScorerEntry, Suite};
use model::template::Template;
use serde_json::{Map, Value, json};

use crate::pointer;
use crate::problem::{Problem, Problems};
use crate::suite::SuiteFile;

/// The parts of a row that built-in predictors fill in; any other variable of a prompt is one of the row's inputs.
const PARTS: [&str; 6] = ["id", "inputs", "tags", "session", "trial", "seed"];

/// The prompts that a suite names, each once: those of the predictor, then those of scorers.
///
/// # Errors
///
/// Fails with every text that looks like one and is none.
pub fn named(file: &SuiteFile) -> Result<Vec<PromptRef>, Problems> {
    let (mut found, mut problems) = (Vec::new(), Problems::default());
    let mut suite = file.suite.clone();
    each(&mut suite, &mut |at, _, value| match reference(value) {
        Some(Ok(prompt)) if !found.contains(&prompt) => found.push(prompt),
        Some(Err(message)) => {
            let hint = "write it as `prompts:/support@prod` or `prompts:/support/3`";
            problems.0.push(file.source.problem(at, message).hint(hint));
        }
        _ => {}
    });
    problems.unless_empty(found)
}

/// The first place where a suite names a prompt, for what is wrong with it.
pub fn problem(file: &SuiteFile, of: &PromptRef, message: impl Into<String>) -> Problem {
    let mut first = None;
    each(&mut file.suite.clone(), &mut |at, _, value| {
        if first.is_none() && reference(value) == Some(Ok(of.clone())) {
            first = Some(at.to_owned());
        }
    });
    file.source.problem(&first.unwrap_or_default(), message)
}

/// Puts what a version of a prompt says in place of its name.
pub fn fill_in(suite: &mut Suite, prompt: &PromptRef, template: &Template) {
    each(suite, &mut |_, whose, value| {
        if reference(value) == Some(Ok(prompt.clone())) {
            *value = spelled_out(template, whose);
        }
    });
}

/// Puts another version of a prompt in place of those that the suite names: of the prompt of the same name, or of its only
/// one. Says whether there is any.
pub fn put(suite: &mut Suite, wanted: &PromptRef) -> bool {
    let mut names: Vec<String> = Vec::new();
    each(suite, &mut |_, _, value| names.extend(reference(value).and_then(Result::ok).map(|prompt| prompt.name)));
    names.sort();
    names.dedup();
    let name = match names.as_slice() {
        _ if names.contains(&wanted.name) => wanted.name.clone(),
        [only] => only.clone(),
        _ => return false,
    };
    each(suite, &mut |_, _, value| {
        if matches!(reference(value), Some(Ok(prompt)) if prompt.name == name) {
            *value = wanted.uri().into();
        }
    });
    true
}

/// Sets a parameter of the predictor; dots descend. Says whether there is a predictor.
pub fn set_parameter(suite: &mut Suite, name: &str, value: Value) -> bool {
    let Some(entry) = &mut suite.predict else { return false };
    if let PredictEntry::Name(name) = entry {
        *entry = PredictEntry::Full(PredictUse { predictor: Some(name.clone()), ..PredictUse::default() });
    }
    let PredictEntry::Full(entry) = entry else { return false };
    let mut within = entry.parameters.get_or_insert_default();
    let mut steps = name.split('.').peekable();
    while let Some(step) = steps.next() {
        let place = within.entry(step).or_insert_with(|| json!({}));
        if steps.peek().is_none() {
            *place = value;
            break;
        }
        if !place.is_object() {
            *place = json!({});
        }
        let Value::Object(inner) = place else { break };
        within = inner;
    }
    true
}

/// Whose parameters they are.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    BuiltInPredictor,
    Other,
}

/// Calls `visit` with every text among parameters, and where it stands.
fn each(suite: &mut Suite, visit: &mut dyn FnMut(&str, Whose, &mut Value)) {
    if let Some(PredictEntry::Full(entry)) = &mut suite.predict {
        let whose = if entry.plugin.is_none() { Whose::BuiltInPredictor } else { Whose::Other };
        entry.parameters.iter_mut().for_each(|fields| within(fields, "/predict/with", whose, visit));
    }
    for (place, entry) in suite.scorers.iter_mut().enumerate() {
        let ScorerEntry::Full(entry) = entry else { continue };
        let parts = [
            ("with", &mut entry.parameters),
            ("judge", &mut entry.judge),
            ("jury", &mut entry.jury),
            ("cascade", &mut entry.cascade),
        ];
        for (key, fields) in parts {
            let at = format!("/scorers/{place}/{key}");
            fields.iter_mut().for_each(|fields| within(fields, &at, Whose::Other, visit));
        }
    }
}

fn within(fields: &mut Map<String, Value>, at: &str, whose: Whose, visit: &mut dyn FnMut(&str, Whose, &mut Value)) {
    for (key, value) in fields {
        below(value, &pointer::join(at, key), whose, visit);
    }
}

fn below(value: &mut Value, at: &str, whose: Whose, visit: &mut dyn FnMut(&str, Whose, &mut Value)) {
    match value {
        Value::String(_) => visit(at, whose, value),
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                below(item, &format!("{at}/{place}"), whose, visit);
            }
        }
        Value::Object(fields) => within(fields, at, whose, visit),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The prompt that a text names; none where it is any other text.
fn reference(value: &Value) -> Option<Result<PromptRef, String>> {
    let text = value.as_str().filter(|text| text.starts_with(SCHEME))?;
    Some(text.parse())
}

fn spelled_out(template: &Template, whose: Whose) -> Value {
    let is_part = |name: &str| PARTS.contains(&name.split('.').next().unwrap_or(name));
    let place = |name: String| {
        let place = if is_part(&name) { format!("{{{{ {name} }}}}") } else { format!("{{{{ inputs.{name} }}}}") };
        (name, place)
    };
    let template = match whose {
        // Every variable has a value, so that all of them are filled in.
        Whose::BuiltInPredictor => {
            let places = template.variables().into_iter().map(place).collect();
            template.filled(&places).unwrap_or_else(|_| template.clone())
        }
        Whose::Other => template.clone(),
    };
    match template {
        Template::Text(text) => text.into(),
        Template::Chat(messages) => json!(messages),
    }
}

#[cfg(test)]
mod tests {
    use model::template::Message;

    use super::*;
    use crate::suite::parse;

    const SUITE: &str = r#"
name: t
data: { path: rows.jsonl }
predict: { use: openai_chat, with: { model: m, prompt: "prompts:/support@prod", extra: { list: ["prompts:/support/2", 1] } } }
scorers:
  - exact_match
  - { judge: { instructions: "prompts:/tone@latest", value: bool } }
"#;

    fn suite() -> SuiteFile {
        parse("karat.yaml", SUITE).expect("a suite")
    }

    fn prompt(text: &str) -> PromptRef {
        text.parse().expect("a prompt")
    }

    #[test]
    fn prompts_are_found_wherever_parameters_name_them() {
        let found = named(&suite()).expect("prompts");
        assert_eq!(found, ["support@2", "support@prod", "tone"].map(prompt));
        let broken = parse("karat.yaml", &SUITE.replace("support@prod", "support")).expect("a suite");
        let problems = named(&broken).expect_err("no name of a prompt").to_string();
        assert!(
            problems.starts_with("karat.yaml:4: predict.with.prompt: `prompts:/support` names no prompt"),
            "{problems}"
        );
        let problem = problem(&suite(), &prompt("tone"), "gone").to_string();
        assert_eq!(problem, "karat.yaml:7: scorers[1].judge.instructions: gone");
    }

    #[test]
    fn what_a_prompt_says_takes_its_place() {
        let SuiteFile { mut suite, .. } = suite();
        let text = Template::Text("{{ question }} of {{tags.who}}, {{ inputs.question }}".to_owned());
        fill_in(&mut suite, &prompt("support@prod"), &text);
        fill_in(&mut suite, &prompt("tone"), &text);
        let chat = Message { role: "user".to_owned(), content: "{{q}}".to_owned() };
        fill_in(&mut suite, &prompt("support@2"), &Template::Chat(vec![chat]));
        let suite = serde_json::to_value(suite).expect("JSON");
        let with = &suite["predict"]["with"];
        assert_eq!(with["prompt"], "{{ inputs.question }} of {{ tags.who }}, {{ inputs.question }}");
        assert_eq!(with["extra"]["list"], json!([[{ "role": "user", "content": "{{ inputs.q }}" }], 1]));
        let instructions = &suite["scorers"][1]["judge"]["instructions"];
        assert_eq!(instructions, "{{ question }} of {{tags.who}}, {{ inputs.question }}");
    }

    #[test]
    fn another_version_takes_the_place_of_those_that_are_named() {
        let SuiteFile { mut suite, .. } = suite();
        assert!(!put(&mut suite, &prompt("other@1")));
        assert!(put(&mut suite, &prompt("support@7")));
        let with = &serde_json::to_value(&suite).expect("JSON")["predict"]["with"];
        assert_eq!(
            (&with["prompt"], &with["extra"]["list"][0]),
            (&json!("prompts:/support/7"), &json!("prompts:/support/7"))
        );
        suite.predict = None;
        assert!(put(&mut suite, &prompt("other@1")));
        assert!(!set_parameter(&mut suite, "model", json!("b")));
    }

    #[test]
    fn a_parameter_of_the_predictor_is_set_where_its_name_leads() {
        let SuiteFile { mut suite, .. } = suite();
        assert!(set_parameter(&mut suite, "extra.top_p", json!(1)));
        assert!(set_parameter(&mut suite, "model", json!("b")));
        let with = &serde_json::to_value(&suite).expect("JSON")["predict"]["with"];
        assert_eq!((&with["extra"]["top_p"], &with["model"]), (&json!(1), &json!("b")));
    }
}
