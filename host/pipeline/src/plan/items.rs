//! What a suite names, found in plugins: with its parameters checked and its grant worked out.

use std::collections::HashMap;
use std::sync::Arc;

use model::grant::Grant;
use model::json::Json;
use model::limits::{CallLimits, Isolation};
use model::ports::{Catalog, Plugin, PluginError};
use model::run::PluginRef;
use model::scorer::{ItemKind, PluginDescription};
use model::suite::{AggregatorUse, PluginLimits, PredictUse, ScorerUse};
use serde_json::{Map, Value};

use super::written;
use crate::nearest;
use crate::problem::Problem;
use crate::schema::Checker;
use crate::suite::Source;

/// What is said in a suite about an item of a plugin, whatever its kind.
#[derive(Clone, Copy)]
pub(super) struct Use<'a> {
    pub kind: ItemKind,
    /// Its name.
    pub item: Option<&'a str>,
    /// A plugin that is not built in.
    pub plugin: Option<&'a str>,
    pub parameters: Option<&'a Map<String, Value>>,
    /// The key of the entry that the parameters stand under.
    pub under: &'static str,
    pub grant: Option<&'a Grant>,
    pub isolation: Option<Isolation>,
}

impl<'a> From<&'a ScorerUse> for Use<'a> {
    fn from(entry: &'a ScorerUse) -> Self {
        Self {
            kind: ItemKind::Scorer,
            item: entry.scorer.as_deref(),
            plugin: entry.plugin.as_deref(),
            parameters: entry.parameters.as_ref(),
            under: "with",
            grant: entry.grant.as_ref(),
            isolation: entry.isolation,
        }
    }
}

impl<'a> From<&'a AggregatorUse> for Use<'a> {
    fn from(entry: &'a AggregatorUse) -> Self {
        Self {
            kind: ItemKind::Aggregator,
            item: entry.aggregator.as_deref(),
            plugin: entry.plugin.as_deref(),
            parameters: entry.parameters.as_ref(),
            under: "with",
            grant: entry.grant.as_ref(),
            isolation: entry.isolation,
        }
    }
}

impl<'a> From<&'a PredictUse> for Use<'a> {
    fn from(entry: &'a PredictUse) -> Self {
        Self {
            kind: ItemKind::Predictor,
            item: entry.predictor.as_deref(),
            plugin: entry.plugin.as_deref(),
            parameters: entry.parameters.as_ref(),
            under: "with",
            grant: entry.grant.as_ref(),
            isolation: entry.isolation,
        }
    }
}

/// An item that was found.
pub(super) struct Found {
    pub plugin: Arc<dyn Plugin>,
    /// Its name within the plugin.
    pub item: String,
    pub parameters: Json,
    pub grant: Grant,
}

impl Found {
    pub(super) fn plugin_ref(&self) -> PluginRef {
        let PluginDescription { name, version, digest, .. } = self.plugin.description();
        PluginRef { name: name.clone(), version: version.clone(), digest: digest.clone() }
    }
}

