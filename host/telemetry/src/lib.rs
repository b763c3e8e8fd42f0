//! OpenTelemetry and its dialects as our traces, and our results as OpenTelemetry ([`emit`]).
//!
//! What exporters send is taken apart by [`otlp`]; what a span says is told by [`facts`], in one set of words for all dialects,
//! and what it adds to its trace by [`digest`].
//!
//! A trace comes in one of three shapes, told apart by their keys: Karat's own, OTLP/JSON, and the JSON that MLflow
//! writes. What they have in common is read by the same code: names of fields in either case, ids in hexadecimal or
//! Base64, times as numbers or texts, statuses and kinds by number or name.
//!
//! Traces in [`files`] may have yet other shapes, those of other people's exports.
//!
//! What is deliberately absent: where a trace comes from, where it is kept, and how anything is sent.

pub mod announced;
mod as_row;
mod dialects;
mod digest;
pub mod emit;
pub mod facts;
mod fields;
pub mod files;
mod id;
mod order;
pub mod otlp;
mod shape;
mod span;
mod value;
mod view;

pub use as_row::as_row;
pub use digest::digest;
use model::json::Json;
use model::ports::{BrokenTrace, TraceReader};
use model::trace::Trace;
pub use view::SpanView;

/// Reads traces of every shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader;

impl TraceReader for Reader {
    fn read(&self, trace: &Json) -> Result<Trace, BrokenTrace> {
        shape::read(trace)
    }
}

#[cfg(test)]
mod made;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
