//! Secrets: filled in on the way out, taken out on the way in.

use std::fmt;

use model::grant::HttpRule;
use model::outcome::Failure;
use model::ports::HttpResponse;

use super::denied;
use super::target::Target;

/// A value that plugins may use and never see.
#[derive(Clone)]
pub struct Secret {
    pub name: String,
    pub value: String,
    /// The only origin it goes to.
    pub origin: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Secrets(pub(super) Vec<Secret>);

const OPEN: &[u8] = b"{{";
const SECRET: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";

impl Secrets {
    /// Fills secrets into the value of a header. Says whether there was one.
    pub(super) fn fill(&self, value: &[u8], target: &Target, rule: &HttpRule) -> Result<(Vec<u8>, bool), Failure> {
        let Some(start) = find(value, OPEN) else {
            return Ok((value.to_vec(), false));
        };
        let unfilled = || denied("a placeholder for a secret is `{{secret:NAME}}`");
        let rest = value[start..].strip_prefix(SECRET).ok_or_else(unfilled)?;
        let end = find(rest, CLOSE).ok_or_else(unfilled)?;
        let name = str::from_utf8(&rest[..end]).map_err(|_| unfilled())?;
        let secret = self.bound(name, target, rule)?;
        let behind = &rest[end + CLOSE.len()..];
        if find(behind, OPEN).is_some() {
            return Err(denied("one header takes one secret"));
        }
        Ok(([&value[..start], secret.value.as_bytes(), behind].concat(), true))
    }

    fn bound(&self, name: &str, target: &Target, rule: &HttpRule) -> Result<&Secret, Failure> {
        let is_granted = rule.secrets.iter().any(|granted| granted == name);
        let mut of_name = self.0.iter().filter(|secret| secret.name == name && is_granted);
        of_name.find(|secret| target.is_of(&secret.origin)).ok_or_else(|| {
            denied(format!("the secret `{}` was not granted for `{}`", name.escape_debug(), target.origin))
        })
    }

    /// Takes the values of secrets that may have been sent out of an answer.
    pub(super) fn scrub(&self, mut response: HttpResponse, target: &Target, rule: &HttpRule) -> HttpResponse {
        for name in &rule.secrets {
            let Ok(secret) = self.bound(name, target, rule) else { continue };
            let (value, instead) = (secret.value.as_bytes(), format!("[secret {name}]"));
            response.body = replaced(&response.body, value, instead.as_bytes());
            if response.truncated {
                // The beginning of one that was cut off.
                let begun = (1..value.len()).rev().find(|&length| response.body.ends_with(&value[..length]));
                response.body.truncate(response.body.len() - begun.unwrap_or_default());
            }
            for (_, header) in &mut response.headers {
                *header = replaced(header, value, instead.as_bytes());
            }
        }
        response
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn replaced(bytes: &[u8], what: &[u8], instead: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    let mut replaced = Vec::with_capacity(bytes.len());
    while let Some(start) = if what.is_empty() { None } else { find(rest, what) } {
        replaced.extend_from_slice(&rest[..start]);
        replaced.extend_from_slice(instead);
        rest = &rest[start + what.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}