/// Finds items in plugins; each plugin is loaded once.
pub(super) struct Finder<'a> {
    source: &'a Source,
    plugins: Plugins<'a>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(source: &'a Source, catalog: &'a dyn Catalog) -> Self {
        Self { source, plugins: Plugins { catalog, built_in: HashMap::new(), loaded: HashMap::new() } }
    }

    /// Finds what is named at a place of the suite.
    pub(super) fn find(&mut self, at: &str, named: Use<'_>) -> Result<Found, Vec<Problem>> {
        let (plugin, item) = match named.plugin {
            Some(path) => self.in_plugin(at, path, named),
            None => self.built_in(at, named),
        }
        .map_err(|problem| vec![problem])?;
        let parameters = self.parameters(at, named, &plugin, &item)?;
        let grant = self.grant(at, named, plugin.description()).map_err(|problem| vec![problem])?;
        Ok(Found { plugin, item, parameters, grant })
    }

    /// What the plugin asks for, as far as the suite grants it: a built-in one gets all of it that needs no word of the
    /// suite.
    fn grant(&self, at: &str, named: Use<'_>, plugin: &PluginDescription) -> Result<Grant, Problem> {
        let asks = &plugin.asks;
        if let Some(Err(wrong)) = named.grant.map(Grant::check) {
            return Err(self.source.problem(&format!("{at}/grant"), wrong));
        }
        match named.grant {
            None if named.plugin.is_none() && !asks.is_open() => {
                let parameters = Value::Object(named.parameters.cloned().unwrap_or_default());
                Ok(asks.with_roles(&written::roles(&parameters)))
            }
            None if asks.is_empty() => Ok(Grant::default()),
            None => {
                let example = serde_json::to_string(&asks.without_reasons()).unwrap_or_default();
                let message = format!("`{}` asks to {}", plugin.name, asks.words().join("; to "));
                let how = match asks.is_open() {
                    true => "say under `grant` what of it this suite means, such as `grant: { http: [{ url: \"https://api.example.com\", methods: [POST] }] }`".to_owned(),
                    false => format!("to grant all of it add `grant: {example}`, or `grant: {{}}` to grant nothing"),
                };
                Err(self.source.problem(at, message).hint(how))
            }
            Some(granted) => match granted.beyond(asks).first() {
                None => Ok(asks.meet(granted)),
                Some(first) => {
                    let message = format!("`{}` does not ask to {first}", plugin.name);
                    Err(self
                        .source
                        .problem(&format!("{at}/grant"), message)
                        .hint("take it out: a grant is for what a plugin asks for"))
                }
            },
        }
    }

    fn built_in(&mut self, at: &str, named: Use<'_>) -> Result<(Arc<dyn Plugin>, String), Problem> {
        let noun = named.kind.noun();
        let Some(name) = named.item else {
            let hint = format!("`use` names a built-in {noun}, `plugin` a file with {noun}s");
            return Err(self.source.problem(at, "neither `use` nor `plugin` is there").hint(hint));
        };
        let plugin = self
            .plugins
            .built_in(named.kind, name, named.isolation.unwrap_or_default())
            .map_err(|error| self.refused(at, error))?;
        plugin.map(|plugin| (plugin, name.to_owned())).ok_or_else(|| {
            let mut names = self.plugins.catalog.built_in_names(named.kind);
            names.sort_unstable();
            let hint = nearest::hint(name, &format!("built-in {noun}s"), names.iter().map(String::as_str));
            self.source.nearest_problem(&format!("{at}/use"), format!("unknown {noun} `{name}`")).hint(hint)
        })
    }

    fn in_plugin(&mut self, at: &str, path: &str, named: Use<'_>) -> Result<(Arc<dyn Plugin>, String), Problem> {
        let noun = named.kind.noun();
        let plugin = self.plugins.load(path, named.isolation.unwrap_or_default());
        let plugin = plugin.map_err(|error| self.refused(&format!("{at}/plugin"), error))?;
        let items = plugin.description().items(named.kind);
        let names = || items.iter().map(|(name, _)| *name);
        let item = match (named.item, &items[..]) {
            (None, [(only, _)]) => (*only).to_owned(),
            (None, []) => {
                let message = format!("`{path}` offers no {noun}");
                return Err(self.source.problem(at, message).hint("see what it offers: `karat plugin inspect`"));
            }
            (None, _) => {
                let hint = format!("add `use` with one of {}", nearest::list(names()));
                let message = format!("`{path}` offers {} {noun}s", items.len());
                return Err(self.source.problem(at, message).hint(hint));
            }
            (Some(name), _) if names().any(|offered| offered == name) => name.to_owned(),
            (Some(name), _) => {
                let message = format!("`{path}` has no {noun} `{name}`");
                let hint = nearest::hint(name, &format!("its {noun}s"), names());
                return Err(self.source.problem(&format!("{at}/use"), message).hint(hint));
            }
        };
        Ok((Arc::clone(&plugin), item))
    }

    fn refused(&self, at: &str, error: PluginError) -> Problem {
        Problem { hint: error.hint, ..self.source.problem(at, error.message) }
    }

    fn parameters(&self, at: &str, named: Use<'_>, plugin: &Arc<dyn Plugin>, item: &str) -> Result<Json, Vec<Problem>> {
        let parameters = Value::Object(named.parameters.cloned().unwrap_or_default());
        let items = plugin.description().items(named.kind);
        let schema = items.iter().find(|(name, _)| *name == item).map(|(_, schema)| schema.to_value());
        let schema = schema.unwrap_or_default();
        let violations = Checker::new(&schema).map(|checker| checker.check(&parameters)).map_err(|reason| {
            let message = format!("the schema that `{item}` declares for its parameters is none: {reason}");
            vec![self.source.problem(at, message).hint("this is the plugin's mistake; ask its author to mend it")]
        })?;
        if violations.is_empty() {
            return Json::from_serialize(&parameters)
                .map_err(|error| vec![self.source.problem(&format!("{at}/{}", named.under), error.to_string())]);
        }
        let base = format!("{at}/{}", named.under);
        Err(violations.into_iter().map(|violation| self.source.violation(&base, violation)).collect())
    }
}

/// The ceilings of a call, where the suite says nothing else the usual ones.
pub(super) fn limits(said: Option<&PluginLimits>, defaults: CallLimits) -> CallLimits {
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
    fn built_in(
        &mut self,
        kind: ItemKind,
        name: &str,
        isolation: Isolation,
    ) -> Result<Option<Arc<dyn Plugin>>, PluginError> {
        let before = self.built_in.entry(isolation).or_default();
        let offers = |plugin: &&Arc<dyn Plugin>| plugin.description().items(kind).iter().any(|(item, _)| *item == name);
        if let Some(loaded) = before.iter().find(offers) {
            return Ok(Some(Arc::clone(loaded)));
        }
        let loaded = self.catalog.built_in(kind, name, isolation)?;
        before.extend(loaded.clone());
        Ok(loaded)
    }

    fn load(&mut self, path: &str, isolation: Isolation) -> Result<Arc<dyn Plugin>, PluginError> {
        let loaded = self.loaded.entry((path.to_owned(), isolation));
        loaded.or_insert_with(|| self.catalog.load(path, isolation)).clone()
    }
}
