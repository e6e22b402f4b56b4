//! The contract's import `settings`: the prepared settings of the event's integration.

use super::EventScope;
use crate::bindings::uis::integration::settings::Host;

impl Host for EventScope {
    fn prepared(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.settings.as_ref().clone())
    }

    fn integration_name(&mut self) -> wasmtime::Result<String> {
        Ok(self.integration.name.clone())
    }
}
