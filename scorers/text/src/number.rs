//! Numbers as people write them.

/// The last number in `text`.
///
/// A number has digits, maybe a point among or before them, maybe a minus sign, maybe an exponent. Commas between
/// groups of digits belong to it, in the Western and the Indian way (`1,234.5`, `12,34,567`); any other comma or point
/// ends it (`1, 2`, `18.`). A minus sign behind a letter or a digit is a dash (`5-3`).
pub(crate) fn last(text: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (mut start, mut end) = (0, 0);
    while let Some(next) = text[end..].find(is_digit) {
        start = end + next;
        end = start + length(&text.as_bytes()[start..]);
    }
    if end == 0 {
        return None;
    }
    // A point behind a digit ended that number; any other one stands for `0.`.
    let before = &text[..start];
    let (before, start) = match before.strip_suffix('.') {
        Some(rest) if !rest.ends_with(is_digit) => (rest, start - 1),
        _ => (before, start),
    };
    let magnitude: f64 = text[start..end].replace(',', "").parse().ok()?;
    let is_negative = before.strip_suffix(['-', '−']).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric));
    Some(if is_negative { -magnitude } else { magnitude }).filter(|number| number.is_finite())
}

/// How many bytes belong to the number that `bytes` start with.
fn length(bytes: &[u8]) -> usize {
    let mut length = digits(bytes);
    if length <= 3 {
        length += groups(&bytes[length..]);
    }
    if bytes[length..].starts_with(b".") {
        let decimals = digits(&bytes[length + 1..]);
        length += if decimals == 0 { 0 } else { decimals + 1 };
    }
    length + exponent(&bytes[length..])
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Groups of three digits behind commas, and groups of two as long as one of three follows.
fn groups(bytes: &[u8]) -> usize {
    let (mut at, mut whole) = (0, 0);
    while bytes[at..].starts_with(b",") {
        match digits(&bytes[at + 1..]) {
            2 => at += 3,
            3 => {
                at += 4;
                whole = at;
            }
            _ => break,
        }
    }
    whole
}

fn exponent(bytes: &[u8]) -> usize {
    let [b'e' | b'E', rest @ ..] = bytes else { return 0 };
    let sign = usize::from(matches!(rest, [b'+' | b'-', ..]));
    match digits(&rest[sign..]) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, number: impl Into<Option<f64>>) {
        assert_eq!(last(text), number.into(), "{text}");
    }

    #[test]
    fn the_last_of_several_numbers_counts() {
        check("9 * 2 = 18 dollars", 18.0);
        check("1, 2, 3", 3.0);
        check("from 2023,5 of them", 5.0);
        check("version 1.2.3", 3.0);
        check("no number here", None);
        check("", None);
    }

    #[test]
    fn separators_belong_to_a_number_and_final_ones_do_not() {
        check("$1,234,567.89.", 1_234_567.89);
        check("12,34,567", 1_234_567.0);
        check("It is 18.", 18.0);
        check("18,", 18.0);
        check("1,23", 23.0);
        check("1,2345", 2345.0);
    }

    #[test]
    fn a_minus_sign_is_one_only_where_a_number_begins() {
        check("-5", -5.0);
        check("= −5", -5.0);
        check("5-3", 3.0);
        check("covid-19", 19.0);
        check("(-.5)", -0.5);
    }

    #[test]
    fn exponents_are_read_and_the_infinite_is_no_number() {
        check("6.02e23", 6.02e23);
        check("1E-3", 0.001);
        check("3e", 3.0);
        check("1e999", None);
    }
}
