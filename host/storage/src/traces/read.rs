//! What the index leaves to the log: spans, previews, and what was said in full.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::assessment::{Assessment, AssessmentId};
use model::digest::{ANNOUNCEMENT, Fold, Header, SpanDigest, State as HeaderState, Tokens, in_order};
use model::ports::{Annotation, AnnotationChange, StoreError};
use model::search::TraceInfo;
use model::trace::Span;

use super::apply::digests;
use super::codec::{self, Brief};
use super::frames::{self, ANNOTATIONS, SPANS};
use super::id::{self, SpanId};
use super::parallel;
use super::part::{Chunk, Note, Row, State, dollars};
use super::strings::{ListId, Strings, TextId};
use crate::log::{Address, Held, Position};
use crate::operation::unreadable;

/// A trace as the index has it, with what leads into the log.
pub(super) struct Known {
    info: TraceInfo,
    top: SpanId,
    /// Where the span is that the trace is named after.
    top_chunk: Chunk,
    /// Assessments that were not taken back, and where they are.
    said: Vec<(AssessmentId, Note)>,
    /// The row, where the top of the trace does not have all texts of it: some were cut, or its client has said others.
    cut: Option<Row>,
}

impl Known {
    pub(super) fn of(row: &Row, strings: &Strings) -> Self {
        let text = |id: TextId| strings.text(id).map(str::to_owned);
        let list = |id: ListId| strings.list(id).iter().filter_map(|&id| text(id)).collect::<Vec<String>>();
        let pairs = |ids: &[TextId]| -> BTreeMap<String, String> {
            ids.as_chunks::<2>().0.iter().filter_map(|&[name, value]| Some((text(name)?, text(value)?))).collect()
        };
        let [input, output, cache_read, cache_write, reasoning, total] = row.tokens;
        let header = Header {
            root: row.has_root.then(|| id::hex(&row.top)),
            name: text(row.name).unwrap_or_default(),
            service: text(row.service),
            start: row.start,
            end: (row.end > 0).then_some(row.end),
            state: match row.state {
                State::Gone | State::InProgress => HeaderState::InProgress,
                State::Ok => HeaderState::Ok,
                State::Error => HeaderState::Error,
            },
            session: text(row.session),
            user: text(row.user),
            tokens: row.has_tokens.then_some(Tokens { input, output, cache_read, cache_write, reasoning, total }),
            cost: dollars(row.cost),
            input_cost: dollars(row.cost_parts[0]),
            output_cost: dollars(row.cost_parts[1]),
            unpriced: row.unpriced as usize,
            models: list(row.models),
            prompts: list(row.prompts),
            metadata: pairs(strings.list(row.metadata)),
            spans: row.spans as usize,
            errors: row.errors as usize,
            inputs: None,
            outputs: None,
        };
        let more = row.more.as_deref();
        let tags = more.iter().flat_map(|more| &more.tags);
        let tags = tags.filter_map(|tag| Some((text(tag.name)?, text(tag.value)?))).collect();
        let info = TraceInfo {
            id: id::hex(&row.id),
            experiment: text(row.experiment).unwrap_or_default(),
            header,
            tags,
            assessments: Vec::new(),
        };
        let mut texts = [row.session, row.user]
            .into_iter()
            .chain([row.models, row.prompts].into_iter().flat_map(|list| strings.list(list).iter().copied()));
        let is_cut = row.is_announced || texts.any(|text| strings.is_cut(text));
        let cut = is_cut.then(|| row.clone());
        let top_chunk = *row.top_chunk().unwrap_or(&row.first);
        let said = more.iter().flat_map(|more| &more.assessments);
        let said = said.map(|said| (AssessmentId(uuid::Uuid::from_bytes(said.id)), said.note)).collect();
        Self { info, top: row.top, top_chunk, said, cut }
    }

    /// What is known without the log.
    pub(super) fn info(&self) -> &TraceInfo {
        &self.info
    }

    /// What was said of it, in full.
    pub(super) fn said(&self, log: &Held) -> Result<Vec<Assessment>, StoreError> {
        assessments(&self.info.id, &self.said, log)
    }

    /// Fills in what the log has. `told` is what was read of its spans already.
    pub(super) fn read(self, log: &Held, told: Option<&Told<'_>>) -> Result<TraceInfo, StoreError> {
        let said = self.said(log)?;
        let Self { mut info, top, top_chunk, cut, .. } = self;
        info.assessments = said;
        if let Some(row) = cut {
            let fold = match told {
                Some(told) => told.fold()?,
                None => fold(&row, log)?,
            };
            info.header = fold.header();
            return Ok(info);
        }
        let top = id::hex(&top);
        if let Some(named) = chunk_digests(&top_chunk, log)?.into_iter().filter(|digest| digest.id == top).max() {
            (info.header.name, info.header.service) = (named.name, named.service);
            (info.header.inputs, info.header.outputs) = (named.inputs, named.outputs);
        }
        Ok(info)
    }
}

