//! Headers on their way out and in.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use model::grant::HttpRule;
use model::outcome::Failure;

use super::secrets::Secrets;
use super::target::Target;
use super::{bad, denied};

/// What the client writes itself, or what would change the meaning of the connection.
const OURS: [&str; 16] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
    "via",
    "forwarded",
    "cookie",
    "accept-encoding",
];

/// Who is asking is nobody's word but ours.
const OURS_BEGIN: [&str; 3] = ["x-forwarded-", "x-real-ip", "proxy-"];

const MOST: usize = 64;
const LONGEST: usize = 16 << 10;

/// What is sent of the headers that a plugin asks for, secrets filled in.
pub(super) fn sent(
    asked: &[(String, Vec<u8>)],
    secrets: &Secrets,
    target: &Target,
    rule: &HttpRule,
) -> Result<HeaderMap, Failure> {
    if asked.len() > MOST || asked.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LONGEST {
        return Err(bad(format!("there are more than {MOST} headers or {LONGEST} bytes of them")));
    }
    let mut sent = HeaderMap::new();
    for (name, value) in asked {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| bad(format!("`{}` is no name of a header", name.escape_debug())))?;
        if OURS.contains(&name.as_str()) || OURS_BEGIN.iter().any(|start| name.as_str().starts_with(start)) {
            return Err(denied(format!("the header `{name}` is not a plugin's to set")));
        }
        let (filled, is_secret) = secrets.fill(value, target, rule)?;
        if name == http::header::AUTHORIZATION && !is_secret {
            return Err(denied("the header `authorization` takes a secret that was granted"));
        }
        let mut value = HeaderValue::from_bytes(&filled)
            .map_err(|_| bad(format!("the value of `{name}` has a character that a header has not")))?;
        value.set_sensitive(is_secret);
        sent.append(name, value);
    }
    Ok(sent)
}

pub(super) fn received(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}
