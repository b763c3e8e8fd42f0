//! `wasi:http`, as clients of other languages' standard libraries use it, through the same door as our own `http`.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpRequest, HttpResponse};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::egress::{Egress, Pass};
use crate::guest::Guest;

/// Bytes of a request's body: what the door takes.
const LONGEST_BODY: usize = 1 << 20;

/// What every guest's requests have in common: limits on the size of headers.
pub(crate) fn context() -> WasiHttpCtx {
    WasiHttpCtx::new()
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.handles, ctx: &mut self.wasi_http }
    }
}

type Sent = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let pass = self.pass();
        Box::new(async move {
            let response = send(pass.map_err(refused)?, request, options).await?;
            let done: Box<dyn Future<Output = _> + Send> = Box::new(std::future::ready(Ok(())));
            Ok((response, done))
        })
    }
}

async fn send(
    pass: Pass,
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<http::Response<WasiBody>, Error> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|error| match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) if error.is::<LengthLimitError>() => Error::HttpRequestBodySize(Some(LONGEST_BODY as u64)),
        Err(error) => Error::InternalError(Some(error.to_string())),
    })?;
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    let request = HttpRequest {
        method: head.method.to_string(),
        url: head.uri.to_string(),
        // The door writes this one itself, from the URL.
        headers: head.headers.iter().filter(|(name, _)| *name != http::header::HOST).map(header).collect(),
        body: body.to_bytes().into(),
        timeout: options.and_then(|options| options.first_byte_timeout),
        asker: None,
    };
    let HttpResponse { status, headers, body, truncated } = pass.send(request).await.map_err(refused)?;
    if truncated {
        return Err(Error::HttpResponseBodySize(Some(body.len() as u64)));
    }
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    response.body(body).map_err(|error| Error::InternalError(Some(error.to_string())))
}

/// The nearest there is in the words of `wasi:http`.
fn refused(failure: Failure) -> Error {
    match failure.kind {
        FailureKind::Denied => Error::HttpRequestDenied,
        FailureKind::BudgetExceeded => Error::ConnectionLimitReached,
        FailureKind::BadInput => Error::HttpRequestUriInvalid,
        FailureKind::TooLarge => Error::HttpRequestBodySize(None),
        FailureKind::TimedOut => Error::HttpResponseTimeout,
        _ => Error::InternalError(Some(failure.message)),
    }
}
