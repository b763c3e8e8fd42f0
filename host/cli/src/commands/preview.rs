//! `karat eval --estimate`: what a run will take, told before it takes it.

use std::time::Duration;

use model::run::RunId;
use pipeline::estimate::{Estimate, Range};
use serde_json::json;

use crate::args::Eval;
use crate::exit::{Exit, Stop};
use crate::quantities::{count, counted, dollars, time};
use crate::terminal::Terminal;

/// Rows that an estimate rests on.
pub(super) const ROWS: u64 = 20;

/// A run whose first rows are done.
pub(super) struct Preview {
    pub(super) run: RunId,
    pub(super) estimate: Estimate,
    pub(super) max_usd: Option<f64>,
}

impl Preview {
    /// Tells the estimate, and asks whether to go on where somebody can answer. None where the run goes on.
    pub(super) fn decision(&self, what: &Eval, terminal: &Terminal) -> Result<Option<Exit>, Stop> {
        self.tell(what, terminal)?;
        let too_much = self.max_usd.filter(|most| self.estimate.usd.is_some_and(|usd| usd.high > *most));
        if let Some(most) = too_much {
            terminal.say(format_args!("that may be more than the {most} USD that the run may spend"))?;
        }
        if what.yes || (terminal.can_ask() && terminal.ask("go on? [y/N] ")?) {
            return Ok(None);
        }
        if let (Some(_), false) = (too_much, terminal.can_ask()) {
            let stop = Stop::message("the run may cost more than it may spend");
            return Err(stop.hint(format_args!(
                "raise it with `--max-usd`, or go on as far as it reaches: `--resume {} --yes`",
                self.run
            )));
        }
        terminal.say(format_args!("the first rows are saved; `--resume {}` goes on", self.run))?;
        Ok(Some(Exit::Done))
    }

    fn tell(&self, what: &Eval, terminal: &Terminal) -> Result<(), Stop> {
        let Estimate { seen, rows, tokens, usd, seconds, known } = &self.estimate;
        if terminal.is_json() && !what.yes {
            return Ok(terminal.json(&json!({ "run": self.run, "estimate": self.estimate }))?);
        }
        let span = |range: &Range, told: &dyn Fn(f64) -> String| match range.low == range.high {
            true => told(range.low),
            false => format!("{} to {}", told(range.low), told(range.high)),
        };
        terminal.note(format_args!("{}, after the first {seen}:", counted(*rows, "row")))?;
        terminal.note(format_args!("  tokens  {}", span(tokens, &|tokens| count(tokens.round() as u64))))?;
        let usd = usd.as_ref().map_or_else(|| "a price is not known".to_owned(), |usd| span(usd, &dollars));
        terminal.note(format_args!("  cost    {usd}"))?;
        let seconds = span(seconds, &|seconds| time(Duration::from_secs_f64(seconds)));
        terminal.note(format_args!("  time    {seconds}"))?;
        if *known > 0 {
            terminal.note(format_args!("  replies to {} of these rows were known", counted(*known, "question")))?;
        }
        Ok(())
    }
}
