//! Numbers as people read them.

use std::time::Duration;

/// `1319` as `1,319`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Four digits behind the point for what can be small, none for what can't.
pub fn decimal(number: f64) -> String {
    if number != 0.0 && number.abs() < 0.0001 { format!("{number:.3e}") } else { format!("{number:.4}") }
}

/// `1.25 USD`; four digits where it is less than a dollar.
pub fn dollars(usd: f64) -> String {
    if usd < 1.0 { format!("{usd:.4} USD") } else { format!("{usd:.2} USD") }
}

/// `0.31 s`, `12.4 s`, `3m 20s`.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..100.0 => format!("{seconds:.1} s"),
        _ => humantime::format_duration(Duration::from_secs(time.as_secs())).to_string(),
    }
}

/// `12 ms`, and from a second on as [`time`].
pub fn latency(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{:.0} ms", time.as_secs_f64() * 1e3) } else { self::time(time) }
}

/// Milliseconds since 1970 as `2026-11-23 20:45:12`, in UTC.
pub fn moment(milliseconds: u64) -> String {
    let moment = std::time::UNIX_EPOCH + Duration::from_secs(milliseconds / 1000);
    humantime::format_rfc3339_seconds(moment).to_string().replace('T', " ").replace('Z', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["999", "1,000", "1,234,567"],
            [count(999), count(1000), count(1_234_567)].each_ref().map(|s| s.as_str())
        );
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(decimal(0.2168), "0.2168");
        assert_eq!(time(Duration::from_millis(310)), "0.31 s");
        assert_eq!(time(Duration::from_secs(200)), "3m 20s");
        assert_eq!(moment(1_000_000_000_000), "2001-09-09 01:46:40");
    }
}
