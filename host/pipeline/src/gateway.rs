//! What a gateway is told of the models behind it: a file with the endpoints that suites have, too.

use std::collections::BTreeMap;

use model::endpoint::Endpoint;
use model::quantity::TimeSpan;
use model::suite::EndpointEntry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan;
use crate::pointer;
use crate::problem::Problems;
use crate::suite::{Source, document, typed};

/// A file of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct File {
    /// Who can be called, by the name that clients use as the model.
    #[schemars(extend("minProperties" = 1))]
    endpoints: BTreeMap<String, EndpointEntry>,
    /// US dollars that all calls together may cost in a day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    max_usd: Option<f64>,
}

/// Who can be called, and what all calls may cost in a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    pub endpoints: BTreeMap<String, Endpoint>,
    /// US dollars.
    pub max_usd: Option<f64>,
}

/// Models may think for long before they say anything; how long a client waits is for the client to say.
const TIMEOUT: TimeSpan = TimeSpan(std::time::Duration::from_secs(600));

/// Reads a file of YAML. `file` is its name as the user gave it.
///
/// # Errors
///
/// Fails with everything that is wrong with it; [`of_value`] likewise.
pub fn parse(file: &str, text: &str) -> Result<Gateway, Problems> {
    let (read, source) = document(file, text)?;
    resolve(read, source)
}

/// The same of a file in another language, of which no lines are known.
pub fn of_value(file: &str, value: Value) -> Result<Gateway, Problems> {
    let (read, source) = typed(value, Source::new(file))?;
    resolve(read, source)
}

fn resolve(file: File, source: Source) -> Result<Gateway, Problems> {
    let File { mut endpoints, max_usd } = file;
    let mut problems = Problems::default();
    for (name, entry) in &mut endpoints {
        let unused = [("with", entry.parameters.is_some()), ("redact", entry.redact.is_some())];
        for (key, _) in unused.iter().filter(|(_, is_said)| *is_said) {
            let at = format!("{}/{key}", pointer::join("/endpoints", name));
            let message = "a gateway passes calls on as they are";
            problems.0.push(source.problem(&at, message).hint("leave it out: what clients say is what is sent"));
        }
        entry.timeout.get_or_insert(TIMEOUT);
    }
    let found = plan::endpoints(&endpoints, &source, &mut problems);
    for (name, _) in found.iter().filter(|(_, endpoint)| max_usd.is_some() && endpoint.price.is_none()) {
        let message = format!("what `{name}` costs is not known, so that `max_usd` could not hold");
        let hint = "add US dollars for a million tokens: `price: { input: 0.25, output: 2 }`";
        problems.0.push(source.problem(&pointer::join("/endpoints", name), message).hint(hint));
    }
    problems.unless_empty(Gateway { endpoints: found, max_usd })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_those_of_suites_with_more_time() {
        let text =
            "max_usd: 5\nendpoints:\n  small: { model: 'openai:/gpt-5-mini', api_key: { env: OPENAI_API_KEY } }\n";
        let gateway = parse("gateway.yaml", text).expect("a gateway");
        let small = &gateway.endpoints["small"];
        assert_eq!((gateway.max_usd, small.flow.timeout), (Some(5.0), TIMEOUT.0));
        assert_eq!((&*small.base_url, small.price.is_some()), ("https://api.openai.com/v1", true));
        let value = json!({ "max_usd": 5, "endpoints": { "small": {
            "model": "openai:/gpt-5-mini", "api_key": { "env": "OPENAI_API_KEY" } } } });
        assert_eq!(of_value("gateway.toml", value), Ok(gateway));
    }

    #[test]
    fn what_would_not_hold_is_refused() {
        let wrong = |text: &str| parse("gateway.yaml", text).expect_err("wrong");
        let local = "model: 'openai:/x', base_url: 'http://127.0.0.1:1/v1'";
        for (text, expected) in [
            (format!("endpoints:\n  a: {{ {local}, with: {{ seed: 1 }} }}"), "passes calls on as they are"),
            (format!("endpoints:\n  a: {{ {local}, redact: [email] }}"), "passes calls on as they are"),
            (format!("max_usd: 1\nendpoints:\n  a: {{ {local} }}"), "what `a` costs is not known"),
            (format!("endpoints:\n  a: {{ {local}, fallback: b }}"), "there is no endpoint `b`"),
            ("endpoints: {}".to_owned(), "endpoints"),
            (format!("endpoints:\n  a: {{ {local} }}\nmax_usd: -1"), "max_usd"),
        ] {
            let said = format!("{:?}", wrong(&text));
            assert!(said.contains(expected), "{said}");
        }
    }
}
