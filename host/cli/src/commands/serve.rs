//! `karat serve`: takes in traces, and answers over HTTP.

mod gateway;
mod scorers;

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use broker::{Allowed, Bounds};
use model::ports::Sink;
use model::redaction::Redactions;
use pipeline::live::{Exporter, Forwarding};
use pipeline::plan::exporter::Planned;
use serde_json::json;
use server::{Addresses, BindError, Options, Parts, Redactor, Server, WayOut};
use telemetry::otlp;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::exporting;
use crate::args::{ExportFrom, LiveExport, LiveTo, Serve};
use crate::authority::Authority;
use crate::clock;
use crate::exit::{Exit, Stop};
use crate::retention::Retentions;
use crate::sink::Growing;
use crate::terminal::Terminal;
use crate::wiring;
use gateway::Gateway;
use scorers::Scorers;

/// Beside the store: what pseudonyms are made from has to stay the same.
const PSEUDONYM_KEY: &str = "PSEUDONYM_KEY";

pub(crate) fn run(what: Serve, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let folder = wiring::store_folder(store)?;
    let store = wiring::store(&folder)?;
    let retention = what.retention.as_deref().map(Retentions::read).transpose()?;
    let kept = Arc::clone(&store);
    let redactions = what.redact.as_deref().map(redactions).transpose()?.unwrap_or_default();
    let gateway = what.gateway.as_deref().map(|file| gateway::open(file, &what, &folder, terminal)).transpose()?;
    let options = Options {
        host: what.host,
        port: what.port,
        otlp_port: Some(what.otlp_port),
        grpc_port: Some(what.grpc_port),
        token_file: what.token_file,
        allowed_hosts: what.allow_host,
        allowed_origins: what.allow_origin,
        redactions,
        ..Options::default()
    };
    let (documents, blobs) = (Arc::clone(&store), Arc::clone(&store));
    let exporters = what.export.iter().map(|export| exporter(export, &what.from, &folder, &runtime, terminal));
    let exporters = exporters.collect::<Result<Vec<_>, _>>()?;
    let (traces, ending) =
        runtime.block_on(Forwarding::start(store, exporters, otlp::write)).map_err(|(name, failure)| {
            exporting::no_exporter(&failure)
                .hint(format_args!("see what `{name}` needs: `karat plugin inspect`, docs/exporters.md"))
        })?;
    let authority = Authority::read(what.from.policy.as_deref(), &what.from.allow)?;
    let parts = Parts {
        traces: Arc::new(traces),
        documents,
        blobs,
        prices: Arc::new(wiring::prices),
        now: || clock::now().as_nanos() as u64,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pseudonym_key: pseudonym_key(&folder)?,
        models: gateway.as_ref().map(|gateway| gateway.models.clone()),
        scorers: Some(Arc::new(Scorers::new(authority.isolation(), runtime.handle(), terminal))),
        webhooks: webhooks(&authority)?,
    };
    runtime.block_on(async {
        let server = Server::bind(options, parts).await.map_err(unbound)?;
        tell(server.addresses(), gateway.as_ref(), &folder, terminal)?;
        if let Some(retention) = retention {
            tokio::spawn(retention.keep_to(kept));
        }
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let served = server.run(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        });
        match gateway {
            Some(gateway) => gateway.keep_account(served, terminal).await,
            None => served.await,
        }
        ending.finish().await;
        Ok(Exit::Done)
    })
}

/// To public addresses, and to what the operator allows beyond these.
fn webhooks(authority: &Authority) -> Result<WayOut, Stop> {
    let private = authority.allowed()?.private;
    let named = private.iter().cloned().collect();
    let door = wiring::door(Allowed { private, ..Allowed::default() }, Bounds::PLUGINS)?;
    Ok(WayOut { door, named })
}

