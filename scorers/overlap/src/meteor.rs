//! METEOR of one text.

use std::borrow::Cow;

use karat_sdk::prelude::*;
use rustc_hash::FxHashMap;

use crate::porter::stem;
use crate::{mteval, words};

/// METEOR of the outputs against `expectations.expected_response` (Lavie and Agarwal 2007,
/// <https://aclanthology.org/W07-0734>), by equal words and equal stems: F · (1 − 0.5 · (c / m)³) with F = P · R / (0.9 · P +
/// 0.1 · R), where m words match, P of the outputs and R of the expected response, in c pieces that stand in one order in
/// both. The same as `meteor_score` of nltk 3.10 with its defaults, but for synonyms: there is no WordNet here, so values are
/// lower where words differ. Words are those of `bleu`, in small letters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Meteor {}

impl Scorer for Meteor {
    const NAME: &str = "meteor";
    const SUMMARY: &str = "how well words and stems of the outputs line up with the expected response (METEOR without synonyms), from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (outputs, expected) = words::texts(row, true)?;
        let (outputs, expected) = (mteval::line(&outputs), mteval::line(&expected));
        let lowercase = |line| mteval::tokens(line).into_iter().map(str::to_lowercase).collect::<Vec<_>>();
        Ok(meteor(&lowercase(&outputs), &lowercase(&expected)).into())
    }
}

fn meteor(outputs: &[String], expected: &[String]) -> f64 {
    let pairs = aligned(outputs, expected);
    if pairs.is_empty() {
        return 0.0;
    }
    let matches = pairs.len() as f64;
    let (precision, recall) = (matches / outputs.len() as f64, matches / expected.len() as f64);
    let mean = precision * recall / (0.9 * precision + 0.1 * recall);
    let goes_on = |pair: &&[(usize, usize)]| pair[1] == (pair[0].0 + 1, pair[0].1 + 1);
    let pieces = pairs.len() - pairs.windows(2).filter(goes_on).count();
    mean * (1.0 - 0.5 * (pieces as f64 / matches).powi(3))
}

/// Which word of the outputs stands for which of the expected response, in the order of the outputs: equal words first, then
/// equal stems of what is left.
fn aligned(outputs: &[String], expected: &[String]) -> Vec<(usize, usize)> {
    // From the end of both, as nltk does.
    let mut outputs_left: Vec<_> = (0..outputs.len()).rev().collect();
    let mut expected_left: Vec<_> = (0..expected.len()).collect();
    let mut pairs = Vec::new();
    let forms: [fn(&String) -> Cow<'_, str>; 2] = [|word| Cow::Borrowed(word), |word| stem(word)];
    for form in forms {
        let mut unused: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for place in expected_left {
            unused.entry(form(&expected[place])).or_default().push(place);
        }
        outputs_left.retain(|place| {
            let other = unused.get_mut(&form(&outputs[*place])).and_then(Vec::pop);
            pairs.extend(other.map(|other| (*place, other)));
            other.is_none()
        });
        expected_left = unused.into_values().flatten().collect();
        expected_left.sort_unstable();
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::check;

    #[test]
    fn it_is_that_of_nltk_without_synonyms() {
        check::<Meteor>("meteor", json!({}));
    }

    #[test]
    fn pieces_in_another_order_cost() {
        let score = |outputs: &str| {
            let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
            meteor(&words(outputs), &words("a b c d"))
        };
        assert_eq!(score("a b c d"), 1.0 - 0.5 / 64.0);
        assert_eq!(score("c d a b"), 1.0 - 0.5 / 8.0);
    }
}
