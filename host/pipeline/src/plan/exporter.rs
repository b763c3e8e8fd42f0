//! An exporter that somebody names who wants a run sent elsewhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::grant::{Grant, HttpRule, METHODS};
use model::json::Json;
use model::limits::{CallLimits, Reuse};
use model::ports::{Binding, Call, Catalog, Plugin, PluginError};
use model::scorer::{ItemKind, PluginDescription};
use serde_json::{Map, Value};

use crate::schema::Checker;
use crate::{nearest, pointer};

/// Memory and output of an exporter: a batch is handed over whole, and the row in it may be long.
const MEMORY: u64 = 256 << 20;
const OUTPUT: u64 = 64 << 20;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// A built-in exporter, a file, or `publisher/name@version`.
    pub named: &'a str,
    /// Which one of a plugin.
    pub item: Option<&'a str>,
    pub parameters: &'a Map<String, Value>,
    /// Servers that it may send to; where there are none, a built-in one may send to its parameter `url`.
    pub servers: &'a [String],
}

/// An exporter, ready to be bound.
pub struct Planned {
    pub plugin: Arc<dyn Plugin>,
    /// Its name within the plugin.
    pub item: String,
    pub binding: Binding,
}

/// Finds an exporter, checks its parameters and works out what it may reach.
///
/// # Errors
///
/// Fails with what is wrong first.
pub fn plan(asked: Use<'_>, catalog: &dyn Catalog) -> Result<Planned, PluginError> {
    let built_in = catalog.built_in(ItemKind::Exporter, asked.named, Default::default())?;
    let is_built_in = built_in.is_some();
    let (plugin, item) = match built_in {
        Some(plugin) => (plugin, asked.named.to_owned()),
        None => in_plugin(asked, catalog)?,
    };
    let parameters = parameters(plugin.description(), &item, asked.parameters)?;
    let grant = grant(plugin.description(), asked, is_built_in)?;
    let binding = Binding {
        calls: vec![Call { key: item.clone(), item: item.clone(), parameters }],
        limits: CallLimits { memory: MEMORY, output: OUTPUT, ..CallLimits::default() },
        reuse: Reuse::Run,
        seed: 0,
        grant,
        config: Map::new(),
    };
    Ok(Planned { plugin, item, binding })
}

fn wrong(message: impl Into<String>, hint: impl Into<String>) -> PluginError {
    PluginError { message: message.into(), hint: Some(hint.into()) }
}

fn in_plugin(asked: Use<'_>, catalog: &dyn Catalog) -> Result<(Arc<dyn Plugin>, String), PluginError> {
    let Use { named, item, .. } = asked;
    if !named.contains(['/', '.', '@']) {
        let names = catalog.built_in_names(ItemKind::Exporter);
        let hint = nearest::hint(named, "built-in exporters", names.iter().map(String::as_str));
        return Err(wrong(format!("there is no exporter `{named}`"), hint));
    }
    let plugin = catalog.load(named, Default::default())?;
    let items = plugin.description().items(ItemKind::Exporter);
    let names: Vec<_> = items.iter().map(|(name, _)| *name).collect();
    let item = match (item, &names[..]) {
        (_, []) => {
            return Err(wrong(format!("`{named}` offers no exporter"), "see what it offers: `karat plugin inspect`"));
        }
        (None, [only]) => (*only).to_owned(),
        (None, several) => {
            let hint = format!("name one with `--use`: {}", nearest::list(names.iter().copied()));
            return Err(wrong(format!("`{named}` offers {} exporters", several.len()), hint));
        }
        (Some(item), names) if names.contains(&item) => item.to_owned(),
        (Some(item), names) => {
            let hint = nearest::hint(item, "its exporters", names.iter().copied());
            return Err(wrong(format!("`{named}` has no exporter `{item}`"), hint));
        }
    };
    Ok((Arc::clone(&plugin), item))
}

fn parameters(plugin: &PluginDescription, item: &str, given: &Map<String, Value>) -> Result<Json, PluginError> {
    let items = plugin.items(ItemKind::Exporter);
    let schema = items.iter().find(|(name, _)| *name == item).map(|(_, schema)| schema.to_value()).unwrap_or_default();
    let given = Value::Object(given.clone());
    let checker = Checker::new(&schema)
        .map_err(|reason| wrong(format!("the parameter schema of `{item}` is none: {reason}"), "ask its author"))?;
    match checker.check(&given).into_iter().next() {
        Some(violation) => {
            let field = pointer::field(&violation.subject).map(|field| format!("{field}: ")).unwrap_or_default();
            let message = format!("the parameters of `{item}` are wrong: {field}{}", violation.message);
            Err(PluginError { message, hint: violation.hint })
        }
        None => Json::from_serialize(&given).map_err(|error| wrong(error.to_string(), "write it as a JSON object")),
    }
}

/// What the plugin asks for, as far as it is granted. The secrets that may be filled in are those that the parameters name.
fn grant(plugin: &PluginDescription, asked: Use<'_>, is_built_in: bool) -> Result<Grant, PluginError> {
    let asks = &plugin.asks;
    let url = asked.parameters.get("url").and_then(Value::as_str).filter(|_| is_built_in && asked.servers.is_empty());
    let servers: Vec<_> = asked.servers.iter().map(String::as_str).chain(url.map(origin)).collect();
    if servers.is_empty() && !asks.http.is_empty() && !is_built_in {
        let flags = asks.http.iter().map(|rule| match rule.url.as_str() {
            "*" => "--grant http=https://api.example.com".to_owned(),
            url => format!("--grant http={url}"),
        });
        let flags = flags.collect::<Vec<_>>().join(" ");
        let message = format!("`{}` asks to {}", plugin.name, asks.words().join("; to "));
        return Err(wrong(message, format!("to grant it add {flags}")));
    }
    let secrets = secrets(asked.parameters);
    let rule = |url: &&str| HttpRule {
        url: (*url).to_owned(),
        methods: METHODS.iter().map(|&method| method.to_owned()).collect(),
        secrets: secrets.clone(),
        why: None,
    };
    let granted = Grant { http: servers.iter().map(rule).collect(), kv: asks.kv.clone(), ..Grant::default() };
    granted.check().map_err(|wrong| PluginError { message: wrong, hint: None })?;
    match granted.beyond(asks).first() {
        Some(first) => Err(wrong(format!("`{}` does not ask to {first}", plugin.name), "take the grant out")),
        None => Ok(asks.meet(&granted)),
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |end| host + end);
    &url[..end]
}

/// Names in `{{secret:NAME}}`, wherever they stand.
fn secrets(parameters: &Map<String, Value>) -> Vec<String> {
    let text = Value::Object(parameters.clone()).to_string();
    let names = text.split("{{secret:").skip(1).filter_map(|rest| rest.split_once("}}"));
    let names: BTreeSet<_> = names.map(|(name, _)| name.trim().to_owned()).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_stands_before_the_path() {
        for (url, expected) in [
            ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318"),
            ("https://a.test?x=http://b.test/", "https://a.test"),
            ("https://a.test", "https://a.test"),
            ("a.test/x", "a.test"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn secrets_are_found_where_they_are_named() {
        let parameters =
            serde_json::json!({ "headers": { "a": "Bearer {{secret:B}}", "b": "{{secret:A}}{{secret:B}}" } });
        assert_eq!(secrets(parameters.as_object().expect("an object")), ["A", "B"]);
    }
}
