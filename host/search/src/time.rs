//! Moments as RFC 3339 writes them, in milliseconds since 1970-01-01T00:00:00Z.

const DAY: f64 = 86_400e3;

/// Reads a moment, or a date, which is its first moment in UTC.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let (date, rest) = text.split_at_checked("2026-11-25".len())?;
    let midnight = days(date)? as f64 * DAY;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0.0),
        None => {
            let (time, offset) = rest.split_at(rest.rfind(['+', '-'])?);
            let minutes = minutes(&offset[1..])?;
            (time, if offset.starts_with('-') { -minutes } else { minutes })
        }
    };
    let (minute, seconds) = match time.split_at_checked("10:00".len())? {
        (minute, "") => (minute, 0.0),
        (minute, seconds) => (minute, self::seconds(seconds.strip_prefix(':')?)?),
    };
    Some(midnight + (minutes(minute)? - offset) * 60e3 + seconds)
}

/// Writes a moment that is a whole millisecond, so that it is read as the same; of others, none.
pub(crate) fn written(milliseconds: f64) -> Option<String> {
    // Years have four digits.
    const FIRST: f64 = -719_162.0 * DAY;
    const END: f64 = 2_932_897.0 * DAY;
    if milliseconds.fract() != 0.0 || !(FIRST..END).contains(&milliseconds) {
        return None;
    }
    let whole = milliseconds as i64;
    let (year, month, day) = date(whole.div_euclid(DAY as i64));
    let time = whole.rem_euclid(DAY as i64);
    let fraction = match time % 1000 {
        0 => String::new(),
        fraction => format!(".{fraction:03}"),
    };
    let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

/// Minutes of `10:00`.
fn minutes(text: &str) -> Option<f64> {
    let (hours, minutes) = text.split_once(':')?;
    Some((number(hours, 2, 0..24)? * 60 + number(minutes, 2, 0..60)?) as f64)
}

/// Milliseconds of `05.25`. A leap second is the one after it.
fn seconds(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: f64 = is_fraction.then(|| format!("0.{fraction}e3").parse().ok()).flatten()?;
    Some(number(whole, 2, 0..61)? as f64 * 1e3 + fraction)
}

/// Days since 1970-01-01.
fn days(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month) = (number(year, 4, 1..10_000)?, number(month, 2, 1..13)?);
    let day = number(day, 2, 1..32)?;
    let days = days_before(year, month) + day - 1;
    // The 31st of April is in May.
    (date(days) == (year, month, day)).then_some(days)
}

/// Years that begin in March have their leap day at the end, which makes a month's first day a matter of division; after
/// Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days_before(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn number(text: &str, digits: usize, range: std::ops::Range<i64>) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_to_the_millisecond_and_below() {
        for (text, expected) in [
            ("1970-01-01", Some(0.0)),
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("2026-11-25", Some(1_795_564_800_000.0)),
            ("2026-11-25T10:00:00Z", Some(1_795_600_800_000.0)),
            ("2026-11-25T10:00:00.0005Z", Some(1_795_600_800_000.5)),
            ("2026-11-25t11:30+01:30", Some(1_795_600_800_000.0)),
            ("2026-11-25 06:00:00-04:00", Some(1_795_600_800_000.0)),
            ("1969-12-31T23:59:59Z", Some(-1000.0)),
            ("2024-02-29", Some(1_709_164_800_000.0)),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026-11-25T10:00:00", None),
            ("2026-11-25T24:00:00Z", None),
            ("2026-11-25T10:00:00.Z", None),
            ("2026-1-5", None),
            ("25.11.2026", None),
            ("2026-11-2ä", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_that_is_written_is_read_as_the_same() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let moment = random.i64(-62_135_596_800_000..253_402_300_800_000) as f64;
            let text = written(moment).expect("a year of four digits");
            assert_eq!(parse(&text), Some(moment), "{text}");
        }
        assert_eq!(written(1_795_600_800_250.0).as_deref(), Some("2026-11-25T10:00:00.250Z"));
        for moment in [0.5, -62_135_596_800_001.0, 253_402_300_800_000.0, f64::NAN, f64::INFINITY] {
            assert_eq!(written(moment), None);
        }
    }
}
