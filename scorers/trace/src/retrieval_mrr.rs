//! How early the first relevant document comes.

use std::num::NonZeroU32;

use karat_sdk::prelude::*;

use crate::ranking;

/// 1 / the rank of the first relevant document, 0 where there is none: trec_eval's `recip_rank`
/// (<https://github.com/usnistgov/trec_eval>, `m_recip_rank.c`). The mean over rows is the MRR.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrievalMrr {
    /// The number of ranks that count; all of them by default.
    #[serde(default)]
    k: Option<NonZeroU32>,
}

impl Scorer for RetrievalMrr {
    const NAME: &str = "retrieval_mrr";
    const SUMMARY: &str = "reciprocal rank of the first relevant document that was retrieved, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        ranking::judge(row, self.k, |ranking| match ranking.found.iter().position(|relevance| *relevance > 0.0) {
            Some(before) => {
                let rank = before + 1;
                Feedback::from(1.0 / rank as f64).because(format!("the first relevant document has rank {rank}"))
            }
            None => Feedback::from(0.0).because("no relevant document was retrieved"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::testing::retrieval;

    #[test]
    fn the_first_relevant_document_decides() {
        let row = retrieval(json!(["a", "b"]), "xba");
        let second = Feedback::from(0.5).because("the first relevant document has rank 2");
        assert_eq!(row.clone().feedback::<RetrievalMrr>(json!({})), second);
        let none = Feedback::from(0.0).because("no relevant document was retrieved");
        assert_eq!(row.feedback::<RetrievalMrr>(json!({"k": 1})), none);
    }
}
