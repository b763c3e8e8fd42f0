//! The rows of a dataset that was checked before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use model::json::Json;
use model::object;
use model::ports::{BrokenTrace, DataReader, TraceReader};
use model::row::{Row, RowRecord};
use model::run::RunPlan;
use model::trace::Trace;

use super::identity::{Identities, generated, hash_inputs};
use super::map::Map;
use super::meant::{Meant, Place};
use super::order::Drawn;
use super::peers::Peer;
use super::row::{Flaw, decode};

/// Why a dataset that was checked can't be streamed.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    #[error("the dataset can't be read")]
    Read(#[from] std::io::Error),
    #[error("the dataset is not the one that was checked: {what} (line {line})")]
    Changed { line: u64, what: String },
    #[error("the dataset is not the one that was checked: the trace of `{id}`: {what}")]
    Trace { id: String, what: String },
}

/// How a record becomes a row: by a map, by another tool's shape, or as it is. Which tool's is decided by the first record.
pub(super) struct Shape {
    pub map: Option<Map>,
    peer: Peers,
}

enum Peers {
    Unknown,
    Known(Option<&'static Peer>),
}

impl Shape {
    /// A plan's map was checked when the plan was made.
    pub(super) fn of(plan: &RunPlan) -> Self {
        Self::new(plan.map.as_ref().and_then(|entries| Map::new(entries).ok()), None)
    }

    /// None of a peer leaves it to the first record.
    pub(super) fn new(map: Option<Map>, peer: Option<&'static Peer>) -> Self {
        let peer = if peer.is_some() || map.is_some() { Peers::Known(peer) } else { Peers::Unknown };
        Self { map, peer }
    }

    /// Whose shape it is, once a record was seen.
    pub(super) fn peer(&self) -> Option<&'static Peer> {
        match self.peer {
            Peers::Known(peer) => peer,
            Peers::Unknown => None,
        }
    }

    /// Sets `seen` for each source of the map that leads somewhere.
    pub(super) fn row(&mut self, fields: &Json, seen: &mut [bool]) -> Result<RowRecord, Vec<Flaw>> {
        if let Some(map) = &self.map {
            let fields = map.apply(fields, seen);
            let fields: Vec<_> = fields.iter().map(|(key, raw)| (Cow::Borrowed(key.as_ref()), raw.as_ref())).collect();
            return decode(&fields);
        }
        let entries = object::entries(fields.as_str()).unwrap_or_default();
        if matches!(self.peer, Peers::Unknown) {
            let keys: Vec<_> = entries.iter().map(|(key, _)| key.as_ref()).collect();
            self.peer = Peers::Known(Peer::of(&keys));
        }
        match self.peer() {
            Some(peer) => peer.read(&entries),
            None => decode(&entries),
        }
    }
}

