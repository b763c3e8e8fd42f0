//! How much of what is relevant was retrieved.

use std::num::NonZeroU32;

use karat_sdk::prelude::*;

use crate::ranking;

/// Relevant documents that were retrieved / relevant documents, as trec_eval's `recall_k` and `set_recall`
/// (<https://github.com/usnistgov/trec_eval>, `m_recall.c`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrievalRecall {
    /// The number of ranks that count; all of them by default.
    #[serde(default)]
    k: Option<NonZeroU32>,
}

impl Scorer for RetrievalRecall {
    const NAME: &str = "retrieval_recall";
    const SUMMARY: &str = "share of the relevant documents that were retrieved, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        ranking::judge(row, self.k, |ranking| {
            let (hits, all) = (ranking.hits(), ranking.relevant.len());
            Feedback::from(hits as f64 / all as f64)
                .because(format!("{hits} of {all} relevant documents were retrieved"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::testing::retrieval;

    #[test]
    fn what_is_relevant_is_the_whole() {
        let row = retrieval(json!(["a", "b", "c"]), "xab");
        let feedback = |share: f64, hits: u32| {
            Feedback::from(share).because(format!("{hits} of 3 relevant documents were retrieved"))
        };
        assert_eq!(row.clone().feedback::<RetrievalRecall>(json!({})), feedback(2.0 / 3.0, 2));
        assert_eq!(row.clone().feedback::<RetrievalRecall>(json!({"k": 2})), feedback(1.0 / 3.0, 1));
        assert_eq!(row.feedback::<RetrievalRecall>(json!({"k": 1})), feedback(0.0, 0));
    }
}
