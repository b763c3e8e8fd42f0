//! Whom the server answers.
//!
//! A page that somebody has open can send requests to this machine. Its browser tells on it by `Origin`; and where the page
//! has made its own name point to this machine (DNS rebinding), `Host` has that name. So a request has to name the server by
//! an address that it has or a name that it was given, and come from no other page than one of its own.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{HeaderMap, Uri, header};

use crate::refusal::{Kind, Refusal};
use crate::tokens::Tokens;

/// The end of a connection that is here; with the request, as an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here(pub(crate) SocketAddr);

pub(crate) struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    tokens: Option<Tokens>,
}

impl Guard {
    /// `hosts` are names beside the server's own addresses.
    pub(crate) fn new(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = String>,
        tokens: Option<Tokens>,
    ) -> Self {
        let plain = |text: String| text.trim_end_matches('/').to_ascii_lowercase();
        Self {
            hosts: hosts.into_iter().map(plain).collect(),
            origins: origins.into_iter().map(plain).collect(),
            tokens,
        }
    }

    /// # Errors
    ///
    /// Refuses as `forbidden`, or as `unauthenticated` where only the token is wrong.
    pub(crate) fn check(&self, head: &Parts, needs_token: bool) -> Result<(), Refusal> {
        let authority = authority(&head.uri, &head.headers).ok_or_else(|| {
            Refusal::new(Kind::Forbidden, "the request does not say which host it is for").hint("send `Host`")
        })?;
        self.check_host(&authority, head.extensions.get::<Here>())?;
        self.check_origin(&authority, &head.headers)?;
        match &self.tokens {
            Some(tokens) if needs_token && !tokens.holds(&head.headers) => {
                Err(Refusal::new(Kind::Unauthenticated, "the request has no token that is known here")
                    .hint("send `Authorization: Bearer <token>`"))
            }
            _ => Ok(()),
        }
    }

    fn check_host(&self, authority: &str, here: Option<&Here>) -> Result<(), Refusal> {
        let host = without_port(authority);
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|address| address.to_canonical());
        let is_here =
            |address: IpAddr| address.is_loopback() || here.is_some_and(|here| here.0.ip().to_canonical() == address);
        if host == "localhost" || address.is_some_and(is_here) || self.hosts.iter().any(|allowed| allowed == host) {
            return Ok(());
        }
        Err(Refusal::new(Kind::Forbidden, format!("this server does not go by the name `{host}`"))
            .hint("allow the name when the server is started, or use its address")
            .field("Host"))
    }

    fn check_origin(&self, authority: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase();
        let of = |scheme, port| origin.strip_prefix(scheme).map(|rest| rest.strip_suffix(port).unwrap_or(rest));
        // A proxy in front may have taken TLS off.
        let same =
            |scheme, port| of(scheme, port).is_some_and(|own| own == authority.strip_suffix(port).unwrap_or(authority));
        if same("http://", ":80") || same("https://", ":443") || self.origins.contains(&origin) {
            return Ok(());
        }
        Err(Refusal::new(Kind::Forbidden, "pages of other origins may not send requests to this server")
            .hint("allow the origin when the server is started")
            .field("Origin"))
    }
}

/// What the request calls the server, in lower case: HTTP/2 has it in the target, HTTP/1.1 in `Host`.
fn authority(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let hosts: Vec<_> = headers.get_all(header::HOST).iter().collect();
    let named = match (uri.authority(), hosts.as_slice()) {
        (Some(authority), _) => authority.as_str(),
        (None, [host]) => host.to_str().ok()?,
        _ => return None,
    };
    Some(named.to_ascii_lowercase()).filter(|named| !named.is_empty())
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const HERE: &str = "192.0.2.7:5000";

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: Option<&str>) {
        let guard = Guard::new(["karat.example.org".to_owned()], ["https://app.example.org/".to_owned()], None);
        let mut request = Request::get("/traces");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).expect("a request").into_parts();
        head.extensions.insert(Here(HERE.parse().expect("an address")));
        let refused = guard.check(&head, true).err();
        assert_eq!(refused.as_ref().map(|refused| refused.field.as_deref().unwrap_or("none")), expected, "{headers:?}");
        assert!(refused.is_none_or(|refused| refused.kind == Kind::Forbidden));
    }

    #[test]
    fn a_server_goes_by_its_addresses_and_the_names_it_was_given() {
        for host in [
            "localhost",
            "LocalHost:5000",
            "127.0.0.1:5000",
            "127.1.2.3",
            "[::1]:5000",
            "[::1]",
            "192.0.2.7:81",
            "karat.example.org:443",
        ] {
            check(&[("host", host)], None);
        }
        for host in
            ["evil.example.org", "localhost.example.org", "192.0.2.8:5000", "[::2]", "127.0.0.1.nip.io", "a:b:c"]
        {
            check(&[("host", host)], Some("Host"));
        }
        check(&[], Some("none"));
        check(&[("host", "localhost"), ("host", "evil.example.org")], Some("none"));
    }

    #[test]
    fn a_page_is_of_the_same_origin_or_allowed() {
        for (host, origin) in [
            ("localhost:5000", "http://localhost:5000"),
            ("karat.example.org", "https://karat.example.org"),
            ("karat.example.org:443", "https://karat.example.org"),
            ("localhost:5000", "https://app.example.org"),
        ] {
            check(&[("host", host), ("origin", origin)], None);
        }
        for origin in ["null", "http://localhost:3000", "https://evil.example.org", "http://127.0.0.1:5000", ""] {
            check(&[("host", "localhost:5000"), ("origin", origin)], Some("Origin"));
        }
    }
}
