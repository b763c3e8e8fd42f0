//! The scorers a suite names, found in plugins.

use std::collections::HashMap;
use std::sync::Arc;

use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Isolation};
use model::ports::{Catalog, Plugin, PluginError};
use model::run::{PlannedScorer, PluginRef};
use model::scorer::{PluginDescription, ScorerDescription};
use model::suite::{ScorerEntry, ScorerLimits, ScorerUse, Suite};
use serde_json::Value;

use super::default_limits;
use crate::nearest;
use crate::problem::{Problem, Problems};
use crate::schema::Checker;
use crate::suite::Source;

/// A scorer entry of the suite.
pub(super) struct Entry {
    /// What it is called in results, as far as that is known.
    pub key: Option<String>,
    /// None where there is a problem.
    pub resolved: Option<(Arc<dyn Plugin>, PlannedScorer)>,
}

/// Finds every scorer; one entry for each of the suite's.
pub(super) fn resolve(suite: &Suite, source: &Source, catalog: &dyn Catalog, problems: &mut Problems) -> Vec<Entry> {
    if suite.scorers.is_empty() {
        let hint = "name at least one under `scorers`, such as `- exact_match`";
        problems.0.push(source.problem("/scorers", "there are no scorers").hint(hint));
    }
    let mut resolving =
        Resolving { source, plugins: Plugins { catalog, built_in: HashMap::new(), loaded: HashMap::new() } };
    let defaults = default_limits(suite);
    let mut entries: Vec<Entry> = Vec::new();
    for (index, entry) in suite.scorers.iter().enumerate() {
        let at = format!("/scorers/{index}");
        let entry = match entry {
            ScorerEntry::Name(name) => ScorerUse { scorer: Some(name.clone()), ..ScorerUse::default() },
            ScorerEntry::Full(entry) => entry.clone(),
        };
        let resolved = resolving.entry(&at, &entry, defaults).map_err(|found| problems.0.extend(found)).ok();
        let key = resolved.as_ref().map(|(_, scorer)| scorer.key.clone()).or(entry.name).or(entry.scorer);
        problems.0.extend(repeated(&at, key.as_deref(), &entries, source));
        entries.push(Entry { key, resolved });
    }
    entries
}

fn repeated(at: &str, key: Option<&str>, before: &[Entry], source: &Source) -> Option<Problem> {
    let key = key?;
    let first = before.iter().position(|entry| entry.key.as_deref() == Some(key))?;
    let message = format!("`{key}` is the key of `scorers[{first}]` as well");
    Some(source.problem(at, message).hint("give one of them a `name` of its own"))
}

struct Resolving<'a> {
    source: &'a Source,
    plugins: Plugins<'a>,
}

type Found = (Arc<dyn Plugin>, ScorerDescription);

