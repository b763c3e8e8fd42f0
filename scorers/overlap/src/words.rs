//! Texts as words, and words as numbers.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

/// The words between white space, where Python's `str.split` finds them.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// White space by Unicode, and the separators that Python counts in.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The text as it is, or in small letters where case makes no difference.
pub(crate) fn folded(text: Cow<'_, str>, case_sensitive: bool) -> Cow<'_, str> {
    if case_sensitive { text } else { Cow::Owned(text.to_lowercase()) }
}

/// The words of both texts as numbers from 1, the same for the same word.
pub(crate) fn numbered<'w>(
    outputs: impl IntoIterator<Item = &'w str>,
    expected: impl IntoIterator<Item = &'w str>,
) -> (Vec<u32>, Vec<u32>) {
    let mut numbers = FxHashMap::default();
    let mut number = |word: &'w str| {
        let next = u32::try_from(numbers.len() + 1).expect("words in 4 GiB of memory");
        *numbers.entry(word).or_insert(next)
    };
    (outputs.into_iter().map(&mut number).collect(), expected.into_iter().map(&mut number).collect())
}

/// Serde's default for what holds unless it is denied.
pub(crate) fn yes() -> bool {
    true
}
