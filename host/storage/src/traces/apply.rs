//! What a frame of the log means for the index.
//!
//! Frames are applied in the order of the log. A copy that compaction made says which frame it is a copy of: what it holds is
//! there already, and now also at another place.
//!
//! Invariant: a log says the same after any part of a compaction. Spans that were copied may stand behind what was said of
//! their trace, and behind spans that came later; so what is said of a trace that is not there yet waits until the end, and
//! what depends on what came first goes by the numbers that frames were first written under.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use model::digest::{Fold, Header, SpanDigest, State as HeaderState, to_pico};
use model::ports::{Annotation, AnnotationChange, StoreError};

use super::folds::Folds;
use super::frames::{self, ANNOTATIONS, ChunkHead, DELETION, SPANS};
use super::id::{self, SpanId, TraceId};
use super::part::{Assessed, Chunk, Note, Row, State, Step, Tag, UNKNOWN};
use super::strings::{NONE, Strings, TextId};
use super::table::{Table, TraceNumber};
use super::{codec, read};
use crate::log::{Address, Held};
use crate::operation::unreadable;

/// A frame that was written.
pub(super) struct Frame<'a> {
    pub(super) kind: u8,
    pub(super) sequence: u64,
    pub(super) payload: &'a [u8],
    pub(super) address: Address,
}

impl Table {
    /// Applies a frame of traces.
    ///
    /// # Errors
    ///
    /// `Damaged` where the frame, or an older one that it adds to, can't be read.
    pub(super) fn apply(&mut self, frame: &Frame<'_>, log: &Held, folds: &mut Folds) -> Result<(), StoreError> {
        match frame.kind {
            SPANS => self.apply_spans(frame, log, folds),
            ANNOTATIONS => self.apply_annotations(frame),
            DELETION => self.apply_deletion(frame, folds),
            other => unreachable!("frames of kind {other} are not about traces"),
        }
    }

    fn apply_spans(&mut self, frame: &Frame<'_>, log: &Held, folds: &mut Folds) -> Result<(), StoreError> {
        let (head, chunks) = frames::read_spans(frame.payload, frame.address)?;
        let as_of = head.as_of.unwrap_or(frame.sequence);
        let experiment = self.strings.put_whole(&head.experiment);
        for (chunk_head, range) in chunks {
            let chunk = chunk(frame.address, as_of, chunk_head, &range);
            if self.moved(&chunk_head.trace, chunk) {
                continue;
            }
            let packed = &frame.payload[range][..chunk_head.digests as usize];
            let digests = digests(packed).ok_or_else(|| unreadable(frame.address, "its digests"))?;
            self.put(chunk_head.trace, experiment, head.arrived, chunk, digests, log, folds)?;
        }
        Ok(())
    }

    /// Notes that a chunk is at another place now. Whether it was there.
    fn moved(&mut self, trace: &TraceId, chunk: Chunk) -> bool {
        let Some(number) = self.number(trace) else { return false };
        let mut row = self.row(number);
        let mut known = std::iter::once(&mut row.first).chain(row.more.iter_mut().flat_map(|more| &mut more.chunks));
        let Some(known) = known.find(|known| known.as_of == chunk.as_of) else { return false };
        *known = chunk;
        self.set(number, row);
        true
    }

    #[expect(clippy::too_many_arguments, reason = "a chunk, where it belongs, and what it is read with")]
    fn put(
        &mut self,
        trace: TraceId,
        experiment: TextId,
        arrived: u64,
        chunk: Chunk,
        digests: Vec<SpanDigest>,
        log: &Held,
        folds: &mut Folds,
    ) -> Result<(), StoreError> {
        let known = self.number(&trace);
        let (mut row, mut fold) = match known {
            None => (Row { id: trace, experiment, first: chunk, ..Row::default() }, Fold::default()),
            Some(number) => {
                let mut row = self.row(number);
                let fold = folds.take(number).map_or_else(|| read::fold(&row, log), Ok)?;
                // A trace stays in the experiment that it came to first.
                if chunk.as_of < row.since() {
                    row.experiment = experiment;
                }
                row.more().chunks.push(chunk);
                (row, fold)
            }
        };
        let (mut news, mut again): (BTreeSet<SpanId>, BTreeSet<SpanId>) = Default::default();
        for digest in digests {
            let id = id::span(&digest.id).unwrap_or_default();
            if fold.get(&digest.id) == Some(&digest) {
                again.insert(id);
            } else if fold.add(digest) {
                news.insert(id);
            }
        }
        row.arrived = row.arrived.max(arrived);
        let before = row.top;
        set_header(&mut row, &fold, &mut self.strings);
        let last = row.chunks().count() - 1;
        if news.contains(&row.top) {
            row.top_chunk = last as u32;
        } else if row.top != before {
            row.top_chunk = read::chunk_of(&row, row.top, log)?;
        } else if again.contains(&row.top) && row.top_chunk().is_none_or(|known| chunk.as_of < known.as_of) {
            row.top_chunk = last as u32;
        }
        let number = match known {
            Some(number) => {
                self.set(number, row);
                number
            }
            None => self.add(row),
        };
        folds.put(number, fold);
        Ok(())
    }

