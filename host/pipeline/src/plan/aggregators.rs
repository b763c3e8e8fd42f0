//! The aggregators a suite names.

use std::sync::Arc;

use model::grant::Grant;
use model::limits::{CallLimits, Reuse};
use model::ports::{Binding, Call, Plugin};
use model::run::PlannedAggregator;
use model::suite::{AggregatorEntry, AggregatorUse, Suite};

use super::PlannedAggregation;
use super::items::{Finder, Found, limits};
use super::scorers;
use crate::nearest;
use crate::problem::{Problem, Problems};
use crate::suite::Source;

/// An aggregator entry of the suite.
pub(super) struct Entry {
    /// What it is called in results, as far as that is known.
    pub key: Option<String>,
    /// None where there is a problem.
    pub resolved: Option<(Arc<dyn Plugin>, PlannedAggregator)>,
}

/// Finds every aggregator; one entry for each of the suite's.
pub(super) fn resolve(
    suite: &Suite,
    source: &Source,
    finder: &mut Finder<'_>,
    scorers: &[scorers::Entry],
    defaults: CallLimits,
    problems: &mut Problems,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, entry) in suite.aggregators.iter().enumerate() {
        let at = format!("/aggregators/{index}");
        let entry = match entry {
            AggregatorEntry::Name(name) => AggregatorUse { aggregator: Some(name.clone()), ..AggregatorUse::default() },
            AggregatorEntry::Full(entry) => entry.clone(),
        };
        let found = finder.find(&at, (&entry).into()).map_err(|found| problems.0.extend(found)).ok();
        problems.0.extend(found.as_ref().and_then(|found| granted(&at, &found.grant, source)));
        let resolved = found.map(|found| planned(&entry, found, defaults));
        problems.0.extend(strangers(&at, &entry.of, scorers, source));
        let key = resolved.as_ref().map(|(_, planned)| planned.key.clone()).or(entry.name).or(entry.aggregator);
        problems.0.extend(repeated(&at, key.as_deref(), scorers, &entries, source));
        entries.push(Entry { key, resolved });
    }
    entries
}

/// What an aggregator sees is all rows of a run, which it keeps to itself; and what it makes of them must not follow from
/// what was kept while they were scored: a run that is taken up again has nothing of that.
fn granted(at: &str, grant: &Grant, source: &Source) -> Option<Problem> {
    (*grant != Grant::default()).then(|| {
        source
            .nearest_problem(&format!("{at}/grant"), "an aggregator can be granted nothing")
            .hint("`grant: {}` grants nothing; scorers of the same plugin can be granted what they need")
    })
}

/// Verdicts are those of scorers of the suite.
fn strangers(at: &str, of: &[String], scorers: &[scorers::Entry], source: &Source) -> Vec<Problem> {
    let keys: Vec<_> = scorers.iter().filter_map(|entry| entry.key.as_deref()).collect();
    let places = of.iter().enumerate().filter(|(_, key)| !keys.contains(&key.as_str()));
    let problem = |(place, key): (usize, &String)| {
        let hint = nearest::hint(key, "scorers", keys.iter().copied());
        source.problem(&format!("{at}/of/{place}"), format!("no scorer has the key `{key}`")).hint(hint)
    };
    places.map(problem).collect()
}

fn repeated(
    at: &str,
    key: Option<&str>,
    scorers: &[scorers::Entry],
    before: &[Entry],
    source: &Source,
) -> Option<Problem> {
    let key = key?;
    let of_scorers = scorers.iter().map(|entry| entry.key.as_deref()).position(|other| other == Some(key));
    let of_others = before.iter().map(|entry| entry.key.as_deref()).position(|other| other == Some(key));
    let first = match (of_scorers, of_others) {
        (Some(place), _) => format!("scorers[{place}]"),
        (None, Some(place)) => format!("aggregators[{place}]"),
        (None, None) => return None,
    };
    let message = format!("`{key}` is the key of `{first}` as well");
    Some(source.problem(at, message).hint("give one of them a `name` of its own"))
}

fn planned(entry: &AggregatorUse, found: Found, defaults: CallLimits) -> (Arc<dyn Plugin>, PlannedAggregator) {
    let plugin = found.plugin_ref();
    let Found { plugin: loaded, item: aggregator, parameters, .. } = found;
    let planned = PlannedAggregator {
        key: entry.name.clone().unwrap_or_else(|| aggregator.clone()),
        plugin,
        aggregator,
        parameters,
        of: entry.of.clone(),
        limits: limits(entry.limits.as_ref(), defaults),
        isolation: loaded.isolation(),
        config: entry.config.clone().unwrap_or_default(),
    };
    (loaded, planned)
}

/// Makes it ready to be called.
pub(super) fn bind(plugin: Arc<dyn Plugin>, planned: &PlannedAggregator, seed: u64) -> PlannedAggregation {
    let PlannedAggregator { key, aggregator, parameters, limits, config, .. } = planned.clone();
    let calls = vec![Call { key, item: aggregator, parameters }];
    PlannedAggregation {
        plugin,
        binding: Binding { calls, limits, reuse: Reuse::Run, seed, grant: Grant::default(), config },
    }
}
