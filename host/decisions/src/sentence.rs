//! Differences in plain words.

use model::aggregate::AggregateKind;
use model::comparison::{Adjustment, Compared, Finding, RowsNeeded, Slice};

/// How sentences call things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub a: &'a str,
    pub b: &'a str,
    pub adjustment: Adjustment,
    /// How many p-values were adjusted together.
    pub tested: u64,
}

/// What is found of one verdict.
pub(crate) fn of_one(one: &Compared, words: &Words) -> String {
    let Words { a, b, .. } = words;
    let scorer = &one.scorer;
    let support = support(one, words);
    match one.finding {
        Finding::Better => format!("{b} is better than {a} on `{scorer}` by {} {support}", size(one)),
        Finding::Worse => format!("{b} is worse than {a} on `{scorer}` by {} {support}", size(one)),
        Finding::Different => format!("{b} differs from {a} on `{scorer}` by {} {support}", signed_size(one)),
        Finding::NoEvidence => {
            let settled = one.settled_by.map_or(String::new(), |settled| {
                let difference = with_unit(amount(settled.difference, is_points(one.kind)), one.kind);
                format!(
                    "; about {} rows would settle a difference of {difference}",
                    thousands(two_digits(settled.rows))
                )
            });
            format!("no evidence either way on `{scorer}`: {b} − {a} is {} {support}{settled}", signed_size(one))
        }
    }
}

/// The whole: what was found of each, the bad first, then slices that are worse where the whole is not.
pub(crate) fn of_all(all: &[Compared], slices: &[Slice], words: &Words) -> String {
    /// So many are spelled out.
    const SPELLED: usize = 3;
    let of = |finding| all.iter().filter(move |one| one.finding == finding);
    let found: Vec<&Compared> = of(Finding::Worse).chain(of(Finding::Better)).chain(of(Finding::Different)).collect();
    let mut sentence = match (found.as_slice(), all) {
        ([], [one]) => one.sentence.clone(),
        ([], _) => none_of(all, words),
        (found, _) => {
            let spelled: Vec<&str> = found.iter().take(SPELLED).map(|one| one.sentence.as_str()).collect();
            let more = found.len().saturating_sub(SPELLED);
            spelled.join("; ") + &if more > 0 { format!("; and {more} more") } else { String::new() }
        }
    };
    let is_worse = |scorer: &str| of(Finding::Worse).any(|one| one.scorer == scorer);
    let hidden = slices.iter().flat_map(|slice| slice.scorers.iter().map(move |one| (slice, one)));
    let hidden: Vec<_> = hidden.filter(|(_, one)| one.finding == Finding::Worse && !is_worse(&one.scorer)).collect();
    for (slice, one) in hidden.iter().take(SPELLED) {
        sentence += &format!("; where `{}`, {}", slice.name, one.sentence);
    }
    if hidden.len() > SPELLED {
        sentence += &format!("; and worse in {} more slices", hidden.len() - SPELLED);
    }
    sentence
}

fn none_of(all: &[Compared], words: &Words) -> String {
    let least = all.iter().filter_map(|one| one.adjusted_p).min_by(f64::total_cmp);
    let rows = all.iter().map(|one| one.rows).max().unwrap_or(0);
    let p = least.map_or(String::new(), |p| format!("the least {}, ", p_value(p, words)));
    format!("no evidence either way on {} verdicts ({p}{})", all.len(), count(rows))
}

/// How many rows a difference takes.
pub(crate) fn of_plan(needed: &RowsNeeded) -> String {
    let amount = |difference| with_unit(amount(difference, is_points(needed.kind)), needed.kind);
    let wanted = amount(needed.difference);
    let now = needed.detectable_now.map_or(String::new(), |least| {
        format!("; the {} there are show one of {}", count(needed.rows_now), amount(least))
    });
    match needed.rows {
        Some(rows) => format!("`{}`: a difference of {wanted} takes {}{now}", needed.scorer, count(rows)),
        None => format!("`{}`: no number of rows shows a difference of {wanted}{now}", needed.scorer),
    }
}

/// `(p = 0.004 after Holm, 1,319 rows)`.
fn support(one: &Compared, words: &Words) -> String {
    match one.adjusted_p {
        Some(p) => format!("({}, {})", p_value(p, words), count(one.rows)),
        None => format!("({}, too few to test)", count(one.rows)),
    }
}

fn p_value(p: f64, words: &Words) -> String {
    let p = if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {}", significant(p, 2)) };
    match (words.tested, words.adjustment) {
        (0 | 1, _) => p,
        (_, Adjustment::Holm) => p + " after Holm",
        (_, Adjustment::BenjaminiHochberg) => p + " after Benjamini–Hochberg",
    }
}

/// `3.1 ± 1.2 points`.
fn size(one: &Compared) -> String {
    with_unit(amount(one.difference.abs(), is_points(one.kind)) + &around(one), one.kind)
}

/// The same with its sign.
fn signed_size(one: &Compared) -> String {
    let amount = amount(one.difference.abs(), is_points(one.kind));
    let sign = match one.difference {
        _ if amount == "0" || amount == "0.0" => "",
        difference if difference > 0.0 => "+",
        _ => "−",
    };
    with_unit(format!("{sign}{amount}{}", around(one)), one.kind)
}

fn around(one: &Compared) -> String {
    let half = one.lower.zip(one.upper).map(|(lower, upper)| (upper - lower) / 2.0);
    half.map_or(String::new(), |half| format!(" ± {}", amount(half, is_points(one.kind))))
}

/// Whether differences are of percentage points.
fn is_points(kind: AggregateKind) -> bool {
    kind == AggregateKind::Rate
}

fn with_unit(amount: String, kind: AggregateKind) -> String {
    match (is_points(kind), amount.as_str()) {
        (false, _) => amount,
        (true, "1" | "1.0") => amount + " point",
        (true, _) => amount + " points",
    }
}

/// Points with one digit behind the point, or two where they would be none; other numbers with three digits in all.
fn amount(number: f64, is_points: bool) -> String {
    if !is_points {
        return significant(number, 3);
    }
    let points = number * 100.0;
    if points != 0.0 && points.abs() < 0.05 { significant(points, 1) } else { format!("{points:.1}") }
}

/// A number with so many digits that count, without zeros at its end.
pub(crate) fn significant(number: f64, digits: i32) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor() as i32;
    if !(-6..15).contains(&magnitude) {
        return format!("{number:.*e}", digits as usize - 1);
    }
    let text = format!("{number:.*}", (digits - 1 - magnitude).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

pub(crate) fn count(rows: u64) -> String {
    format!("{} {}", thousands(rows), if rows == 1 { "row" } else { "rows" })
}

/// Two digits that count, for what is only about so many.
fn two_digits(number: u64) -> u64 {
    let unit = 10_u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    number.div_ceil(unit).saturating_mul(unit)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([1, 999, 1319, 1_000_000].map(thousands), ["1", "999", "1,319", "1,000,000"]);
        assert_eq!([7, 42, 1319, 12_001].map(two_digits), [7, 42, 1400, 13_000]);
        assert_eq!(
            [0.0, 0.12345, 123.4, 2.0, 0.000_001_5].map(|number| significant(number, 3)),
            ["0", "0.123", "123", "2", "0.0000015"]
        );
        assert_eq!(significant(1.234e20, 3), "1.23e20");
        assert_eq!([0.174, 0.0, 0.000_04].map(|number| amount(number, true)), ["17.4", "0.0", "0.004"]);
    }
}
