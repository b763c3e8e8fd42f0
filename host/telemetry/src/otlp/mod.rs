//! One `ExportTraceServiceRequest` as traces, as exporters send it, and the other way round ([`write`]).
//!
//! A span that is broken is left out with the reason, and the others are taken, as OTLP's partial success has it. Only a
//! request that can't be taken apart is refused as a whole, and one whose resource or scope can't be read.
//!
//! Both encodings are held to the same: a trace and a span need an id that is not all zeroes, and a span needs a start. One
//! that ends before it starts is rejected; one without an end has not ended. Whole numbers are numbers or texts. What is
//! unknown here is passed over: a field, and a number of a kind or a status. A request without spans brings nothing. What a
//! span says comes out as the same text in either encoding.
//!
//! Counts are held to their limits while a request is gone through, before anything is made of what it has: what is empty is
//! two bytes of a request, and a hundred in memory.

mod json;
mod protobuf;
mod wire;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::telemetry::Encoding;
use model::trace::{Source, Span};
pub use write::write;

/// A request of nothing but broken spans does not become an answer of many times its size.
const MOST_REASONS: usize = 1000;

/// The most that is taken of what a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Spans of one request.
    pub spans: usize,
    /// Attributes of a span, an event or a link, and of a resource or a scope.
    pub attributes: usize,
    /// Events of a span.
    pub events: usize,
    /// Links of a span.
    pub links: usize,
    /// Bytes of a span's or an event's name, and of what a status says.
    pub name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { spans: 10_000, attributes: 256, events: 128, links: 128, name_bytes: 64 << 10 }
    }
}

/// What a request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Spans by the id of their trace, in the order they were sent.
    pub traces: BTreeMap<String, Vec<Span>>,
    pub accepted: usize,
    pub rejected: usize,
    /// Why, of the first thousand that were rejected.
    pub reasons: Vec<Rejected>,
}

/// A span that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where it is in the request: `resourceSpans[0].scopeSpans[0].spans[7]`.
    pub path: String,
    pub reason: String,
}

impl Received {
    /// What OTLP's partial success says of the spans that were not taken: the first few, and how many more there are.
    pub fn message(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let told = |rejected: &Rejected| format!("{}: {}", rejected.path, rejected.reason);
        let mut shown: Vec<_> = self.reasons.iter().take(SHOWN).map(told).collect();
        if self.rejected > SHOWN {
            shown.push(format!("and {} more", self.rejected - SHOWN));
        }
        (!shown.is_empty()).then(|| shown.join("; "))
    }

    /// Takes the next span, which is only read where there may be one more.
    fn take(
        &mut self,
        path: impl FnOnce() -> String,
        limits: &Limits,
        read: impl FnOnce() -> Result<(String, Span), String>,
    ) {
        let read = match self.accepted + self.rejected {
            number if number < limits.spans => {
                read().and_then(|(trace, span)| within(&span, limits).map(|()| (trace, span)))
            }
            _ => Err(format!("is more than the {} spans that a request may have", limits.spans)),
        };
        match read {
            Ok((trace, span)) => {
                self.accepted += 1;
                self.traces.entry(trace).or_default().push(span);
            }
            Err(reason) => {
                self.rejected += 1;
                if self.reasons.len() < MOST_REASONS {
                    self.reasons.push(Rejected { path: path(), reason });
                }
            }
        }
    }
}

/// As many of something as are allowed. What is beyond that is counted and not read.
struct Many<T> {
    what: &'static str,
    most: usize,
    count: usize,
    read: Vec<T>,
}

impl<T> Many<T> {
    fn new(what: &'static str, most: usize) -> Self {
        Self { what, most, count: 0, read: Vec::new() }
    }

    fn add(&mut self, read: impl FnOnce() -> Result<T, String>) -> Result<(), String> {
        self.count += 1;
        if self.count <= self.most {
            self.read.push(read()?);
        }
        Ok(())
    }

    fn all(self) -> Result<Vec<T>, String> {
        match self.count <= self.most {
            true => Ok(self.read),
            false => Err(format!("`{}` has {} items, more than {}", self.what, self.count, self.most)),
        }
    }
}

/// Why a request can't be read at all. Who sent it should not send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

/// Takes a request apart.
///
/// # Errors
///
/// Fails when `request` is no `ExportTraceServiceRequest` in this encoding.
pub fn receive(request: &[u8], encoding: Encoding, limits: &Limits) -> Result<Received, Unreadable> {
    match encoding {
        Encoding::OtlpJson => json::receive(request, limits),
        Encoding::OtlpProtobuf => protobuf::receive(request, limits),
    }
}

/// Whether a name, or what a status says, is no longer than it may be.
fn within(span: &Span, limits: &Limits) -> Result<(), String> {
    let said = match &span.status {
        model::trace::Status::Error(message) => message.len(),
        _ => 0,
    };
    let names = span.events.iter().map(|event| event.name.len()).chain([span.name.len(), said]);
    let (longest, most) = (names.max().unwrap_or_default(), limits.name_bytes);
    if longest > most {
        return Err(format!("has {longest} bytes in a name, more than {most}"));
    }
    Ok(())
}

/// A span that was read, with what must hold of all that are sent.
fn sent(trace: Option<String>, span: Span, source: &Arc<Source>) -> Result<(String, Span), String> {
    let trace = trace.ok_or("has no id of a trace")?;
    if span.id.is_empty() {
        return Err("has no id".to_owned());
    }
    // Zero is how OTLP leaves a time out.
    if span.start == 0 {
        return Err("has no start".to_owned());
    }
    if span.end.is_some_and(|end| end < span.start) {
        return Err("ends before it starts".to_owned());
    }
    if span.parent.as_ref() == Some(&span.id) {
        return Err("is its own parent".to_owned());
    }
    Ok((trace, Span { source: Some(Arc::clone(source)), ..span }))
}

#[cfg(test)]
mod tests;
