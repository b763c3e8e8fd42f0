//! ROUGE-L of one text.

use karat_sdk::prelude::*;
use rapidfuzz::distance::lcs_seq;

use crate::ngrams::Overlap;
use crate::rouge::numbered_words;

/// ROUGE-L of the outputs against `expectations.expected_response` (Lin 2004, <https://aclanthology.org/W04-1013>): the
/// harmonic mean of the parts of both, verdicts of their own as precision and recall, that the longest sequence of words
/// makes which is in both in the same order, with or without others between. The same as `rougeL` of rouge-score 0.1.2, for
/// which line ends mean nothing.
///
/// Words are letters from a to z and digits, whatever their case. A text in another script has none, and scores 0.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RougeL {
    /// Whether words are as good as their stems, `walking` as `walked`, by Porter's algorithm as nltk has it.
    #[serde(default)]
    stem: bool,
}

impl Scorer for RougeL {
    const NAME: &str = "rouge_l";
    const SUMMARY: &str =
        "how long a sequence of words the outputs and the expected response share (ROUGE-L), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (outputs, expected) = numbered_words(row, self.stem)?;
        let shared = lcs_seq::similarity(outputs.iter().copied(), expected.iter().copied());
        Ok(Overlap { outputs: outputs.len(), expected: expected.len(), shared }.feedback().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;

    #[test]
    fn it_is_that_of_rouge_score() {
        check::<RougeL>("rouge_l", json!({}));
        check::<RougeL>("rouge_l_stem", json!({"stem": true}));
    }
}
