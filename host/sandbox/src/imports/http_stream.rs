//! Bodies that arrive over time: not answered yet.

use wasmtime::component::Resource;

use super::denied;
use crate::bindings::http::{Header, Request};
use crate::bindings::http_stream::{Host, HostIncoming};
use crate::bindings::types::Failure;
use crate::guest::Guest;

/// A body that a guest holds. There is none.
#[expect(unreachable_pub, reason = "generated code hands it on")]
#[derive(Debug)]
pub enum Incoming {}

impl Host for Guest {
    async fn open(&mut self, _: Request) -> wasmtime::Result<Result<Resource<Incoming>, Failure>> {
        Ok(Err(denied("http")))
    }
}

impl HostIncoming for Guest {
    async fn status(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<u16> {
        match *self.handles.get(&incoming)? {}
    }

    async fn headers(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<Vec<Header>> {
        match *self.handles.get(&incoming)? {}
    }

    async fn read(
        &mut self,
        incoming: Resource<Incoming>,
        _: u32,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Failure>> {
        match *self.handles.get(&incoming)? {}
    }

    async fn drop(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<()> {
        match self.handles.delete(incoming)? {}
    }
}
