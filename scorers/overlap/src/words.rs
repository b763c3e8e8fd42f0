//! Texts as words, and words as numbers.

use std::borrow::Cow;
use std::hash::Hash;

use karat_sdk::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Different words of a text of ordinary length, for which no table has to grow.
const WORDS: usize = 220;

/// The words between white space, where Python's `str.split` finds them.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// White space by Unicode, and the separators that Python counts in.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The outputs and the expected response, in small letters unless case makes a difference.
///
/// # Errors
///
/// Fails when the row lacks one of the two.
pub(crate) fn texts(row: &Row, case_sensitive: bool) -> Result<(Cow<'_, str>, Cow<'_, str>), Failure> {
    let (outputs, expected) = (row.outputs()?.text()?, row.expected_response()?.text()?);
    if case_sensitive {
        return Ok((outputs, expected));
    }
    Ok((outputs.to_lowercase().into(), expected.to_lowercase().into()))
}

/// The words of both texts as numbers from 1, the same for the same word.
pub(crate) fn numbered<'w>(
    outputs: impl IntoIterator<Item = &'w str>,
    expected: impl IntoIterator<Item = &'w str>,
) -> (Vec<u32>, Vec<u32>) {
    let mut numbers = Numbers::default();
    (
        outputs.into_iter().map(|word| numbers.of(word)).collect(),
        expected.into_iter().map(|word| numbers.of(word)).collect(),
    )
}

/// Numbers from 1 for things in the order in which they come.
pub(crate) struct Numbers<T>(FxHashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(FxHashMap::with_capacity_and_hasher(WORDS, FxBuildHasher))
    }
}

impl<T: Hash + Eq> Numbers<T> {
    pub(crate) fn of(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.0.len() + 1).expect("things in 4 GiB of memory");
        *self.0.entry(thing).or_insert(next)
    }
}

/// Serde's default for what holds unless it is denied.
pub(crate) fn yes() -> bool {
    true
}
