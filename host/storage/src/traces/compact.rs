//! What of a frame is still of use, when the segment that it is in goes.

use model::ports::{Annotation, AnnotationChange, StoreError};

use super::frames::{self, ANNOTATIONS, SPANS, SpansHead};
use super::id;
use super::part::Note;
use super::table::Table;
use crate::log::{Address, Stored};
use crate::operation::Payload;

/// The chunks and annotations of a frame that traces have there, if there are any. That something was deleted or taken back
/// need not be told again: segments go oldest first, so what it was about is nowhere any more.
pub(super) fn useful(table: &Table, stored: &Stored, address: Address) -> Result<Option<Payload>, StoreError> {
    match stored.kind {
        SPANS => useful_chunks(table, stored, address),
        ANNOTATIONS => useful_annotations(table, stored, address),
        _ => Ok(None),
    }
}

fn useful_chunks(table: &Table, stored: &Stored, address: Address) -> Result<Option<Payload>, StoreError> {
    let (head, chunks) = frames::read_spans(&stored.payload, address)?;
    let (mut kept, mut body) = (Vec::new(), Vec::new());
    for (chunk, range) in chunks {
        let offset = frames::offset(address, range.start);
        let is_here = table.number(&chunk.trace).is_some_and(|number| {
            let row = table.row(number);
            row.chunks().any(|known| known.segment == address.position.segment && u64::from(known.offset) == offset)
        });
        if is_here {
            kept.push(chunk);
            body.extend_from_slice(&stored.payload[range]);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let as_of = Some(head.as_of.unwrap_or(stored.sequence));
    frames::spans_payload(&SpansHead { as_of, chunks: kept, ..head }, &body).map(Some)
}

fn useful_annotations(table: &Table, stored: &Stored, address: Address) -> Result<Option<Payload>, StoreError> {
    let (as_of, mut annotations) = frames::read_annotations(&stored.payload, address)?;
    annotations.retain(|annotation| is_current(table, annotation, address));
    if annotations.is_empty() {
        return Ok(None);
    }
    frames::annotations(Some(as_of.unwrap_or(stored.sequence)), &annotations).map(Some)
}

fn is_current(table: &Table, Annotation { trace, change }: &Annotation, address: Address) -> bool {
    let is_here = |note: &Note| (note.segment, note.offset) == (address.position.segment, address.position.offset);
    let Some(number) = id::trace(trace).ok().and_then(|id| table.number(&id)) else { return false };
    let row = table.row(number);
    let Some(more) = row.more.as_deref() else { return false };
    match change {
        AnnotationChange::Tag { name, value } => more.tags.iter().any(|tag| {
            is_here(&tag.note)
                && table.strings.text(tag.name) == Some(name)
                && table.strings.text(tag.value) == value.as_deref()
        }),
        AnnotationChange::Assess(assessment) => {
            more.assessments.iter().any(|known| is_here(&known.note) && known.id == *assessment.id.0.as_bytes())
        }
        AnnotationChange::Withdraw(_) => false,
    }
}

/// A frame again, as it was written first under `sequence`.
pub(super) fn copy(kind: u8, sequence: u64, payload: &[u8], address: Address) -> Result<Payload, StoreError> {
    match kind {
        SPANS => {
            let (head, chunks) = frames::read_spans(payload, address)?;
            let body = chunks.first().map_or(&[][..], |(_, range)| &payload[range.start..]);
            frames::spans_payload(&SpansHead { as_of: Some(head.as_of.unwrap_or(sequence)), ..head }, body)
        }
        ANNOTATIONS => {
            let (as_of, annotations) = frames::read_annotations(payload, address)?;
            frames::annotations(Some(as_of.unwrap_or(sequence)), &annotations)
        }
        _ => Ok((kind, payload.to_vec())),
    }
}
