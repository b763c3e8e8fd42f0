//! How much of what was retrieved is relevant.

use std::num::NonZeroU32;

use karat_sdk::prelude::*;

use crate::ranking;

/// Relevant documents among those that were retrieved / those that were retrieved. With `k`, among the first k / k,
/// whether or not there are as many, as trec_eval's `P_k` (<https://github.com/usnistgov/trec_eval>, `m_P.c`); without it,
/// its `set_P`, which is 0 where nothing was retrieved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrievalPrecision {
    /// The number of ranks that count; all of them by default.
    #[serde(default)]
    k: Option<NonZeroU32>,
}

impl Scorer for RetrievalPrecision {
    const NAME: &str = "retrieval_precision";
    const SUMMARY: &str = "share of relevant documents among those that were retrieved, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        ranking::judge(row, self.k, |ranking| {
            let (hits, all) = (ranking.hits(), ranking.k.unwrap_or(ranking.found.len()));
            let precision = if all == 0 { 0.0 } else { hits as f64 / all as f64 };
            Feedback::from(precision).because(format!("{hits} of {all} retrieved documents are relevant"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::testing::retrieval;

    #[track_caller]
    fn check(found: &str, parameters: serde_json::Value, precision: f64) {
        assert_eq!(retrieval(json!(["a", "b"]), found).verdict::<RetrievalPrecision>(parameters), precision);
    }

    #[test]
    fn all_that_was_retrieved_counts_unless_there_is_a_bound() {
        check("axby", json!({}), 0.5);
        check("axby", json!({"k": 1}), 1.0);
        check("", json!({}), 0.0);
    }

    #[test]
    fn ranks_that_are_empty_count_within_a_bound() {
        check("ab", json!({"k": 4}), 0.5);
    }
}
