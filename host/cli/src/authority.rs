//! What the operator lets plugins do: `--allow`, and `policy.toml` in the user's configuration folder or as `--policy`
//! names it. Nothing in a project can say any of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use broker::{Allowed, Secret, is_private};
use model::run::PlannedScorer;
use serde::Deserialize;

use crate::exit::Stop;

/// One permission, in the words of `--allow`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// `http=URL`: requests to an address that is not public.
    Http(String),
    /// `env=NAME@URL`: the value of a variable, for requests to one origin.
    Env { name: String, origin: String },
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as `http=http://127.0.0.1:8000` or `env=NAME@https://api.example.com`".to_owned();
        match text.split_once('=').ok_or_else(wrong)? {
            ("http", url) if url.contains("://") => Ok(Self::Http(plain(url))),
            ("env", bound) => {
                let (name, origin) =
                    bound.split_once('@').filter(|(_, origin)| origin.contains("://")).ok_or_else(wrong)?;
                Ok(Self::Env { name: name.to_owned(), origin: plain(origin) })
            }
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http(url) => write!(f, "http={url}"),
            Self::Env { name, origin } => write!(f, "env={name}@{origin}"),
        }
    }
}

fn plain(url: &str) -> String {
    url.trim_end_matches('/').to_ascii_lowercase()
}

/// The policy file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    /// As `--allow` takes them.
    #[serde(default)]
    allow: Vec<String>,
}

/// Everything that is allowed.
#[derive(Debug)]
pub(crate) struct Authority(BTreeSet<Permission>);

impl Authority {
    pub(crate) fn read(policy: Option<&Path>, flags: &[Permission]) -> Result<Self, Stop> {
        let file = policy.map(Path::to_owned).or_else(|| usual().filter(|path| path.exists()));
        let policy = file.map_or_else(|| Ok(Policy::default()), |path| read(&path))?;
        let from_file = policy.allow.iter().map(|text| {
            text.parse().map_err(|wrong: String| Stop::message(format_args!("the policy allows `{text}`: {wrong}")))
        });
        Ok(Self(from_file.chain(flags.iter().cloned().map(Ok)).collect::<Result<_, _>>()?))
    }

    /// Refuses a plan that needs more than is allowed, and prints the flags that would allow it.
    pub(crate) fn check<'a>(&self, scorers: impl IntoIterator<Item = &'a PlannedScorer>) -> Result<(), Stop> {
        let mut missing = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for scorer in scorers {
            for needed in needed(scorer).filter(|needed| !self.0.contains(needed)) {
                keys.insert(format!("`{}`", scorer.key));
                missing.insert(needed);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = keys.into_iter().collect();
        let flags: String = missing.iter().map(|permission| format!(" --allow {permission}")).collect();
        Err(Stop::message(format_args!("{} would reach what only you can allow", keys.join(", ")))
            .hint(format_args!("if you trust this suite, add{flags}")))
    }

    /// For the door out, with the values of secrets.
    pub(crate) fn allowed(&self) -> Result<Allowed, Stop> {
        let mut allowed = Allowed::default();
        for permission in &self.0 {
            match permission {
                Permission::Http(url) => _ = allowed.private.insert(url.clone()),
                Permission::Env { name, origin } => {
                    // One that is not set fills nothing in; who uses it is told that it was not granted.
                    if let Ok(value) = std::env::var(name) {
                        allowed.secrets.push(Secret { name: name.clone(), value, origin: origin.clone() });
                    }
                }
            }
        }
        Ok(allowed)
    }
}

/// What a scorer's plugin needs beyond what a suite may grant by itself.
fn needed(scorer: &PlannedScorer) -> impl Iterator<Item = Permission> {
    scorer.grant.http.iter().flat_map(|rule| {
        let private = is_private(&rule.url).then(|| Permission::Http(plain(&rule.url)));
        let secrets = rule.secrets.iter().map(|name| Permission::Env { name: name.clone(), origin: plain(&rule.url) });
        private.into_iter().chain(secrets)
    })
}

fn usual() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    Some(etcetera::choose_base_strategy().ok()?.config_dir().join("karat/policy.toml"))
}

fn read(path: &Path) -> Result<Policy, Stop> {
    let unusable =
        |why: &dyn std::fmt::Display| Stop::message(format_args!("can't use the policy `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    toml::from_str(&text).map_err(|error| unusable(&error))
}
