//! What was kept elsewhere, brought here as it was: with its ids, its numbers and its times, and deleted where it was.
//!
//! Anything may come again, so that whoever brings a lot can be cut off and begin anew: what is here stays, and gets what it
//! lacks. Nothing that somebody has changed here meanwhile is changed back.

mod datasets;
mod named;
mod reviewed;
mod tracked;

/// What became of something that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    New,
    /// It was here.
    Known,
    /// Something else is here under its name, and stays.
    Other,
}

/// Adds what is not there.
fn complete<K: Clone + Ord, V: Clone>(
    there: &mut std::collections::BTreeMap<K, V>,
    brought: &std::collections::BTreeMap<K, V>,
) {
    for (key, value) in brought {
        there.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Adds those that are not there.
fn add_missing<T: Clone>(there: &mut Vec<T>, brought: &[T], is_same: impl Fn(&T, &T) -> bool) {
    for one in brought {
        if !there.iter().any(|known| is_same(known, one)) {
            there.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests;
