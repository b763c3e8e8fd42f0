//! Parts of traces that come one after the other, put together.

use std::ops::ControlFlow;

use model::ports::BrokenTrace;

use super::{BrokenFile, Each, Found, Imported, Place, trace};

/// A trace that comes in this many spans, or this much else, is passed on in several parts.
const MOST: usize = 1000;

/// What waits for more of its trace.
pub(super) struct Parts<'a, 'e> {
    each: &'a mut Each<'e>,
    waiting: Option<Imported>,
    stopped: bool,
}

impl<'a, 'e> Parts<'a, 'e> {
    pub(super) fn new(each: &'a mut Each<'e>) -> Self {
        Self { each, waiting: None, stopped: false }
    }

    /// Takes what a record brings.
    pub(super) fn take(&mut self, place: Place, found: Result<Found, BrokenTrace>) -> ControlFlow<()> {
        let Found { traces, left_out } = match found {
            Ok(found) => found,
            Err(broken) => return self.pass(Err(at(place, broken))),
        };
        for broken in left_out {
            self.pass(Err(at(place, broken)))?;
        }
        for imported in traces {
            self.add(imported)?;
        }
        ControlFlow::Continue(())
    }

    fn add(&mut self, imported: Imported) -> ControlFlow<()> {
        if let Some(waiting) = &mut self.waiting
            && waiting.trace.id == imported.trace.id
            && waiting.trace.spans.len() + imported.trace.spans.len() + waiting.assessments.len() <= MOST
        {
            waiting.trace.spans.extend(imported.trace.spans);
            waiting.experiment = imported.experiment.or(waiting.experiment.take());
            waiting.tags.extend(imported.tags);
            waiting.assessments.extend(imported.assessments);
            return ControlFlow::Continue(());
        }
        match self.waiting.replace(imported) {
            Some(whole) => self.pass(Ok(whole)),
            None => ControlFlow::Continue(()),
        }
    }

    fn pass(&mut self, one: Result<Imported, BrokenFile>) -> ControlFlow<()> {
        let one = one.map(|imported| {
            let trace = trace(imported.trace.id, imported.trace.spans);
            Imported { trace, ..imported }
        });
        let goes_on = (self.each)(one);
        self.stopped = goes_on.is_break();
        goes_on
    }

    /// Passes on the last there is to say.
    pub(super) fn end(&mut self, one: Result<Imported, BrokenFile>) -> ControlFlow<()> {
        self.pass(one)
    }

    pub(super) fn finish(mut self) {
        if let Some(whole) = self.waiting.take().filter(|_| !self.stopped) {
            let _ = self.pass(Ok(whole));
        }
    }
}

fn at(place: Place, BrokenTrace { field, message, hint }: BrokenTrace) -> BrokenFile {
    BrokenFile { place, field, message, hint }
}
