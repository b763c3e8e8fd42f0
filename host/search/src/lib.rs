//! The language in which traces are asked for: [`parse`] makes a filter of a text, [`write()`] a text of a filter.
//!
//! It is the language of MLflow's trace search and more: `or`, `not`, brackets, `between`, `contains`, units, moments. All that
//! one may write there is read here, but for `issue.id`: there are no issues. `docs/search.md` has it for users.
//!
//! # Which span is spoken of
//!
//! - Conditions of spans that stand side by side in one `and` speak of one and the same span, as MLflow has it.
//! - Those that `or` joins speak each of its own. Where brackets hold nothing but conditions of spans, joined by `and` and
//!   `or`, these stay together and are one condition of a span: `(span.type = 'TOOL' or span.name = 'x') and span.status =
//!   'ERROR'` asks for one span.
//! - `not` in front of a condition of a span, or of brackets with some, says that there is no such span. So brackets with a
//!   `not` in them hold more than conditions of spans, and don't stay together.
//! - `span(…)` speaks of a span of its own, whatever stands beside it, and everything in it is said of that one: `not` there
//!   is of the span. Names there need no `span.`.
//!
//! # What other names stand for
//!
//! `run_id`, `app_version` and `client_request_id` are keys of a trace's metadata ([`model::search::RUN`] and so on). MLflow's
//! numbers of times and durations are whole milliseconds: where its names are used with a whole number, as in `timestamp_ms =
//! 5`, all of that millisecond is meant.
//!
//! What is deliberately absent: what a filter means (`model::search`), how traces are found, and the clock: `now` is given.

mod condition;
mod field;
mod kind;
mod nearest;
mod order;
mod parse;
mod problem;
#[cfg(test)]
mod tests;
mod time;
mod token;
mod words;
mod write;

pub use order::parse_order;
pub use parse::parse;
pub use problem::Problem;
pub use write::{write, write_order};

/// What was written, cut where it is long, for a message.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
