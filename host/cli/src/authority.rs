//! What the operator lets plugins do: `--allow`, and `policy.toml` in the user's configuration folder or as `--policy`
//! names it. Nothing in a project can say any of it. On a terminal whoever sits there is asked, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use broker::{Allowed, Secret, is_private, origin_of};
use model::endpoint::{Judges, KeySource};
use model::grant::{CommandRule, Grant};
use model::limits::Isolation;
use model::run::RunPlan;
use serde::{Deserialize, Serialize};

use crate::exit::Stop;
use crate::terminal::{Terminal, printable_line};

/// One permission, in the words of `--allow`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// `http=URL`: requests to an address that is not public.
    Http(String),
    /// `env=NAME@URL`: the value of a variable, for requests to one origin.
    Env { name: String, origin: String },
    /// `file=PATH@URL`: what is in a file, for requests to one origin.
    File { path: String, origin: String },
    /// `process=NAME`: the command that a suite spells out under this name. What is remembered is allowed as it was spelled
    /// out then and there: `process=NAME@DIGEST`.
    Process { name: String, digest: Option<String> },
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "write it as `http=http://127.0.0.1:8000`, `env=NAME@https://api.example.com`, \
             `file=PATH@https://api.example.com` or `process=NAME`"
                .to_owned()
        };
        match text.split_once('=').ok_or_else(wrong)? {
            ("http", url) if url.contains("://") => Ok(Self::Http(plain(url))),
            ("env", bound) => {
                let (name, origin) =
                    bound.split_once('@').filter(|(_, origin)| origin.contains("://")).ok_or_else(wrong)?;
                Ok(Self::Env { name: name.to_owned(), origin: plain(origin) })
            }
            ("file", bound) => {
                let (path, origin) =
                    bound.rsplit_once('@').filter(|(_, origin)| origin.contains("://")).ok_or_else(wrong)?;
                Ok(Self::File { path: path.to_owned(), origin: plain(origin) })
            }
            ("process", name) if !name.is_empty() => {
                let (name, digest) = name.split_once('@').map_or((name, None), |(name, digest)| (name, Some(digest)));
                Ok(Self::Process { name: name.to_owned(), digest: digest.map(str::to_owned) })
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
            Self::File { path, origin } => write!(f, "file={path}@{origin}"),
            Self::Process { name, digest: None } => write!(f, "process={name}"),
            Self::Process { name, digest: Some(digest) } => write!(f, "process={name}@{digest}"),
        }
    }
}

