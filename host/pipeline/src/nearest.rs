//! The name that was probably meant.

/// The candidate that takes the fewest slips of the finger, if it is alike at all.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = |candidate: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    candidates
        .into_iter()
        .map(|candidate| (slips(candidate), candidate))
        .filter(|(slips, candidate)| is_alike(name, candidate, *slips))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// At most one letter in three is wrong, or the first half is right.
fn is_alike(name: &str, candidate: &str, slips: usize) -> bool {
    let longer = name.chars().count().max(candidate.chars().count());
    let shared = name.chars().zip(candidate.chars()).take_while(|(left, right)| left == right).count();
    slips <= (longer / 3).max(1) || 2 * shared >= longer
}

/// ``did you mean `x`?``, or else which names there are: ``{known}: `a`, `b` ``.
pub fn hint<'a>(name: &str, known: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(name, candidates.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("{known}: {}", list(candidates)),
    }
}

/// `` `a`, `b` ``; at most a dozen names.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names = names.into_iter().map(|name| format!("`{name}`"));
    let mut shown: Vec<_> = names.by_ref().take(SHOWN).collect();
    match (shown.len(), names.count()) {
        (0, _) => return "none".to_owned(),
        (_, 0) => {}
        (_, more) => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let names = ["exact_match", "contains", "levenshtein"];
        assert_eq!(nearest("exact_mach", names), Some("exact_match"));
        assert_eq!(nearest("Contain", names), Some("contains"));
        assert_eq!(nearest("expected", ["inputs", "expectations"]), Some("expectations"));
        assert_eq!(nearest("bleu", names), None);
        assert_eq!(hint("bleu", "known", ["a", "b"]), "known: `a`, `b`");
    }
}
