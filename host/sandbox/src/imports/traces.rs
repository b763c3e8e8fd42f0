//! The trace of a row, a page at a time: nothing of it is put into a guest's words before it is handed out.

use std::sync::Arc;

use model::json::Json;
use model::trace::{Span, Status, Trace as RowTrace};
use wasmtime::component::Resource;

use crate::bindings::traces::{self, Filter, Host, HostTrace};
use crate::guest::Guest;
use crate::limits::{BYTES_FOR_FUEL, Reached, SPAN_FUEL};
use crate::spans;

/// What a span and an attribute take beyond their texts, in bytes.
const SPAN: u64 = 128;
const ATTRIBUTE: u64 = 16;

/// A trace that a guest holds: that of the row of one call, and of no other.
#[expect(unreachable_pub, reason = "generated code hands it on")]
#[derive(Debug)]
pub struct Trace {
    call: u64,
}

/// The trace of the row that a guest is asked about.
#[derive(Default)]
pub(crate) struct AtHand {
    trace: Option<Arc<RowTrace>>,
    /// Tells this call from those before it.
    call: u64,
}

impl AtHand {
    /// Makes it that of another call. What a guest still holds of the last one leads nowhere.
    pub(crate) fn turn_to(&mut self, trace: Option<Arc<RowTrace>>) {
        self.trace = trace;
        self.call += 1;
    }
}

impl Guest {
    fn held(&self, handle: &Resource<Trace>) -> wasmtime::Result<Arc<RowTrace>> {
        let Trace { call } = self.handles.get(handle)?;
        let trace = self.traces.trace.as_ref().filter(|_| *call == self.traces.call);
        trace.cloned().ok_or_else(|| wasmtime::Error::msg("the trace is that of an earlier call"))
    }

    fn hand_out(&mut self) -> wasmtime::Result<Option<Resource<Trace>>> {
        let call = self.traces.call;
        self.traces.trace.is_some().then(|| Ok(self.handles.push(Trace { call })?)).transpose()
    }

    fn charge_bytes(&mut self, bytes: u64) {
        self.used.host_fuel += bytes / BYTES_FOR_FUEL;
    }
}

impl Host for Guest {
    fn of_row(&mut self, place: u32) -> wasmtime::Result<Option<Resource<Trace>>> {
        if place == 0 { self.hand_out() } else { Ok(None) }
    }

    /// A session is the row's own trace as long as rows know of no other.
    fn of_session(&mut self, place: u32) -> wasmtime::Result<Vec<Resource<Trace>>> {
        Ok(self.of_row(place)?.into_iter().collect())
    }
}

impl HostTrace for Guest {
    fn id(&mut self, trace: Resource<Trace>) -> wasmtime::Result<String> {
        Ok(self.held(&trace)?.id.clone())
    }

    fn span_count(&mut self, trace: Resource<Trace>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.held(&trace)?.spans.len()).unwrap_or(u32::MAX))
    }

    fn spans(
        &mut self,
        trace: Resource<Trace>,
        filter: Option<Filter>,
        offset: u32,
        limit: u32,
    ) -> wasmtime::Result<Vec<traces::Span>> {
        let trace = self.held(&trace)?;
        let page = page(&trace, filter.map(Wanted::new), offset, limit, self.granted.setup.limits.output)?;
        self.used.host_fuel += page.looked_at * SPAN_FUEL;
        self.charge_bytes(page.bytes);
        Ok(page.spans.into_iter().map(spans::sent).collect())
    }

    fn attribute(&mut self, trace: Resource<Trace>, span: String, key: String) -> wasmtime::Result<Option<String>> {
        let trace = self.held(&trace)?;
        let place = trace.spans.iter().position(|other| other.id == span);
        self.used.host_fuel += place.unwrap_or(trace.spans.len()) as u64 * SPAN_FUEL;
        let Some(value) = place.and_then(|place| trace.spans[place].attribute(&key)) else { return Ok(None) };
        let bytes = value.as_str().len() as u64;
        if bytes > self.granted.setup.limits.output {
            return Err(Reached::TracePart { bytes }.into());
        }
        self.charge_bytes(bytes);
        Ok(Some(value.to_string()))
    }

    fn drop(&mut self, trace: Resource<Trace>) -> wasmtime::Result<()> {
        self.handles.delete(trace)?;
        Ok(())
    }
}

/// Which spans are asked for.
struct Wanted {
    name: Option<String>,
    /// A value that is no JSON is no span's.
    attribute: Option<(String, Option<Json>)>,
    errors_only: bool,
}

impl Wanted {
    fn new(filter: Filter) -> Self {
        let attribute = filter.attribute.map(|wanted| (wanted.key, Json::parse(&wanted.value).ok()));
        Self { name: filter.name, attribute, errors_only: filter.errors_only }
    }

    fn is_met(&self, span: &Span) -> bool {
        self.name.as_ref().is_none_or(|name| *name == span.name)
            && (!self.errors_only || matches!(span.status, Status::Error(_)))
            && self
                .attribute
                .as_ref()
                .is_none_or(|(key, value)| value.is_some() && span.attribute(key) == value.as_ref())
    }
}

