//! chrF of one text.

use std::borrow::Cow;

use karat_sdk::prelude::*;

use crate::ngrams::{Overlap, overlaps};
use crate::words::{self, Numbers};

/// Length of the longest n-grams of characters.
const LONGEST: usize = 6;

/// How much recall weighs against precision, squared.
const FACTOR: f64 = 4.0;

/// chrF2 of the outputs against `expectations.expected_response` (Popović 2015, <https://aclanthology.org/W15-3049>):
/// the F-score, with recall twice as important as precision, of the means of both over n-grams of 1 to 6 characters, white
/// space left out. The same as `sentence_chrf` of sacrebleu 2.6 with its defaults, divided by 100.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chrf {
    /// Length of the longest n-grams of words that count as well: 0 for none, 2 for chrF++ (Popović 2017,
    /// <https://aclanthology.org/W17-4770>).
    #[serde(default)]
    #[schemars(range(max = 6))]
    word_order: usize,
    /// Whether `A` and `a` differ.
    #[serde(default = "words::yes")]
    case_sensitive: bool,
}

impl Scorer for Chrf {
    const NAME: &str = "chrf";
    const SUMMARY: &str =
        "how many n-grams of characters the outputs share with the expected response (chrF), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        Ok(f_score(&compared(&words::texts(row, self.case_sensitive)?, self.word_order)).into())
    }
}

/// Compares outputs with an expected response by n-grams of characters, and of words up to a length.
pub(crate) fn compared((outputs, expected): &(Cow<'_, str>, Cow<'_, str>), word_order: usize) -> Vec<Overlap> {
    let mut others = Numbers::default();
    let (output_characters, expected_characters) =
        (characters(outputs, &mut others), characters(expected, &mut others));
    let mut found = overlaps(&output_characters, &expected_characters, LONGEST);
    if word_order > 0 {
        let (outputs, expected) = words::numbered(tokens(outputs), tokens(expected));
        found.extend(overlaps(&outputs, &expected, word_order));
    }
    found
}

/// Characters that are no white space, as numbers from 1: those of ASCII and behind them the `others`.
fn characters(text: &str, others: &mut Numbers<char>) -> Vec<u32> {
    let characters = text.chars().filter(|character| !words::is_space(*character));
    let number =
        |character: char| if character.is_ascii() { u32::from(character) + 1 } else { 128 + others.of(character) };
    characters.map(number).collect()
}

/// Words, with a sign at the end of one, or else at its beginning, taken off.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    words::split(text).flat_map(|word| {
        let is_sign = |character: char| character.is_ascii_punctuation();
        let parts = match (word.strip_suffix(is_sign), word.strip_prefix(is_sign)) {
            (Some(""), _) => (word, ""),
            (Some(rest), _) => word.split_at(rest.len()),
            (None, Some(rest)) => word.split_at(word.len() - rest.len()),
            (None, None) => (word, ""),
        };
        [parts.0, parts.1].into_iter().filter(|part| !part.is_empty())
    })
}

/// Only lengths of which both texts have n-grams count.
pub(crate) fn f_score(overlaps: &[Overlap]) -> f64 {
    let counted: Vec<_> = overlaps.iter().filter(|overlap| overlap.outputs > 0 && overlap.expected > 0).collect();
    let mean =
        |of: fn(Overlap) -> f64| counted.iter().map(|overlap| of(**overlap)).sum::<f64>() / counted.len().max(1) as f64;
    let (precision, recall) = (mean(Overlap::precision), mean(Overlap::recall));
    if precision + recall == 0.0 {
        return 0.0;
    }
    (1.0 + FACTOR) * precision * recall / (FACTOR * precision + recall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;
    use karat_sdk::testing::row;

    #[test]
    fn it_is_that_of_sacrebleu() {
        check::<Chrf>("chrf", json!({}));
        check::<Chrf>("chrf_words", json!({"word_order": 2}));
        check::<Chrf>("chrf_folded", json!({"case_sensitive": false}));
    }

    #[test]
    fn white_space_makes_no_difference() {
        let row = row().outputs("one\u{a0}two").expected_response("on etwo");
        assert_eq!(row.verdict::<Chrf>(json!({})), 1.0);
    }
}
