//! Addresses of mail and of machines.

use std::str;

/// How many addresses of mail there are.
pub(crate) fn emails(text: &[u8]) -> usize {
    let ats = text.iter().enumerate().filter(|(_, byte)| **byte == b'@');
    ats.filter(|(at, _)| is_local_part(&text[..*at]) && is_domain(&text[at + 1..])).count()
}

/// Whether `before` ends in the name of a mailbox.
fn is_local_part(before: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+'-".contains(byte);
    let name = before.iter().rev().take_while(|byte| is_part(byte));
    !before.ends_with(b".") && name.clone().any(u8::is_ascii_alphanumeric)
}

/// Whether `behind` begins with a domain of two labels or more, the last one of letters.
fn is_domain(behind: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let end = behind.iter().position(|byte| !is_part(byte)).unwrap_or(behind.len());
    let labels = behind[..end].split(|byte| *byte == b'.').take_while(|label| is_label(label));
    labels.skip(1).any(|label| label.len() >= 2 && (is_word(label) || label.starts_with(b"xn--")))
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && !label.starts_with(b"-")
}

fn is_word(label: &[u8]) -> bool {
    label.strip_suffix(b"-").unwrap_or(label).iter().all(u8::is_ascii_alphabetic)
}

/// How many addresses of IPv6 there are, without those that stand for no machine in particular.
///
/// One has a digit of 0 to 9 somewhere: else `a::b` of a program would be one.
pub(crate) fn ips_of_version_6(text: &[u8]) -> usize {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let (mut count, mut start) = (0, 0);
    while let Some(skipped) = text[start..].iter().position(|byte| is_part(*byte)) {
        start += skipped;
        let length = text[start..].iter().position(|byte| !is_part(*byte)).unwrap_or(text.len() - start);
        let end = start + length;
        let stands_alone = !text[..start].last().is_some_and(is_letter) && !text.get(end).is_some_and(is_letter);
        count += usize::from(stands_alone && is_ip_of_version_6(&text[start..end]));
        start = end;
    }
    count
}

fn is_ip_of_version_6(run: &[u8]) -> bool {
    if run.iter().filter(|byte| **byte == b':').count() < 2 || !run.iter().any(u8::is_ascii_digit) {
        return false;
    }
    // What ends a sentence or introduces a list is no part of it.
    let run = run.strip_suffix(b".").unwrap_or(run);
    let run = run.strip_suffix(b":").filter(|run| !run.ends_with(b":")).unwrap_or(run);
    let address = str::from_utf8(run).ok().and_then(|run| run.parse::<core::net::Ipv6Addr>().ok());
    address.is_some_and(|address| !address.is_loopback() && !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_emails(text: &str, count: usize) {
        assert_eq!(emails(text.as_bytes()), count, "{text}");
    }

    #[track_caller]
    fn check_ips(text: &str, count: usize) {
        assert_eq!(ips_of_version_6(text.as_bytes()), count, "{text}");
    }

    #[test]
    fn a_mailbox_at_a_domain_is_an_address() {
        check_emails("write to Ann.Lee+x@mail.example.co.uk, please", 1);
        check_emails("<o'neil@example.org>, bob@example.com.", 2);
        check_emails("ann@example.com-", 1);
        check_emails("x@xn--bcher-kva.xn--p1ai", 1);
    }

    #[test]
    fn what_only_has_an_at_is_no_address() {
        check_emails("a@b @here user@localhost 3@4. 10@1.50 @ann.lee", 0);
        check_emails("f.@example.com ann@-example.com ann@example..com", 0);
        check_emails("@@@@", 0);
    }

    #[test]
    fn addresses_of_version_6_are_read_as_the_standard_library_reads_them() {
        check_ips("at 2001:db8::8a2e:370:7334.", 1);
        check_ips("2001:0db8:0000:0000:0000:ff00:0042:8329 and fe80::1: yes", 2);
        check_ips("[::ffff:192.0.2.1]:80", 1);
    }

    #[test]
    fn times_paths_and_this_very_machine_are_no_addresses() {
        check_ips("at 12:30:45 or 10:20:30:40", 0);
        check_ips("std::vec a::b Face::Map1 x::1y 1::2_3", 0);
        check_ips(":: ::1 : .", 0);
    }
}
