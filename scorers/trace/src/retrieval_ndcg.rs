//! How well what was retrieved is ordered.

use std::num::NonZeroU32;

use karat_sdk::prelude::*;

use crate::ranking;

/// Normalized discounted cumulative gain: DCG / DCG of the best order, where DCG is the sum of relevance / log₂(rank + 1)
/// (Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002).
///
/// The gain is the relevance itself, as in sklearn's `ndcg_score` and trec_eval's `ndcg` and `ndcg_cut_k`, and not
/// 2^relevance − 1. The best order has all relevant documents, or the first k of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrievalNdcg {
    /// The number of ranks that count; all of them by default.
    #[serde(default)]
    k: Option<NonZeroU32>,
}

impl Scorer for RetrievalNdcg {
    const NAME: &str = "retrieval_ndcg";
    const SUMMARY: &str = "normalized discounted cumulative gain of the documents that were retrieved, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        ranking::judge(row, self.k, |ranking| {
            let best = &ranking.relevant[..ranking.k.unwrap_or(usize::MAX).min(ranking.relevant.len())];
            Feedback::from(dcg(&ranking.found) / dcg(best))
        })
    }
}

/// Of relevances, best rank first.
fn dcg(relevances: &[f64]) -> f64 {
    // The sum of no floats is -0.
    (2..).zip(relevances).fold(0.0, |sum, (discount, relevance)| sum + relevance / f64::from(discount).log2())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::testing::retrieval;

    #[track_caller]
    fn check(found: &str, k: u32, ndcg: f64) {
        let row = retrieval(json!([{"content": "a", "relevance": 3}, {"content": "b", "relevance": 1}]), found);
        let seen = row.verdict::<RetrievalNdcg>(json!({ "k": k }));
        assert!((seen - ndcg).abs() < 1e-12, "{seen}");
    }

    #[test]
    fn the_best_order_is_1_and_later_ranks_weigh_less() {
        let log3 = 3f64.log2();
        check("ab", 2, 1.0);
        check("abx", 9, 1.0);
        check("ba", 2, (1.0 + 3.0 / log3) / (3.0 + 1.0 / log3));
        check("xb", 2, (1.0 / log3) / (3.0 + 1.0 / log3));
        check("ba", 1, 1.0 / 3.0);
        check("", 2, 0.0);
        assert!(retrieval(json!(["a"]), "").verdict::<RetrievalNdcg>(json!({})).is_sign_positive());
    }
}
