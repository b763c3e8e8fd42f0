//! What the operator lets plugins do: `--allow`, and `policy.toml` in the user's configuration folder or as `--policy`
//! names it. Nothing in a project can say any of it. On a terminal whoever sits there is asked, once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use broker::{Allowed, Secret, is_private};
use model::limits::Isolation;
use model::run::PlannedScorer;
use serde::{Deserialize, Serialize};

use crate::exit::Stop;
use crate::terminal::Terminal;

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
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    /// As `--allow` takes them.
    #[serde(default)]
    allow: Vec<String>,
    /// How far plugins in files are isolated at least.
    #[serde(default)]
    isolation: Isolation,
}

/// Everything that is allowed.
#[derive(Debug)]
pub(crate) struct Authority {
    permissions: BTreeSet<Permission>,
    /// Whether what is allowed from now on would be found the next time.
    remembers: bool,
    isolation: Isolation,
}

impl Authority {
    pub(crate) fn read(policy: Option<&Path>, flags: &[Permission]) -> Result<Self, Stop> {
        let remembers = policy.is_none();
        let file = policy.map(Path::to_owned).or_else(|| usual().filter(|path| path.exists()));
        let policy = file.map_or_else(|| Ok(Policy::default()), |path| read(&path))?;
        let from_file = policy.allow.iter().map(|text| {
            text.parse().map_err(|wrong: String| Stop::message(format_args!("the policy allows `{text}`: {wrong}")))
        });
        let permissions = from_file.chain(flags.iter().cloned().map(Ok)).collect::<Result<_, _>>()?;
        Ok(Self { permissions, remembers, isolation: policy.isolation })
    }

    /// Refuses a plan that needs more than is allowed, with the flags that would allow it; where somebody sits at the
    /// terminal, asks them first. Returns whether they have allowed it just now, from now on.
    pub(crate) fn check<'a>(
        &self,
        scorers: impl IntoIterator<Item = &'a PlannedScorer>,
        terminal: &Terminal,
    ) -> Result<bool, Stop> {
        let mut missing = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for scorer in scorers {
            for needed in needed(scorer).filter(|needed| !self.permissions.contains(needed)) {
                keys.insert(format!("`{}`", scorer.key));
                missing.insert(needed);
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
        if self.remembers && terminal.can_ask() && ask(&keys, &missing, terminal)? {
            remember(missing)?;
            return Ok(true);
        }
        let flags: String = missing.iter().map(|permission| format!(" --allow {permission}")).collect();
        Err(Stop::message(format_args!("{keys} would reach what only you can allow"))
            .hint(format_args!("if you trust this suite, add{flags}")))
    }

    /// How far plugins in files are isolated at least.
    pub(crate) fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// For the door out, with the values of secrets.
    pub(crate) fn allowed(&self) -> Result<Allowed, Stop> {
        let mut allowed = Allowed::default();
        for permission in &self.permissions {
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

fn ask(keys: &str, missing: &BTreeSet<Permission>, terminal: &Terminal) -> Result<bool, Stop> {
    terminal.say(format_args!("{keys} would reach what only you can allow:"))?;
    for permission in missing {
        terminal.say(format_args!("  {permission}"))?;
    }
    Ok(terminal.ask("allow this from now on, for every suite? [y/N] ")?)
}

/// Adds permissions to the policy in the user's configuration folder.
fn remember(permissions: BTreeSet<Permission>) -> Result<(), Stop> {
    let path = usual().ok_or_else(|| Stop::message("there is no home folder to remember it in"))?;
    let mut policy = if path.exists() { read(&path)? } else { Policy::default() };
    policy.allow.extend(permissions.iter().map(ToString::to_string));
    let draft = crate::export::temporary(&path)?;
    std::fs::write(&draft, toml::to_string_pretty(&policy)?)?;
    Ok(std::fs::rename(draft, path)?)
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
