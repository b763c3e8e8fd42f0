//! How alike two texts are.

use karat_sdk::prelude::*;
use rapidfuzz::distance::levenshtein;

/// Similarity of the outputs and `expectations.expected_response`: 1 − d / n, where d is the least number of characters
/// to insert, delete or replace to make one of the other, and n the number of characters in the longer one. Two empty
/// texts are alike.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levenshtein {}

impl Scorer for Levenshtein {
    const NAME: &str = "levenshtein";
    const SUMMARY: &str = "how alike the outputs and the expected response are, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (outputs, expected) = (row.outputs()?.text()?, row.expected_response()?.text()?);
        Ok(levenshtein::normalized_similarity(outputs.chars(), expected.chars()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: &str, expected: &str, similarity: f64) {
        let seen = row().outputs(outputs).expected_response(expected).verdict::<Levenshtein>(json!({}));
        assert!((seen - similarity).abs() < 1e-12, "{seen}");
    }

    #[test]
    fn one_edit_costs_one_character_of_the_longer_text() {
        check("kitten", "sitting", 1.0 - 3.0 / 7.0);
        check("same", "same", 1.0);
        check("abc", "xyz", 0.0);
    }

    #[test]
    fn empty_texts_are_alike_and_unlike_all_others() {
        check("", "", 1.0);
        check("", "abcd", 0.0);
    }

    #[test]
    fn characters_count_and_not_bytes() {
        check("über", "uber", 0.75);
    }
}
