//! The scorers a suite names.

use std::sync::Arc;

use model::grant::RowPart;
use model::limits::CallLimits;
use model::ports::Plugin;
use model::reducer::Reducer;
use model::run::PlannedScorer;
use model::scorer::{ScorerDescription, ValueKind};
use model::suite::{ScorerEntry, ScorerUse, Suite};

use super::items::{Finder, Found, Use, limits};
use super::written;
use crate::problem::{Problem, Problems};
use crate::suite::Source;

/// A scorer entry of the suite.
pub(super) struct Entry {
    /// What it is called in results, as far as that is known.
    pub key: Option<String>,
    /// None where there is a problem.
    pub resolved: Option<(Arc<dyn Plugin>, PlannedScorer)>,
}

/// Finds every scorer; one entry for each of the suite's.
pub(super) fn resolve(
    suite: &Suite,
    source: &Source,
    finder: &mut Finder<'_>,
    defaults: CallLimits,
    problems: &mut Problems,
) -> Vec<Entry> {
    if suite.scorers.is_empty() {
        let hint = "name at least one under `scorers`, such as `- exact_match`";
        problems.0.push(source.problem("/scorers", "there are no scorers").hint(hint));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (index, entry) in suite.scorers.iter().enumerate() {
        let at = format!("/scorers/{index}");
        let entry = match entry {
            ScorerEntry::Name(name) => ScorerUse { scorer: Some(name.clone()), ..ScorerUse::default() },
            ScorerEntry::Full(entry) => entry.clone(),
        };
        let spelled = written::spelled_out(&at, &entry, source);
        let Ok((entry, under)) = spelled.map_err(|problem| problems.0.push(problem)) else {
            entries.push(Entry { key: entry.name, resolved: None });
            continue;
        };
        let named = Use { under, ..(&entry).into() };
        let found = finder.find(&at, named).map_err(|found| problems.0.extend(found)).ok();
        if found.is_some() && entry.plugin.is_none() {
            let parameters = entry.parameters.clone().unwrap_or_default().into();
            problems.0.extend(written::misnamed(&format!("{at}/{under}"), &parameters, source));
        }
        let reduce = entry.reduce.or(suite.reduce);
        let resolved = found.and_then(|found| planned(&entry, found, reduce, defaults));
        let at_reduce = if entry.reduce.is_some() { format!("{at}/reduce") } else { "/reduce".to_owned() };
        let scorer = resolved.as_ref().map(|(_, scorer)| scorer);
        problems.0.extend(scorer.and_then(|scorer| unfoldable(&at_reduce, reduce?, scorer, suite, source)));
        problems.0.extend(resolved.as_ref().and_then(|(_, scorer)| withheld(&at, scorer, source)));
        let key = resolved.as_ref().map(|(_, scorer)| scorer.key.clone()).or(entry.name).or(entry.scorer);
        problems.0.extend(repeated(&at, key.as_deref(), &entries, source));
        entries.push(Entry { key, resolved });
    }
    entries
}

/// A scorer that needs the outputs sees them.
fn withheld(at: &str, scorer: &PlannedScorer, source: &Source) -> Option<Problem> {
    let judge = scorer.grant.judge.as_ref().filter(|judge| !judge.may_send(RowPart::Outputs))?;
    let message = format!("`{}` needs the outputs, which it may not put to its judges", scorer.key);
    let hint = match judge.sends.as_deref() {
        Some([]) | None => "add `outputs` to `sends`",
        Some(_) => {
            "add `outputs` to `sends`, or take `sends` out; a manifest that leaves them out is its author's to mend"
        }
    };
    scorer.needs_outputs.then(|| source.nearest_problem(&format!("{at}/grant/judge"), message).hint(hint))
}

fn repeated(at: &str, key: Option<&str>, before: &[Entry], source: &Source) -> Option<Problem> {
    let key = key?;
    let first = before.iter().position(|entry| entry.key.as_deref() == Some(key))?;
    let message = format!("`{key}` is the key of `scorers[{first}]` as well");
    Some(source.problem(at, message).hint("give one of them a `name` of its own"))
}

/// A reducer that the scorer's verdicts, or the trials, are not made for.
fn unfoldable(at: &str, reduce: Reducer, scorer: &PlannedScorer, suite: &Suite, source: &Source) -> Option<Problem> {
    let (key, kind) = (&scorer.key, scorer.value);
    if !reduce.takes(kind) {
        let (what, hint) = match kind {
            ValueKind::Number => ("numbers", "`mean`, `median`, `mode`, `min` and `max` can"),
            ValueKind::Label => ("labels", "`mode` and `majority` can"),
            _ => ("texts or lists", "leave `reduce` out: each trial counts"),
        };
        // What is said of the whole suite is meant for those whom it suits, but numbers would be averaged unasked.
        if at == "/reduce" && kind != ValueKind::Number {
            return None;
        }
        let message = format!("`{reduce}` can't fold what `{key}` gives, which is {what}");
        let hint =
            if at == "/reduce" { format!("give `{key}` a `reduce` of its own: {hint}") } else { hint.to_owned() };
        return Some(source.nearest_problem(at, message).hint(hint));
    }
    let (needs, trials) = (reduce.needs()?.get(), suite.trials.unwrap_or(1));
    (needs > trials).then(|| {
        let message = format!("`{reduce}` needs {needs} trials of a row, and there are {trials}");
        source.nearest_problem(at, message).hint(format!("raise `trials` to {needs} or more"))
    })
}

fn planned(
    entry: &ScorerUse,
    found: Found,
    reduce: Option<Reducer>,
    defaults: CallLimits,
) -> Option<(Arc<dyn Plugin>, PlannedScorer)> {
    let plugin = found.plugin_ref();
    let Found { plugin: loaded, item, parameters, grant } = found;
    let looks_at_outputs = entry.plugin.is_none() && written::look_at_outputs(&parameters.to_value());
    let scorer: &ScorerDescription = loaded.description().scorers.iter().find(|scorer| scorer.name == item)?;
    let planned = PlannedScorer {
        key: entry.name.clone().unwrap_or_else(|| item.clone()),
        plugin,
        prompt: scorer.prompt.as_ref().map(|prompt| prompt.version.clone()),
        parameters,
        value: scorer.value,
        better: scorer.better,
        reduce: reduce.filter(|reduce| reduce.takes(scorer.value)),
        needs_outputs: scorer.needs.outputs || looks_at_outputs,
        limits: limits(entry.limits.as_ref(), defaults),
        reuse: entry.reuse.unwrap_or_default(),
        isolation: loaded.isolation(),
        grant,
        config: entry.config.clone().unwrap_or_default(),
        scorer: item,
    };
    Some((loaded, planned))
}
