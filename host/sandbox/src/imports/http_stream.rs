//! Answers over HTTP that are taken as they come, through the one door out.

use model::outcome::{Failure as Refusal, FailureKind};
use wasmtime::component::Resource;

use super::http::{asked, headers};
use super::refused;
use crate::bindings::http::{Header, Request};
use crate::bindings::http_stream::{Host, HostIncoming};
use crate::bindings::types::Failure;
use crate::guest::Guest;

/// Bytes that a guest takes at once.
const MOST: u32 = 64 << 10;

/// The head of an answer, as a guest holds it. The body is the call's.
#[expect(unreachable_pub, reason = "generated code hands it on")]
#[derive(Debug)]
pub struct Incoming {
    status: u16,
    headers: Vec<Header>,
}

type Answer<T> = wasmtime::Result<Result<T, Failure>>;

impl Host for Guest {
    async fn open(&mut self, request: Request) -> Answer<Resource<Incoming>> {
        let opened = match self.egress.pass() {
            Ok(pass) => pass.open(asked(request)).await,
            Err(refusal) => Err(refusal),
        };
        let body = match opened {
            Ok(body) => body,
            Err(refusal) => return Ok(Err(refused(refusal))),
        };
        let head = Incoming { status: body.status(), headers: headers(body.headers().to_vec()) };
        let handle = self.handles.push(head)?;
        self.egress.incoming.insert(handle.rep(), body);
        Ok(Ok(handle))
    }
}

impl HostIncoming for Guest {
    async fn status(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<u16> {
        Ok(self.handles.get(&incoming)?.status)
    }

    async fn headers(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<Vec<Header>> {
        Ok(self.handles.get(&incoming)?.headers.clone())
    }

    async fn read(&mut self, incoming: Resource<Incoming>, max: u32) -> Answer<Option<Vec<u8>>> {
        let over = || Refusal::new(FailureKind::Unavailable, "the answer has ended with the call that opened it");
        let read = match self.egress.incoming.get_mut(&incoming.rep()) {
            Some(body) => body.read(max.min(MOST)).await,
            None => Err(over()),
        };
        Ok(read.map_err(refused))
    }

    async fn drop(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<()> {
        self.egress.incoming.remove(&incoming.rep());
        self.handles.delete(incoming)?;
        Ok(())
    }
}
