//! The file that an exporter may write to.

use super::{denied, refused};
use crate::bindings::sink::Host;
use crate::bindings::types::Failure;
use crate::guest::Guest;

impl Host for Guest {
    fn write(&mut self, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Failure>> {
        let Some(sink) = &self.granted.doors.sink else { return Ok(Err(denied("a file to write to"))) };
        Ok(sink.write(&bytes).map_err(refused))
    }
}
