//! Which expected calls were made, one for one.

use karat_sdk::ToolCall;

use crate::arguments::Arguments;
use crate::calls::shown;

/// Calls told in a rationale.
const TOLD: usize = 5;

/// Expected calls and calls that were made, as many of them paired as can be.
pub(crate) struct Pairs<'c> {
    pub(crate) count: usize,
    /// Expected calls that were not made.
    pub(crate) missing: Vec<&'c ToolCall>,
    /// Calls that were not expected.
    pub(crate) extra: Vec<&'c ToolCall>,
}

impl<'c> Pairs<'c> {
    /// Pairs them in any order. What is fixed of one pair is given up where that lets another one be made (Kuhn, The
    /// Hungarian method for the assignment problem, 1955): the first that fits need not be the one to take.
    pub(crate) fn new(expected: &[&'c ToolCall], called: &[&'c ToolCall], arguments: Arguments) -> Self {
        let fits = |index: usize, call: usize| arguments.fit(expected[index], called[call]);
        let mut taken = vec![None; called.len()];
        let is_made: Vec<bool> =
            (0..expected.len()).map(|index| take(index, &fits, &mut vec![false; called.len()], &mut taken)).collect();
        Self {
            count: taken.iter().flatten().count(),
            missing: left(expected, |index| is_made[index]),
            extra: left(called, |call| taken[call].is_some()),
        }
    }

    /// What is not paired, in words; none where nothing is left.
    pub(crate) fn rationale(&self) -> Option<String> {
        let told = [told("missing", &self.missing), told("not expected", &self.extra)];
        let told: Vec<_> = told.into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// Finds a call for the expected one, if need be by finding another call for who has it. Once an expected call has one,
/// it never goes without.
fn take(index: usize, fits: &impl Fn(usize, usize) -> bool, seen: &mut [bool], taken: &mut [Option<usize>]) -> bool {
    for call in 0..taken.len() {
        if seen[call] || !fits(index, call) {
            continue;
        }
        seen[call] = true;
        if taken[call].is_none_or(|other| take(other, fits, seen, taken)) {
            taken[call] = Some(index);
            return true;
        }
    }
    false
}

fn left<'c>(calls: &[&'c ToolCall], is_paired: impl Fn(usize) -> bool) -> Vec<&'c ToolCall> {
    calls.iter().enumerate().filter(|(place, _)| !is_paired(*place)).map(|(_, call)| *call).collect()
}

fn told(what: &str, calls: &[&ToolCall]) -> Option<String> {
    let mut shown: Vec<_> = calls.iter().take(TOLD).map(|call| shown(call)).collect();
    if calls.len() > TOLD {
        shown.push(format!("and {} more", calls.len() - TOLD));
    }
    (!calls.is_empty()).then(|| format!("{what}: {}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::prelude::json;

    #[test]
    fn a_call_that_fits_two_is_left_to_the_one_that_has_no_other() {
        let call = |arguments| ToolCall { name: "f".to_owned(), arguments: Some(arguments) };
        let (any, one, two) = (call(json!({})), call(json!({"a": 1})), call(json!({"a": 2})));
        let pairs = Pairs::new(&[&any, &one], &[&one, &two], Arguments::Superset);
        assert_eq!((pairs.count, pairs.rationale()), (2, None));
        let pairs = Pairs::new(&[&any, &one, &two], &[&two, &two], Arguments::Superset);
        assert_eq!(pairs.count, 2);
        assert_eq!(pairs.missing, [&one]);
    }

    #[test]
    fn what_is_left_is_told() {
        let call = |name: &str| ToolCall { name: name.to_owned(), arguments: None };
        let (calls, other): (Vec<_>, _) = ("abcdefg".chars().map(|name| call(&name.to_string())).collect(), call("x"));
        let pairs = Pairs::new(&calls.iter().collect::<Vec<_>>(), &[&other], Arguments::Ignore);
        let expected = "missing: `a`, `b`, `c`, `d`, `e`, and 2 more; not expected: `x`";
        assert_eq!(pairs.rationale().as_deref(), Some(expected));
    }
}
