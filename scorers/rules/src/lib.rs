//! The built-in plugin `karat/rules`: what an answer must or must not hold, whatever was expected of it.
//!
//! Everything here goes by the shape of the text. Nothing is asked, and nothing is guessed from its meaning.

mod address;
mod number;
mod pii;
mod refusal;
mod valid_xml;

pub use pii::Pii;
pub use refusal::Refusal;
pub use valid_xml::ValidXml;

karat_sdk::plugin! {
    name: "karat/rules",
    scorers: [Pii, Refusal, ValidXml],
}
