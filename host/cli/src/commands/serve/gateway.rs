//! Opens the gateway: the models that clients may call, as far as the operator lets them be called.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use broker::{Bounds, Spent};
use model::endpoint::Judges;
use server::Models;
use tokio::sync::watch;

use crate::args::Serve;
use crate::authority::Authority;
use crate::exit::Stop;
use crate::terminal::Terminal;
use crate::wiring;

/// Beside the store: what clients use as their key, and what they have spent today.
const TOKEN: &str = "GATEWAY_TOKEN";
const SPENT: &str = "GATEWAY_SPENT";

/// A gateway, ready to be served.
pub(super) struct Gateway {
    pub(super) models: Models,
    /// The token that is ours, where it is in no file of the operator's.
    pub(super) token: Option<Token>,
    spent: watch::Receiver<Spent>,
    kept: PathBuf,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) path: PathBuf,
    /// Nobody has seen it yet.
    pub(super) is_new: bool,
}

/// The models of `file`. `folder` is the store's.
pub(super) fn open(file: &Path, what: &Serve, folder: &Path, terminal: &Terminal) -> Result<Gateway, Stop> {
    let pipeline::gateway::Gateway { endpoints, max_usd } = read(file)?;
    let authority = Authority::read(what.from.policy.as_deref(), &what.from.allow)?;
    let judges = Judges { endpoints, ..Judges::default() };
    let authority = match authority.check_judges(&judges, terminal)? {
        true => Authority::read(what.from.policy.as_deref(), &what.from.allow)?,
        false => authority,
    };
    let beside = file.parent().unwrap_or(Path::new(""));
    let allowed = authority.allowed_judges(&judges, beside)?;
    let connections: usize = judges.endpoints.values().map(|endpoint| endpoint.flow.concurrency as usize).sum();
    let http = wiring::door(allowed, Bounds::gateway(connections.max(1)))?;
    let kept = folder.join(SPENT);
    // Rounded down: no more is spent than was said.
    let most = max_usd.map(|usd| (usd * 1e6).floor() as u64);
    let gateway = broker::Gateway::new(judges.endpoints, most, spent(&kept)?, &http).map_err(Stop::message)?;
    let spent = gateway.spent();
    let token = what.token_file.is_none().then(|| token(&folder.join(TOKEN))).transpose()?;
    let models = Models { door: Arc::new(gateway), token: token.as_ref().map(|token| token.value.clone()) };
    Ok(Gateway { models, token, spent, kept })
}

impl Gateway {
    /// Writes down what is spent, each time that it changes, as long as calls are served.
    pub(super) async fn keep_account(mut self, served: impl Future<Output = ()>, terminal: &Terminal) {
        let mut served = std::pin::pin!(served);
        loop {
            let is_over = tokio::select! {
                () = &mut served => true,
                Ok(()) = self.spent.changed() => false,
            };
            let now = *self.spent.borrow_and_update();
            if let Err(error) = write(&self.kept, now) {
                // Nothing else stops for it: the account of this process goes on.
                let _ = terminal.say(format_args!("can't write `{}`: {error}", self.kept.display()));
            }
            if is_over {
                return;
            }
        }
    }
}

fn read(file: &Path) -> Result<pipeline::gateway::Gateway, Stop> {
    let name = file.display().to_string();
    let unusable = || format!("can't use `{name}`");
    let text = std::fs::read_to_string(file).with_context(unusable)?;
    if file.extension().is_some_and(|extension| extension == "toml") {
        return Ok(pipeline::gateway::of_value(&name, toml::from_str(&text).with_context(unusable)?)?);
    }
    Ok(pipeline::gateway::parse(&name, &text)?)
}

/// The token of this store's gateway; made when it is first needed.
fn token(path: &Path) -> Result<Token, Stop> {
    let unusable = || format!("can't use `{}`", path.display());
    let there = |value: String, is_new| Token { value, path: path.to_owned(), is_new };
    match std::fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => {
            Err(Stop::message(format_args!("`{}` is empty", path.display()))
                .hint("delete it, and another token is made"))
        }
        Ok(text) => Ok(there(text.trim().to_owned(), false)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).context("no random bytes")?;
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let value = format!("karat-{digits}");
            super::create(path, value.as_bytes()).with_context(unusable)?;
            Ok(there(value, true))
        }
        Err(error) => Err(Stop::wrong(anyhow::Error::new(error).context(unusable()))),
    }
}

fn spent(path: &Path) -> Result<Spent, Stop> {
    let unusable = || format!("can't use `{}`", path.display());
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).with_context(unusable)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Spent::default()),
        Err(error) => Err(Stop::wrong(anyhow::Error::new(error).context(unusable()))),
    }
}

/// All of it or nothing: a process that is killed meanwhile leaves what was there.
fn write(path: &Path, spent: Spent) -> std::io::Result<()> {
    let next = path.with_extension("next");
    std::fs::write(&next, serde_json::to_vec(&spent)?)?;
    std::fs::rename(next, path)
}
