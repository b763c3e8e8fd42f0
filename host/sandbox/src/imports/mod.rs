//! What a plugin can import of ours. One file for each interface; what was not granted answers `denied`.

pub(crate) mod egress;
pub(crate) mod http_stream;
pub(crate) mod judge;
pub(crate) mod kv;
pub(crate) mod process;
pub(crate) mod traces;
pub(crate) mod wasi_http;

mod ambient;
mod config;
mod http;
mod log;
mod sink;

use std::sync::Arc;

use model::outcome::{Failure as Refusal, FailureKind};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::Doors;
use crate::bindings;
use crate::bindings::types::{self, ErrorCode, Failure};
use crate::guest::Guest;
use crate::instances::Setup;

/// What the instances of a binding may use.
pub(crate) struct Granted {
    pub(crate) setup: Setup,
    /// Values of this plugin.
    pub(crate) values: Arc<kv::Values>,
    pub(crate) doors: Doors,
}

/// A linker with everything a plugin may import: our interfaces, WASI that leads nowhere, and of it the
/// one part that leads somewhere where it was granted.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    bindings::types::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::log::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::config::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::ambient::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::judge::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::traces::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::kv::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::http::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::http_stream::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::sink::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    bindings::process::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl types::Host for Guest {}

fn failure(code: ErrorCode, message: impl Into<String>) -> Failure {
    Failure { code, message: message.into() }
}

fn denied(what: &str) -> Failure {
    failure(ErrorCode::Denied, format!("{what} was not granted to this plugin"))
}

/// What a door answered instead, in the guest's words.
fn refused(refusal: Refusal) -> Failure {
    let code = match refusal.kind {
        FailureKind::BadInput => ErrorCode::BadInput,
        FailureKind::Denied => ErrorCode::Denied,
        FailureKind::BudgetExceeded => ErrorCode::BudgetExceeded,
        FailureKind::RateLimited => ErrorCode::RateLimited,
        FailureKind::Cancelled => ErrorCode::Cancelled,
        FailureKind::TooLarge => ErrorCode::TooLarge,
        FailureKind::TimedOut => ErrorCode::TimedOut,
        FailureKind::Unsupported => ErrorCode::Unsupported,
        _ => ErrorCode::Unavailable,
    };
    failure(code, refusal.message)
}