/// An exporter that traces are sent on to.
fn exporter(
    LiveExport { exporter, to }: &LiveExport,
    from: &ExportFrom,
    folder: &Path,
    runtime: &Runtime,
    terminal: &Terminal,
) -> Result<Exporter, Stop> {
    let parameters = match to {
        LiveTo::Url(url) => json!({ "url": url }).to_string(),
        LiveTo::Parameters(parameters) => parameters.clone(),
        LiveTo::Nowhere | LiveTo::File(_) => "{}".to_owned(),
    };
    let to_exporter = exporting::To {
        exporter: exporter.clone(),
        item: None,
        parameters,
        servers: from.grant.clone(),
        allow: from.allow.clone(),
        policy: from.policy.clone(),
    };
    let Planned { plugin, item, binding } = exporting::plan(&to_exporter, runtime, terminal)?;
    let sink = match to {
        LiveTo::File(path) => Some(Arc::new(Growing::new(path.clone())) as Arc<dyn Sink>),
        LiveTo::Nowhere | LiveTo::Url(_) | LiveTo::Parameters(_) => None,
    };
    let letters = from.dead_letters.as_deref().unwrap_or(folder).join(format!("dead-letters-{item}.jsonl"));
    Ok(Exporter {
        name: exporter.clone(),
        exporting: plugin.bind_exporter(binding, sink),
        dead_letters: Arc::new(Growing::new(letters)),
    })
}

/// Where it listens, for a person, or on one line for who started it.
fn tell(addresses: Addresses, gateway: Option<&Gateway>, folder: &Path, terminal: &Terminal) -> Result<(), Stop> {
    let Addresses { api, otlp, grpc } = addresses;
    if terminal.is_json() {
        let http = |address| format!("http://{address}");
        let mut told = json!({ "api": http(api), "otlp_http": otlp.map(http), "otlp_grpc": grpc.map(http) });
        if let Some(gateway) = gateway {
            told["gateway"] = json!(format!("http://{api}/gateway/v1"));
            told["gateway_token"] = json!(gateway.token.as_ref().map(|token| &token.value));
        }
        return Ok(terminal.json(&told)?);
    }
    terminal.data(format_args!("listening on http://{api} (store `{}`)", folder.display()))?;
    for (what, address) in [("OpenTelemetry over HTTP", otlp), ("OpenTelemetry over gRPC", grpc)] {
        if let Some(address) = address {
            terminal.data(format_args!("  {what}: http://{address}"))?;
        }
    }
    if let Some(gateway) = gateway {
        terminal.data(format_args!("  models, for OpenAI's clients: http://{api}/gateway/v1"))?;
        match &gateway.token {
            Some(token) if token.is_new => {
                let path = token.path.display();
                terminal.data(format_args!("  their API key, from now on in `{path}`: {}", token.value))?;
            }
            Some(token) => terminal.data(format_args!("  their API key is in `{}`", token.path.display()))?,
            None => terminal.data("  their API key is a line of the file of tokens")?,
        }
    }
    Ok(terminal.say("Ctrl-C stops it; `karat traces list --follow` shows what comes in")?)
}

fn unbound(error: BindError) -> Stop {
    let hint = match &error {
        BindError::Listen { .. } => Some(
            "another program may have it: choose with `--port`, `--otlp-port`, `--grpc-port`; 0 takes one that is free",
        ),
        BindError::Open { .. } => Some("`--token-file FILE` names one; `openssl rand -hex 32 > FILE` makes a token"),
        _ => None,
    };
    Stop::wrong(error).hints(hint)
}

fn redactions(path: &Path) -> Result<Redactions, Stop> {
    let unusable = || format!("can't use `{}`", path.display());
    let text = std::fs::read_to_string(path).with_context(unusable)?;
    Ok(toml::from_str(&text).with_context(unusable)?)
}

/// What takes out of spans what should not be kept.
pub(super) fn redactor(rules: Option<&Path>, folder: &Path) -> Result<Redactor, Stop> {
    let redactions = rules.map(redactions).transpose()?.unwrap_or_default();
    Redactor::new(&redactions, pseudonym_key(folder)?).map_err(Stop::wrong)
}

/// The key of this store; made when it is first needed.
fn pseudonym_key(folder: &Path) -> Result<[u8; 32], Stop> {
    let path = folder.join(PSEUDONYM_KEY);
    let unusable = || format!("can't use `{}`", path.display());
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes.try_into().map_err(|_| anyhow::anyhow!("it has not 32 bytes")).with_context(unusable)?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut key = [0; 32];
            getrandom::fill(&mut key).context("no random bytes")?;
            create(&path, &key).with_context(unusable)?;
            Ok(key)
        }
        Err(error) => Err(Stop::wrong(anyhow::Error::new(error).context(unusable()))),
    }
}

/// A file that nobody but its owner reads.
fn create(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
