//! Numbers that lead to a person: digits in groups, as people write them.

use std::ops::Range;
use std::str;

use crate::pii::Kind;

/// What may stand between the groups of a phone number.
const PHONE_GAPS: [&[u8]; 10] = [b" ", b"-", b".", b"/", b")", b") ", b")-", b" (", b"(", b"-("];

/// What of it may not go on before or behind a number.
const JOINTS: [&[u8]; 3] = [b"-", b".", b"/"];

/// Every number that is of a kind, once.
pub(crate) fn find(text: &[u8]) -> Vec<Kind> {
    let groups = Groups::of(text);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < groups.all.len() {
        let (kind, length) = groups.kind(at).unzip();
        found.extend(kind);
        at += length.unwrap_or(1);
    }
    found
}

/// The groups of digits in a text, but for those that letters are part of: `4th`, `b12`.
struct Groups<'t> {
    text: &'t [u8],
    all: Vec<Range<usize>>,
}

impl<'t> Groups<'t> {
    fn of(text: &'t [u8]) -> Self {
        let (mut all, mut start) = (Vec::new(), 0);
        while let Some(skipped) = text[start..].iter().position(u8::is_ascii_digit) {
            start += skipped;
            let length = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let group = start..start + length;
            start = group.end;
            let is_part = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
            // Behind an `x` comes an extension.
            let is_part_behind = |byte: &u8| is_part(byte) && *byte != b'x';
            if !text[..group.start].last().is_some_and(is_part) && !text.get(group.end).is_some_and(is_part_behind) {
                all.push(group);
            }
        }
        Self { text, all }
    }

    /// What the groups from `at` on are, and how many of them.
    fn kind(&self, at: usize) -> Option<(Kind, usize)> {
        let ip = || Some((Kind::Ip, self.ip(at)?));
        let card = || Some((Kind::Card, self.card(at)?));
        let ssn = || Some((Kind::Ssn, self.ssn(at)?));
        let phone = || Some((Kind::Phone, self.phone(at)?));
        ip().or_else(card).or_else(ssn).or_else(phone)
    }

    fn digits(&self, at: usize) -> &'t [u8] {
        self.all.get(at).map_or(b"", |group| &self.text[group.clone()])
    }

    /// What stands behind a group and before the next one; nothing behind the last.
    fn gap(&self, at: usize) -> &'t [u8] {
        match self.all.get(at..at + 2) {
            Some([group, next]) => &self.text[group.end..next.start],
            _ => b"",
        }
    }

    fn gap_before(&self, at: usize) -> &'t [u8] {
        at.checked_sub(1).map_or(b"", |before| self.gap(before))
    }

    fn byte_before(&self, at: usize) -> Option<u8> {
        self.text[..self.all[at].start].last().copied()
    }

    /// Whether groups of these lengths stand here, with gaps that are allowed.
    fn has_lengths(&self, at: usize, lengths: &[usize], is_gap: impl Fn(&[u8]) -> bool) -> bool {
        let last = at + lengths.len() - 1;
        lengths.iter().zip(at..).all(|(length, at)| self.digits(at).len() == *length)
            && (at..last).all(|at| is_gap(self.gap(at)))
    }

    /// An address of IPv4 that a machine can have: no network of its own, no mask.
    fn ip(&self, at: usize) -> Option<usize> {
        let is_whole = (at..at + 3).all(|at| self.gap(at) == b".");
        if !is_whole || self.gap_before(at) == b"." || self.gap(at + 3) == b"." {
            return None;
        }
        let text = &self.text[self.all[at].start..self.all[at + 3].end];
        let address: core::net::Ipv4Addr = str::from_utf8(text).ok()?.parse().ok()?;
        matches!(address.octets()[0], 1..=126 | 128..=223).then_some(4)
    }

    /// The most groups that make a card's number: three digits or more each, with the same space or hyphen between them.
    fn card(&self, at: usize) -> Option<usize> {
        let (mut digits, mut found) = (Vec::new(), None);
        for length in 1..=5 {
            let group = self.digits(at + length - 1);
            digits.extend_from_slice(group);
            if group.len() < 3 || digits.len() > 19 {
                break;
            }
            let gap = self.gap(at + length - 1);
            if is_card(&digits) && gap != b"." {
                found = Some(length);
            }
            if gap != self.gap(at) || !matches!(gap, b" " | b"-") {
                break;
            }
        }
        found.filter(|_| self.gap_before(at) != b".")
    }

    /// Which numbers are never given out: <https://www.ssa.gov/employer/randomization.html>.
    fn ssn(&self, at: usize) -> Option<usize> {
        let gap = self.gap(at);
        let is_whole = matches!(gap, b"-" | b" ") && self.has_lengths(at, &[3, 2, 4], |other| other == gap);
        if !is_whole || self.gap_before(at) == b"-" || self.gap(at + 2) == b"-" {
            return None;
        }
        let area = self.digits(at);
        let is_given = area != b"000" && area != b"666" && area[0] != b'9';
        (is_given && self.digits(at + 1) != b"00" && self.digits(at + 2) != b"0000").then_some(3)
    }

    fn phone(&self, at: usize) -> Option<usize> {
        if JOINTS.contains(&self.gap_before(at)) {
            return None;
        }
        self.international(at).or_else(|| self.north_american(at)).or_else(|| self.national(at))
    }

    /// `+` and 8 to 15 digits (ITU-T E.164).
    fn international(&self, at: usize) -> Option<usize> {
        let has_plus = self.byte_before(at) == Some(b'+') && self.digits(at)[0] != b'0';
        let is_sum = self.text[..self.all[at].start].iter().rev().nth(1).is_some_and(u8::is_ascii_alphanumeric);
        let (length, digits) = self.run(at, 15, &PHONE_GAPS);
        (has_plus && !is_sum && digits >= 8).then_some(length)
    }

    /// An area, an exchange and a line, behind a 1 or nothing (the North American Numbering Plan,
    /// <https://www.nanpa.com/numbering>). Where nothing but spaces hold them together, neither area nor exchange may begin
    /// with 0 or 1; elsewhere they may, as made-up numbers do.
    fn north_american(&self, at: usize) -> Option<usize> {
        let is_gap = |gap: &[u8]| PHONE_GAPS.contains(&gap) && gap != b"/";
        let area = at + usize::from(self.digits(at) == b"1" && is_gap(self.gap(at)));
        let is_whole = self.has_lengths(area, &[3, 3, 4], is_gap) && !JOINTS.contains(&self.gap(area + 2));
        let is_marked = self.gap(area) != b" " || self.gap(area + 1) != b" ";
        let can_be = || self.digits(area)[0] >= b'2' && self.digits(area + 1)[0] >= b'2';
        (is_whole && (is_marked || can_be())).then_some(area + 3 - at)
    }

    /// 9 to 13 digits in two groups or more, each of two digits or more, the first one beginning with 0. A date is none,
    /// and neither is what looks like a Social Security number or stands within a large one, `1 000 000 000`.
    fn national(&self, at: usize) -> Option<usize> {
        let (length, digits) = self.run(at, 13, &PHONE_GAPS[..9]);
        let is_gap = |gap: &[u8]| matches!(gap, b"-" | b"/" | b".");
        let is_other = self.has_lengths(at, &[2, 2, 4], is_gap) || self.has_lengths(at, &[3, 2, 4], is_gap);
        let is_grouped = length >= 2 && (at..at + length).all(|at| self.digits(at).len() >= 2);
        let is_new = self.digits(at)[0] == b'0' && self.gap_before(at) != b" ";
        (is_new && is_grouped && digits >= 9 && !is_other).then_some(length)
    }

    /// How many groups from `at` on belong together with no more digits than `most`, and how many digits they have.
    fn run(&self, at: usize, most: usize, gaps: &[&[u8]]) -> (usize, usize) {
        let (mut length, mut digits) = (1, self.digits(at).len());
        while gaps.contains(&self.gap(at + length - 1)) && digits + self.digits(at + length).len() <= most {
            digits += self.digits(at + length).len();
            length += 1;
        }
        (length, if digits > most { 0 } else { digits })
    }
}

