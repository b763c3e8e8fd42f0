//! BLEU of a corpus.

use karat_sdk::aggregator::{Aggregator, Measure, Scored};
use karat_sdk::prelude::*;

use crate::bleu::{self, Compared, Orders, Smooth};
use crate::ngrams::Overlap;
use crate::words;

/// BLEU of all outputs against `expectations.expected_response` of their rows (Papineni et al. 2002,
/// <https://aclanthology.org/P02-1040>): as `bleu` is of one text, with what n-grams there are and what is shared summed
/// over all rows before anything is divided. The same as `corpus_bleu` of sacrebleu 2.6 with its defaults (tokenizer
/// 13a), divided by 100. Its parts are the precisions `precision_1` to that of the longest n-grams, and `brevity`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorpusBleu {
    /// Length of the longest n-grams, in words.
    #[serde(default = "bleu::four")]
    #[schemars(range(min = 1, max = 6))]
    max_ngram: usize,
    /// What stands in for a precision of 0, which would make the mean 0.
    #[serde(default)]
    smooth: Smooth,
    /// Whether `A` and `a` differ.
    #[serde(default = "words::yes")]
    case_sensitive: bool,
}

impl Aggregator for CorpusBleu {
    const NAME: &str = "corpus_bleu";
    const SUMMARY: &str = "BLEU of all outputs together against their expected responses, from 0 to 1";
    type Sums = Compared;

    fn add(&self, sums: &mut Compared, scored: &Scored) -> Result<(), Failure> {
        let found = bleu::compared(words::texts(scored.row(), self.case_sensitive)?, self.max_ngram);
        sums.outputs += found.outputs;
        sums.expected += found.expected;
        sums.orders.resize(self.max_ngram, Overlap::default());
        sums.orders.iter_mut().zip(found.orders).for_each(|(sum, more)| sum.add(more));
        Ok(())
    }

    fn finish(&self, sums: Compared) -> Result<Measure, Failure> {
        let brevity = if sums.outputs == 0 { 0.0 } else { bleu::brevity(sums.outputs, sums.expected) };
        let precision = bleu::precision(&sums.orders, self.smooth, Orders::All);
        let measure = Measure::new(precision * brevity).note(self.signature()).with("brevity", brevity);
        let precisions = (1..).zip(&sums.orders);
        Ok(precisions.fold(measure, |measure, (n, order)| measure.with(&format!("precision_{n}"), order.precision())))
    }
}

impl CorpusBleu {
    /// As sacrebleu writes it; what it leaves out is said as well.
    fn signature(&self) -> String {
        let case = if self.case_sensitive { "mixed" } else { "lc" };
        let smooth = match self.smooth {
            Smooth::Exp => "exp",
            Smooth::Floor => "floor[0.10]",
            Smooth::AddOne => "add-k[1.00]",
            Smooth::None => "none",
        };
        let order = if self.max_ngram == 4 { String::new() } else { format!("|order:{}", self.max_ngram) };
        format!("nrefs:1|case:{case}|eff:no|tok:13a|smooth:{smooth}{order}|as:sacrebleu-2.6.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check_corpora;
    use karat_sdk::testing::{aggregate, row};

    #[test]
    fn it_is_that_of_sacrebleu() {
        check_corpora::<CorpusBleu>("bleu", json!({}));
        check_corpora::<CorpusBleu>("bleu_2", json!({"max_ngram": 2}));
        check_corpora::<CorpusBleu>("bleu_folded", json!({"case_sensitive": false}));
        check_corpora::<CorpusBleu>("bleu_floor", json!({"smooth": "floor"}));
        check_corpora::<CorpusBleu>("bleu_add_one", json!({"smooth": "add_one"}));
        check_corpora::<CorpusBleu>("bleu_none", json!({"smooth": "none"}));
    }

    #[test]
    fn it_says_what_it_rests_on() {
        let rows = [row().outputs("a b").expected_response("a b c d").build()];
        let measure = aggregate::<CorpusBleu>(json!({"max_ngram": 2}), rows).expect("a number");
        assert_eq!((measure.part("precision_2"), measure.part("brevity")), (Some(1.0), Some((-1.0f64).exp())));
    }

    #[test]
    fn without_an_expected_response_there_is_no_number() {
        let failure = aggregate::<CorpusBleu>(json!({}), [row().outputs("x").build()]).expect_err("nothing to compare");
        assert_eq!(failure, Failure::bad_input("the row has no `expectations.expected_response`"));
    }
}
