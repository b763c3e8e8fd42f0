//! The predictor a suite names.

use std::sync::Arc;
use std::time::Duration;

use model::limits::{CallLimits, Reuse};
use model::ports::{Binding, Call, Plugin};
use model::run::PlannedPredictor;
use model::suite::{PredictEntry, PredictUse};

use super::PlannedPrediction;
use super::items::{Finder, Found, limits};
use crate::problem::Problems;

/// Rows that an application is asked about at once, where nobody says otherwise.
const CONCURRENCY: u32 = 8;

/// Rows that an application is asked about at once; a command that goes on is asked one at a time, and each further one
/// would be another process.
pub(super) fn concurrency(entry: &PredictEntry) -> u32 {
    let PredictEntry::Full(entry) = entry else { return CONCURRENCY };
    let is_command = entry.grant.as_ref().is_some_and(|grant| !grant.process.is_empty());
    entry.concurrency.unwrap_or(if is_command { 1 } else { CONCURRENCY })
}

/// How often a row is asked again, where nobody says otherwise.
const RETRIES: u32 = 2;

/// Finds the predictor. None where there is a problem.
pub(super) fn resolve(
    entry: &PredictEntry,
    finder: &mut Finder<'_>,
    defaults: CallLimits,
    problems: &mut Problems,
) -> Option<(Arc<dyn Plugin>, PlannedPredictor)> {
    let concurrency = concurrency(entry);
    let entry = match entry {
        PredictEntry::Name(name) => PredictUse { predictor: Some(name.clone()), ..PredictUse::default() },
        PredictEntry::Full(entry) => entry.clone(),
    };
    let found = finder.find("/predict", (&entry).into()).map_err(|found| problems.0.extend(found)).ok()?;
    let plugin = found.plugin_ref();
    let Found { plugin: loaded, item: predictor, parameters, grant } = found;
    // A command goes on as long as the instance that began it.
    let usual = if grant.process.is_empty() { Reuse::Never } else { Reuse::Run };
    let planned = PlannedPredictor {
        plugin,
        predictor,
        parameters,
        limits: limits(entry.limits.as_ref(), defaults),
        reuse: entry.reuse.unwrap_or(usual),
        isolation: loaded.isolation(),
        grant,
        config: entry.config.unwrap_or_default(),
        concurrency,
        retries: entry.retries.unwrap_or(RETRIES),
        spans_within: entry.spans_within.map_or(Duration::ZERO, |span| span.0),
    };
    Some((loaded, planned))
}

/// Makes it ready to be called.
pub(super) fn bind((plugin, planned): (Arc<dyn Plugin>, PlannedPredictor), seed: u64) -> PlannedPrediction {
    let name = planned.predictor.clone();
    let call = Call { key: name.clone(), item: name, parameters: planned.parameters.clone() };
    let binding = Binding {
        calls: vec![call],
        limits: planned.limits,
        reuse: planned.reuse,
        seed,
        grant: planned.grant.clone(),
        config: planned.config.clone(),
    };
    PlannedPrediction { plugin, binding, concurrency: planned.concurrency, retries: planned.retries }
}