/// Assessments of a trace, by age. In the frame of one there may be others, which were replaced or taken back elsewhere.
fn assessments(trace: &str, said: &[(AssessmentId, Note)], log: &Held) -> Result<Vec<Assessment>, StoreError> {
    let mut notes: Vec<Note> = said.iter().map(|(_, note)| *note).collect();
    notes.sort_unstable_by_key(|note| note.as_of);
    notes.dedup();
    let mut found: Vec<Assessment> = Vec::new();
    for note in notes {
        for Annotation { change, .. } in annotations(note, log)?.into_iter().filter(|said| said.trace == trace) {
            match change {
                AnnotationChange::Assess(assessment) => {
                    found.retain(|known| known.id != assessment.id);
                    found.push(assessment);
                }
                AnnotationChange::Withdraw(id) => found.retain(|known| known.id != id),
                AnnotationChange::Tag { .. } => {}
            }
        }
    }
    found.retain(|assessment| said.iter().any(|(id, _)| *id == assessment.id));
    found.sort_by_key(|assessment| (assessment.created, assessment.id));
    Ok(found)
}

pub(super) fn annotations(note: Note, log: &Held) -> Result<Vec<Annotation>, StoreError> {
    let position = Position { segment: note.segment, offset: note.offset };
    let address = Address { position, length: note.length };
    Ok(frames::read_annotations(&log.frame(address)?.payload, address)?.1)
}

/// What the spans of a trace add to it, read and unpacked once for all that is made of it.
pub(super) struct Told<'r>(Vec<ToldChunk<'r>>);

struct ToldChunk<'r> {
    chunk: &'r Chunk,
    unpacked: Vec<u8>,
}

impl<'r> Told<'r> {
    pub(super) fn of(row: &'r Row, log: &Held) -> Result<Self, StoreError> {
        let chunks: Vec<&Chunk> = row.chunks().collect();
        parallel::each(&chunks, |chunk| ToldChunk::read(chunk, log)).map(Self)
    }

    fn fold(&self) -> Result<Fold, StoreError> {
        let mut fold = Fold::default();
        for chunk in &self.0 {
            for digest in chunk.digests()? {
                fold.add(digest);
            }
        }
        Ok(fold)
    }
}

impl<'r> ToldChunk<'r> {
    fn read(chunk: &'r Chunk, log: &Held) -> Result<Self, StoreError> {
        let packed = log.bytes(position(chunk, 0), chunk.digests as usize)?;
        let unpacked = frames::unpack(&packed).ok_or_else(|| unreadable_digest(chunk))?;
        Ok(Self { chunk, unpacked })
    }

    fn briefs(&self) -> Result<Vec<Brief>, StoreError> {
        codec::read_briefs(&self.unpacked).map_err(|_| unreadable_digest(self.chunk))
    }

    fn digests(&self) -> Result<Vec<SpanDigest>, StoreError> {
        codec::read_digests(&self.unpacked).map_err(|_| unreadable_digest(self.chunk))
    }
}

/// What the spans of a trace have said, from the log.
pub(super) fn fold(row: &Row, log: &Held) -> Result<Fold, StoreError> {
    let mut fold = Fold::default();
    for chunk in row.chunks() {
        for digest in chunk_digests(chunk, log)? {
            fold.add(digest);
        }
    }
    Ok(fold)
}

/// The chunk of a trace that has what counts of a span.
pub(super) fn chunk_of(row: &Row, span: SpanId, log: &Held) -> Result<u32, StoreError> {
    let span = id::hex(&span);
    // Of chunks that say the same, the first that was written.
    let mut latest: Option<((SpanDigest, Reverse<u64>), u32)> = None;
    for (number, chunk) in (0..).zip(row.chunks()) {
        let of_span = chunk_digests(chunk, log)?.into_iter().filter(|digest| digest.id == span);
        let of_span = of_span.max().map(|digest| (digest, Reverse(chunk.as_of)));
        if let Some(found) = of_span.filter(|found| latest.as_ref().is_none_or(|(known, _)| known < found)) {
            latest = Some((found, number));
        }
    }
    Ok(latest.map_or(0, |(_, number)| number))
}

