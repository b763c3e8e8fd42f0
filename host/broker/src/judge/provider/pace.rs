//! What an answer says about how fast its provider may be asked.

use std::time::{Duration, SystemTime};

use serde_json::Value;

/// What an answer says about speed, whether it is a reply or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Not before this has passed.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) requests: Option<Allowance>,
    /// Where several kinds of them are counted, the one of which least is left.
    pub(crate) tokens: Option<Allowance>,
}

/// How much of something may be had within some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
}

/// Nobody is told to wait longer: what is longer is a mistake, or no use.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Pace {
    pub(crate) fn of(headers: &[(String, Vec<u8>)], now: SystemTime) -> Self {
        let headers = Headers { headers, now };
        let openai = |what| headers.allowance(|kind| format!("x-ratelimit-{kind}-{what}"));
        let anthropic = |what| headers.allowance(|kind| format!("anthropic-ratelimit-{what}-{kind}"));
        let tokens = ["tokens", "input-tokens", "output-tokens"].map(anthropic).into_iter().chain([openai("tokens")]);
        Self {
            retry_after: headers.retry_after(),
            requests: openai("requests").or_else(|| anthropic("requests")),
            tokens: tokens.flatten().min_by(|one, other| one.left().total_cmp(&other.left())),
        }
    }
}

impl Allowance {
    /// The part of it that is left.
    fn left(&self) -> f64 {
        self.remaining as f64 / self.limit.max(1) as f64
    }
}

struct Headers<'a> {
    headers: &'a [(String, Vec<u8>)],
    now: SystemTime,
}

impl Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        str::from_utf8(value).ok().map(str::trim)
    }

    fn retry_after(&self) -> Option<Duration> {
        let milliseconds = self.get("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
        let said = milliseconds.and_then(|milliseconds| seconds(milliseconds / 1000.0));
        said.or_else(|| self.duration(self.get("retry-after")?))
    }

    fn allowance(&self, name: impl Fn(&str) -> String) -> Option<Allowance> {
        let count = |kind| self.get(&name(kind))?.parse().ok();
        Some(Allowance { limit: count("limit")?, remaining: count("remaining")? })
    }

    /// A number of seconds, a duration with its units, or a point in time.
    fn duration(&self, text: &str) -> Option<Duration> {
        if let Ok(number) = text.parse::<f64>() {
            return seconds(number);
        }
        if let Ok(duration) = humantime::parse_duration(text) {
            return Some(duration.min(LONGEST));
        }
        let then = httpdate::parse_http_date(text).ok().or_else(|| humantime::parse_rfc3339(text).ok())?;
        Some(then.duration_since(self.now).unwrap_or_default().min(LONGEST))
    }
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok().map(|duration| duration.min(LONGEST))
}

/// What an error of Gemini says about when to come back.
pub(super) fn delay(body: &Value) -> Option<Duration> {
    let details = body.get("error")?.get("details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    seconds(delay.strip_suffix('s')?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace of these headers at 2026-01-01T00:00:00Z.
    fn pace(headers: &[(&str, &str)]) -> Pace {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Pace::of(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600))
    }

    #[test]
    fn being_told_to_wait_is_understood_however_it_is_said() {
        for (name, value, expected) in [
            ("retry-after", "20", Some(20_000)),
            ("Retry-After", " 1.5 ", Some(1500)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT", Some(30_000)),
            ("retry-after", "1m26.4s", Some(86_400)),
            ("retry-after", "120ms", Some(120)),
            ("retry-after", "Wed, 31 Dec 2025 23:59:30 GMT", Some(0)),
            ("retry-after", "99999999999", Some(LONGEST.as_millis())),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", "soon", None),
            ("retry-after", "", None),
        ] {
            let waited = pace(&[(name, value)]).retry_after.map(|duration| duration.as_millis());
            assert_eq!(waited, expected, "{name}: {value}");
        }
        let both = pace(&[("retry-after", "2"), ("retry-after-ms", "1700")]);
        assert_eq!(both.retry_after, Some(Duration::from_millis(1700)));
        let later = serde_json::json!({"error": {"details": [{}, {"retryDelay": "34.5s"}]}});
        assert_eq!(delay(&later), Some(Duration::from_millis(34_500)));
    }

    #[test]
    fn allowances_are_read_and_the_scarcest_of_tokens_counts() {
        let headers = [("x-ratelimit-limit-requests", "500"), ("x-ratelimit-remaining-requests", "499")];
        assert_eq!(pace(&headers).requests, Some(Allowance { limit: 500, remaining: 499 }));
        assert_eq!(
            pace(&[("x-ratelimit-limit-requests", "-1"), ("x-ratelimit-remaining-requests", "-1")]).requests,
            None
        );
        let scarce = pace(&[
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "100"),
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
        ]);
        assert_eq!(scarce.tokens, Some(Allowance { limit: 8000, remaining: 100 }));
        assert_eq!(scarce.requests, Some(Allowance { limit: 50, remaining: 49 }));
    }
}