/// Luhn's check digit (ISO/IEC 7812-1, annex B) behind the first digit of those who issue cards.
fn is_card(digits: &[u8]) -> bool {
    let doubled = |(place, digit): (usize, &u8)| match (place % 2, u32::from(digit - b'0') * 2) {
        (0, twice) => twice / 2,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    (12..=19).contains(&digits.len())
        && (b'2'..=b'6').contains(&digits[0])
        && digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kinds: &[Kind]) {
        assert_eq!(find(text.as_bytes()), kinds, "{text}");
    }

    #[test]
    fn phone_numbers_are_seen_as_countries_write_them() {
        check("call +49 30 123456-78 or (212) 555-0123.", &[Kind::Phone, Kind::Phone]);
        check("+14155552671, 123-456-7890", &[Kind::Phone; 2]);
        check("1-800-555-0199, 212.555.0123x89, +1 (212) 555-0123 24 hours", &[Kind::Phone; 3]);
        check("01 23 45 67 89, 020 7946 0958, (030) 123456", &[Kind::Phone; 3]);
    }

    #[test]
    fn dates_years_amounts_and_plain_numbers_are_no_phone_numbers() {
        check("on 2024-05-17 we sold 12345678 for 1234567.89 in 3 days", &[]);
        check("1914-1918, 01/02/2023 10:30, 05.11.2023, 10.12.2023 11 12", &[]);
        check("2+12345678, 1,234,567,890, 1 000 000 000, 123 456 7890", &[]);
        check("ISBN 978-3-16-148410-0, 555-0123, 123-456-7890-123", &[]);
    }

    #[test]
    fn cards_are_known_by_their_check_digit() {
        check("4111 1111 1111 1111 and 4111-1111-1111-1112", &[Kind::Card]);
        check("4111 1111 1111 1111 12/27, 378282246310005, 3782 822463 10005", &[Kind::Card; 3]);
        check("0000000000000000 0.4111111111111111 4111111111111111.5", &[]);
        check("x4111111111111111 41111111111111114111111111111111", &[]);
    }

    #[test]
    fn social_security_numbers_are_those_that_can_be_given_out() {
        check("123-45-6789, 123 45 6789", &[Kind::Ssn; 2]);
        check("000-12-3456 666-12-3456 912-12-3456 123-00-4567 123-45-0000", &[]);
        check("123-45 6789, 123-45-6789-1, 123456789", &[]);
    }

    #[test]
    fn addresses_are_those_of_machines() {
        check("at 192.168.0.1, 8.8.8.8:53 or 203.0.113.7.", &[Kind::Ip; 3]);
        check("127.0.0.1 0.0.0.0 255.255.255.0 1.2.3 1.2.3.4.5 256.1.1.1 v1.2.3.4", &[]);
    }

    #[test]
    fn text_of_any_length_takes_its_length_in_time() {
        check(&"1-".repeat(100_000), &[]);
        check(&"0".repeat(100_000), &[]);
        check(&"12 ".repeat(100_000), &[]);
    }
}
