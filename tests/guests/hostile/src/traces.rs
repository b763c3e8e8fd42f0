//! What a guest sees of its row's trace, and what it can do with one that is not its row's any more.

use std::cell::RefCell;

use karat_sdk::bindings::karat::eval::traces::{self, Trace};
use karat_sdk::prelude::*;

use crate::scorer;

thread_local! {
    static KEPT: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

// How many spans the trace of the first row has that this instance saw.
scorer!("keeps_trace", KeepsTrace {}, f64, |_, _| {
    let spans = KEPT.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = traces::of_row(0);
        }
        kept.as_ref().map(Trace::span_count)
    });
    spans.map(|spans| f64::from(spans).into()).ok_or_else(|| Failure::bad_input("the row has no trace"))
});

// The trace's id and its spans, each with what one of its attributes says when it is asked for alone.
scorer!("tells_trace", TellsTrace {}, String, |_, _| {
    let Some(trace) = traces::of_row(0) else { return Ok("none".to_owned().into()) };
    let mut told = vec![format!("{} of {}", trace.span_count(), trace.id())];
    loop {
        let page = trace.spans(None, told.len() as u32 - 1, u32::MAX);
        if page.is_empty() {
            return Ok(told.join("|").into());
        }
        told.extend(page.iter().map(|span| {
            let city = trace.attribute(&span.id, "city").unwrap_or_default();
            format!("{} {:?} {city}", span.name, span.status)
        }));
    }
});
