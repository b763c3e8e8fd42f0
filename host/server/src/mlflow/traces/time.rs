//! Times and durations as protobuf's JSON has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Nanoseconds since 1970-01-01T00:00:00Z, of RFC 3339.
pub(super) fn read(text: &str) -> Option<u64> {
    let time: SystemTime = humantime::parse_rfc3339_weak(text.trim()).ok()?;
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// RFC 3339 down to milliseconds.
pub(super) fn write(nanoseconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_nanos(nanoseconds - nanoseconds % MILLISECOND);
    let text = match nanoseconds % SECOND < MILLISECOND {
        true => humantime::format_rfc3339_seconds(time),
        false => humantime::format_rfc3339_millis(time),
    };
    text.to_string()
}

/// Nanoseconds, of seconds with an `s` behind them.
pub(super) fn read_duration(text: &str) -> Option<u64> {
    let seconds: f64 = text.trim().strip_suffix('s')?.parse().ok()?;
    let is_one = seconds.is_finite() && (0.0..1e10).contains(&seconds);
    is_one.then(|| (seconds * SECOND as f64).round() as u64)
}

/// Seconds down to milliseconds, with an `s` behind them.
pub(super) fn write_duration(nanoseconds: u64) -> String {
    let (seconds, milliseconds) = (nanoseconds / SECOND, nanoseconds % SECOND / MILLISECOND);
    match milliseconds {
        0 => format!("{seconds}s"),
        _ => format!("{seconds}.{milliseconds:03}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_were_read() {
        for text in ["2026-11-23T16:26:25.449Z", "2026-11-23T16:26:25Z", "1970-01-01T00:00:00.001Z"] {
            assert_eq!(write(read(text).expect("a time")), text);
        }
        assert_eq!(write(read("2026-11-23T16:26:25.449893915Z").expect("a time")), "2026-11-23T16:26:25.449Z");
        assert_eq!((read("yesterday"), read("1969-12-31T23:59:59Z")), (None, None));
    }

    #[test]
    fn durations_are_written_as_they_were_read() {
        for text in ["0s", "2s", "0.134s", "3600.001s"] {
            assert_eq!(write_duration(read_duration(text).expect("a duration")), text);
        }
        for text in ["2", "s", "-1s", "NaNs"] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }
}
