//! The name that was probably meant.

/// ``did you mean `x`?``, or else which there are: ``{known}: `a`, `b` ``, at most a dozen.
pub(crate) fn hint<'a>(name: &str, known: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(name, candidates.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("{known}: {}", list(candidates)),
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names = names.into_iter().map(|name| format!("`{name}`"));
    let mut shown: Vec<_> = names.by_ref().take(SHOWN).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}

/// The candidate that takes the fewest slips of the finger: at most one letter in three is wrong, or the first half is right.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any name is none that was meant, and comparing it would take long.
    const LONGEST: usize = 64;
    let name = Some(name.to_lowercase()).filter(|name| name.chars().count() <= LONGEST)?;
    let slips = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_lowercase());
    let candidates = candidates.into_iter().map(|candidate| (slips(candidate), candidate));
    let alike = candidates.filter(|(slips, candidate)| {
        let longer = name.chars().count().max(candidate.chars().count());
        let shared = name.chars().zip(candidate.chars()).take_while(|(left, right)| left == right).count();
        *slips <= (longer / 3).max(1) || 2 * shared >= longer
    });
    alike.min_by_key(|(slips, _)| *slips).map(|(_, candidate)| candidate)
}
