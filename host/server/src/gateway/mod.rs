//! Models behind OpenAI's interface, under `/gateway/v1`: whatever speaks to OpenAI can be pointed here, and every call
//! becomes a span.
//!
//! ```text
//!  call ─▶ guard, token ─▶ admission ─▶ which endpoint? ─▶ the model door: limits, budget, key ─▶ answer, as it comes ─▶ client
//!                                                                                                   └▶ span ─▶ redact ─▶ store
//! ```
//!
//! Calls and answers are passed on as they are. An answer waits for nothing that is done about its span.
//!
//! What is deliberately absent: keys and money, which are behind the model door; other interfaces than OpenAI's.

mod answered;
mod asked;
mod call;
mod context;
mod events;
mod messages;
mod recorder;
mod span;
mod wrong;

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::ports::{Incoming, ModelAnswer, ModelCall, ModelDoor, ModelOffer, ModelOperation};
use serde_json::{Value, json};

use self::asked::Asked;
use self::call::Call;
use self::context::Context;
pub(crate) use self::recorder::Recorder;
pub(crate) use self::wrong::Wrong;
use crate::admission::{Admission, Held};
use crate::body;
use crate::options::Bounds;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;
use crate::tokens::Tokens;

/// Bytes of an answer that are passed on at once.
const PIECE: u32 = 64 << 10;

/// Tells a client which trace its call is in.
const TRACE: HeaderName = HeaderName::from_static("x-karat-trace-id");

/// What of an answer's headers is for the client. The others speak of the connection to the endpoint, or of its owner.
const PASSED: [&str; 6] =
    ["content-type", "retry-after", "retry-after-ms", "x-request-id", "openai-processing-ms", "x-should-retry"];
const PASSED_BEGIN: &str = "x-ratelimit-";

pub(crate) struct Gateway {
    pub(crate) door: Arc<dyn ModelDoor>,
    /// Whoever calls has one of them, also on this machine.
    pub(crate) tokens: Tokens,
    /// Calls may take long: they don't keep spans out.
    pub(crate) admission: Admission,
    pub(crate) bounds: Bounds,
    pub(crate) recorder: Arc<Recorder>,
}

impl Gateway {
    /// # Errors
    ///
    /// Refuses as `unauthenticated` where there is no token.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.tokens.holds(headers) {
            return Ok(());
        }
        Err(Refusal::new(Kind::Unauthenticated, "the request has no token of this gateway")
            .hint("use it as the API key: `Authorization: Bearer <token>`; `karat serve` says where it is"))
    }
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    let call = |operation| {
        post(move |State(shared): State<Arc<Shared>>, request: Request| async move {
            self::call(&shared, operation, request).await
        })
    };
    let routes = Router::new()
        .route("/chat/completions", call(ModelOperation::Chat))
        .route("/responses", call(ModelOperation::Responses))
        .route("/embeddings", call(ModelOperation::Embeddings))
        .route("/models", get(models))
        .route("/models/{*name}", get(model))
        .fallback(nothing);
    // The second is where MLflow's clients look for `gateway:/` models.
    Router::new().nest("/gateway/v1", routes.clone()).nest("/gateway/mlflow/v1", routes)
}

/// A refusal as OpenAI's clients read it.
pub(crate) fn refuse(refusal: Refusal) -> Response {
    Wrong::from(refusal).into_response()
}

async fn nothing() -> Wrong {
    let message = "there is nothing by this name: there are /chat/completions, /responses, /embeddings and /models";
    Wrong::missing("not_found", message)
}

fn off() -> Wrong {
    Wrong::missing("not_found", "this server has no gateway")
}

