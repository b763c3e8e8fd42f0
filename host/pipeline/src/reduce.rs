//! The trials of a row as one value.

use model::reducer::Reducer;
use statistics::trials;

/// What `passed` of `scored` verdicts make of a row that was tried `tried` times: from 0 to 1. None where that can't be said:
/// nothing was scored, or less than the reducer speaks of.
pub(crate) fn booleans(reducer: Reducer, passed: u64, scored: u64, tried: u64) -> Option<f64> {
    if scored == 0 {
        return None;
    }
    let decided = |holds: bool| Some(if holds { 1.0 } else { 0.0 });
    match reducer {
        Reducer::Mean => Some(passed as f64 / scored as f64),
        Reducer::Median if 2 * passed == scored => Some(0.5),
        Reducer::Median | Reducer::Mode | Reducer::Majority => decided(2 * passed > scored),
        Reducer::Min => decided(passed == scored),
        Reducer::Max => decided(passed > 0),
        Reducer::PassAt(k) => trials::pass_at(k.get().into(), passed, scored),
        Reducer::PassAll(k) => trials::pass_hat(k.get().into(), passed, scored),
        Reducer::AtLeast(k) if passed >= k.get().into() => Some(1.0),
        // What is missing could have passed.
        Reducer::AtLeast(k) if passed + tried.saturating_sub(scored) >= k.get().into() => None,
        Reducer::AtLeast(_) => Some(0.0),
    }
}

/// What numbers make of a row; none for none of them, and for reducers of what passes.
pub(crate) fn numbers(reducer: Reducer, mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    match reducer {
        Reducer::Mean => values.iter().copied().collect::<statistics::mean::Moments>().mean(),
        Reducer::Median => statistics::quantile::interpolated(&values, 0.5),
        Reducer::Mode => mode(&values).copied(),
        Reducer::Min => values.first().copied(),
        Reducer::Max => values.last().copied(),
        Reducer::Majority | Reducer::PassAt(_) | Reducer::PassAll(_) | Reducer::AtLeast(_) => None,
    }
}

/// The label that stands for a row, where there is one.
pub(crate) fn labels(reducer: Reducer, mut values: Vec<&str>) -> Option<&str> {
    values.sort_unstable();
    let mode = mode(&values).copied()?;
    let times = values.iter().filter(|value| **value == mode).count();
    match reducer {
        Reducer::Mode => Some(mode),
        Reducer::Majority => (2 * times > values.len()).then_some(mode),
        _ => None,
    }
}

/// Of sorted values the first that no other is more frequent than.
fn mode<T: PartialEq>(sorted: &[T]) -> Option<&T> {
    let groups = sorted.chunk_by(|left, right| left == right);
    groups.reduce(|most, next| if next.len() > most.len() { next } else { most })?.first()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reducer(text: &str) -> Reducer {
        text.parse().expect("a reducer")
    }

    #[test]
    fn booleans_become_a_share_or_a_verdict() {
        let check = |text: &str, passed, scored, expected: Option<f64>| {
            let found = booleans(reducer(text), passed, scored, scored);
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-12, "{text} {passed}/{scored}: {found}")
                }
                (found, expected) => assert_eq!(found, expected, "{text} {passed}/{scored}"),
            }
        };
        check("mean", 1, 4, Some(0.25));
        check("median", 2, 4, Some(0.5));
        check("median", 3, 4, Some(1.0));
        for text in ["mode", "majority"] {
            check(text, 2, 4, Some(0.0));
            check(text, 3, 4, Some(1.0));
        }
        check("min", 3, 4, Some(0.0));
        check("min", 4, 4, Some(1.0));
        check("max", 1, 4, Some(1.0));
        check("max", 0, 4, Some(0.0));
        // 1 - C(3, 2) / C(4, 2), and C(2, 2) / C(4, 2).
        check("pass@2", 1, 4, Some(0.5));
        check("pass^2", 2, 4, Some(1.0 / 6.0));
        check("pass@5", 4, 4, None);
        check("at_least@2", 2, 4, Some(1.0));
        check("at_least@3", 2, 4, Some(0.0));
        check("mean", 0, 0, None);
    }

    #[test]
    fn a_trial_that_is_missing_leaves_open_what_it_could_have_decided() {
        assert_eq!(booleans(reducer("at_least@2"), 1, 2, 3), None);
        assert_eq!(booleans(reducer("at_least@2"), 2, 2, 3), Some(1.0));
        assert_eq!(booleans(reducer("at_least@3"), 1, 2, 3), Some(0.0));
    }

    #[test]
    fn numbers_become_one_of_them_or_lie_between() {
        let check =
            |text: &str, values: &[f64], expected| assert_eq!(numbers(reducer(text), values.to_vec()), expected);
        check("mean", &[1.0, 2.0, 6.0], Some(3.0));
        check("median", &[6.0, 1.0, 2.0, 3.0], Some(2.5));
        check("mode", &[3.0, 1.0, 3.0, 1.0, 2.0], Some(1.0));
        check("min", &[3.0, -1.0], Some(-1.0));
        check("max", &[3.0, -1.0], Some(3.0));
        check("mean", &[], None);
        check("pass@1", &[1.0], None);
    }

    #[test]
    fn labels_vote() {
        assert_eq!(labels(reducer("mode"), vec!["b", "a", "b"]), Some("b"));
        assert_eq!(labels(reducer("mode"), vec!["b", "a"]), Some("a"));
        assert_eq!(labels(reducer("majority"), vec!["b", "a", "b"]), Some("b"));
        assert_eq!(labels(reducer("majority"), vec!["b", "a"]), None);
        assert_eq!(labels(reducer("mode"), Vec::new()), None);
    }
}
