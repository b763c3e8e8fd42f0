//! The traces of a row. Rows carry none yet.

use wasmtime::component::Resource;

use crate::bindings::traces::{Filter, Host, HostTrace, Span};
use crate::guest::Guest;

/// A trace that a guest holds. There is none.
#[expect(unreachable_pub, reason = "generated code hands it on")]
#[derive(Debug)]
pub enum Trace {}

impl Host for Guest {
    fn of_row(&mut self, _: u32) -> wasmtime::Result<Option<Resource<Trace>>> {
        Ok(None)
    }

    fn of_session(&mut self, _: u32) -> wasmtime::Result<Vec<Resource<Trace>>> {
        Ok(Vec::new())
    }
}

impl HostTrace for Guest {
    fn id(&mut self, trace: Resource<Trace>) -> wasmtime::Result<String> {
        match *self.handles.get(&trace)? {}
    }

    fn span_count(&mut self, trace: Resource<Trace>) -> wasmtime::Result<u32> {
        match *self.handles.get(&trace)? {}
    }

    fn spans(&mut self, trace: Resource<Trace>, _: Option<Filter>, _: u32, _: u32) -> wasmtime::Result<Vec<Span>> {
        match *self.handles.get(&trace)? {}
    }

    fn attribute(&mut self, trace: Resource<Trace>, _: String, _: String) -> wasmtime::Result<Option<String>> {
        match *self.handles.get(&trace)? {}
    }

    fn drop(&mut self, trace: Resource<Trace>) -> wasmtime::Result<()> {
        match self.handles.delete(trace)? {}
    }
}
