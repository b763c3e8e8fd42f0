//! Finding traces: the best of the index, and of those what the log confirms.

use std::collections::{BinaryHeap, HashMap};

use model::assessment::counting;
use model::ports::StoreError;
use model::search::{Cursor, Field, Filter, Matcher, Page, Query, Subject, Work};

use super::Traces;
use super::condition::{Condition, MAYBE, NO};
use super::order::Place;
use super::part::{ROWS, Row};
use super::read::{self, Known, Told};
use super::table::{Table, TraceNumber};
use crate::log::Held;

/// Traces that are taken for a page where the log has to confirm them.
const CANDIDATES: usize = 4096;

/// Bytes of the log that are read for a page: further traces are looked at for the next.
const MOST_READ: usize = 4 << 20;

/// Traces that are taken out of the index at once.
const TAKEN: usize = 64;

/// A trace that may be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    place: Place,
    number: TraceNumber,
    is_certain: bool,
}

/// What the index has of a trace.
struct Taken {
    row: Row,
    known: Known,
    /// Traces on which something stands that was said of its session as a whole.
    session: Vec<Known>,
}

/// What the index says of a query.
struct Candidates {
    /// The best, in order.
    best: Vec<Candidate>,
    /// There are others behind them.
    more: bool,
    work: Work,
}

impl Traces {
    /// Up to `limit` traces behind `after`.
    ///
    /// # Errors
    ///
    /// `Invalid` where a pattern or the cursor is none; fails when the log is damaged.
    pub(crate) fn search(&self, query: &Query, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after
            .map(|cursor| Place::read(cursor, &query.order).ok_or_else(|| wrong("the cursor is of another search")));
        let after = after.transpose()?;
        let matcher = query.filter.as_ref().map(Matcher::new).transpose().map_err(|what| wrong(&what))?;
        let reads_spans = query.filter.as_ref().is_some_and(needs_spans);
        let asks_what_was_said = query.filter.as_ref().is_some_and(speaks_of_what_was_said);
        let found = candidates(&self.table(), query, after.as_ref(), limit)?;
        let mut page = Page { work: found.work, ..Page::default() };
        let mut read = 0;
        let mut last = None;
        let mut rest = found.best.iter().peekable();
        while page.traces.len() < limit && read < MOST_READ && rest.peek().is_some() {
            let wanted: Vec<&Candidate> = rest.by_ref().take(TAKEN.min(limit - page.traces.len())).collect();
            let (rows, held) = self.take(&wanted, asks_what_was_said);
            for (candidate, taken) in wanted.into_iter().zip(rows) {
                last = Some(&candidate.place);
                // It was deleted meanwhile.
                let Some(Taken { row, known, session }) = taken else { continue };
                let told = (reads_spans && !candidate.is_certain).then(|| Told::of(&row, &held)).transpose()?;
                let info = known.read(&held, told.as_ref())?;
                let is_found = candidate.is_certain || {
                    page.work.read += 1;
                    let spans = told.as_ref().map(|told| read::spans(told, &held, 0, usize::MAX)).transpose()?;
                    let spans = spans.unwrap_or_default();
                    read += row.chunks().map(|chunk| bytes(chunk, reads_spans)).sum::<usize>();
                    let mut of_session = Vec::new();
                    for said in session {
                        let said = said.said(&held)?;
                        of_session.extend(counting(&said).filter(|said| said.is_of_session()).cloned());
                    }
                    let subject = Subject { info: &info, spans: &spans, session: &of_session };
                    matcher.as_ref().is_none_or(|matcher| matcher.matches(subject))
                };
                if is_found {
                    page.traces.push(info);
                }
            }
        }
        let is_more = found.more || rest.peek().is_some();
        page.next = last.filter(|_| is_more).map(Place::cursor);
        Ok(page)
    }

    /// What the index has of some traces, and the segments to read the rest from.
    fn take(&self, wanted: &[&Candidate], with_sessions: bool) -> (Vec<Option<Taken>>, Held) {
        let table = self.table();
        let sessions = if with_sessions { table.sessions() } else { HashMap::new() };
        let taken = |candidate: &&Candidate| {
            let row = table.row_of(candidate.number, &candidate.place.id)?;
            let numbers = sessions.get(&(row.experiment, row.session)).into_iter().flatten();
            let session = numbers.map(|number| Known::of(&table.row(*number), &table.strings)).collect();
            Some(Taken { known: Known::of(&row, &table.strings), row, session })
        };
        (wanted.iter().map(taken).collect(), self.log.hold())
    }
}

