//! Which segments of the log are worth compacting.
//!
//! Compaction goes oldest first, so a segment goes with all before it. What is copied is what is of use in them; what is
//! given back is the rest.

use std::collections::BTreeMap;

/// How many of the oldest segments, given by number and length, are worth compacting: so many that at least as much is given
/// back as is copied, and the last of them no less than half empty, so that nothing is moved for nothing. A segment that is
/// of use as a whole delays those behind it only until they outweigh it.
pub(super) fn worthwhile(segments: &[(u64, u64)], useful: &BTreeMap<u64, u64>) -> usize {
    let (mut all, mut copied, mut worthwhile) = (0, 0, 0);
    for (place, (number, bytes)) in segments.iter().enumerate() {
        let useful = useful.get(number).copied().unwrap_or_default();
        all += bytes;
        copied += useful;
        if 2 * useful <= *bytes && 2 * copied <= all {
            worthwhile = place + 1;
        }
    }
    worthwhile
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is of use in each segment, of 100 bytes.
    fn check_worthwhile(useful: &[u64], expected: usize) {
        let segments: Vec<(u64, u64)> = (1..).zip(useful).map(|(number, _)| (number, 100)).collect();
        let useful = (1..).zip(useful.iter().copied()).collect();
        assert_eq!(worthwhile(&segments, &useful), expected, "{useful:?}");
    }

    #[test]
    fn no_more_is_copied_than_is_given_back() {
        check_worthwhile(&[], 0);
        check_worthwhile(&[0, 10, 90, 100], 2);
        check_worthwhile(&[60, 100, 100], 0);
        check_worthwhile(&[0, 100, 100], 1);
        // What is kept for ever does not stand in the way for ever.
        check_worthwhile(&[100, 0], 2);
        check_worthwhile(&[100, 10, 10, 10, 100, 10], 6);
        check_worthwhile(&[100, 100, 40, 10], 0);
    }
}
