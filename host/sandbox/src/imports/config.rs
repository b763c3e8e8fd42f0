//! What the suite says to the plugin as a whole.

use crate::bindings::config::Host;
use crate::guest::Guest;

impl Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.granted.setup.config.get(&key).map(ToString::to_string))
    }

    fn all(&mut self) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&self.granted.setup.config)?)
    }
}
