//! What is known by its looks: addresses, numbers and keys that should not go everywhere a text goes.
//!
//! Here is how each looks and how it is told from what only looks so. Looking for it is up to those who have texts: of
//! questions to judges, and of traces on their way in.

use std::borrow::Cow;
// An address as a value; nothing here opens anything.
use core::net::Ipv6Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known by its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    Email,
    Phone,
    /// Payment cards whose check digit is right.
    Card,
    /// Numbers of bank accounts whose check digits are right.
    Iban,
    /// Addresses of either version of the Internet Protocol.
    Ip,
    /// JSON Web Tokens.
    Jwt,
    AwsKey,
    GithubToken,
    /// Keys and tokens of well-known services, the three above among them, and private keys.
    #[serde(alias = "api_key")]
    Key,
}

/// How something looks.
#[derive(Clone, Debug)]
pub struct Look {
    /// A regular expression of what may be it.
    pub pattern: Cow<'static, str>,
    /// Whether what the pattern finds is it.
    pub is_it: fn(&str) -> bool,
    /// What it is called where it is left out.
    pub name: &'static str,
}

/// An address as RFC 5321 has them, without quotes and comments.
const EMAIL: &str =
    r"(?i)\b[a-z0-9][a-z0-9._%+'-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\b";

/// A number with `+` or with the groups of one, of 7 to 15 digits (ITU-T E.164).
const PHONE: &str = r"\+?\(?\d[\d\s().\-/]{5,22}\d\b";

/// 12 digits or more, which may stand in groups: 12 to 19 of them are a card's (ISO/IEC 7812).
const CARD: &str = r"\b\d(?:[ -]?\d){11,}\b";

/// A country, check digits, and up to 30 letters and digits, together or in groups of four (ISO 13616).
const IBAN: &str = r"\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b";

/// Four numbers up to 255, or groups of hexadecimal digits between colons.
const IP: &str = concat!(
    r"\b(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\b",
    r"|\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){1,6}:[0-9A-Fa-f]{1,4}\b",
);

const JWT: &str = r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}";
const AWS_KEY: &str = r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b";
const GITHUB_TOKEN: &str = r"\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}";

/// Other keys as their makers mark them: private keys, OpenAI and Anthropic, Google, GitLab, Slack, Stripe, Hugging Face,
/// bearer tokens.
const OTHER_KEYS: &str = concat!(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    r"|\bsk-[A-Za-z0-9_-]{16,}",
    r"|\bAIza[A-Za-z0-9_-]{30,}",
    r"|\bglpat-[A-Za-z0-9_-]{16,}",
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"|\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"|\bhf_[A-Za-z0-9]{30,}",
    r"|(?i:\bbearer\s+)[A-Za-z0-9._~+/-]{20,}=*",
);

/// Bytes of a number with what stands between its digits.
const LONGEST_NUMBER: usize = 40;

impl Sensitive {
    pub fn look(self) -> Look {
        let anything = |_: &str| true;
        let (pattern, is_it, name): (&'static str, fn(&str) -> bool, &'static str) = match self {
            Self::Email => (EMAIL, anything, "EMAIL"),
            Self::Phone => (PHONE, is_phone, "PHONE"),
            Self::Card => (CARD, is_card, "CARD"),
            Self::Iban => (IBAN, is_iban, "IBAN"),
            Self::Ip => (IP, is_ip, "IP"),
            Self::Jwt => (JWT, anything, "JWT"),
            Self::AwsKey => (AWS_KEY, anything, "AWS_KEY"),
            Self::GithubToken => (GITHUB_TOKEN, anything, "GITHUB_TOKEN"),
            Self::Key => {
                let pattern = [OTHER_KEYS, AWS_KEY, GITHUB_TOKEN, JWT].join("|");
                return Look { pattern: pattern.into(), is_it: anything, name: "KEY" };
            }
        };
        Look { pattern: pattern.into(), is_it, name }
    }
}

