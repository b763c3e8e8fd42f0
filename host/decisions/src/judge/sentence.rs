//! How far a judge can be trusted, in plain words.

use model::card::{Agreement, Corrected, JudgeCard, Measured};

use crate::sentence::{count, significant};

/// The whole in a sentence; `is_rate` where verdicts are true or false.
#[must_use]
pub fn sentence(card: &JudgeCard, is_rate: bool) -> String {
    let scorer = &card.scorer;
    let agreement = match &card.agreement {
        Some(agreement) => agreed(agreement, card.compared),
        None => format!("and people are compared on {} by their numbers alone", count(card.compared)),
    };
    let corrected = card.corrected.as_ref().filter(|corrected| corrected.corrected.of > corrected.people.of);
    let corrected = corrected.map_or_else(String::new, |found| corrected_by(found, is_rate));
    format!("`{scorer}` {agreement}{corrected}")
}

fn agreed(agreement: &Agreement, rows: u64) -> String {
    let share = format!("says what people say on {} of {}", percent(agreement.accuracy.value), count(rows));
    match &agreement.kappa {
        None => format!("{share}, all of which have one label, so that chance alone may be at work"),
        Some(kappa) => format!("{share}, {} (kappa {})", beyond_chance(kappa), with_interval(kappa)),
    }
}

/// By the interval first: few rows show nothing. Then in the words of Landis & Koch 1977, Biometrics 33:159–174.
fn beyond_chance(kappa: &Measured) -> String {
    if kappa.upper.is_some_and(|upper| upper < 0.0) {
        return "less often than by chance".to_owned();
    }
    if kappa.lower.is_none_or(|lower| lower <= 0.0) {
        return "which chance may do as well".to_owned();
    }
    let degree = match kappa.value {
        ..0.2 => "slight",
        ..0.4 => "fair",
        ..0.6 => "moderate",
        ..0.8 => "substantial",
        _ => "almost perfect",
    };
    format!("which beyond chance is {degree} agreement")
}

fn corrected_by(found: &Corrected, is_rate: bool) -> String {
    let number = |number: f64| if is_rate { percent(number) } else { significant(number, 3) };
    let Measured { value, lower, upper, .. } = found.corrected;
    let interval = lower.zip(upper).map(|(lower, upper)| format!(" ({} … {})", number(lower), number(upper)));
    let what = if is_rate { "the rate of all rows" } else { "the mean of all rows" };
    let judged = number(found.judged);
    format!("; corrected by people, {what} is {}{}, not {judged}", number(value), interval.unwrap_or_default())
}

fn with_interval(found: &Measured) -> String {
    let interval = found.lower.zip(found.upper);
    let interval = interval.map(|(lower, upper)| format!(", {} … {}", significant(lower, 2), significant(upper, 2)));
    significant(found.value, 2) + &interval.unwrap_or_default()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
