//! `karat.lock`, beside the suite: which plugins were looked at and allowed, to the byte, with what they ask for.
//!
//! It says that nothing has changed since somebody looked. What a plugin can reach is for the suite and the operator to
//! say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::grant::Grant;
use model::scorer::PluginDescription;
use serde::{Deserialize, Serialize};

use crate::exit::Stop;

const NAME: &str = "karat.lock";
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    version: u32,
    /// By the path that the suite names.
    #[serde(default)]
    plugins: BTreeMap<String, Locked>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Locked {
    name: String,
    version: String,
    /// BLAKE3 of the component, in hexadecimal.
    digest: String,
    asks: Grant,
}

impl Locked {
    fn of(plugin: &PluginDescription) -> Self {
        Self {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            digest: plugin.digest.clone(),
            asks: plugin.asks.clone(),
        }
    }
}

impl Lock {
    fn path(folder: &Path) -> PathBuf {
        folder.join(NAME)
    }

    /// The lock beside a suite in `folder`; an empty one where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Self, Stop> {
        let path = Self::path(folder);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, plugins: BTreeMap::new() });
            }
            text => text?,
        };
        let unusable = |why: &dyn std::fmt::Display| {
            Stop::message(format_args!("can't use `{}`: {why}", path.display()))
                .hint("take it away and look at the plugins again with `karat plugin allow`")
        };
        let lock: Self = toml::from_str(&text).map_err(|error| unusable(&error))?;
        if lock.version != VERSION {
            return Err(unusable(&format_args!("its form is {}, this version reads {VERSION}", lock.version)));
        }
        Ok(lock)
    }

    /// Notes that a plugin was allowed as it is now.
    pub(crate) fn allow(&mut self, path: &str, plugin: &PluginDescription) {
        self.plugins.insert(path.to_owned(), Locked::of(plugin));
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Stop> {
        let text = toml::to_string_pretty(self)?;
        let path = Self::path(folder);
        let draft = crate::export::temporary(&path)?;
        std::fs::write(&draft, format!("# Written by `karat plugin allow`.\n{text}"))?;
        Ok(std::fs::rename(draft, path)?)
    }

    /// Refuses a plugin that asks for something and was not allowed as it is.
    pub(crate) fn check(&self, path: &str, plugin: &PluginDescription, suite: &Path) -> Result<(), Stop> {
        if plugin.asks.is_empty() {
            return Ok(());
        }
        let what = match self.plugins.get(path) {
            Some(locked) if *locked == Locked::of(plugin) => return Ok(()),
            Some(locked) if locked.asks != plugin.asks => "asks for something else than was allowed",
            Some(_) => "is not the plugin that was allowed",
            None => "has not been allowed",
        };
        let asks = plugin.asks.words().join("; to ");
        Err(Stop::message(format_args!("`{path}` {what}: it asks to {asks}"))
            .hint(format_args!("if you trust it: `karat plugin allow {}`", suite.display())))
    }
}