impl Permission {
    /// As a flag says it, which counts for one run.
    fn for_one_run(&self) -> Self {
        match self {
            Self::Process { name, .. } => Self::Process { name: name.clone(), digest: None },
            other => other.clone(),
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
    /// terminal, asks them first. Returns whether they have allowed it just now, from now on. `folder` is the suite's.
    pub(crate) fn check(&self, plan: &RunPlan, folder: &Path, terminal: &Terminal) -> Result<bool, Stop> {
        let predictor = plan.predictor.iter().map(|planned| (&planned.predictor, &planned.grant));
        let scorers = plan.scorers.iter().map(|planned| (&planned.key, &planned.grant));
        let grants = predictor.chain(scorers).map(|(key, grant)| Ok((key.clone(), needed(grant, folder)?)));
        let judges = needed_by_judges(&plan.judges).map(Ok);
        self.check_needs(grants.chain(judges).collect::<Result<_, Stop>>()?, terminal)
    }

    /// The same for a run that asks nobody: commands are run all the same.
    pub(crate) fn check_offline(&self, plan: &RunPlan, folder: &Path, terminal: &Terminal) -> Result<bool, Stop> {
        let commands = plan.predictor.iter().map(|planned| {
            let grant = Grant { process: planned.grant.process.clone(), ..Grant::default() };
            Ok((planned.predictor.clone(), needed(&grant, folder)?))
        });
        self.check_needs(commands.collect::<Result<_, Stop>>()?, terminal)
    }

    /// The same for judges alone.
    pub(crate) fn check_judges(&self, judges: &Judges, terminal: &Terminal) -> Result<bool, Stop> {
        self.check_needs(needed_by_judges(judges).collect(), terminal)
    }

    /// The same for what is granted to each of some items, by name.
    pub(crate) fn check_grants<'g>(
        &self,
        grants: impl Iterator<Item = (&'g String, &'g Grant)>,
        folder: &Path,
        terminal: &Terminal,
    ) -> Result<bool, Stop> {
        let needs = grants.map(|(key, grant)| Ok((key.clone(), needed(grant, folder)?)));
        self.check_needs(needs.collect::<Result<_, Stop>>()?, terminal)
    }

    fn check_needs(&self, needs: Vec<(String, Missing)>, terminal: &Terminal) -> Result<bool, Stop> {
        let mut missing = Missing::new();
        let mut keys = BTreeSet::new();
        for (key, needs) in needs {
            for (needed, what) in needs.into_iter().filter(|(needed, _)| !self.allows(needed)) {
                keys.insert(format!("`{key}`"));
                missing.insert(needed, what);
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
        if self.remembers && terminal.can_ask() && ask(&keys, &missing, terminal)? {
            remember(missing.into_keys())?;
            return Ok(true);
        }
        let flags: String = missing.keys().map(|permission| format!(" --allow {}", permission.for_one_run())).collect();
        let what = missing.into_values().collect::<Vec<_>>().join("; ");
        Err(Stop::message(format_args!("{keys} would reach what only you can allow: {what}"))
            .hint(format_args!("if you trust it, add{flags}")))
    }

    fn allows(&self, needed: &Permission) -> bool {
        self.permissions.contains(needed) || self.permissions.contains(&needed.for_one_run())
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
                Permission::Process { name, .. } => _ = allowed.commands.insert(name.clone()),
                // Only judges take keys from files.
                Permission::File { .. } => {}
            }
        }
        Ok(allowed)
    }

    /// For the judges' door: the addresses that are allowed, and the keys of these endpoints, each for its endpoint alone.
    pub(crate) fn allowed_judges(&self, judges: &Judges, folder: &Path) -> Result<Allowed, Stop> {
        let private = self.allowed()?.private;
        let mut secrets = Vec::new();
        for (name, endpoint) in &judges.endpoints {
            let Some(source) = &endpoint.api_key else { continue };
            let value = key(source, folder).map_err(|why| {
                Stop::message(format_args!("the key of the endpoint `{name}` is not there: {why}"))
                    .hint("set it, or see what is missing: `karat judge list`")
            })?;
            secrets.push(Secret { name: source.name().to_owned(), value, origin: origin_of(&endpoint.base_url) });
        }
        Ok(Allowed { private, secrets, ..Allowed::default() })
    }
}

/// Permissions, each with what it is, for a person.
type Missing = BTreeMap<Permission, String>;

/// What a grant needs beyond what a suite may grant by itself.
fn needed(grant: &Grant, folder: &Path) -> Result<Missing, Stop> {
    let mut needed = Missing::new();
    for rule in &grant.http {
        if is_private(&rule.url) {
            needed.insert(Permission::Http(plain(&rule.url)), format!("requests to {}", rule.url));
        }
        for name in &rule.secrets {
            let permission = Permission::Env { name: name.clone(), origin: plain(&rule.url) };
            needed.insert(permission, format!("the value of {name}, sent to {}", rule.url));
        }
    }
    for rule in &grant.process {
        let digest = Some(digest(rule, folder)?);
        let what = printable_line(&rule.run.join(" "));
        needed.insert(
            Permission::Process { name: rule.name.clone(), digest },
            format!("the command `{what}`, which is not sandboxed"),
        );
    }
    Ok(needed)
}

/// What endpoints need beyond what a suite may say by itself: a provider's key goes to that provider by its usual name.
fn needed_by_judges(judges: &Judges) -> impl Iterator<Item = (String, Missing)> {
    judges.endpoints.iter().map(|(name, endpoint)| {
        let mut needed = Missing::new();
        let origin = origin_of(&endpoint.base_url);
        if is_private(&origin) {
            needed.insert(Permission::Http(plain(&origin)), format!("questions to {origin}"));
        }
        let provider = endpoint.model.provider;
        let is_own = provider.base_url().is_some_and(|own| origin_of(own) == origin);
        match &endpoint.api_key {
            Some(KeySource::Env(name)) if is_own && provider.key_names().contains(&&**name) => {}
            Some(KeySource::Env(name)) => {
                let permission = Permission::Env { name: name.clone(), origin: plain(&origin) };
                needed.insert(permission, format!("the value of {name}, sent to {origin}"));
            }
            Some(KeySource::File(path)) => {
                let permission = Permission::File { path: path.clone(), origin: plain(&origin) };
                needed.insert(permission, format!("what is in `{path}`, sent to {origin}"));
            }
            None => {}
        }
        (format!("endpoint {name}"), needed)
    })
}

/// The value of a key; says why where there is none. A path is relative to the suite's folder.
pub(crate) fn key(source: &KeySource, folder: &Path) -> Result<String, String> {
    let value = match source {
        KeySource::Env(name) => std::env::var(name).map_err(|_| format!("`{name}` is not set in the environment"))?,
        KeySource::File(path) => {
            std::fs::read_to_string(folder.join(path)).map_err(|error| format!("`{path}` can't be read: {error}"))?
        }
    };
    let value = value.trim();
    if value.is_empty() { Err(format!("`{}` is empty", source.name())) } else { Ok(value.to_owned()) }
}

/// Tells a command by what it is and where it is run.
fn digest(rule: &CommandRule, folder: &Path) -> Result<String, Stop> {
    let mut hasher = blake3::Hasher::new();
    let folder = folder.canonicalize()?.display().to_string();
    for part in std::iter::once(&folder).chain(&rule.run) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

fn ask(keys: &str, missing: &Missing, terminal: &Terminal) -> Result<bool, Stop> {
    terminal.say(format_args!("{keys} would reach what only you can allow:"))?;
    for what in missing.values() {
        terminal.say(format_args!("  {what}"))?;
    }
    Ok(terminal.ask("allow this from now on, for every suite? [y/N] ")?)
}

/// Adds permissions to the policy in the user's configuration folder.
fn remember(permissions: impl Iterator<Item = Permission>) -> Result<(), Stop> {
    let path = usual().ok_or_else(|| Stop::message("there is no home folder to remember it in"))?;
    let mut policy = if path.exists() { read(&path)? } else { Policy::default() };
    policy.allow.extend(permissions.map(|permission| permission.to_string()));
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
