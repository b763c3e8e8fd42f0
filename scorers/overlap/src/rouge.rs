//! What the ROUGE scorers share: words as rouge-score 0.1.2 sees them
//! (<https://github.com/google-research/google-research/blob/master/rouge/tokenize.py>).

use std::borrow::Cow;

use karat_sdk::prelude::*;

use crate::porter::stem;
use crate::words;

/// The words of the outputs and the expected response as numbers. A word is letters from a to z and digits, in small
/// letters; in other scripts there are none. With `stems`, words of four characters or more are as good as their stems.
///
/// # Errors
///
/// Fails when the row lacks one of the two.
pub(crate) fn numbered_words(row: &Row, stems: bool) -> Result<(Vec<u32>, Vec<u32>), Failure> {
    let (outputs, expected) = words::texts(row, false)?;
    let (outputs, expected) = (tokens(&outputs, stems), tokens(&expected, stems));
    Ok(words::numbered(outputs.iter().map(AsRef::as_ref), expected.iter().map(AsRef::as_ref)))
}

fn tokens(lowercase: &str, stems: bool) -> Vec<Cow<'_, str>> {
    let is_part = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let words = lowercase.as_bytes().split(|byte| !is_part(byte)).filter(|word| !word.is_empty());
    let words = words.map(|word| str::from_utf8(word).expect("ASCII"));
    words.map(|word| if stems && word.len() > 3 { stem(word) } else { Cow::Borrowed(word) }).collect()
}
