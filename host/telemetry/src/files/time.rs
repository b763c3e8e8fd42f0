//! Times as they are written in files: RFC 3339, or a number since 1970 whose unit is told by its size.

use model::ports::BrokenTrace;

use crate::fields::{shown, wrong};

const NANOS: u64 = 1_000_000_000;

/// Nanoseconds since 1970. Without an offset, a time is in UTC.
pub(super) fn read(raw: &str) -> Result<u64, BrokenTrace> {
    let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    number(text).or_else(|| rfc3339(text)).ok_or_else(|| wrong(format!("expected a time, found {}", shown(raw))))
}

/// Seconds reach up to the year 5138, milliseconds from 1973 on.
fn number(text: &str) -> Option<u64> {
    let unit = |number: f64| match number {
        ..1e11 => NANOS,
        ..1e14 => 1_000_000,
        ..1e17 => 1000,
        _ => 1,
    };
    if let Ok(whole) = text.parse::<u64>() {
        return whole.checked_mul(unit(whole as f64));
    }
    let number = text.parse::<f64>().ok().filter(|number| (0.0..1.8e19).contains(number))?;
    let nanos = number * unit(number) as f64;
    (nanos < 1.8e19).then(|| nanos.round() as u64)
}

fn rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (year, month, day) = (digits(date.get(..4)?)?, digits(date.get(5..7)?)?, digits(date.get(8..)?)?);
    let at_offset = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(at_offset);
    let (hour, minute) = (digits(clock.get(..2)?)?, digits(clock.get(3..5)?)?);
    let (second, fraction) = match clock.get(5..)?.strip_prefix(':') {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
        None => ("0", "0"),
    };
    let second = digits(second)?;
    let nanos = digits(fraction.get(..fraction.len().min(9))?)? * 10_u64.pow(9 - fraction.len().min(9) as u32);
    let is_date = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !is_date || !in_range || clock.as_bytes()[2] != b':' {
        return None;
    }
    let days = days(year.cast_signed(), month.cast_signed(), day.cast_signed());
    let seconds = days * 86_400 + (hour * 3600 + minute * 60 + second).cast_signed() - self::offset(offset)?;
    u64::try_from(seconds).ok()?.checked_mul(NANOS)?.checked_add(nanos)
}

/// Seconds that a clock with this offset is ahead.
fn offset(text: &str) -> Option<i64> {
    let (sign, text) = match text.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let minutes = text.get(2..)?.trim_start_matches(':');
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes)? };
    Some(sign * (digits(text.get(..2)?)? * 3600 + minutes * 60).cast_signed())
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

/// Days since 1970 in the Gregorian calendar: <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Milliseconds in a number, or a text such as `0.134s`, as nanoseconds.
pub(super) fn duration(raw: &str) -> Option<u64> {
    let text = raw.trim_matches('"');
    let (number, unit) = match text.strip_suffix('s') {
        Some(seconds) => (seconds, 1e9),
        None => (text, 1e6),
    };
    let number = number.parse::<f64>().ok().filter(|number| (0.0..1e15).contains(number))?;
    (number * unit < 1.8e19).then(|| (number * unit).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_same_in_whatever_way_it_is_written() {
        for text in [
            "\"2026-11-23T16:26:25.449Z\"",
            "\"2026-11-23 16:26:25.449\"",
            "\"2026-11-23T17:56:25.449000+01:30\"",
            "\"2026-11-23T16:26:25.449000000+0000\"",
            "\"2026-11-23T13:26:25.449-03\"",
            "1795451185449",
            "1795451185.449",
            "1795451185449000",
            "\"1795451185449000000\"",
        ] {
            assert_eq!(read(text).map(|time| (time + 500) / 1_000_000), Ok(1_795_451_185_449), "{text}");
        }
        assert_eq!(read("\"1970-01-01T00:00Z\""), Ok(0));
        assert_eq!(read("\"2000-02-29T00:00:00Z\""), Ok(951_782_400_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in [
            "\"yesterday\"",
            "\"2026-13-01T00:00:00Z\"",
            "\"1969-12-31T00:00:00Z\"",
            "-1",
            "{}",
            "\"2026-1é\"",
            "1e300",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_milliseconds_or_says_its_unit() {
        assert_eq!(
            [duration("134"), duration("\"0.134s\""), duration("\"x\"")],
            [Some(134_000_000); 2].into_iter().chain([None]).collect::<Vec<_>>()[..]
        );
    }
}