/// Calls `each` with every row of a dataset and its position, until it breaks off.
///
/// # Errors
///
/// Fails when `source` does, or when it holds something that is no row.
pub fn records(
    reader: &dyn DataReader,
    plan: &RunPlan,
    source: &mut dyn Read,
    each: &mut dyn FnMut(u64, RowRecord) -> ControlFlow<()>,
) -> Result<(), RowsError> {
    let mut shape = Shape::of(plan);
    let mut index = 0;
    let mut changed = None;
    reader.read(plan.format, source, &mut |record| {
        let row = match record {
            Ok(record) => shape.row(&record.fields, &mut []).map_err(|flaws| RowsError::Changed {
                line: record.line,
                what: flaws.into_iter().next().map_or_else(String::new, |flaw| flaw.message),
            }),
            Err(broken) => Err(RowsError::Changed { line: broken.line, what: broken.message }),
        };
        match row {
            Ok(row) => {
                index += 1;
                each(index - 1, row)
            }
            Err(error) => {
                changed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    changed.map_or(Ok(()), Err)
}

/// The ids of all rows of a dataset, in order.
///
/// # Errors
///
/// As [`records`].
pub fn ids(reader: &dyn DataReader, plan: &RunPlan, source: &mut dyn Read) -> Result<Vec<String>, RowsError> {
    let (mut ids, mut seen) = (Vec::new(), HashMap::<u64, u64>::new());
    records(reader, plan, source, &mut |_, row| {
        ids.push(row.id.unwrap_or_else(|| {
            let hash = hash_inputs(&row.inputs).unwrap_or_default();
            let occurrence = seen.entry(hash).or_default();
            *occurrence += 1;
            generated(hash, *occurrence)
        }));
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

/// Opens the bytes of a dataset; each time anew.
pub type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send>;

/// Where the rows of a run come from.
pub struct Rows {
    pub reader: Arc<dyn DataReader>,
    pub traces: Arc<dyn TraceReader>,
    /// The bytes that were checked; the store's copy.
    pub source: Open,
    pub plan: Arc<RunPlan>,
    pub identities: Identities,
}

impl Rows {
    /// Calls `each` with every trial of every row that the plan asks for, until it breaks off: in dataset order, or in the order
    /// that the seed draws where the run may end before its last row. That takes a pass over the dataset for each ten thousand rows.
    ///
    /// # Errors
    ///
    /// Fails when the source does, or when it holds something that is no row.
    pub fn stream(self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), RowsError> {
        let mut changed = None;
        let mut put = |index, record| self.put(index, record, each, &mut changed);
        if self.plan.stop.is_none() {
            self.pass(&mut put)?;
            return changed.map_or(Ok(()), Err);
        }
        let mut behind = None;
        loop {
            let mut drawn = Drawn::new(self.plan.seed, behind);
            self.pass(&mut |index, record| {
                drawn.add(index, record);
                ControlFlow::Continue(())
            })?;
            behind = drawn.finish(&mut put);
            if behind.is_none() {
                return changed.map_or(Ok(()), Err);
            }
        }
    }

    /// Calls `each` with every row that counts, in dataset order.
    fn pass(&self, each: &mut dyn FnMut(u64, RowRecord) -> ControlFlow<()>) -> Result<(), RowsError> {
        let mut source = (self.source)()?;
        let mut meant = Meant::of(&self.plan);
        records(self.reader.as_ref(), &self.plan, &mut source, &mut |index, record| match meant.place(&record) {
            Place::Meant => each(index, record),
            Place::Elsewhere => ControlFlow::Continue(()),
            Place::Behind => ControlFlow::Break(()),
        })
    }

    /// Gives all trials of a row to `each`.
    fn put(
        &self,
        index: u64,
        record: RowRecord,
        each: &mut dyn FnMut(Row) -> ControlFlow<()>,
        changed: &mut Option<RowsError>,
    ) -> ControlFlow<()> {
        let plan = &self.plan;
        let id = id(&record, index, &self.identities);
        if plan.only.as_ref().is_some_and(|only| *only != id) {
            return ControlFlow::Continue(());
        }
        // A predictor brings traces of its own.
        let written = record.trace.as_ref().filter(|_| plan.predictor.is_none());
        let trace = match written.map(|written| self.traces.read(written)).transpose() {
            Ok(trace) => trace.map(Arc::new),
            Err(BrokenTrace { message, .. }) => {
                *changed = Some(RowsError::Trace { id, what: message });
                return ControlFlow::Break(());
            }
        };
        trials(record, trace, index, id, plan.trials, each)?;
        if plan.only.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn id(record: &RowRecord, index: u64, identities: &Identities) -> String {
    record.id.clone().unwrap_or_else(|| {
        let hash = hash_inputs(&record.inputs).unwrap_or(0);
        generated(hash, identities.occurrence(hash, index))
    })
}

fn trials(
    record: RowRecord,
    trace: Option<Arc<Trace>>,
    index: u64,
    id: String,
    trials: u32,
    each: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let trials = record.trials.unwrap_or(trials);
    let RowRecord { inputs, outputs, expectations, tags, session, .. } = record;
    let first = Row { index, id, trial: 0, inputs, outputs, expectations, tags, session, trace };
    for trial in 1..trials {
        each(Row { trial: trial - 1, ..first.clone() })?;
    }
    each(Row { trial: trials.saturating_sub(1), ..first })
}
