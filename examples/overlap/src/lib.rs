//! How much of an answer stands in the chunks that were retrieved for it, and which chunk it came from.

mod runs;

use karat_sdk::prelude::*;
use runs::{Words, longest_run};

/// The share of the answer's words that stand, in runs of several, in a retrieved chunk.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Overlap {
    /// Words in a row that have to stand in a chunk as they do in the answer. With 1, any shared word counts.
    #[schemars(range(min = 1, max = 20))]
    run: usize,
    /// A chunk is in use when it covers at least this share of the answer.
    #[schemars(range(min = 0.0, max = 1.0))]
    used: f64,
}

impl Default for Overlap {
    fn default() -> Self {
        Self { run: 3, used: 0.1 }
    }
}

/// What a retrieval application answers.
#[derive(Deserialize)]
struct Answer {
    text: String,
    chunks: Vec<String>,
}

/// Chunks that get a verdict of their own. What is behind them counts for the rest all the same.
const SHOWN: usize = 8;

impl Scorer for Overlap {
    const NAME: &str = "overlap";
    const SUMMARY: &str = "the share of the answer that stands, in runs of words, in the retrieved chunks";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let Answer { text, chunks } = row.outputs()?.parse()?;
        let said = Words::of(&text);
        if said.is_empty() {
            return Ok(Outcome::abstain("nothing was answered"));
        }
        if chunks.is_empty() {
            return Ok(Outcome::abstain("nothing was retrieved"));
        }
        // An answer shorter than a run can still be copied as a whole.
        let run = self.run.min(said.len());
        let chunks: Vec<_> = chunks.iter().map(|chunk| Words::of(chunk)).collect();
        let covered: Vec<_> = chunks.iter().map(|chunk| said.covered_by(chunk, run)).collect();
        let by_any: Vec<_> = (0..said.len()).map(|word| covered.iter().any(|chunk| chunk[word])).collect();
        let shares: Vec<_> = covered.iter().map(|chunk| share(chunk)).collect();
        let in_use = shares.iter().filter(|share| **share >= self.used).count();

        let strange = said.stretches(&by_any, false);
        let mut feedback = Feedback::from(share(&by_any));
        if !strange.is_empty() {
            feedback = feedback.because(format!("in no chunk: {}", strange.join(" … ")));
        }
        feedback = feedback.with(
            "used",
            Feedback::from(in_use as f64 / chunks.len() as f64)
                .because(format!("{in_use} of {} chunks stand behind the answer", chunks.len())),
        );
        for (number, (chunk, share)) in chunks.iter().zip(&shares).take(SHOWN).enumerate() {
            let mut part = Feedback::from(*share);
            if let Some(shared) = longest_run(&said, chunk).filter(|_| *share > 0.0) {
                part = part.because(format!("longest: {shared}"));
            }
            feedback = feedback.with(&format!("chunk_{}", number + 1), part);
        }
        Ok(feedback.into())
    }
}

fn share(covered: &[bool]) -> f64 {
    covered.iter().filter(|covered| **covered).count() as f64 / covered.len() as f64
}

karat_sdk::plugin! { name: "examples/overlap", scorers: [Overlap] }

/// Tests without Karat: `cargo test`.
#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, chunks: &[&str], expected: f64) {
        let outputs = json!({ "text": answer, "chunks": chunks });
        let share = karat_sdk::testing::row().outputs(outputs).verdict::<Overlap>(json!({}));
        assert!((share - expected).abs() < 1e-9, "{share} of `{answer}`");
    }

    #[test]
    fn what_stands_in_a_chunk_is_covered() {
        check("The tower is in Paris.", &["The tower is in Paris, France."], 1.0);
        check("The tower is in Rome.", &["The tower is in Paris, France."], 0.8);
        check("Rome has a tower.", &["The tower is in Paris, France."], 0.0);
    }

    #[test]
    fn a_run_may_go_from_chunk_to_chunk_only_by_overlapping() {
        check("one two three four five", &["one two three", "three four five"], 1.0);
        check("one two three four", &["one two", "three four"], 0.0);
    }

    #[test]
    fn a_short_answer_counts_as_a_whole() {
        check("In Paris.", &["The tower is in Paris."], 1.0);
        check("In Rome.", &["The tower is in Paris."], 0.0);
    }

    #[test]
    fn numbers_are_words_as_they_are_written() {
        check("It costs 1,299.50 dollars", &["the model, which it costs 1,299.50 dollars to buy"], 1.0);
        check("It costs 1,299.50 dollars", &["it costs 1,299.60 dollars"], 0.0);
    }
}
