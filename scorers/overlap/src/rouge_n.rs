//! ROUGE-N of one text.

use karat_sdk::prelude::*;

use crate::ngrams::overlaps;
use crate::rouge::numbered_words;

/// ROUGE-N of the outputs against `expectations.expected_response` (Lin 2004, <https://aclanthology.org/W04-1013>): the
/// harmonic mean of the precision and the recall of n-grams of words, which are verdicts of their own beside it. The same as
/// `rouge1`, `rouge2` and so on of rouge-score 0.1.2.
///
/// Words are letters from a to z and digits, whatever their case. A text in another script has none, and scores 0.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RougeN {
    /// Length of the n-grams, in words.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 6))]
    n: usize,
    /// Whether words are as good as their stems, `walking` as `walked`, by Porter's algorithm as nltk has it.
    #[serde(default)]
    stem: bool,
}

fn one() -> usize {
    1
}

impl Scorer for RougeN {
    const NAME: &str = "rouge_n";
    const SUMMARY: &str =
        "how many n-grams of words the outputs and the expected response share (ROUGE-N), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (outputs, expected) = numbered_words(row, self.stem)?;
        Ok(overlaps(&outputs, &expected, self.n)[self.n - 1].feedback().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;

    #[test]
    fn it_is_that_of_rouge_score() {
        check::<RougeN>("rouge_1", json!({}));
        check::<RougeN>("rouge_2", json!({"n": 2}));
        check::<RougeN>("rouge_3", json!({"n": 3}));
        check::<RougeN>("rouge_1_stem", json!({"stem": true}));
        check::<RougeN>("rouge_2_stem", json!({"n": 2, "stem": true}));
    }
}
