//! Opens the judges of a run, as far as the operator lets them be asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use broker::{Bounds, Cassette, Judges, Setup};
use model::endpoint;
use model::judge::{BatchId, Exchange};
use model::ports::JudgeCache;
use model::report::Cost;
use pipeline::score::Judged;
use tokio::sync::mpsc;

use crate::authority::Authority;
use crate::exit::Stop;
use crate::wiring;

/// What a run knows of its judges.
pub(crate) struct Opening<'a> {
    pub(crate) judges: &'a endpoint::Judges,
    /// US dollars that the run may spend over all its sessions.
    pub(crate) max_usd: Option<f64>,
    /// What earlier sessions have spent.
    pub(crate) spent: &'a Cost,
    /// None where every question is asked anew.
    pub(crate) cache: Option<Arc<dyn JudgeCache>>,
    pub(crate) cassette: Option<Arc<Cassette>>,
    pub(crate) authority: &'a Authority,
    /// The suite's.
    pub(crate) folder: &'a Path,
    /// Whether nobody is to be asked.
    pub(crate) is_replay: bool,
}

/// Lets plugins ask.
pub(crate) fn open(door: &Arc<Judges>, opening: Opening<'_>) -> Result<Judged, Stop> {
    let Opening { judges, max_usd, spent, cache, cassette, authority, folder, is_replay } = opening;
    // Nothing of a replay goes out: it takes no keys.
    let allowed = if is_replay { broker::Allowed::default() } else { authority.allowed_judges(judges, folder)? };
    let connections: usize = judges.endpoints.values().map(|endpoint| endpoint.flow.concurrency as usize).sum();
    let http = wiring::door(allowed, Bounds::judges(connections.max(1)))?;
    let (record, exchanges) = mpsc::unbounded_channel::<Exchange>();
    let spent: BTreeMap<_, _> =
        spent.of.iter().map(|(key, spent)| (key.clone(), micros(spent.usd.unwrap_or(0.0)))).collect();
    let most = max_usd.map(micros);
    let setup = Setup { judges: judges.clone(), most, spent, cache, cassette, record };
    door.open(setup, &http).map_err(Stop::message)?;
    Ok(Judged { exchanges, purse: Arc::clone(door) as _, next_batch: || BatchId(uuid::Uuid::now_v7()) })
}

/// Millionths of a US dollar.
fn micros(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}
