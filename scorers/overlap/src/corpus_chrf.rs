//! chrF of a corpus.

use karat_sdk::aggregator::{Aggregator, Measure, Scored};
use karat_sdk::prelude::*;

use crate::ngrams::Overlap;
use crate::{chrf, words};

/// chrF2 of all outputs against `expectations.expected_response` of their rows (Popović 2015,
/// <https://aclanthology.org/W15-3049>): as `chrf` is of one text, with what n-grams there are and what is shared summed
/// over all rows before anything is divided. The same as `corpus_chrf` of sacrebleu 2.6 with its defaults, divided by 100.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorpusChrf {
    /// Length of the longest n-grams of words that count as well: 0 for none, 2 for chrF++ (Popović 2017,
    /// <https://aclanthology.org/W17-4770>).
    #[serde(default)]
    #[schemars(range(max = 6))]
    word_order: usize,
    /// Whether `A` and `a` differ.
    #[serde(default = "words::yes")]
    case_sensitive: bool,
}

impl Aggregator for CorpusChrf {
    const NAME: &str = "corpus_chrf";
    const SUMMARY: &str = "chrF of all outputs together against their expected responses, from 0 to 1";
    type Sums = Vec<Overlap>;

    fn add(&self, sums: &mut Vec<Overlap>, scored: &Scored) -> Result<(), Failure> {
        let found = chrf::compared(&words::texts(scored.row(), self.case_sensitive)?, self.word_order);
        sums.resize(found.len(), Overlap::default());
        for (sum, more) in sums.iter_mut().zip(found) {
            // N-grams of the outputs don't count in a row that expects none of their length.
            let outputs = if more.expected == 0 { 0 } else { more.outputs };
            sum.add(Overlap { outputs, ..more });
        }
        Ok(())
    }

    fn finish(&self, sums: Vec<Overlap>) -> Result<Measure, Failure> {
        Ok(Measure::new(chrf::f_score(&sums)).note(self.signature()))
    }
}

impl CorpusChrf {
    /// As sacrebleu writes it.
    fn signature(&self) -> String {
        let case = if self.case_sensitive { "mixed" } else { "lc" };
        format!("nrefs:1|case:{case}|eff:yes|nc:6|nw:{}|space:no|as:sacrebleu-2.6.0", self.word_order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check_corpora;

    #[test]
    fn it_is_that_of_sacrebleu() {
        check_corpora::<CorpusChrf>("chrf", json!({}));
        check_corpora::<CorpusChrf>("chrf_words", json!({"word_order": 2}));
        check_corpora::<CorpusChrf>("chrf_folded", json!({"case_sensitive": false}));
    }
}
