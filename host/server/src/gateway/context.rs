//! Where in a trace a call stands, and whose it is.

use http::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use crate::otlp;
use crate::refusal::Refusal;
use crate::shared::Shared;

pub(super) struct Context {
    pub(super) experiment: String,
    pub(super) trace: String,
    pub(super) span: String,
    /// The client's own span.
    pub(super) parent: Option<String>,
    session: Option<String>,
    user: Option<String>,
}

impl Context {
    /// # Errors
    ///
    /// Refuses what is no name of an experiment. A trace context that is none begins a trace, as W3C has it.
    pub(super) async fn of(shared: &Shared, headers: &HeaderMap) -> Result<Self, Refusal> {
        let joined = headers.get("traceparent").and_then(|value| traceparent(value.to_str().ok()?));
        let (trace, parent) = joined.map_or_else(|| (hexadecimal(16), None), |(trace, span)| (trace, Some(span)));
        let said = |name| {
            let text = str::from_utf8(headers.get(name)?.as_bytes()).ok()?.trim();
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        Ok(Self {
            experiment: otlp::experiment(shared, headers).await?,
            trace,
            span: hexadecimal(8),
            parent,
            session: said("x-karat-session"),
            user: said("x-karat-user"),
        })
    }

    pub(super) fn session(&self, body: &Value) -> Option<String> {
        let conversation = body.get("conversation").map(|it| it.get("id").unwrap_or(it));
        let told = metadata(body, &["session_id", "session", "conversation_id"]);
        self.session.clone().or_else(|| told.or(conversation)?.as_str().map(str::to_owned))
    }

    pub(super) fn user(&self, body: &Value) -> Option<String> {
        let told = [body.get("user"), metadata(body, &["user_id", "user"]), body.get("safety_identifier")];
        self.user.clone().or_else(|| told.into_iter().flatten().find_map(Value::as_str).map(str::to_owned))
    }
}

fn metadata<'a>(body: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let metadata = body.get("metadata")?;
    names.iter().find_map(|name| metadata.get(*name))
}

/// The ids of a trace and of a span in it (W3C Trace Context, 3.2.2). Later versions may have more behind them.
fn traceparent(text: &str) -> Option<(String, String)> {
    let mut parts = text.trim().split('-');
    let [version, trace, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_id =
        |text: &str, digits| text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_one = |text: &str, digits| is_id(text, digits) && text.bytes().any(|byte| byte != b'0');
    let known = is_id(version, 2) && version != "ff" && is_id(flags, 2);
    let ends = version != "00" || parts.next().is_none();
    (known && ends && is_one(trace, 32) && is_one(span, 16)).then(|| (trace.to_owned(), span.to_owned()))
}

/// A new id of so many bytes, up to 16.
fn hexadecimal(bytes: usize) -> String {
    // What is random of it comes last.
    let id = Uuid::now_v7().simple().to_string();
    id[id.len() - 2 * bytes..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_trace_context_is_one_or_is_none() {
        let joined = Some((TRACE.to_owned(), SPAN.to_owned()));
        assert_eq!(traceparent(&format!("00-{TRACE}-{SPAN}-01")), joined);
        assert_eq!(traceparent(&format!("01-{TRACE}-{SPAN}-01-more")), joined);
        let zeroes = "0".repeat(32);
        for wrong in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeroes}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeroes[..16]),
            format!("00-{SPAN}-{TRACE}-01"),
        ] {
            assert_eq!(traceparent(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_new_each_time() {
        let (one, other) = (hexadecimal(8), hexadecimal(8));
        assert_eq!((one.len(), hexadecimal(16).len()), (16, 32));
        assert_ne!(one, other);
    }
}
