//! The contract's import `endpoints`: the integration's public addresses.

use super::EventScope;
use crate::bindings::uis::integration::endpoints::Host;

impl Host for EventScope {
    fn url(&mut self, callback: String) -> wasmtime::Result<Option<String>> {
        Ok(self.integration.endpoints.url(&callback))
    }

    fn secret_placeholder(&mut self) -> wasmtime::Result<String> {
        Ok(self.integration.endpoints.placeholder())
    }
}