async fn models(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Wrong> {
    let gateway = shared.gateway.as_ref().ok_or_else(off)?;
    let data: Vec<_> = gateway.door.models().iter().map(shown).collect();
    Ok(Json(json!({ "object": "list", "data": data })))
}

async fn model(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Result<Json<Value>, Wrong> {
    let gateway = shared.gateway.as_ref().ok_or_else(off)?;
    let found = gateway.door.models().iter().find(|offer| offer.name == name);
    let missing = || Wrong::missing("model_not_found", format!("there is no endpoint `{name}`")).param("model");
    found.map(|offer| Json(shown(offer))).ok_or_else(missing)
}

fn shown(offer: &ModelOffer) -> Value {
    json!({ "id": offer.name, "object": "model", "created": 0, "owned_by": offer.model.provider.name() })
}

async fn call(shared: &Shared, operation: ModelOperation, request: Request) -> Response {
    let Some(gateway) = &shared.gateway else { return off().into_response() };
    let (head, mut content) = request.into_parts();
    let (asked, context, held) = match take(shared, gateway, operation, &head.headers, &mut content).await {
        Ok(taken) => taken,
        Err(wrong) => {
            body::drain(&mut content).await;
            return wrong.into_response();
        }
    };
    let mut call = Call::begin(asked, context, &gateway.recorder, held);
    let trace = HeaderValue::try_from(call.trace()).ok();
    let mut response = match pass_on(gateway, &mut call).await {
        Ok(answer) => answered(call, answer),
        Err(wrong) => {
            call.refused(&wrong);
            wrong.into_response()
        }
    };
    response.headers_mut().extend(trace.map(|trace| (TRACE, trace)));
    response
}

/// Takes a call that can be read.
async fn take(
    shared: &Shared,
    gateway: &Gateway,
    operation: ModelOperation,
    headers: &HeaderMap,
    content: &mut Body,
) -> Result<(Asked, Context, Held), Wrong> {
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if !is_plain {
        return Err(Refusal::new(Kind::Unsupported, "a call is not compressed").into());
    }
    let context = Context::of(shared, headers).await?;
    let (bytes, held) = body::take(content, headers, &gateway.admission, &gateway.bounds).await?;
    Ok((Asked::read(operation, &bytes)?, context, held))
}

async fn pass_on(gateway: &Gateway, call: &mut Call) -> Result<ModelAnswer, Wrong> {
    let asked = call.asked();
    let offer = asked.endpoint(&*gateway.door)?;
    let passed = ModelCall {
        endpoint: offer.name.clone(),
        operation: asked.operation,
        body: asked.body.clone(),
        max_output_tokens: asked.max_output_tokens(),
    };
    call.goes_to(offer);
    Ok(gateway.door.call(passed).await?)
}

/// An answer whose body goes on as it comes.
fn answered(mut call: Call, answer: ModelAnswer) -> Response {
    let (status, headers) = head(&*answer.incoming);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_stream = kind.trim().to_ascii_lowercase().starts_with("text/event-stream");
    let incoming = call.answered(answer, is_stream);
    let body = Body::from_stream(unfold(Some((incoming, call)), next));
    let mut response = (status, body).into_response();
    *response.headers_mut() = headers;
    if is_stream {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

fn head(incoming: &dyn Incoming) -> (StatusCode, HeaderMap) {
    let status = StatusCode::from_u16(incoming.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let named = incoming.headers().iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        let is_passed = PASSED.contains(&name.as_str()) || name.as_str().starts_with(PASSED_BEGIN);
        Some((name, HeaderValue::from_bytes(value).ok()?)).filter(|_| is_passed)
    });
    (status, named.collect())
}

type Passing = Option<(Box<dyn Incoming>, Call)>;

/// What goes on next. Where a client has gone, this is dropped with the call.
async fn next(passing: Passing) -> Option<(io::Result<Bytes>, Passing)> {
    let (mut incoming, mut call) = passing?;
    loop {
        match incoming.read(PIECE).await {
            Ok(Some(piece)) => {
                let passed = call.hear(piece);
                if !passed.is_empty() {
                    return Some((Ok(passed.into()), Some((incoming, call))));
                }
            }
            Ok(None) => {
                let rest = call.end();
                return (!rest.is_empty()).then(|| (Ok(rest.into()), None));
            }
            Err(failure) => {
                call.broke_off(&failure);
                return Some((Err(io::Error::other("the endpoint's answer broke off")), None));
            }
        }
    }
}
