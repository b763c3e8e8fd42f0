//! Conditions on a run's numbers, alone or beside those of another run.

use serde::{Deserialize, Serialize};

use crate::slice::Slice;

/// A condition that has to hold.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Gate {
    /// As the suite wrote it.
    pub text: String,
    #[serde(flatten)]
    pub condition: Condition,
}

/// What a gate asks.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Condition {
    Number(Number),
    /// Whether a scorer's verdicts became worse than those of the baseline.
    Regressed {
        regressed: String,
        /// As it was named; the suite's or the command line's where absent. So it is below.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        baseline: Option<String>,
    },
    /// Whether a scorer's number is not worse than that of the baseline by more than a margin.
    NonInferior {
        non_inferior: String,
        /// In units of the number; at least 0.
        margin: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        baseline: Option<String>,
    },
    Not {
        not: Box<Gate>,
    },
    /// At least one of them holds.
    Any {
        any: Vec<Gate>,
    },
    All {
        all: Vec<Gate>,
    },
}

/// One comparison, such as `exact_match.lower >= 0.9` or `slice(lang=de).exact_match >= 0.9`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Number {
    /// The key of a scorer or an aggregator in results, `key/sub` for a sub-feedback; [`LATENCY`] for the time that predictions took.
    pub scorer: String,
    /// Of these rows only; of all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Slice>,
    pub statistic: Statistic,
    pub comparison: Comparison,
    /// Times are in seconds.
    pub threshold: f64,
}

impl Gate {
    /// The gate itself and all it consists of, outermost first.
    pub fn parts(&self) -> Vec<&Self> {
        let of = match &self.condition {
            Condition::Number(_) | Condition::Regressed { .. } | Condition::NonInferior { .. } => Vec::new(),
            Condition::Not { not } => not.parts(),
            Condition::Any { any: of } | Condition::All { all: of } => of.iter().flat_map(Self::parts).collect(),
        };
        [vec![self], of].concat()
    }
}

/// What gates call the time that predictions took.
pub const LATENCY: &str = "latency";

/// A number of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    Value,
    /// Ends of the 95 % interval.
    Lower,
    Upper,
    Scored,
    Passed,
    Abstained,
    Failed,
    Unpredicted,
    /// Of latencies.
    Mean,
    P50,
    P90,
    P99,
    Max,
}

impl Statistic {
    /// Whether it is one of latencies, not of a scorer.
    pub fn is_of_latency(self) -> bool {
        matches!(self, Self::Mean | Self::P50 | Self::P90 | Self::P99 | Self::Max)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Comparison {
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    Above,
    #[serde(rename = "<")]
    Below,
    #[serde(rename = "==")]
    Equal,
}

/// Whether a gate holds for a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct GateResult {
    pub text: String,
    pub holds: bool,
    /// The numbers compared, or why there were none.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_of_an_older_run_is_still_read() {
        let json = r#"{"text":"a.lower >= 0.9","scorer":"a","statistic":"lower","comparison":">=","threshold":0.9}"#;
        let gate: Gate = serde_json::from_str(json).expect("a gate");
        let number = Number {
            scorer: "a".to_owned(),
            slice: None,
            statistic: Statistic::Lower,
            comparison: Comparison::AtLeast,
            threshold: 0.9,
        };
        assert_eq!(gate, Gate { text: "a.lower >= 0.9".to_owned(), condition: Condition::Number(number) });
        assert_eq!(serde_json::to_string(&gate).expect("JSON"), json);
    }

    #[test]
    fn every_condition_is_read_as_it_was_written() {
        let regressed = |named: Option<&str>| Gate {
            text: "r".to_owned(),
            condition: Condition::Regressed { regressed: "a".to_owned(), baseline: named.map(str::to_owned) },
        };
        let non_inferior =
            Condition::NonInferior { non_inferior: "a".to_owned(), margin: 0.02, baseline: Some("main".to_owned()) };
        let gate = Gate {
            text: "all".to_owned(),
            condition: Condition::All {
                all: vec![
                    Gate { text: "not".to_owned(), condition: Condition::Not { not: Box::new(regressed(None)) } },
                    Gate { text: "any".to_owned(), condition: Condition::Any { any: vec![regressed(Some("last"))] } },
                    Gate { text: "n".to_owned(), condition: non_inferior },
                ],
            },
        };
        let json = serde_json::to_string(&gate).expect("JSON");
        assert_eq!(serde_json::from_str::<Gate>(&json).expect("a gate"), gate);
        assert_eq!(
            gate.parts().iter().map(|part| &*part.text).collect::<Vec<_>>(),
            ["all", "not", "r", "any", "r", "n"]
        );
    }
}
