//! `karat plugin bench`: a scorecard for whoever writes a scorer.

use std::time::Duration;

use bytesize::ByteSize;
use model::grant::Grant;
use model::limits::{CallLimits, Reuse};
use model::ports::{Binding, Call, Plugin};
use pipeline::cases::told;
use sandbox::Measured;
use serde_json::json;
use tokio::runtime::Runtime;

use super::one_call::One;
use super::{cases, plugin};
use crate::args::OneCall;
use crate::exit::{Exit, Stop};
use crate::quantities::{count, latency};
use crate::terminal::{Terminal, printable_line, table};
use crate::wiring::Plugins;

/// Calls of each kind; the median counts.
const TIMES: u32 = 200;

pub(super) fn run(
    plugins: &Plugins,
    plugin: &str,
    call: OneCall,
    runtime: &Runtime,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let loaded = plugin::load(plugins, plugin)?;
    let One { row, parameters, scorers: names, .. } = One::read(call, loaded.description())?;
    let mut measured = Vec::new();
    for name in names {
        let binding = Binding {
            calls: vec![Call { key: name.clone(), item: name.clone(), parameters: parameters.clone() }],
            limits: CallLimits::default(),
            reuse: Reuse::Never,
            seed: 0,
            grant: Grant::default(),
            config: serde_json::Map::new(),
        };
        let cost = runtime.block_on(loaded.measure(&binding, &row, TIMES)).map_err(Stop::message)?;
        measured.push((name, cost));
    }
    let (bytes, _) = Plugins::read_plugin(plugin).map_err(plugin::unusable)?;
    let compiling = plugins.time_to_compile(&bytes).map_err(plugin::unusable)?;
    if terminal.is_json() {
        let about = (bytes.len(), compiling);
        terminal.json(&measured.iter().map(|(name, cost)| object(name, cost, about)).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let rows = measured.iter().map(|(name, cost)| {
        let reused = cost.reused.map_or("–".to_owned(), |time| format!("{:.1} µs", time.as_secs_f64() * 1e6));
        vec![
            name.clone(),
            count(cost.fuel),
            ByteSize(cost.memory).to_string(),
            count(cost.host_calls),
            format!("{:.1} µs", cost.fresh.as_secs_f64() * 1e6),
            reused,
            printable_line(&told(&cost.outcome)),
        ]
    });
    terminal.data(table(
        &["SCORER", "FUEL", "MEMORY", "HOST CALLS", "FRESH", "REUSED", "CAME OF IT"],
        &[1, 2, 3, 4, 5],
        rows,
    ))?;
    terminal.data(format_args!("{} of code, compiled once in {}", ByteSize(bytes.len() as u64), latency(compiling)))?;
    Ok(Exit::Done)
}

/// `about` is the component's size in bytes and what compiling it takes.
fn object(name: &str, cost: &Measured, about: (usize, Duration)) -> serde_json::Value {
    let mut object = cases::object(&cost.outcome);
    let costs = json!({
        "scorer": name, "bytes": about.0, "compile_ms": about.1.as_secs_f64() * 1e3, "fuel": cost.fuel, "memory": cost.memory, "host_calls": cost.host_calls,
        "fresh_us": cost.fresh.as_secs_f64() * 1e6, "reused_us": cost.reused.map(|time| time.as_secs_f64() * 1e6),
    });
    object.as_object_mut().into_iter().for_each(|object| object.extend(costs.as_object().cloned().unwrap_or_default()));
    object
}
