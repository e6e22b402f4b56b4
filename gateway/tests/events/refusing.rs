//! The plugin, which refuses finished calls while the test wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::bindings::uis::integration::types::{Delivery, Failure};
use uis_host::event::Event;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Run};
use uis_host::services::EventScope;
use uis_test_support::native_plugin::NativePlugin;

/// The reason of refused calls.
pub const REASON: &str = "the CRM refused the call of 79161234567: HTTP 400: Errors in the entity format";

/// The plugin.
pub struct Refusing {
    inner: NativePlugin,
    pub refuses: Arc<AtomicBool>,
}

impl Refusing {
    pub fn new() -> Refusing {
        Refusing { inner: NativePlugin::new(), refuses: Arc::default() }
    }
}

impl Around for Refusing {
    fn inner(&self) -> &dyn Plugin {
        &self.inner
    }

    fn handled(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        if self.refuses.load(Ordering::SeqCst) && matches!(event, Event::CallFinished(_)) {
            let result = Ok(Err(Failure::Rejected(REASON.to_owned())));
            return async { Run { scope, result, fuel: None, memory_bytes: None } }.boxed();
        }
        self.inner.handle(scope, delivery, event)
    }
}
