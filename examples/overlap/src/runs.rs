//! Texts as words, and the runs of words that two of them share.

use std::collections::HashSet;

/// The words of a text, without case and punctuation.
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let mut words = vec![String::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let word = words.last_mut().expect("never empty");
            let ends_in_digit = word.ends_with(|c: char| c.is_ascii_digit());
            let is_within_number =
                matches!(character, '.' | ',') && ends_in_digit && characters.peek().is_some_and(char::is_ascii_digit);
            if character.is_alphanumeric() || is_within_number {
                word.extend(character.to_lowercase());
            } else if !word.is_empty() && !matches!(character, '\'' | '’') {
                words.push(String::new());
            }
        }
        words.retain(|word| !word.is_empty());
        Self(words)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For each word, whether it is part of `run` words in a row that stand in `other` as well.
    pub(crate) fn covered_by(&self, other: &Self, run: usize) -> Vec<bool> {
        let known: HashSet<&[String]> = other.0.windows(run).collect();
        let mut covered = vec![false; self.len()];
        for (start, words) in self.0.windows(run).enumerate() {
            if known.contains(words) {
                covered[start..start + run].fill(true);
            }
        }
        covered
    }

    /// The words in a row for which `marks` has `wanted`.
    pub(crate) fn stretches(&self, marks: &[bool], wanted: bool) -> Vec<String> {
        let mut stretches = Vec::new();
        let mut at = 0;
        for group in marks.chunk_by(|one, next| one == next) {
            if group[0] == wanted {
                stretches.push(self.0[at..at + group.len()].join(" "));
            }
            at += group.len();
        }
        stretches
    }
}

/// The longest run of words that stands in both texts.
pub(crate) fn longest_run(one: &Words, other: &Words) -> Option<String> {
    // Lengths of the runs that end at each word of `other`, for the word of `one` before.
    let mut before = vec![0_usize; other.len() + 1];
    let (mut longest, mut end) = (0, 0);
    for (place, word) in one.0.iter().enumerate() {
        let mut now = vec![0; other.len() + 1];
        for (index, same) in other.0.iter().enumerate() {
            if same == word {
                now[index + 1] = before[index] + 1;
                if now[index + 1] > longest {
                    (longest, end) = (now[index + 1], place + 1);
                }
            }
        }
        before = now;
    }
    (longest > 0).then(|| one.0[end - longest..end].join(" "))
}
