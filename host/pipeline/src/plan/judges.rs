//! The judges that a suite binds to roles.

use std::collections::BTreeMap;

use model::endpoint::{Endpoint, Flow, Judges, Model, Redaction};
use model::grant::JudgeRule;
use model::run::PlannedPredictor;
use model::suite::{EndpointEntry, Suite};

use super::prices;
use super::scorers::Entry;
use crate::nearest;
use crate::pointer;
use crate::problem::{Problem, Problems};
use crate::suite::Source;

/// For questions that say nothing else.
const MAX_OUTPUT_TOKENS: u32 = 4096;

/// What a request says beside the question that its price depends on: not for `with` to say.
const COUNTED: [&str; 7] =
    ["max_tokens", "max_completion_tokens", "n", "best_of", "maxOutputTokens", "candidateCount", "num_predict"];

/// Somebody who was granted a judge, and where in the suite that is.
pub(super) struct Asking {
    at: String,
    name: String,
    rule: JudgeRule,
}

/// Everybody who may ask.
pub(super) fn asked(predictor: Option<&PlannedPredictor>, scorers: &[Entry]) -> Vec<Asking> {
    let predictor = predictor.and_then(|planned| {
        let rule = planned.grant.judge.clone()?;
        Some(Asking { at: "/predict".to_owned(), name: planned.predictor.clone(), rule })
    });
    let scorers = scorers.iter().enumerate().filter_map(|(index, entry)| {
        let (_, scorer) = entry.resolved.as_ref()?;
        let rule = scorer.grant.judge.clone()?;
        Some(Asking { at: format!("/scorers/{index}"), name: scorer.key.clone(), rule })
    });
    predictor.into_iter().chain(scorers).collect()
}

/// Everybody who is behind a role.
pub(super) fn all(suite: &Suite, source: &Source, problems: &mut Problems) -> Judges {
    let known = endpoints(suite, source, problems);
    Judges { roles: suite.judges.clone(), endpoints: known }
}

/// Finds who is behind the roles that are asked for.
pub(super) fn resolve(
    suite: &Suite,
    source: &Source,
    asking: &[Asking],
    max_usd: Option<f64>,
    problems: &mut Problems,
) -> Judges {
    let known = endpoints(suite, source, problems);
    let mut roles = BTreeMap::new();
    for Asking { at, name, rule } in asking {
        for role in &rule.roles {
            match suite.judges.get(role) {
                Some(endpoint) => _ = roles.insert(role.clone(), endpoint.clone()),
                None => {
                    let message = format!("`{name}` asks the judge `{role}`, and nobody is behind that role");
                    let hint = format!(
                        "name an endpoint and bind it: `endpoints: {{ small: {{ model: \"openai:/gpt-5-mini\", api_key: {{ env: OPENAI_API_KEY }} }} }}` and `judges: {{ {role}: small }}`"
                    );
                    problems.0.push(source.problem(at, message).hint(hint));
                }
            }
        }
    }
    let judges = Judges { roles, endpoints: known }.in_use();
    let has_ceiling = max_usd.is_some() || asking.iter().any(|asking| asking.rule.max_usd_per_run.is_some());
    for (name, _) in judges.endpoints.iter().filter(|(_, endpoint)| has_ceiling && endpoint.price.is_none()) {
        let message = format!("what `{name}` costs is not known, so that no ceiling on dollars could hold");
        let hint = "add US dollars for a million tokens: `price: { input: 0.25, output: 2 }`";
        problems.0.push(source.problem(&pointer::join("/endpoints", name), message).hint(hint));
    }
    judges
}

/// All endpoints of the suite, with every default filled in.
fn endpoints(suite: &Suite, source: &Source, problems: &mut Problems) -> BTreeMap<String, Endpoint> {
    let known = filled_in(&suite.endpoints, source, problems);
    for (role, name) in suite.judges.iter().filter(|(_, name)| !suite.endpoints.contains_key(*name)) {
        problems.0.push(unknown(&pointer::join("/judges", role), name, &suite.endpoints, source));
    }
    known
}

