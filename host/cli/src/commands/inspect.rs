//! `karat plugin inspect`: what a component asks for, what a suite would grant it, and what it offers.
//!
//! What stands in the file comes first, before anything of it is compiled or run.

use std::collections::BTreeMap;
use std::path::Path;

use model::grant::Grant;
use model::json::Json;
use model::ports::{Plugin as _, PluginError};
use model::scorer::{ItemDescription, PluginDescription};
use model::suite::{ScorerEntry, ScorerUse};
use serde::Serialize;

use super::eval;
use super::plugin::{load, unusable, verdict};
use crate::exit::{Exit, Stop};
use crate::quantities::count;
use crate::terminal::{Terminal, printable, printable_line};
use crate::wiring::Plugins;

/// What `--json` prints.
#[derive(Serialize)]
struct Inspection<'a> {
    #[serde(flatten)]
    description: &'a PluginDescription,
    /// Bytes of the component.
    size: usize,
    imports: &'a [String],
    /// By the scorer's key in the suite that was named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    granted: BTreeMap<String, Grant>,
}

pub(crate) fn run(plugins: &Plugins, name: &str, suite: Option<&Path>, terminal: &Terminal) -> Result<Exit, Stop> {
    let (bytes, inspected) = Plugins::read_plugin(name).map_err(unusable)?;
    let asks = inspected.asks().map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        unusable(PluginError { message: format!("`{name}` is no plugin: {error}"), hint })
    })?;
    let granted = suite.map(|suite| granted(suite, name, &asks)).transpose()?.unwrap_or_default();
    if !terminal.is_json() {
        terminal.data(format_args!("digest   blake3:{}", blake3::hash(&bytes).to_hex()))?;
        terminal.data(format_args!("size     {} bytes", count(bytes.len() as u64)))?;
        terminal.data(format_args!("can use  {}", can_use(&inspected.imports)))?;
        for what in asks.words() {
            terminal.data(format_args!("asks to  {}", printable_line(&what)))?;
        }
        for (key, grant) in &granted {
            terminal.data(format_args!("\nas `{}` it would be granted", printable_line(key)))?;
            let words = grant.words();
            for what in if words.is_empty() { vec!["nothing".to_owned()] } else { words } {
                terminal.data(format_args!("  {}", printable_line(&what)))?;
            }
        }
    }
    let loaded = load(plugins, name)?;
    let description = loaded.description();
    if terminal.is_json() {
        terminal.json(&Inspection { description, size: loaded.size(), imports: loaded.imports(), granted })?;
        return Ok(Exit::Done);
    }
    terminal.data(format_args!("\n{} {}", printable_line(&description.name), printable_line(&description.version)))?;
    for scorer in &description.scorers {
        terminal.data(format_args!("\n{}  ({})", scorer.name, verdict(scorer)))?;
        terminal.data(format_args!("  {}", printable(&scorer.summary)))?;
        terminal.data(format_args!("  parameters: {}", parameters(&scorer.parameters)))?;
    }
    for (kind, item) in other_items(description) {
        terminal.data(format_args!("\n{}  ({kind})", item.name))?;
        terminal.data(format_args!("  {}", printable(&item.summary)))?;
        terminal.data(format_args!("  parameters: {}", parameters(&item.parameters)))?;
    }
    Ok(Exit::Done)
}

/// What a plugin offers beside scorers, each with what it is.
pub(super) fn other_items(description: &PluginDescription) -> impl Iterator<Item = (&'static str, &ItemDescription)> {
    let aggregators = description.aggregators.iter().map(|item| ("an aggregator", item));
    let predictors = description.predictors.iter().map(|item| ("a predictor", item));
    aggregators.chain(predictors).chain(description.exporters.iter().map(|item| ("an exporter", item)))
}

/// What each scorer of a suite that is in this plugin would be granted, before the operator has a say.
fn granted(suite: &Path, plugin: &str, asks: &Grant) -> Result<BTreeMap<String, Grant>, Stop> {
    let suite_path = eval::suite_path(suite);
    let suite = eval::read_suite(&suite_path)?;
    let folder = suite_path.parent().unwrap_or(Path::new("."));
    let this = std::fs::canonicalize(plugin)?;
    let mut granted = BTreeMap::new();
    for (place, entry) in suite.suite.scorers.iter().enumerate() {
        let ScorerEntry::Full(ScorerUse { plugin: Some(path), name, scorer, grant, .. }) = entry else { continue };
        if std::fs::canonicalize(folder.join(path)).is_ok_and(|path| path == this) {
            let key = name.as_ref().or(scorer.as_ref()).cloned().unwrap_or_else(|| format!("scorers[{place}]"));
            granted.insert(key, grant.as_ref().map(|grant| asks.meet(grant)).unwrap_or_default());
        }
    }
    if granted.is_empty() {
        return Err(Stop::message(format_args!("`{}` does not use `{plugin}`", suite_path.display())));
    }
    Ok(granted)
}

/// In plain words, what the component's imports let it do.
fn can_use(imports: &[String]) -> String {
    let wasi = imports.iter().filter(|name| name.starts_with("wasi:") && !name.starts_with("wasi:http/")).count();
    let ours = [("log", "the log"), ("traces", "the row's trace"), ("sink", "the file that an export is to write")];
    let imported = |interface: &str| imports.iter().any(|name| name.starts_with(&format!("karat:eval/{interface}@")));
    let ours: Vec<_> = ours.iter().filter(|(interface, _)| imported(interface)).map(|(_, what)| *what).collect();
    let inert =
        format!("{wasi} WASI interfaces that lead nowhere: no files, no network, no environment, a still clock");
    match (&ours[..], wasi) {
        ([], 0) => "nothing: it only computes".to_owned(),
        ([], _) => inert,
        (ours, 0) => ours.join(", "),
        (ours, _) => format!("{}, and {inert}", ours.join(", ")),
    }
}

/// The names of the parameters and what is said about them.
fn parameters(schema: &Json) -> String {
    let schema = schema.to_value();
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return "none".to_owned();
    };
    let told = properties.iter().map(|(name, property)| {
        let about = property["description"].as_str().map(|text| format!(" – {}", text.replace('\n', " ")));
        format!("\n    {}{}", printable_line(name), printable_line(&about.unwrap_or_default()))
    });
    told.collect()
}