impl Resolving<'_> {
    fn entry(
        &mut self,
        at: &str,
        entry: &ScorerUse,
        defaults: CallLimits,
    ) -> Result<(Arc<dyn Plugin>, PlannedScorer), Vec<Problem>> {
        let (plugin, scorer) = match &entry.plugin {
            Some(path) => self.in_plugin(at, path, entry),
            None => self.built_in(at, entry),
        }
        .map_err(|problem| vec![problem])?;
        let parameters = self.parameters(at, entry, &scorer)?;
        let key = entry.name.clone().unwrap_or_else(|| scorer.name.clone());
        let description = plugin.description();
        let planned = PlannedScorer {
            key,
            plugin: PluginRef {
                name: description.name.clone(),
                version: description.version.clone(),
                digest: description.digest.clone(),
            },
            scorer: scorer.name,
            parameters,
            value: scorer.value,
            better: scorer.better,
            needs_outputs: scorer.needs.outputs,
            limits: limits(entry.limits.as_ref(), defaults),
            reuse: entry.reuse.unwrap_or_default(),
            isolation: plugin.isolation(),
            grant: self.grant(at, entry, description).map_err(|problem| vec![problem])?,
            config: entry.config.clone().unwrap_or_default(),
        };
        Ok((plugin, planned))
    }

    /// What the plugin asks for, as far as the suite grants it: a built-in one gets all of it.
    fn grant(&self, at: &str, entry: &ScorerUse, plugin: &PluginDescription) -> Result<Grant, Problem> {
        let asks = &plugin.asks;
        let granted = entry.grant.as_ref();
        if let Some(Err(wrong)) = granted.map(Grant::check) {
            return Err(self.source.problem(&format!("{at}/grant"), wrong));
        }
        match granted {
            None if entry.plugin.is_none() => Ok(asks.clone()),
            None if asks.is_empty() => Ok(Grant::default()),
            None => {
                let example = serde_json::to_string(&asks.without_reasons()).unwrap_or_default();
                let message = format!("`{}` asks to {}", plugin.name, asks.words().join("; to "));
                Err(self
                    .source
                    .problem(at, message)
                    .hint(format!("to grant all of it add `grant: {example}`, or `grant: {{}}` to grant nothing")))
            }
            Some(granted) => {
                let unasked = granted.beyond(asks);
                match unasked.first() {
                    None => Ok(asks.meet(granted)),
                    Some(first) => {
                        let message = format!("`{}` does not ask to {first}", plugin.name);
                        Err(self
                            .source
                            .problem(&format!("{at}/grant"), message)
                            .hint("take it out: a grant is for what a plugin asks for"))
                    }
                }
            }
        }
    }

    fn built_in(&mut self, at: &str, entry: &ScorerUse) -> Result<Found, Problem> {
        let Some(name) = entry.scorer.as_deref() else {
            let hint = "`use` names a built-in scorer, `plugin` a file with scorers";
            return Err(self.source.problem(at, "neither `use` nor `plugin` is there").hint(hint));
        };
        let plugin = self
            .plugins
            .built_in(name, entry.isolation.unwrap_or_default())
            .map_err(|error| self.refused(at, error))?;
        let found = plugin.and_then(|plugin| Some((Arc::clone(&plugin), scorer(&plugin, name)?)));
        found.ok_or_else(|| {
            let mut names = self.plugins.catalog.built_in_scorers();
            names.sort_unstable();
            let hint = nearest::hint(name, "built-in scorers", names.iter().map(String::as_str));
            self.source.nearest_problem(&format!("{at}/use"), format!("unknown scorer `{name}`")).hint(hint)
        })
    }

    fn in_plugin(&mut self, at: &str, path: &str, entry: &ScorerUse) -> Result<Found, Problem> {
        let plugin = self.plugins.load(path, entry.isolation.unwrap_or_default());
        let plugin = plugin.map_err(|error| self.refused(&format!("{at}/plugin"), error))?;
        let scorers = &plugin.description().scorers;
        match (entry.scorer.as_deref(), scorers.as_slice()) {
            (None, [only]) => {
                let only = only.clone();
                Ok((plugin, only))
            }
            (None, _) => {
                let hint = format!("add `use` with one of {}", nearest::list(names(&plugin)));
                let message = format!("`{path}` offers {} scorers", scorers.len());
                Err(self.source.problem(at, message).hint(hint))
            }
            (Some(name), _) => scorer(&plugin, name).map(|scorer| (Arc::clone(&plugin), scorer)).ok_or_else(|| {
                let names: Vec<_> = names(&plugin).collect();
                let message = format!("`{path}` has no scorer `{name}`");
                let hint = nearest::hint(name, "its scorers", names);
                self.source.problem(&format!("{at}/use"), message).hint(hint)
            }),
        }
    }

    fn refused(&self, at: &str, error: PluginError) -> Problem {
        Problem { hint: error.hint, ..self.source.problem(at, error.message) }
    }

    fn parameters(&self, at: &str, entry: &ScorerUse, scorer: &ScorerDescription) -> Result<Json, Vec<Problem>> {
        let parameters = Value::Object(entry.parameters.clone().unwrap_or_default());
        let schema = scorer.parameters.to_value();
        let violations = Checker::new(&schema).map(|checker| checker.check(&parameters)).map_err(|reason| {
            let message = format!("the schema that `{}` declares for its parameters is none: {reason}", scorer.name);
            vec![self.source.problem(at, message).hint("this is the plugin's mistake; ask its author to mend it")]
        })?;
        if violations.is_empty() {
            return Json::from_serialize(&parameters)
                .map_err(|error| vec![self.source.problem(&format!("{at}/with"), error.to_string())]);
        }
        let base = format!("{at}/with");
        Err(violations.into_iter().map(|violation| self.source.violation(&base, violation)).collect())
    }
}

fn scorer(plugin: &Arc<dyn Plugin>, name: &str) -> Option<ScorerDescription> {
    plugin.description().scorers.iter().find(|scorer| scorer.name == name).cloned()
}

fn names(plugin: &Arc<dyn Plugin>) -> impl Iterator<Item = &str> + Clone {
    plugin.description().scorers.iter().map(|scorer| scorer.name.as_str())
}

fn limits(said: Option<&ScorerLimits>, defaults: CallLimits) -> CallLimits {
    let said = said.cloned().unwrap_or_default();
    CallLimits {
        fuel: said.fuel.map_or(defaults.fuel, |fuel| fuel.0),
        time: said.time.map_or(defaults.time, |time| time.0),
        memory: said.memory.map_or(defaults.memory, |memory| memory.0),
        output: said.output.map_or(defaults.output, |output| output.0),
        host_calls: said.host_calls.map_or(defaults.host_calls, |calls| calls.0),
        handles: said.handles.unwrap_or(defaults.handles),
        log_lines: said.log_lines.unwrap_or(defaults.log_lines),
        log_bytes: said.log_bytes.map_or(defaults.log_bytes, |bytes| bytes.0),
        http_requests: said.http_requests.unwrap_or(defaults.http_requests),
        http_bytes: said.http_bytes.map_or(defaults.http_bytes, |bytes| bytes.0),
    }
}

/// Loads each plugin once, and a built-in one only where a suite asks for it.
struct Plugins<'a> {
    catalog: &'a dyn Catalog,
    built_in: HashMap<Isolation, Vec<Arc<dyn Plugin>>>,
    loaded: HashMap<(String, Isolation), Result<Arc<dyn Plugin>, PluginError>>,
}

impl Plugins<'_> {
    fn built_in(&mut self, name: &str, isolation: Isolation) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        let before = self.built_in.entry(isolation).or_default();
        if let Some(loaded) = before.iter().find(|plugin| scorer(plugin, name).is_some()) {
            return Ok(Some(Arc::clone(loaded)));
        }
        let loaded = self.catalog.built_in(name, isolation)?;
        before.extend(loaded.clone());
        Ok(loaded)
    }

    fn load(&mut self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        let loaded = self.loaded.entry((path.to_owned(), isolation));
        loaded.or_insert_with(|| self.catalog.load(path, isolation)).clone()
    }
}
