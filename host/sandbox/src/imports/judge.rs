//! Questions to an LLM: not answered yet.

use super::denied;
use crate::bindings::judge::{Host, Reply, Request, Usage};
use crate::bindings::types::Failure;
use crate::guest::Guest;

impl Host for Guest {
    fn complete(&mut self, _: Request) -> wasmtime::Result<Result<Reply, Failure>> {
        Ok(Err(denied("a judge")))
    }

    fn complete_many(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Reply, Failure>>> {
        Ok(requests.iter().map(|_| Err(denied("a judge"))).collect())
    }

    fn budget(&mut self) -> wasmtime::Result<Option<Usage>> {
        Ok(Some(Usage { input_tokens: 0, output_tokens: 0, cost: Some(0) }))
    }
}
