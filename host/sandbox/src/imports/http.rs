//! HTTP through the one door out.

use std::time::Duration;

use model::outcome::FailureKind;
use model::ports::{HttpRequest, HttpResponse};

use super::{denied, failure};
use crate::bindings::http::{Header, Host, Method, Request, Response};
use crate::bindings::types::{ErrorCode, Failure};
use crate::guest::Guest;

impl Host for Guest {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Failure>> {
        let granted = std::sync::Arc::clone(&self.granted);
        let Some(door) = granted.http.as_ref().filter(|_| !granted.grant.http.is_empty()) else {
            return Ok(Err(denied("http")));
        };
        self.used.http_requests += 1;
        let most = granted.limits.http_requests;
        if self.used.http_requests > most {
            let message = format!("this call has made its {most} requests (`limits.http_requests`)");
            return Ok(Err(failure(ErrorCode::BudgetExceeded, message)));
        }
        let sent = door.send(&granted.grant.http, granted.limits.http_bytes, asked(request)).await;
        Ok(sent.map(answered).map_err(|refused| failure(code(refused.kind), refused.message)))
    }
}

fn asked(request: Request) -> HttpRequest {
    let method = match request.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    HttpRequest {
        method: method.to_owned(),
        url: request.url,
        headers: request.headers.into_iter().map(|Header { name, value }| (name, value)).collect(),
        body: request.body,
        timeout: request.timeout_ms.map(|time| Duration::from_millis(time.into())),
    }
}

fn answered(response: HttpResponse) -> Response {
    Response {
        status: response.status,
        headers: response.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
        body: response.body,
        truncated: response.truncated,
    }
}

fn code(kind: FailureKind) -> ErrorCode {
    match kind {
        FailureKind::BadInput => ErrorCode::BadInput,
        FailureKind::Denied => ErrorCode::Denied,
        FailureKind::TooLarge => ErrorCode::TooLarge,
        FailureKind::TimedOut => ErrorCode::TimedOut,
        _ => ErrorCode::Unavailable,
    }
}
