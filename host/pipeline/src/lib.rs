//! The flow of an evaluation, from the text of a suite to a report.
//!
//! The modules stand in the order of the flow: a [`suite`] is read and becomes a [`plan`], the [`dataset`] is checked
//! and then streamed, every row is put before every scorer ([`score`]), what came of it is folded into numbers
//! ([`aggregate`], and [`corpus`] for those that plugins make of all rows), the numbers are compared with what was asked of them ([`gate`]), and all of it is told ([`report`])
//! or sent elsewhere ([`deliver`]). [`cases`] are what a plugin's author expects of single rows, [`parameters`]
//! what can be said to it. [`lineage`] is what a run came of, and whether what is kept of it still says so. Where rows are traces of the store, [`traced`] writes them down and notes verdicts on them; where clients send them to a server, [`asked`] is all there is of a run.
//!
//! Everything outside is a port of `model::ports`: how a plugin runs, where results are kept and what a data file looks
//! like is not known here. There is no clock, no environment, no file and no printing. Rows stream: memory is bounded
//! by concurrency, with 16 bytes a row for identities while a dataset is checked.

mod again;
pub mod aggregate;
pub mod asked;
pub mod baseline;
pub mod beside;
pub mod card;
pub mod cases;
pub mod corpus;
pub mod cost;
pub mod dataset;
pub mod deliver;
pub mod estimate;
pub mod gate;
pub mod gateway;
pub mod joined;
pub mod labels;
mod latency;
pub mod ledger;
pub mod lineage;
pub mod live;
pub mod membership;
pub mod nearest;
pub mod parameters;
pub mod plan;
mod pointer;
pub mod predict;
pub mod problem;
pub mod prompts;
mod reduce;
pub mod report;
mod results;
pub mod resume;
mod schema;
pub mod score;
pub mod stop;
pub mod suite;
pub mod traced;

#[cfg(test)]
mod testing;
