//! `numeric_match` as the built-in one, for what stands behind `A:`.

use karat_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct NumericMatch {
    #[expect(dead_code, reason = "a suite gives every language the same parameters")]
    pattern: String,
}

impl Scorer for NumericMatch {
    const NAME: &str = "numeric_match";
    const SUMMARY: &str = "whether the last number in the outputs equals the last one in the expected response";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let (outputs, expected) = (row.outputs()?.text()?, row.expected_response()?.text()?);
        let Some(expected) = last_number(&expected) else {
            let message = "`expectations.expected_response` has no number where `pattern` matches";
            return Err(Failure::bad_input(message));
        };
        let Some(found) = last_number(&outputs) else {
            return Ok(Feedback::from(false).because("no number in the outputs where `pattern` matches").into());
        };
        if found == expected {
            return Ok(true.into());
        }
        Ok(Feedback::from(false).because(format!("{found} is not {expected}")).into())
    }
}

fn last_number(text: &str) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let behind = text.split("A:").skip(1).map(str::trim_start).filter_map(|rest| {
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let end = unsigned.find(|c| !is_part(c)).unwrap_or(unsigned.len());
        (end > 0).then(|| (rest.len() > unsigned.len(), &unsigned[..end]))
    });
    let (is_negative, excerpt) = behind.last()?;
    let plain = excerpt.trim_end_matches(['.', ',']).replace(',', "");
    let (number, is_whole) = match plain.rsplit_once('.') {
        Some((before, after)) if before.contains('.') => (after.to_owned(), false),
        _ => (plain.clone(), true),
    };
    let magnitude: f64 = number.parse().ok()?;
    Some(if is_negative && is_whole { -magnitude } else { magnitude })
}

karat_sdk::plugin! { name: "local/numeric-match", scorers: [NumericMatch] }
