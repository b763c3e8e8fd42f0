//! Stems of English words by Porter's algorithm (Porter 1980, "An algorithm for suffix stripping", Program 14/3) with the
//! extensions of nltk, `PorterStemmer` of nltk 3.10 (<https://www.nltk.org/_modules/nltk/stem/porter.html>): what rouge-score
//! and nltk's METEOR use. Snowball's "English", which crates have, is another algorithm.

use std::borrow::Cow;

/// Words with stems of their own.
const IRREGULAR: [(&str, &str); 16] = [
    ("skies", "sky"),
    ("sky", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// A suffix and what takes its place. Of several, the first suffix that a word has decides.
type Rules = [(&'static str, &'static str)];

const STEP_2: &Rules = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: &Rules =
    &[("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
];

/// The stem of a word in small letters.
pub(crate) fn stem(word: &str) -> Cow<'_, str> {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return Cow::Borrowed(stem);
    }
    if word.chars().nth(2).is_none() {
        return Cow::Borrowed(word);
    }
    let mut stem = word.to_owned();
    for step in [step_1a, step_1b, step_1c, step_2, step_3, step_4, step_5a, step_5b] {
        step(&mut stem);
    }
    Cow::Owned(stem)
}

fn step_1a(word: &mut String) {
    if word.ends_with("ies") {
        let is_short = word.chars().count() == 4;
        replace(word, "ies", if is_short { "ie" } else { "i" });
    } else if word.ends_with("sses") {
        replace(word, "es", "");
    } else if word.ends_with('s') && !word.ends_with("ss") {
        replace(word, "s", "");
    }
}

fn step_1b(word: &mut String) {
    if word.ends_with("ied") {
        let is_short = word.chars().count() == 4;
        return replace(word, "ied", if is_short { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 {
            replace(word, "d", "")
        };
    }
    let Some(suffix) = ["ed", "ing"].into_iter().find(|suffix| word.strip_suffix(suffix).is_some_and(has_vowel)) else {
        return;
    };
    replace(word, suffix, "");
    if ["at", "bl", "iz"].iter().any(|end| word.ends_with(end)) {
        word.push('e');
    } else if ends_double_consonant(word) {
        if !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_cvc(word) {
        word.push('e');
    }
}

fn step_1c(word: &mut String) {
    let is_changed = |stem: &str| consonants(stem).last() == Some(true) && stem.chars().nth(1).is_some();
    if word.strip_suffix('y').is_some_and(is_changed) {
        replace(word, "y", "i");
    }
}

fn step_2(word: &mut String) {
    if word.strip_suffix("alli").is_some_and(|stem| measure(stem) > 0) {
        replace(word, "li", "");
    }
    // The `l` belongs to the stem, so that `geo` and `theo` are long enough.
    if let Some(stem) = word.strip_suffix("ogi").filter(|stem| stem.ends_with('l')) {
        return if measure(stem) > 0 {
            replace(word, "i", "")
        };
    }
    apply(word, STEP_2);
}

fn step_3(word: &mut String) {
    apply(word, STEP_3);
}

fn step_4(word: &mut String) {
    let Some(suffix) = STEP_4.into_iter().find(|suffix| word.ends_with(suffix)) else { return };
    let stem = &word[..word.len() - suffix.len()];
    if measure(stem) > 1 && (suffix != "ion" || stem.ends_with(['s', 't'])) {
        replace(word, suffix, "");
    }
}

fn step_5a(word: &mut String) {
    let Some(stem) = word.strip_suffix('e') else { return };
    let measure = measure(stem);
    if measure > 1 || measure == 1 && !ends_cvc(stem) {
        word.pop();
    }
}

fn step_5b(word: &mut String) {
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

fn apply(word: &mut String, rules: &Rules) {
    let Some((suffix, instead)) = rules.iter().find(|(suffix, _)| word.ends_with(suffix)) else { return };
    if measure(&word[..word.len() - suffix.len()]) > 0 {
        replace(word, suffix, instead);
    }
}

/// Puts `instead` in the place of a suffix that the word has.
fn replace(word: &mut String, suffix: &str, instead: &str) {
    word.truncate(word.len() - suffix.len());
    word.push_str(instead);
}

/// Which letters are consonants: all but a, e, i, o, u, and y behind a consonant.
fn consonants(word: &str) -> impl Iterator<Item = bool> {
    word.chars().scan(false, |before, letter| {
        *before = match letter {
            'a' | 'e' | 'i' | 'o' | 'u' => false,
            'y' => !*before,
            _ => true,
        };
        Some(*before)
    })
}

/// How many times a consonant follows a vowel.
fn measure(stem: &str) -> usize {
    let mut is_behind_vowel = false;
    consonants(stem)
        .filter(|is_consonant| std::mem::replace(&mut is_behind_vowel, !is_consonant) && *is_consonant)
        .count()
}

fn has_vowel(stem: &str) -> bool {
    consonants(stem).any(|is_consonant| !is_consonant)
}

fn ends_double_consonant(word: &str) -> bool {
    let mut from_end = word.chars().rev();
    let last = from_end.next();
    last.is_some() && last == from_end.next() && consonants(word).last() == Some(true)
}

/// Whether a word ends in consonant, vowel, consonant, the last not w, x or y, or is a vowel and a consonant.
fn ends_cvc(word: &str) -> bool {
    let consonants: Vec<_> = consonants(word).collect();
    match consonants[..] {
        [false, true] => true,
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_those_of_nltk() {
        for line in include_str!("../tests/vectors/stems.txt").lines() {
            let (word, expected) = line.split_once(' ').expect("a word and its stem");
            assert_eq!(stem(word), expected, "{word}");
        }
    }
}