    fn apply_annotations(&mut self, frame: &Frame<'_>) -> Result<(), StoreError> {
        let (as_of, annotations) = frames::read_annotations(frame.payload, frame.address)?;
        let Address { position, length } = frame.address;
        let note =
            Note { as_of: as_of.unwrap_or(frame.sequence), segment: position.segment, offset: position.offset, length };
        for Annotation { trace, change } in annotations {
            let Ok(trace) = id::trace(&trace) else { continue };
            let number = self.number(&trace);
            if let Some(waiting) = &mut self.waiting
                && (number.is_none() || waiting.contains_key(&trace))
            {
                waiting.entry(trace).or_default().push((note, change));
            } else if let Some(number) = number {
                self.annotate(number, &change, note);
            }
        }
        Ok(())
    }

    fn annotate(&mut self, number: TraceNumber, change: &AnnotationChange, note: Note) {
        let mut row = self.row(number);
        annotate(&mut row, change, note, &mut self.strings);
        self.set(number, row);
    }

    /// What is said of traces that are not there waits from now on, until [`Self::settle`]: their spans may be further on in
    /// the log.
    pub(super) fn wait(&mut self) {
        self.waiting = Some(HashMap::new());
    }

    /// Applies what has waited, where its trace has come. What was said of a trace before it was deleted is not said of one
    /// that came under its id later.
    pub(super) fn settle(&mut self) {
        for (trace, said) in self.waiting.take().into_iter().flatten() {
            let Some(number) = self.number(&trace) else { continue };
            let since = self.row(number).since();
            for (note, change) in said.iter().filter(|(note, _)| note.as_of > since) {
                self.annotate(number, change, *note);
            }
        }
    }

    fn apply_deletion(&mut self, frame: &Frame<'_>, folds: &mut Folds) -> Result<(), StoreError> {
        for trace in frames::read_deletion(frame.payload, frame.address)? {
            if let Some(number) = self.number(&trace) {
                self.remove(number);
                folds.take(number);
            }
            self.waiting.as_mut().and_then(|waiting| waiting.remove(&trace));
        }
        Ok(())
    }
}

fn chunk(address: Address, as_of: u64, head: ChunkHead, range: &Range<usize>) -> Chunk {
    let offset = frames::offset(address, range.start);
    Chunk {
        as_of,
        segment: address.position.segment,
        offset: u32::try_from(offset).expect("a segment and its last frame are below 4 GiB"),
        digests: head.digests,
        spans: head.spans,
    }
}

pub(super) fn digests(packed: &[u8]) -> Option<Vec<SpanDigest>> {
    codec::read_digests(&frames::unpack(packed)?).ok()
}

/// Writes what a fold says into a row.
fn set_header(row: &mut Row, fold: &Fold, strings: &mut Strings) {
    let Header { root, name, service, start, end, state, session, user, tokens, unpriced, .. } = {
        let header = fold.header();
        let mut list = |texts: &[String]| {
            let ids: Vec<TextId> = texts.iter().map(|text| strings.put(text)).collect();
            strings.put_list(&ids)
        };
        (row.models, row.prompts) = (list(&header.models), list(&header.prompts));
        let metadata: Vec<TextId> = header
            .metadata
            .iter()
            .flat_map(|(name, value)| [name, value])
            .map(|text| strings.put_whole(text))
            .collect();
        row.metadata = strings.put_list(&metadata);
        (row.spans, row.errors) = (count(header.spans), count(header.errors));
        let costs = [header.cost, header.input_cost, header.output_cost];
        let [cost, input, output] = costs.map(|cost| cost.map_or(UNKNOWN, to_pico));
        (row.cost, row.cost_parts) = (cost, [input, output]);
        header
    };
    row.state = match state {
        HeaderState::InProgress => State::InProgress,
        HeaderState::Ok => State::Ok,
        HeaderState::Error => State::Error,
    };
    (row.start, row.end) = (start, end.unwrap_or_default());
    row.name = strings.put(&name);
    row.service = strings.put_some(service.as_deref());
    row.session = strings.put_some(session.as_deref());
    row.user = strings.put_some(user.as_deref());
    row.has_tokens = tokens.is_some();
    let tokens = tokens.unwrap_or_default();
    row.tokens = [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning, tokens.total];
    row.unpriced = count(unpriced);
    row.has_root = root.is_some();
    row.is_announced = fold.announcement().is_some();
    row.top = fold.top().and_then(|top| id::span(&top.id).ok()).unwrap_or_default();
    let error = strings.put("ERROR");
    let steps: BTreeSet<Step> = fold
        .spans()
        .map(|span| Step {
            name: strings.put(&span.name),
            kind: strings.put_some(span.kind.as_deref()),
            model: strings.put_some(span.model.as_deref()),
            status: if span.is_error { error } else { NONE },
        })
        .collect();
    let shape: Vec<TextId> = steps.into_iter().flat_map(Step::texts).collect();
    row.shape = strings.put_list(&shape);
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn annotate(row: &mut Row, change: &AnnotationChange, note: Note, strings: &mut Strings) {
    match change {
        AnnotationChange::Tag { name, value } => {
            let name = strings.put_whole(name);
            let tags = &mut row.more().tags;
            tags.retain(|tag| tag.name != name);
            tags.extend(value.as_ref().map(|value| Tag { name, value: strings.put_whole(value), note }));
        }
        AnnotationChange::Assess(assessment) => {
            let assessed = Assessed::of(assessment, note, strings);
            let assessments = &mut row.more().assessments;
            assessments.retain(|known| known.id != assessed.id);
            assessments.push(assessed);
            assessments.sort_by_key(|known| (known.created, known.id));
        }
        AnnotationChange::Withdraw(id) => row.more().assessments.retain(|known| known.id != *id.0.as_bytes()),
    }
}
