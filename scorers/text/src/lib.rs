//! The built-in plugin `karat/text`: what can be said of a text without asking anybody.
//!
//! Outputs and expectations that are JSON strings are taken as what they say, anything else as its compact JSON text.
//! No shape of an API's reply is unpacked: a suite's `map:` picks the text out of it.

mod contains;
mod exact_match;
mod levenshtein;
mod number;
mod numeric_match;
mod pattern;
mod regex_match;
mod response_length;

pub use contains::Contains;
pub use exact_match::ExactMatch;
pub use levenshtein::Levenshtein;
pub use numeric_match::NumericMatch;
pub use regex_match::RegexMatch;
pub use response_length::ResponseLength;

karat_sdk::plugin! {
    name: "karat/text",
    scorers: [ExactMatch, Contains, RegexMatch, NumericMatch, Levenshtein, ResponseLength],
}
