//! Where webhooks may be. What a name stands for is seen when something is sent.

use std::net::IpAddr;

use url::{Host, Url};

use crate::mlflow::Wrong;

/// Only addresses that could be anybody's, and those at one of the origins that the operator has `named`.
pub(super) fn check(text: &str, named: &[String]) -> Result<(), Wrong> {
    let url = Url::parse(text).map_err(|_| Wrong::invalid(format!("Invalid webhook URL '{text}'")))?;
    if !matches!(url.scheme(), "http" | "https") || (url.scheme() == "http" && !is_named(&url, named)) {
        let scheme = url.scheme();
        return Err(Wrong::invalid(format!("Invalid webhook URL scheme: '{scheme}'. Allowed schemes are: https.")));
    }
    let Some(host) = url.host() else {
        return Err(Wrong::invalid(format!("Webhook URL must include a hostname: '{text}'")));
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Wrong::invalid("Webhook URL must have neither a user nor a fragment: nothing is sent to such."));
    }
    if is_own(&host) && !is_named(&url, named) {
        return Err(Wrong::invalid(format!(
            "Webhook URL must not resolve to a non-public IP address. '{host}' is one; whoever runs the server can allow \
             it with `--allow http={}`.",
            url.origin().ascii_serialization()
        )));
    }
    Ok(())
}

fn is_named(url: &Url, named: &[String]) -> bool {
    named.iter().any(|origin| Url::parse(origin).is_ok_and(|named| named.origin() == url.origin()))
}

fn is_own(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let bare = name.strip_suffix('.').unwrap_or(name);
            bare == "localhost" || bare.ends_with(".localhost")
        }
        Host::Ipv4(ip) => is_private((*ip).into()),
        Host::Ipv6(ip) => is_private((*ip).into()),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_named_need_be_neither_public_nor_encrypted() {
        let named = ["http://127.0.0.1:8000".to_owned()];
        for (url, expected) in [
            ("https://example.com/hook?token=1", None),
            ("http://127.0.0.1:8000/hook", None),
            ("http://127.0.0.1:8001/hook", Some("Invalid webhook URL scheme: 'http'")),
            ("ftp://example.com/hook", Some("Invalid webhook URL scheme: 'ftp'")),
            ("https://0x7f.1/hook", Some("'127.0.0.1' is one")),
            ("https://localhost./hook", Some("--allow http=https://localhost.")),
            ("https://ann:secret@example.com/hook", Some("neither a user nor a fragment")),
            ("https://example.com/hook#there", Some("neither a user nor a fragment")),
            ("example.com", Some("Invalid webhook URL 'example.com'")),
        ] {
            match (check(url, &named), expected) {
                (Ok(()), None) => {}
                (Err(wrong), Some(expected)) => assert!(wrong.message.contains(expected), "{url}: {}", wrong.message),
                (checked, _) => panic!("{url}: {checked:?}"),
            }
        }
    }
}
