//! BLEU of one text.

use std::borrow::Cow;

use karat_sdk::prelude::*;

use crate::ngrams::{Overlap, overlaps};
use crate::{mteval, words};

/// BLEU of the outputs against `expectations.expected_response` (Papineni et al. 2002,
/// <https://aclanthology.org/P02-1040>): the geometric mean of the precisions of n-grams, times exp(1 − r / o) where the
/// outputs have o words and the expected response has more, r. The same as `sentence_bleu` of sacrebleu 2.6 with its
/// defaults (tokenizer 13a, effective order), divided by 100.
///
/// BLEU was made for whole corpora. The mean of its values for single texts is not the BLEU of all of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bleu {
    /// Length of the longest n-grams, in words.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = 6))]
    pub(crate) max_ngram: usize,
    /// What stands in for a precision of 0, which would make the mean 0.
    #[serde(default)]
    pub(crate) smooth: Smooth,
    /// Whether `A` and `a` differ.
    #[serde(default = "words::yes")]
    pub(crate) case_sensitive: bool,
}

/// Smoothing by Chen and Cherry 2014 (<https://aclanthology.org/W14-3346>).
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Smooth {
    /// Half of the least that could have been counted, for the next such precision a quarter, and so on.
    #[default]
    Exp,
    /// A tenth of the least that could have been counted.
    Floor,
    /// One more, of what is counted and of what there is, for all n but 1.
    AddOne,
    /// Nothing.
    None,
}

pub(crate) fn four() -> usize {
    4
}

impl Scorer for Bleu {
    const NAME: &str = "bleu";
    const SUMMARY: &str = "how many n-grams of words the outputs share with the expected response (BLEU), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let found = compared(words::texts(row, self.case_sensitive)?, self.max_ngram);
        let precision = precision(&found.orders, self.smooth, Orders::Effective);
        Ok((precision * brevity(found.outputs, found.expected)).into())
    }
}

/// What two texts have in common, or those of a corpus.
#[derive(Default)]
pub(crate) struct Compared {
    /// Words of the outputs, and of the expected response.
    pub(crate) outputs: usize,
    pub(crate) expected: usize,
    /// For each length of n-grams, from 1.
    pub(crate) orders: Vec<Overlap>,
}

/// Compares outputs with an expected response by n-grams of words up to a length.
pub(crate) fn compared((outputs, expected): (Cow<'_, str>, Cow<'_, str>), longest: usize) -> Compared {
    let (outputs, expected) = (mteval::line(&outputs), mteval::line(&expected));
    let (outputs, expected) = words::numbered(mteval::tokens(&outputs), mteval::tokens(&expected));
    let orders = overlaps(&outputs, &expected, longest);
    Compared { outputs: outputs.len(), expected: expected.len(), orders }
}

/// What too short an answer is multiplied with.
pub(crate) fn brevity(outputs: usize, expected: usize) -> f64 {
    if outputs >= expected { 1.0 } else { (1.0 - expected as f64 / outputs as f64).exp() }
}

/// Of how many lengths of n-grams the mean is taken.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Orders {
    /// Those that the outputs have.
    Effective,
    /// All of them: outputs without the longest have a mean of 0.
    All,
}

/// The geometric mean of the precisions.
pub(crate) fn precision(overlaps: &[Overlap], smooth: Smooth, of: Orders) -> f64 {
    if overlaps.iter().all(|overlap| overlap.shared == 0) {
        return 0.0;
    }
    let (mut logarithms, mut orders, mut zeros) = (0.0, 0, 0);
    for (order, Overlap { outputs, shared, .. }) in overlaps.iter().enumerate() {
        let more = if order > 0 && matches!(smooth, Smooth::AddOne) { 1.0 } else { 0.0 };
        let (shared, outputs) = (*shared as f64 + more, *outputs as f64 + more);
        if outputs == 0.0 {
            if of == Orders::All {
                return 0.0;
            }
            break;
        }
        let least = 1.0 / outputs;
        let precision = match smooth {
            _ if shared > 0.0 => shared / outputs,
            Smooth::Exp => {
                zeros += 1;
                least / f64::from(zeros).exp2()
            }
            Smooth::Floor => least / 10.0,
            Smooth::AddOne | Smooth::None => 0.0,
        };
        logarithms += precision.ln();
        orders += 1;
    }
    (logarithms / f64::from(orders)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;
    use karat_sdk::testing::row;

    #[test]
    fn it_is_that_of_sacrebleu() {
        check::<Bleu>("bleu", json!({}));
        check::<Bleu>("bleu_2", json!({"max_ngram": 2}));
        check::<Bleu>("bleu_folded", json!({"case_sensitive": false}));
        check::<Bleu>("bleu_floor", json!({"smooth": "floor"}));
        check::<Bleu>("bleu_add_one", json!({"smooth": "add_one"}));
        check::<Bleu>("bleu_none", json!({"smooth": "none"}));
    }

    #[test]
    fn equal_texts_have_all_of_it_and_strangers_nothing() {
        let bleu = |outputs, expected| row().outputs(outputs).expected_response(expected).verdict::<Bleu>(json!({}));
        assert_eq!(bleu("the cat sat on the mat", "the cat sat on the mat"), 1.0);
        assert_eq!(bleu("one", "two"), 0.0);
        assert_eq!(bleu("", ""), 0.0);
    }

    #[test]
    fn without_an_expected_response_the_row_fails_by_the_fields_name() {
        let failure = row().outputs("x").score::<Bleu>(json!({})).expect_err("nothing to compare with");
        assert_eq!(failure, Failure::bad_input("the row has no `expectations.expected_response`"));
    }
}
