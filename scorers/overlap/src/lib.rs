//! The built-in plugin `karat/overlap`: how much of the expected response is in the outputs, by the words or characters
//! that both have.
//!
//! Each scorer is that of a paper as its usual implementation has it, and gives that implementation's numbers: the vectors
//! in `tests/vectors` were recorded from it. None of them knows what a text means; two that say the same in other words
//! are far apart.

mod bleu;
mod chrf;
mod corpus_bleu;
mod corpus_chrf;
mod meteor;
mod mteval;
mod ngrams;
mod porter;
mod rouge;
mod rouge_l;
mod rouge_n;
mod token_f1;
mod words;

#[cfg(test)]
mod vectors;

pub use bleu::Bleu;
pub use chrf::Chrf;
use corpus_bleu::CorpusBleu;
use corpus_chrf::CorpusChrf;
pub use meteor::Meteor;
pub use rouge_l::RougeL;
pub use rouge_n::RougeN;
pub use token_f1::TokenF1;

karat_sdk::plugin! {
    name: "karat/overlap",
    scorers: [Bleu, Chrf, Meteor, RougeL, RougeN, TokenF1],
    aggregators: [CorpusBleu, CorpusChrf],
}