/// Goes through the index.
fn candidates(table: &Table, query: &Query, after: Option<&Place>, limit: usize) -> Result<Candidates, StoreError> {
    let strings = &table.strings;
    let condition = Condition::new(query.filter.as_ref(), table).map_err(|what| wrong(&what))?;
    let wanted = if condition.is_certain() { limit } else { limit.max(CANDIDATES) };
    let experiments: Option<Vec<_>> = (!query.experiments.is_empty())
        .then(|| query.experiments.iter().filter_map(|name| strings.find_whole(name)).collect());
    let is_newest_first = query.order.is_empty();
    let mut slots: Vec<_> = table.slots().iter().enumerate().collect();
    if is_newest_first {
        slots.sort_by_key(|(_, slot)| std::cmp::Reverse(slot.newest));
    }
    let (mut best, mut work, mut looked_at) = (BinaryHeap::new(), Work::default(), 0_u64);
    for (number, slot) in &slots {
        let worst = best.peek().map(|worst: &Candidate| worst.place.start);
        if is_newest_first && best.len() > wanted && worst.is_some_and(|worst| slot.newest < worst) {
            break;
        }
        if is_newest_first && after.is_some_and(|after| slot.part.start.iter().all(|start| *start > after.start)) {
            continue;
        }
        looked_at += 1;
        work.scanned += slot.part.len() as u64;
        for (at, verdict) in condition.verdicts(&slot.part).into_iter().enumerate() {
            if verdict == NO || experiments.as_ref().is_some_and(|some| !some.contains(&slot.part.experiment[at])) {
                continue;
            }
            let is_late =
                worst_of(&best, wanted).is_some_and(|worst| worst.to(&slot.part, at, &query.order, strings).is_le());
            if is_late || after.is_some_and(|after| after.to(&slot.part, at, &query.order, strings).is_ge()) {
                continue;
            }
            let place = Place::of(&slot.part, at, &query.order, strings);
            best.push(Candidate { place, number: (number * ROWS + at) as u32, is_certain: verdict != MAYBE });
            if best.len() > wanted + 1 {
                best.pop();
            }
        }
    }
    work.steps = steps(query, &condition, looked_at, slots.len() as u64);
    let mut best = best.into_sorted_vec();
    let more = best.len() > wanted;
    best.truncate(wanted);
    Ok(Candidates { best, more, work })
}

/// The place of the last candidate, where there are enough.
fn worst_of(best: &BinaryHeap<Candidate>, wanted: usize) -> Option<&Place> {
    best.peek().filter(|_| best.len() > wanted).map(|worst| &worst.place)
}

fn steps(query: &Query, condition: &Condition<'_>, looked_at: u64, parts: u64) -> Vec<String> {
    let order = if query.order.is_empty() { "newest first" } else { "all, sorted" };
    let mut steps = vec![format!("look through {looked_at} of {parts} parts of the index ({order})")];
    if !condition.is_certain() {
        let what = if query.filter.as_ref().is_some_and(needs_spans) { "spans" } else { "inputs and outputs" };
        steps.push(format!("read {what} of what is left from the log, {CANDIDATES} traces or 4 MiB a page"));
    }
    steps
}

/// Whether spans have to be read where the index is not certain.
fn needs_spans(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(needs_spans),
        Filter::Not(filter) => needs_spans(filter),
        Filter::Trace(field, _) => *field == Field::Text,
        Filter::Span(_) => true,
    }
}

fn speaks_of_what_was_said(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().any(speaks_of_what_was_said),
        Filter::Not(filter) => speaks_of_what_was_said(filter),
        Filter::Trace(field, _) => matches!(field, Field::Feedback(_) | Field::Expectation(_)),
        Filter::Span(_) => false,
    }
}

fn bytes(chunk: &super::part::Chunk, with_spans: bool) -> usize {
    (chunk.digests + if with_spans { chunk.spans } else { 0 }) as usize
}

fn wrong(what: &str) -> StoreError {
    StoreError::Invalid { what: what.to_owned() }
}
