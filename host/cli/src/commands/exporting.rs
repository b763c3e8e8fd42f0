//! `karat runs export --exporter`: a run as OpenTelemetry, sent where somebody wants it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use model::outcome::Failure;
use model::ports::{Exporting, Sink, Store};
use model::run::Run;
use pipeline::deliver::{DeliverError, Delivered, Delivery};
use pipeline::joined::Joined;
use pipeline::plan::exporter::{self, Planned};
use serde_json::json;
use telemetry::emit::Batches;

use super::plugin::unusable;
use super::runs::{find, unknown};
use crate::authority::{Authority, Permission};
use crate::exit::{Exit, Stop};
use crate::names::Names;
use crate::quantities::{count, counted};
use crate::sink::Output;
use crate::terminal::{Terminal, printable_line};
use crate::wiring::{self, Plugins};

/// Who gets it, and what that may reach.
pub(super) struct To {
    pub(super) exporter: String,
    pub(super) item: Option<String>,
    pub(super) parameters: String,
    pub(super) servers: Vec<String>,
    pub(super) allow: Vec<Permission>,
    pub(super) policy: Option<PathBuf>,
}

pub(super) fn run(
    named: &str,
    to: To,
    output: Option<PathBuf>,
    store: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let runtime = wiring::runtime()?;
    let store = wiring::existing_store(&wiring::store_folder(store)?)?;
    let store: Arc<dyn Store> = store.ok_or_else(|| unknown(named))?;
    let run = runtime.block_on(find(&*store, named))?;
    let Planned { plugin, item, binding } = plan(&to, &runtime, terminal)?;
    let output = match output {
        Some(path) => Some(Arc::new(Output::file(&path)?)),
        // Under `--json`, standard output is for what is said of it.
        None if terminal.is_json() => None,
        None => Some(Arc::new(Output::stdout())),
    };
    let exporting = plugin.bind_exporter(binding, output.clone().map(|output| output as Arc<dyn Sink>));
    let (delivered, ended) = runtime.block_on(deliver(store, &run, exporting))?;
    let is_whole = ended.is_ok() && delivered.rejected == 0;
    if let Some(output) = output.filter(|_| is_whole) {
        output.finish()?;
    }
    tell(&run, &item, &delivered, terminal)?;
    match ended {
        Ok(()) if is_whole => Ok(Exit::Done),
        Ok(()) => Ok(Exit::Failed),
        Err(error @ DeliverError::Refused(_)) => Err(refused(&item, error)),
        Err(error) => Err(Stop { exit: Exit::Failed, ..Stop::wrong(error) }),
    }
}

/// Finds the exporter, and makes sure that the operator lets it do what it is to do.
pub(super) fn plan(to: &To, runtime: &tokio::runtime::Runtime, terminal: &Terminal) -> Result<Planned, Stop> {
    let here = Path::new(".");
    let parameters = serde_json::from_str(&to.parameters).context("`--with` is not a JSON object")?;
    let asked =
        exporter::Use { named: &to.exporter, item: to.item.as_deref(), parameters: &parameters, servers: &to.servers };
    loop {
        let authority = Authority::read(to.policy.as_deref(), &to.allow)?;
        let sandbox = wiring::sandbox(authority.allowed()?, here, 0)?;
        let plugins = Plugins::new(sandbox, runtime.handle(), PathBuf::new(), authority.isolation(), terminal);
        let planned = exporter::plan(asked, &plugins).map_err(unusable)?;
        let grants = std::iter::once((&planned.item, &planned.binding.grant));
        // What was allowed just now is there the next time around.
        if !authority.check_grants(grants, here, terminal)? {
            return Ok(planned);
        }
    }
}

/// Sends every result and every exchange, and says what became of them and whether it came to its end.
async fn deliver(
    store: Arc<dyn Store>,
    run: &Run,
    exporting: Arc<dyn Exporting>,
) -> Result<(Delivered, Result<(), DeliverError>), Stop> {
    let header = &run.header;
    let encoding = exporting.accepts().await.map_err(|failure| no_exporter(&failure))?[0];
    let source = store.open_dataset(&header.data.digest)?;
    let mut joined = Joined::new(Arc::clone(&store), header, Arc::new(formats::Reader), source);
    let mut batches = Batches::new(header.into(), encoding);
    let mut delivery = Delivery::new(exporting);
    while let Some((row, result)) = joined.next().await? {
        let outputs = result.outputs(&row);
        if let Some(batch) = batches.add(&row, outputs, &result)
            && let Err(error) = delivery.send(&batch).await
        {
            return Ok((delivery.delivered().clone(), Err(error)));
        }
    }
    let names = Names::of(&*store, run)?;
    let mut after = None;
    while let Some((id, exchanges)) = store.exchanges(header.id, after).await? {
        after = Some(id);
        for (place, exchange) in exchanges.iter().enumerate() {
            if let Some(batch) = batches.add_exchange(names.of_row(exchange.index), id, place, exchange)
                && let Err(error) = delivery.send(&batch).await
            {
                return Ok((delivery.delivered().clone(), Err(error)));
            }
        }
    }
    if let Some(batch) = batches.finish()
        && let Err(error) = delivery.send(&batch).await
    {
        return Ok((delivery.delivered().clone(), Err(error)));
    }
    let delivered = delivery.delivered().clone();
    let ended = delivery.finish().await.map(|_| ());
    Ok((delivered, ended))
}

pub(super) fn no_exporter(failure: &Failure) -> Stop {
    Stop::message(format_args!("the exporter can't be used: {}", printable_line(&failure.message)))
}

fn refused(item: &str, error: DeliverError) -> Stop {
    let stop = Stop::message(format_args!("`{item}`: {}", printable_line(&error.to_string())));
    stop.hint("nothing more was sent; see `--grant`, `--allow` and `--output` of `karat runs export --help`")
}

fn tell(run: &Run, item: &str, delivered: &Delivered, terminal: &Terminal) -> Result<(), Stop> {
    let Delivered { batches, accepted, rejected, retries, messages } = delivered;
    if terminal.is_json() {
        terminal.json(&json!({
            "run": run.header.id, "exporter": item, "batches": batches, "accepted": accepted, "rejected": rejected,
            "retries": retries, "messages": messages,
        }))?;
        return Ok(());
    }
    let again = if *retries > 0 { format!(", {} sent again", count(*retries)) } else { String::new() };
    terminal.say(format_args!(
        "`{item}` took {} of {} in {}{again}",
        count(*accepted),
        counted(accepted + rejected, "span"),
        if *batches == 1 { "1 batch".to_owned() } else { format!("{} batches", count(*batches)) }
    ))?;
    for message in messages {
        terminal.say(format_args!("  {}", printable_line(message)))?;
    }
    Ok(())
}
