//! Conditions on a run's numbers: read from text, compared with what came out.

mod evaluate;
mod parse;
mod words;

pub use evaluate::{Against, Alone, Evidence, Finding, evaluate};
pub use parse::{GateError, parse};

use model::gate::Statistic;

/// By the names a gate uses.
const STATISTICS: [(&str, Statistic); 13] = [
    ("value", Statistic::Value),
    ("lower", Statistic::Lower),
    ("upper", Statistic::Upper),
    ("scored", Statistic::Scored),
    ("passed", Statistic::Passed),
    ("abstained", Statistic::Abstained),
    ("failed", Statistic::Failed),
    ("unpredicted", Statistic::Unpredicted),
    ("mean", Statistic::Mean),
    ("p50", Statistic::P50),
    ("p90", Statistic::P90),
    ("p99", Statistic::P99),
    ("max", Statistic::Max),
];
