//! Where a request goes, and whether that was granted. Nothing here looks a name up.

use model::grant::HttpRule;
use model::outcome::Failure;
use url::{Host, Url};

use super::address::is_public;
use super::{bad, denied};

/// A URL that has nothing about it but scheme, host, port, path and query.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    /// `scheme://host:port`, the port always there.
    pub(super) origin: String,
}

/// Reads the URL that a plugin may ask for under these rules, if it may.
///
/// # Errors
///
/// Fails as a request to it would, before anything is looked up.
pub fn url_of(text: &str, method: &str, rules: &[HttpRule]) -> Result<Url, Failure> {
    let target = Target::parse(text)?;
    target.granted(rules, method)?;
    target.check_literal(false)?;
    Ok(target.url)
}

/// Whether an origin, as a rule names it, is plainly none of the public internet. A name may turn out to be so later.
pub fn is_private(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(name)) => bare(name) == "localhost" || bare(name).ends_with(".localhost"),
        None => false,
    }
}

/// `scheme://host[:port]` of a URL, as it is written there.
pub fn origin_of(url: &str) -> String {
    let path = url.find("://").map_or(0, |at| at + 3);
    let end = url[path..].find(['/', '?', '#']).map_or(url.len(), |at| path + at);
    url[..end].to_owned()
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if !text.bytes().all(plain) {
            return Err(bad("the URL has a character that a URL has not"));
        }
        let mut url = Url::parse(text).map_err(|error| bad(format!("the URL can't be read: {error}")))?;
        // What the parser forgives, others read in other ways.
        let authority = text
            .split_once("://")
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
            .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default())
            .ok_or_else(|| denied("only `http://` and `https://` lead out"))?;
        if authority.is_empty() {
            return Err(bad("the URL has no host"));
        }
        if authority.contains('@') {
            return Err(denied("the URL names a user"));
        }
        if authority.contains('%') {
            return Err(denied("the host is written with `%`"));
        }
        if url.fragment().is_some() {
            return Err(bad("the URL has a fragment"));
        }
        if text.contains("{{") {
            return Err(denied("a secret has no place in a URL"));
        }
        if let Some(Host::Domain(name)) = url.host() {
            let name = bare(name).to_owned();
            url.set_host(Some(&name)).map_err(|_| bad("the URL has no host"))?;
        }
        let origin = origin(&url).ok_or_else(|| bad("the URL has no host"))?;
        Ok(Self { url, origin })
    }

    /// The rule that grants this.
    pub(super) fn granted<'a>(&self, rules: &'a [HttpRule], method: &str) -> Result<&'a HttpRule, Failure> {
        let of_origin = || rules.iter().filter(|rule| matches(&rule.url, &self.url));
        if let Some(rule) = of_origin().find(|rule| rule.methods.iter().any(|granted| granted == method)) {
            return Ok(rule);
        }
        let what = if of_origin().next().is_some() { method } else { "anything" };
        Err(denied(format!("{what} to `{}` was not granted to this plugin", self.origin)))
    }

    /// Refuses a host that is an address, and not a public one.
    pub(super) fn check_literal(&self, is_allowed: bool) -> Result<(), Failure> {
        let address = match self.url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            _ => return Ok(()),
        };
        if is_allowed || is_public(address) {
            return Ok(());
        }
        Err(denied(format!("`{address}` is not a public address")))
    }

    /// Whether a secret that is bound to `origin` may go there.
    pub(super) fn is_of(&self, origin: &str) -> bool {
        Url::parse(origin).ok().and_then(|url| self::origin(&url)).is_some_and(|origin| origin == self.origin)
    }
}

/// An origin as [`Target::origin`] writes it.
pub(super) fn canonical(text: &str) -> Option<String> {
    origin(&Url::parse(text).ok()?)
}

fn origin(url: &Url) -> Option<String> {
    Some(format!("{}://{}:{}", url.scheme(), bare(url.host_str()?), url.port_or_known_default()?))
}

/// Without the dot that says that a name is whole.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether a rule's `scheme://host[:port]` is that of a URL.
fn matches(rule: &str, url: &Url) -> bool {
    let Some((scheme, rest)) = rule.split_once("://") else { return false };
    let Some(suffix) = rest.strip_prefix("*.") else {
        return Url::parse(rule).is_ok_and(|rule| origin(&rule) == origin(url));
    };
    // As if the name below were `x`, to read the port the same way.
    let Ok(rule) = Url::parse(&format!("{scheme}://x.{suffix}")) else { return false };
    let (Some(pattern), Some(host)) = (rule.host_str(), url.host_str()) else { return false };
    let below = bare(host).strip_suffix(&pattern[1..]).is_some_and(|labels| !labels.is_empty());
    below
        && matches!(url.host(), Some(Host::Domain(_)))
        && rule.scheme() == url.scheme()
        && rule.port_or_known_default() == url.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(url: &str) -> HttpRule {
        HttpRule { url: url.to_owned(), methods: vec!["GET".to_owned()], secrets: Vec::new(), why: None }
    }

    #[test]
    fn a_rule_grants_its_own_origin_and_no_other() {
        let check = |granted: &str, asked: &str, expected: bool| {
            assert_eq!(url_of(asked, "GET", &[rule(granted)]).is_ok(), expected, "{granted} {asked}");
        };
        for (granted, asked, expected) in [
            ("https://api.example.com", "https://api.example.com/v1?q=1", true),
            ("https://api.example.com", "https://api.example.com:443/", true),
            ("https://api.example.com", "https://API.example.com./", true),
            ("https://api.example.com", "http://api.example.com/", false),
            ("https://api.example.com", "https://api.example.com:444/", false),
            ("https://api.example.com", "https://example.com/", false),
            ("https://api.example.com", "https://api.example.com.evil.org/", false),
            ("https://api.example.com:8443", "https://api.example.com:8443/", true),
            ("https://*.example.com", "https://a.example.com/", true),
            ("https://*.example.com", "https://a.b.example.com/", true),
            ("https://*.example.com", "https://example.com/", false),
            ("https://*.example.com", "https://badexample.com/", false),
            ("https://*.example.com", "https://.example.com/", false),
            ("https://8.8.8.8", "https://8.8.8.8/", true),
            ("https://8.8.8.8", "https://134744072/", true),
        ] {
            check(granted, asked, expected);
        }
        assert!(url_of("https://api.example.com/", "POST", &[rule("https://api.example.com")]).is_err());
    }
}