/// Endpoints that a file has under `endpoints`, with every default filled in.
pub(crate) fn filled_in(entries: &Entries, source: &Source, problems: &mut Problems) -> BTreeMap<String, Endpoint> {
    let mut known = BTreeMap::new();
    for (name, entry) in entries {
        match endpoint(name, entry, entries, source) {
            Ok(endpoint) => _ = known.insert(name.clone(), endpoint),
            Err(found) => problems.0.extend(found),
        }
    }
    known
}

type Entries = BTreeMap<String, EndpointEntry>;

fn endpoint(name: &str, entry: &EndpointEntry, all: &Entries, source: &Source) -> Result<Endpoint, Vec<Problem>> {
    let at = pointer::join("/endpoints", name);
    let mut problems = Vec::new();
    let model: Option<Model> =
        entry.model.parse().map_err(|wrong: String| problems.push(source.problem(&format!("{at}/model"), wrong))).ok();
    let base_url = entry.base_url.clone().or_else(|| model.as_ref()?.provider.base_url().map(str::to_owned));
    let base_url = base_url.unwrap_or_default().trim_end_matches('/').to_owned();
    if let Some(model) = &model
        && !["http://", "https://"].iter().any(|scheme| base_url.starts_with(scheme))
    {
        let message = match entry.base_url {
            Some(_) => format!("`{base_url}` should begin with `https://` or `http://`"),
            None => format!("where `{model}` is found is not said"),
        };
        let hint = "add such as `base_url: https://NAME.openai.azure.com`";
        problems.push(source.nearest_problem(&format!("{at}/base_url"), message).hint(hint));
    }
    if let Some(fallback) = &entry.fallback
        && !all.contains_key(fallback)
    {
        problems.push(unknown(&format!("{at}/fallback"), fallback, all, source));
    }
    for (place, redaction) in entry.redact.iter().flatten().enumerate() {
        if let Redaction::Pattern { pattern, .. } = redaction
            && let Err(error) = regex::Regex::new(pattern)
        {
            let message = format!("`{pattern}` is no regular expression: {error}");
            problems.push(source.problem(&format!("{at}/redact/{place}"), message));
        }
    }
    let parameters = entry.parameters.iter().flatten();
    // Some providers have them within an object.
    let within = parameters.clone().filter_map(|(_, value)| value.as_object()).flatten();
    for (key, _) in parameters.chain(within).filter(|(key, _)| COUNTED.contains(&key.as_str())) {
        let message = format!("`{key}` would change what a question may cost at the most");
        let hint = "say it as `max_output_tokens`; one question has one reply";
        problems.push(source.problem(&format!("{at}/with"), message).hint(hint));
    }
    if entry.price.is_some_and(|price| !(price.input >= 0.0 && price.output >= 0.0)) {
        problems.push(source.problem(&format!("{at}/price"), "a price is not below zero"));
    }
    let Some(model) = model.filter(|_| problems.is_empty()) else { return Err(problems) };
    let usual = Flow::default();
    Ok(Endpoint {
        price: entry.price.or_else(|| prices::of(&model, &base_url)),
        model,
        base_url,
        api_key: entry.api_key.clone(),
        parameters: entry.parameters.clone().unwrap_or_default(),
        max_output_tokens: entry.max_output_tokens.unwrap_or(MAX_OUTPUT_TOKENS),
        redact: entry.redact.clone().unwrap_or_default(),
        fallback: entry.fallback.clone(),
        flow: Flow {
            concurrency: entry.concurrency.unwrap_or(usual.concurrency),
            requests_per_minute: entry.requests_per_minute,
            tokens_per_minute: entry.tokens_per_minute,
            retries: entry.retries.unwrap_or(usual.retries),
            timeout: entry.timeout.map_or(usual.timeout, |timeout| timeout.0),
            deadline: entry.deadline.map_or(usual.deadline, |deadline| deadline.0),
        },
    })
}

fn unknown(at: &str, name: &str, all: &Entries, source: &Source) -> Problem {
    let known = all.keys().map(String::as_str);
    source.problem(at, format!("there is no endpoint `{name}`")).hint(nearest::hint(name, "endpoints", known))
}
