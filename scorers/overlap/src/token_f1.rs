//! How many words two answers share.

use karat_sdk::prelude::*;

use crate::ngrams::overlaps;
use crate::words;

/// F1 of the outputs against `expectations.expected_response` as for answers of SQuAD: the harmonic mean of precision and
/// recall, verdicts of their own beside it, of words in small letters, without punctuation of ASCII and without *a*, *an*
/// and *the*. The same as `compute_f1` of the benchmark's evaluation script, version 2.0 (Rajpurkar et al. 2018,
/// <https://rajpurkar.github.io/SQuAD-explorer>), so two answers without words are alike.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenF1 {}

impl Scorer for TokenF1 {
    const NAME: &str = "token_f1";
    const SUMMARY: &str = "how many words the outputs and the expected response share (F1 of SQuAD), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (outputs, expected) = words::texts(row, false)?;
        let (outputs, expected) = (normalized(&outputs), normalized(&expected));
        let (outputs, expected) = words::numbered(words::split(&outputs), words::split(&expected));
        if outputs.is_empty() && expected.is_empty() {
            return Ok(Feedback::from(1.0).with("precision", 1.0).with("recall", 1.0).into());
        }
        Ok(overlaps(&outputs, &expected, 1)[0].feedback().into())
    }
}

/// A text in small letters without punctuation, and with a space for each article. An article ends where letters and
/// digits do, which need not be at a space: `the–end`.
fn normalized(text: &str) -> String {
    let (mut kept, mut start) = (String::with_capacity(text.len()), 0);
    for character in text.chars().filter(|character| !character.is_ascii_punctuation()) {
        if character.is_alphanumeric() {
            kept.push(character);
        } else {
            end_word(&mut kept, start);
            kept.push(character);
            start = kept.len();
        }
    }
    end_word(&mut kept, start);
    kept
}

fn end_word(kept: &mut String, start: usize) {
    if matches!(&kept[start..], "a" | "an" | "the") {
        kept.truncate(start);
        kept.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;

    #[test]
    fn it_is_that_of_squads_script() {
        check::<TokenF1>("token_f1", json!({}));
    }

    #[test]
    fn articles_go_wherever_they_end() {
        let words = |text| words::split(&normalized(text)).collect::<Vec<_>>().join(" ");
        assert_eq!(words("the cat, a dog; an-other"), "cat dog another");
        assert_eq!(words("the–end of “the” thea"), "–end of “ ” thea");
    }
}
