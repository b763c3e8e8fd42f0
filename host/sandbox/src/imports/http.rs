//! HTTP through the one door out.

use std::time::Duration;

use model::ports::{HttpRequest, HttpResponse};

use super::refused;
use crate::bindings::http::{Header, Host, Method, Request, Response};
use crate::bindings::types::Failure;
use crate::guest::Guest;

impl Host for Guest {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Failure>> {
        let sent = match self.egress.pass() {
            Ok(pass) => pass.send(asked(request)).await,
            Err(refusal) => Err(refusal),
        };
        Ok(sent.map(answered).map_err(refused))
    }
}

pub(super) fn asked(request: Request) -> HttpRequest {
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
        asker: None,
    }
}

fn answered(response: HttpResponse) -> Response {
    Response {
        status: response.status,
        headers: headers(response.headers),
        body: response.body,
        truncated: response.truncated,
    }
}

pub(super) fn headers(headers: Vec<(String, Vec<u8>)>) -> Vec<Header> {
    headers.into_iter().map(|(name, value)| Header { name, value }).collect()
}
