//! The plugin, which refuses finished calls while the test wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, TemplateParameter,
};
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration};
use uis_host::event::{Event, Fault};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
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

impl Plugin for Refusing {
    fn description(&self) -> &Description {
        self.inner.description()
    }

    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        self.inner.prepare(settings, from_version)
    }

    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.inner.settings_schema()
    }

    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        self.inner.template_parameters(setting)
    }

    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        self.inner.preview_template(setting, template)
    }

    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        self.inner.choices(scope, setting, page)
    }

    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        self.inner.check_connection(scope)
    }

    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        self.inner.normalise_connection(pasted)
    }

    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        self.inner.asset(scope, path)
    }

    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        if self.refuses.load(Ordering::SeqCst) && matches!(event, Event::CallFinished(_)) {
            let result = Ok(Err(Failure::Rejected(REASON.to_owned())));
            return async { Run { scope, result, fuel: None, memory_bytes: None } }.boxed();
        }
        self.inner.handle(scope, delivery, event)
    }
}
