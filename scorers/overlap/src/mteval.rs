//! Words as `mteval-v13a.pl`, by which machine translation has been measured since 2009, cuts them: `Tokenizer13a` of
//! sacrebleu 2.6 (<https://github.com/mjpost/sacrebleu/blob/master/sacrebleu/tokenizers/tokenizer_13a.py>).

use std::borrow::Cow;

use crate::words;

/// The text without marks of the format it came in, as [`tokens`] wants it.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(text.trim_end_matches(words::is_space));
    // In this order: what one makes the next may take.
    let marks = [("<skipped>", ""), ("-\n", ""), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];
    for (mark, instead) in marks {
        // Most texts have none of them, and their last bytes are rare and found sooner than a text is.
        if line.as_bytes().contains(&mark.as_bytes()[mark.len() - 1]) && line.contains(mark) {
            line = Cow::Owned(line.replace(mark, instead));
        }
    }
    line
}

/// The words and the signs between them.
pub(crate) fn tokens(line: &str) -> Vec<&str> {
    let mut tokens = Vec::with_capacity(line.len() / 4);
    for word in words::split(line) {
        cut(word, &mut tokens);
    }
    tokens
}

fn cut<'t>(word: &'t str, tokens: &mut Vec<&'t str>) {
    let bytes = word.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let (mut start, mut at) = (0, 0);
    while let Some(skipped) = bytes[at..].iter().position(|byte| byte.is_ascii_punctuation()) {
        at += skipped;
        // How many signs are here, and how many of them stand alone.
        let (length, alone) = match bytes[at] {
            b'.' | b',' => {
                let length = bytes[at..].iter().take_while(|byte| matches!(byte, b'.' | b',')).count();
                // The original's patterns take two characters at a time, so of a row every second sign looks only at what
                // stands before it, and the last may be left with the digit behind it.
                let stays = is_digit(Some(at + length)) && (length % 2 == 1) == is_digit(at.checked_sub(1));
                (length, length - usize::from(stays))
            }
            b'-' => (1, usize::from(is_digit(at.checked_sub(1)))),
            b'\'' => (1, 0),
            _ => (1, 1),
        };
        if alone > 0 {
            push(&word[start..at], tokens);
            tokens.extend((at..at + alone).map(|at| &word[at..=at]));
            start = at + alone;
        }
        at += length;
    }
    push(&word[start..], tokens);
}

fn push<'t>(token: &'t str, tokens: &mut Vec<&'t str>) {
    if !token.is_empty() {
        tokens.push(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(tokens(&line(text)).join(" "), expected);
    }

    #[test]
    fn signs_stand_alone_but_apostrophes() {
        check("\"It's (mostly) fine!\"", "\" It's ( mostly ) fine ! \"");
        check("a/b_c @ d\u{2026} «e»", "a / b _ c @ d\u{2026} «e»");
    }

    #[test]
    fn points_commas_and_dashes_look_at_the_digits_around_them() {
        check("1,234.5 is .5 of 5. or a.b", "1,234.5 is . 5 of 5 . or a . b");
        check("well-known 2020-21", "well-known 2020 - 21");
    }

    #[test]
    fn of_points_in_a_row_the_last_may_stay_with_a_digit() {
        check("a..5 a...5 5..5 5...5", "a . .5 a . . . 5 5 . . 5 5 . . .5");
    }

    #[test]
    fn marks_of_the_format_are_taken_out() {
        check("one<skipped> trans-\nlation &amp;lt; x\n", "one translation < x");
    }
}