struct Page<'t> {
    spans: Vec<&'t Span>,
    bytes: u64,
    looked_at: u64,
}

/// The spans that are asked for and fit into `most` bytes: one at least, where one is left.
fn page(trace: &RowTrace, wanted: Option<Wanted>, offset: u32, limit: u32, most: u64) -> Result<Page<'_>, Reached> {
    let mut page = Page { spans: Vec::new(), bytes: 0, looked_at: 0 };
    let (start, mut to_skip) = match &wanted {
        None => ((offset as usize).min(trace.spans.len()), 0),
        Some(_) => (0, offset),
    };
    for span in &trace.spans[start..] {
        if page.spans.len() >= limit as usize {
            break;
        }
        page.looked_at += 1;
        if !wanted.as_ref().is_none_or(|wanted| wanted.is_met(span)) {
            continue;
        }
        if to_skip > 0 {
            to_skip -= 1;
            continue;
        }
        let bytes = bytes(span);
        match page.bytes + bytes <= most {
            true => page.spans.push(span),
            false if page.spans.is_empty() => return Err(Reached::TracePart { bytes }),
            false => break,
        }
        page.bytes += bytes;
    }
    Ok(page)
}

/// About what a span takes in a guest's memory.
fn bytes(span: &Span) -> u64 {
    let error = if let Status::Error(message) = &span.status { message.len() } else { 0 };
    let texts = span.id.len() + span.parent.as_ref().map_or(0, String::len) + span.name.len() + error;
    let attribute = |(key, value): &(String, Json)| ATTRIBUTE + (key.len() + value.as_str().len()) as u64;
    SPAN + texts as u64 + span.attributes.iter().map(attribute).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::Attribute;

    /// Spans named by their number, each with so many bytes of text; every third one failed.
    fn trace(count: u64, bytes: usize) -> RowTrace {
        let span = |number: u64| Span {
            id: format!("{number:016x}"),
            parent: None,
            name: format!("s{}", number % 2),
            kind: Default::default(),
            start: number,
            end: None,
            status: if number.is_multiple_of(3) { Status::Error("no".to_owned()) } else { Status::Ok },
            attributes: vec![("text".to_owned(), Json::parse(&format!("\"{}\"", "x".repeat(bytes))).expect("JSON"))],
            ..Span::default()
        };
        RowTrace { id: "1".repeat(32), spans: (0..count).map(span).collect() }
    }

    fn filter(name: Option<&str>, attribute: Option<(&str, &str)>, errors_only: bool) -> Option<Wanted> {
        let attribute = attribute.map(|(key, value)| Attribute { key: key.to_owned(), value: value.to_owned() });
        Some(Wanted::new(Filter { name: name.map(str::to_owned), attribute, errors_only }))
    }

    fn starts(page: &Page<'_>) -> Vec<u64> {
        page.spans.iter().map(|span| span.start).collect()
    }

    #[test]
    fn pages_are_as_long_as_their_bytes_allow_and_miss_nothing() {
        let trace = trace(600, 1000);
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let page = page(&trace, None, seen.len() as u32, 256, 100_000).expect("a page");
            assert!(page.bytes <= 100_000);
            if page.spans.is_empty() {
                break;
            }
            seen.extend(starts(&page));
            pages += 1;
        }
        assert_eq!(seen, (0..600).collect::<Vec<_>>());
        assert!((6..10).contains(&pages), "{pages}");
    }

    #[test]
    fn what_is_asked_beyond_the_end_is_nothing() {
        let trace = trace(10, 1);
        for (offset, limit, expected) in
            [(u32::MAX, u32::MAX, vec![]), (10, 1, vec![]), (9, u32::MAX, vec![9]), (0, 0, vec![]), (3, 2, vec![3, 4])]
        {
            assert_eq!(starts(&page(&trace, None, offset, limit, 1 << 20).expect("a page")), expected);
        }
    }

    #[test]
    fn a_filter_counts_only_what_it_lets_through() {
        let trace = trace(12, 1);
        let found = |wanted, offset| starts(&page(&trace, wanted, offset, 100, 1 << 20).expect("a page"));
        assert_eq!(found(filter(None, None, true), 0), [0, 3, 6, 9]);
        assert_eq!(found(filter(None, None, true), 3), [9]);
        assert_eq!(found(filter(Some("s1"), None, true), 0), [3, 9]);
        assert_eq!(found(filter(None, Some(("text", " \"x\" ")), false), 10), [10, 11]);
        assert_eq!(found(filter(None, Some(("text", "x")), false), 0), Vec::<u64>::new());
        assert_eq!(found(filter(None, Some(("other", "null")), false), 0), Vec::<u64>::new());
    }

    #[test]
    fn a_span_that_fits_no_page_is_told_and_not_left_out() {
        let trace = trace(2, 5000);
        let refused = page(&trace, None, 0, 1, 4096).err();
        assert!(matches!(refused, Some(Reached::TracePart { bytes: 5000..5500 })), "{refused:?}");
    }
}
