//! Which of the documents that were found are those that should have been, and at which rank.

use std::num::NonZeroU32;

use karat_sdk::Document;
use karat_sdk::prelude::*;

/// What a retriever found, judged by what it should have found.
///
/// A document that is found again, or one more piece of a document that was expected once, is left out: a ranking has
/// each document once. Of expected documents, those with a `relevance` above 0 are relevant, or without one.
pub(crate) struct Ranking {
    /// The relevance of what was found, best rank first: 0 for what was not expected.
    pub(crate) found: Vec<f64>,
    /// The relevance of what is relevant, best first.
    pub(crate) relevant: Vec<f64>,
    /// The number of ranks that count, where there is a bound.
    pub(crate) k: Option<usize>,
}

impl Ranking {
    fn new(expected: &[Document], retrieved: &[Document], k: Option<NonZeroU32>) -> Result<Self, Failure> {
        let mut distinct: Vec<&Document> = Vec::new();
        for document in expected {
            if !distinct.iter().any(|other| (&other.ids, &other.text) == (&document.ids, &document.text)) {
                distinct.push(document);
            }
        }
        let worth = distinct.iter().map(|document| document.relevance.unwrap_or(1.0)).collect::<Vec<_>>();
        if worth.iter().any(|relevance| *relevance < 0.0) {
            return Err(Failure::bad_input("a `relevance` in `expectations.expected_retrieved_context` is below 0"));
        }
        let k = k.map(|k| k.get() as usize);
        let mut found = gains(&distinct, &worth, retrieved);
        found.truncate(k.unwrap_or(found.len()));
        let mut relevant: Vec<_> = worth.into_iter().filter(|relevance| *relevance > 0.0).collect();
        relevant.sort_by(|one, other| other.total_cmp(one));
        Ok(Self { found, relevant, k })
    }

    /// How many relevant documents were found.
    pub(crate) fn hits(&self) -> usize {
        self.found.iter().filter(|relevance| **relevance > 0.0).count()
    }
}

fn gains(expected: &[&Document], worth: &[f64], retrieved: &[Document]) -> Vec<f64> {
    let mut is_found = vec![false; expected.len()];
    let mut gains = Vec::new();
    for (rank, document) in retrieved.iter().enumerate() {
        let mut same = (0..expected.len()).filter(|place| expected[*place].is(document)).peekable();
        if same.peek().is_none() {
            if !retrieved[..rank].contains(document) {
                gains.push(0.0);
            }
        } else if let Some(place) = same.find(|place| !is_found[*place]) {
            is_found[place] = true;
            gains.push(worth[place]);
        }
    }
    gains
}

/// Has `verdict` judge the ranking of a row.
pub(crate) fn judge(
    row: &Row,
    k: Option<NonZeroU32>,
    verdict: impl FnOnce(&Ranking) -> Feedback<f64>,
) -> Result<Outcome<f64>, Failure> {
    let Some(expected) = row.expected_documents()? else {
        return Ok(Outcome::abstain("the row has no `expectations.expected_retrieved_context`"));
    };
    let Some(retrieved) = row.retrieved()? else {
        return Ok(Outcome::abstain(
            "the row's trace has no step of the type `RETRIEVER`, and its outputs and inputs have no `retrieved_context`",
        ));
    };
    let ranking = Ranking::new(&expected, &retrieved, k)?;
    if ranking.relevant.is_empty() {
        return Ok(Outcome::abstain("no document in `expectations.expected_retrieved_context` is relevant"));
    }
    Ok(verdict(&ranking).into())
}

/// Rows to try scorers on.
#[cfg(test)]
pub(crate) mod testing {
    use karat_sdk::serde_json::{Value, json};
    use karat_sdk::testing::{TestRow, row};

    /// A row with these expected documents and those that were found, of which each letter is one.
    pub(crate) fn retrieval(expected: Value, found: &str) -> TestRow {
        let found: Vec<String> = found.chars().map(String::from).collect();
        row()
            .expectations(json!({ "expected_retrieved_context": expected }))
            .outputs(json!({ "retrieved_context": found }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RetrievalRecall;
    use karat_sdk::serde_json::{Value, json};
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(expected: Value, retrieved: Value, found: &[f64], relevant: &[f64]) {
        let [expected, retrieved] =
            [expected, retrieved].map(|list| serde_json::from_value::<Vec<Document>>(list).expect("documents"));
        let ranking = Ranking::new(&expected, &retrieved, None).expect("a ranking");
        assert_eq!((ranking.found.as_slice(), ranking.relevant.as_slice()), (found, relevant));
    }

    #[test]
    fn documents_are_ranked_by_what_they_are_worth() {
        let expected = json!([{"id": "a", "relevance": 1}, {"id": "b", "relevance": 3}, {"id": "c", "relevance": 0}]);
        check(expected, json!([{"id": "x"}, {"id": "b"}, {"id": "c"}]), &[0.0, 3.0, 0.0], &[3.0, 1.0]);
        check(json!(["a ", "b"]), json!([{"content": "b\n"}, "a"]), &[1.0, 1.0], &[1.0, 1.0]);
    }

    #[test]
    fn what_is_found_again_is_left_out() {
        let piece = |id: &str| json!({"id": id, "metadata": {"doc_uri": "x.md"}});
        let both = json!([piece("1"), piece("2"), "a", "a", piece("3")]);
        check(json!([{"doc_uri": "x.md"}, {"doc_uri": "x.md"}]), both.clone(), &[1.0, 0.0], &[1.0]);
        // Each piece counts where each is expected.
        check(json!([{"id": "2"}, {"id": "1"}]), both, &[1.0, 1.0, 0.0, 0.0], &[1.0, 1.0]);
    }

    #[track_caller]
    fn check_abstains(expectations: Value, outputs: Value, reason: &str) {
        let outcome = row().expectations(expectations).outputs(outputs).score::<RetrievalRecall>(json!({}));
        assert_eq!(outcome, Ok(Outcome::abstain(reason)));
    }

    #[test]
    fn a_row_that_does_not_tell_is_abstained_from() {
        let (expected, found) = (json!({"expected_retrieved_context": ["a"]}), json!({"retrieved_context": ["a"]}));
        let untold = "the row's trace has no step of the type `RETRIEVER`, and its outputs and inputs have no `retrieved_context`";
        check_abstains(expected, json!("a"), untold);
        check_abstains(json!({}), found.clone(), "the row has no `expectations.expected_retrieved_context`");
        let none = "no document in `expectations.expected_retrieved_context` is relevant";
        check_abstains(json!({"expected_retrieved_context": []}), found.clone(), none);
        check_abstains(json!({"expected_retrieved_context": [{"id": "a", "relevance": 0}]}), found, none);
    }

    #[test]
    fn a_relevance_below_zero_is_bad_input() {
        let row = testing::retrieval(json!([{"id": "a", "relevance": -1}]), "a");
        let failure = row.score::<RetrievalRecall>(json!({})).expect_err("below 0");
        assert_eq!(failure.code, ErrorCode::BadInput);
    }
}