/// What a pattern has found, without what it is, or what some of its groups of digits are: a card stands beside its date,
/// a number beside another. `instead` says what stands in its place.
pub fn without<'a>(found: &'a str, is_it: fn(&str) -> bool, instead: &dyn Fn(&str) -> String) -> Cow<'a, str> {
    if is_it(found) {
        return Cow::Owned(instead(found));
    }
    let (starts, ends): (Vec<_>, Vec<_>) = (group_edges(found, true).collect(), group_edges(found, false).collect());
    let (mut clean, mut kept) = (String::new(), 0);
    for (first, &start) in starts.iter().enumerate() {
        // The longest first; nothing that is looked for is longer than this.
        let near = ends[first..].iter().take_while(|end| **end - start <= LONGEST_NUMBER);
        let part = near.filter(|end| start >= kept && is_it(&found[start..**end])).last();
        if let Some(&end) = part {
            clean.push_str(&found[kept..start]);
            clean.push_str(&instead(&found[start..end]));
            kept = end;
        }
    }
    if kept == 0 { Cow::Borrowed(found) } else { Cow::Owned(clean + &found[kept..]) }
}

/// Where groups of digits begin, or where they end.
fn group_edges(span: &str, begin: bool) -> impl Iterator<Item = usize> + '_ {
    let is_digit = |at: usize| span.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    (0..=span.len()).filter(move |&at| {
        let (before, behind) = (at > 0 && is_digit(at - 1), is_digit(at));
        if begin { behind && !before } else { before && !behind }
    })
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|character| character.to_digit(10)).collect()
}

/// A date, an amount or a plain number is no phone number.
fn is_phone(text: &str) -> bool {
    let count = digits(text).len();
    let groups = text.split(|character: char| !character.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    let is_date = groups == 3 && count == 8 && text.len() == 10;
    let is_decimal = text.chars().all(|character| character.is_ascii_digit() || character == '.') && groups == 2;
    (7..=15).contains(&count) && (text.starts_with('+') || groups >= 2) && !is_date && !is_decimal
}

/// Luhn's check digit (ISO/IEC 7812-1, annex B).
fn is_card(text: &str) -> bool {
    let digits = digits(text);
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    (12..=19).contains(&digits.len())
        && digits.iter().any(|digit| *digit != 0)
        && digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// The country and the check digits go to the end, letters are numbers from 10, and 1 is what is left of 97 (ISO 7064).
fn is_iban(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|character| *character != ' ').collect();
    let mut places = plain.iter().cycle().skip(4).take(plain.len()).map(|character| character.to_digit(36));
    let rest = places.try_fold(0_u32, |rest, value| {
        let value = value?;
        let shift = if value > 9 { 100 } else { 10 };
        Some((rest * shift + value) % 97)
    });
    (15..=34).contains(&plain.len()) && rest == Some(1)
}

/// A time has colons, too, and so has a path of some languages.
fn is_ip(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    !text.contains(':') || (has_digit && text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_check_digits() {
        for number in ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"] {
            assert!(is_iban(number), "{number}");
        }
        for number in ["DE88370400440532013000", "GB82WEST12345698765433", "DE89"] {
            assert!(!is_iban(number), "{number}");
        }
    }

    #[test]
    fn a_time_and_a_path_are_no_address() {
        for address in ["192.0.2.7", "2001:db8::1", "fe80:0:0:0:1:2:3:4"] {
            assert!(is_ip(address), "{address}");
        }
        for other in ["12:30:45", "de::bad", "a:b:c"] {
            assert!(!is_ip(other), "{other}");
        }
    }

    #[test]
    fn what_stands_beside_a_number_stays() {
        let instead = |_: &str| "[CARD]".to_owned();
        assert_eq!(without("4111 1111 1111 1111 12", is_card, &instead), "[CARD] 12");
        assert_eq!(without("4111 1111 1111 1112", is_card, &instead), "4111 1111 1111 1112");
    }
}
