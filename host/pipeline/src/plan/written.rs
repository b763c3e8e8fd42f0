//! Judges that a suite writes itself: `judge`, `jury` and `cascade` in place of `use` and `with`.

use model::suite::ScorerUse;
use serde_json::Value;

use crate::problem::Problem;
use crate::suite::Source;

/// The entry as one that uses a built-in scorer, and the key under which its parameters stand.
pub(super) fn spelled_out(at: &str, entry: &ScorerUse, source: &Source) -> Result<(ScorerUse, &'static str), Problem> {
    let written = [("judge", &entry.judge), ("jury", &entry.jury), ("cascade", &entry.cascade)];
    let mut written = written.into_iter().filter_map(|(kind, parameters)| Some((kind, parameters.as_ref()?)));
    let Some((kind, parameters)) = written.next() else { return Ok((entry.clone(), "with")) };
    let others =
        [("use", entry.scorer.is_some()), ("plugin", entry.plugin.is_some()), ("with", entry.parameters.is_some())];
    let other = others.into_iter().find_map(|(key, is_there)| is_there.then_some(key));
    if let Some(other) = other.or_else(|| written.next().map(|(kind, _)| kind)) {
        let message = format!("`{kind}` and `{other}` can't stand together");
        return Err(source
            .problem(at, message)
            .hint(format!("take one of them out: `{kind}` says all that is needed")));
    }
    let (scorer, parameters) = (Some(kind.to_owned()), Some(parameters.clone()));
    Ok((ScorerUse { scorer, parameters, judge: None, jury: None, cascade: None, ..entry.clone() }, kind))
}

/// What instructions may name.
const PLACES: [&str; 6] = ["inputs", "outputs", "expectations", "documents", "calls", "conversation"];

/// What is wrong with the places of all instructions under `at`.
pub(super) fn misnamed(at: &str, parameters: &Value, source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (pointer, instructions) in instructions(at, parameters) {
        let named = places(instructions);
        if named.is_empty() && !at.ends_with("/with") {
            let hint = "name what it is to look at, such as `Is {{ outputs }} polite?`";
            problems.push(source.problem(&pointer, "the judge would be shown nothing of the row").hint(hint));
        }
        for place in named {
            let (part, field) = place.split_once('.').map_or((place, None), |(part, field)| (part, Some(field)));
            let has_fields = PLACES[..3].contains(&part);
            if !PLACES.contains(&part) || field.is_some_and(|field| field.is_empty() || !has_fields) {
                let message = format!("`{{{{ {place} }}}}` names nothing of a row");
                let hint = "there are `inputs`, `outputs`, `expectations`, fields of these such as `inputs.question`, \
                            `documents`, `calls` and `conversation`";
                problems.push(source.problem(&pointer, message).hint(hint));
            }
        }
    }
    problems
}

/// Whether some instructions look at the outputs.
pub(super) fn look_at_outputs(parameters: &Value) -> bool {
    let looks = |(_, instructions): (String, &str)| {
        places(instructions).iter().any(|place| place.split('.').next() == Some("outputs"))
    };
    instructions("", parameters).into_iter().any(looks)
}

/// The roles that parameters name: each `role`, and what a jury is made of; `default` where there are none.
pub(super) fn roles(parameters: &Value) -> Vec<String> {
    fn collect(value: &Value, roles: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("role", Value::String(role)) => roles.push(role.clone()),
                        ("of", Value::Array(of)) => {
                            roles.extend(of.iter().filter_map(Value::as_str).map(str::to_owned));
                            collect(value, roles);
                        }
                        _ => collect(value, roles),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, roles)),
            _ => {}
        }
    }
    let mut roles = Vec::new();
    collect(parameters, &mut roles);
    if roles.is_empty() {
        roles.push("default".to_owned());
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// All instructions in parameters, with where they stand.
fn instructions<'a>(at: &str, parameters: &'a Value) -> Vec<(String, &'a str)> {
    let own = parameters.get("instructions").and_then(Value::as_str).map(|text| (format!("{at}/instructions"), text));
    let of = parameters.get("of").and_then(Value::as_array).into_iter().flatten().enumerate();
    let jurors = of.filter_map(|(place, juror)| {
        Some((format!("{at}/of/{place}/instructions"), juror.get("instructions")?.as_str()?))
    });
    own.into_iter().chain(jurors).collect()
}

/// What stands between `{{` and `}}`.
fn places(instructions: &str) -> Vec<&str> {
    instructions.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn roles_are_found_wherever_they_stand() {
        assert_eq!(roles(&json!({ "instructions": "x" })), ["default"]);
        assert_eq!(roles(&json!({ "role": "strong" })), ["strong"]);
        assert_eq!(roles(&json!({ "of": ["b", { "role": "a", "instructions": "x" }, "b"] })), ["a", "b"]);
        assert_eq!(roles(&json!({ "first": { "role": "small" }, "then": { "role": "large" } })), ["large", "small"]);
    }

    #[test]
    fn outputs_are_needed_where_they_are_looked_at() {
        assert!(look_at_outputs(&json!({ "of": [{ "role": "a", "instructions": "{{outputs.text}}" }] })));
        assert!(!look_at_outputs(&json!({ "instructions": "{{ inputs.outputs }}" })));
    }
}
