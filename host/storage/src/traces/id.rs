//! Ids of traces and spans, as bytes.

use model::ports::StoreError;

pub(super) type TraceId = [u8; 16];
pub(super) type SpanId = [u8; 8];

/// A text that is no id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong(String);

impl From<Wrong> for StoreError {
    fn from(Wrong(text): Wrong) -> Self {
        let text: String = text.chars().take(64).collect();
        Self::Invalid { what: format!("`{text}` is no id of a trace or a span") }
    }
}

pub(super) fn trace(text: &str) -> Result<TraceId, Wrong> {
    bytes(text)
}

pub(super) fn span(text: &str) -> Result<SpanId, Wrong> {
    bytes(text)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[digit as usize] as char).collect()
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], Wrong> {
    let digit = |byte: u8| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let wrong = || Wrong(text.to_owned());
    if text.len() != 2 * N {
        return Err(wrong());
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let [high, low] = [digits[0], digits[1]].map(digit);
        *byte = (high.ok_or_else(wrong)? * 16 + low.ok_or_else(wrong)?) as u8;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_and_nothing_else_is_one() {
        let text = "0123456789abcdef0123456789abcdef";
        assert_eq!(hex(&trace(text).expect("an id")), text);
        assert_eq!(hex(&span(&text[..16]).expect("an id")), text[..16]);
        for wrong in
            ["", "0123456789abcde", "0123456789abcdeg", "0123456789ABCDEF", "+123456789abcdef", "0123456789abcdé"]
        {
            assert_eq!(span(wrong), Err(Wrong(wrong.to_owned())));
        }
    }
}