/// Up to `limit` spans in order, behind the first `skip`.
pub(super) fn spans(
    Told(chunks): &Told<'_>,
    log: &Held,
    skip: usize,
    limit: usize,
) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
    // Each with the number of its chunk and its place there. Of a span, the greatest comes first, and it counts.
    let mut counts: Vec<(Brief, usize, usize)> = Vec::new();
    for (number, briefs) in parallel::each(chunks, ToldChunk::briefs)?.into_iter().enumerate() {
        let told = briefs.into_iter().enumerate().filter(|(_, brief)| brief.id != NO_SPAN);
        counts.extend(told.map(|(place, brief)| (brief, number, place)));
    }
    counts.sort_unstable_by_key(|&(brief, number, place)| (brief.id, Reverse(brief), number, place));
    counts.dedup_by_key(|(brief, ..)| brief.id);
    let order = in_order(counts.iter().map(|(brief, ..)| (brief.id, brief.start, brief.parent)).collect());
    let page = &order[skip.min(order.len())..skip.saturating_add(limit).min(order.len())];
    // Of each chunk, which of its places are wanted, and where each comes on the page.
    let mut wanted: Vec<(&ToldChunk<'_>, Vec<(usize, usize)>)> =
        chunks.iter().map(|chunk| (chunk, Vec::new())).collect();
    for (at, id) in page.iter().enumerate() {
        let (_, number, place) = counts[counts.partition_point(|(brief, ..)| brief.id < *id)];
        wanted[number].1.push((place, at));
    }
    wanted.retain(|(_, places)| !places.is_empty());
    wanted.iter_mut().for_each(|(_, places)| places.sort_unstable());
    let read = |(told, places): &(&ToldChunk<'_>, Vec<(usize, usize)>)| -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        let is_wanted = |place: usize| places.binary_search_by_key(&place, |(place, _)| *place).is_ok();
        let said = told.digests()?.into_iter().enumerate().filter(|(place, _)| is_wanted(*place));
        Ok(chunk_spans(told.chunk, log, is_wanted)?.into_iter().zip(said.map(|(_, digest)| digest)).collect())
    };
    let mut spans: Vec<Option<(Span, SpanDigest)>> = page.iter().map(|_| None).collect();
    for ((_, places), told) in wanted.iter().zip(parallel::each(&wanted, read)?) {
        for ((_, at), told) in places.iter().zip(told) {
            spans[*at] = Some(told);
        }
    }
    Ok(spans.into_iter().flatten().collect())
}

/// What its client has said of a trace as a whole.
pub(super) fn announcement(row: &Row, log: &Held) -> Result<Option<(Span, SpanDigest)>, StoreError> {
    let mut counts: Option<(Span, SpanDigest)> = None;
    for chunk in row.chunks() {
        let said = chunk_digests(chunk, log)?.into_iter().enumerate();
        for (place, digest) in said.filter(|(_, digest)| digest.id == ANNOUNCEMENT) {
            if counts.as_ref().is_none_or(|(_, known)| *known < digest) {
                counts = chunk_spans(chunk, log, |at| at == place)?.pop().map(|span| (span, digest));
            }
        }
    }
    Ok(counts)
}

/// The id of an announcement.
const NO_SPAN: SpanId = [0; 8];

fn chunk_digests(chunk: &Chunk, log: &Held) -> Result<Vec<SpanDigest>, StoreError> {
    let packed = log.bytes(position(chunk, 0), chunk.digests as usize)?;
    digests(&packed).ok_or_else(|| unreadable_digest(chunk))
}

fn unreadable_digest(chunk: &Chunk) -> StoreError {
    unreadable(address(chunk), "the digest of a span")
}

fn chunk_spans(chunk: &Chunk, log: &Held, is_wanted: impl Fn(usize) -> bool) -> Result<Vec<Span>, StoreError> {
    let packed = log.bytes(position(chunk, chunk.digests), chunk.spans as usize)?;
    let spans = frames::unpack(&packed).and_then(|bytes| codec::read_some_spans(&bytes, is_wanted).ok());
    spans.ok_or_else(|| unreadable(address(chunk), "a span"))
}

fn position(chunk: &Chunk, behind: u32) -> Position {
    Position { segment: chunk.segment, offset: u64::from(chunk.offset) + u64::from(behind) }
}

fn address(chunk: &Chunk) -> Address {
    Address { position: position(chunk, 0), length: chunk.digests + chunk.spans }
}

/// Reads all of a frame.
pub(super) fn check(kind: u8, payload: &[u8], at: Address) -> Result<(), StoreError> {
    match kind {
        SPANS => {
            for (chunk, range) in frames::read_spans(payload, at)?.1 {
                let (said, told) = payload[range].split_at(chunk.digests as usize);
                let said = digests(said).ok_or_else(|| unreadable(at, "the digest of a span"))?;
                let told = frames::unpack(told).and_then(|bytes| codec::read_spans(&bytes).ok());
                let is_whole =
                    told.is_some_and(|told| told.iter().map(|span| &span.id).eq(said.iter().map(|span| &span.id)));
                if !is_whole {
                    return Err(unreadable(at, "a span"));
                }
            }
            Ok(())
        }
        ANNOTATIONS => frames::read_annotations(payload, at).map(drop),
        _ => frames::read_deletion(payload, at).map(drop),
    }
}
