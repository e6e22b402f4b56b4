//! A plugin around another one, for whoever watches or changes what a plugin does: everything but what [`Around`] overrides is passed on.

use futures_util::future::BoxFuture;

use super::{Plugin, Prepared, Run, SetupResult};
use crate::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, TemplateParameter,
};
use crate::bindings::uis::integration::types::{Delivery, Misconfiguration};
use crate::event::{Event, Fault};
use crate::services::EventScope;

/// What is around a plugin. It is a [`Plugin`] itself.
pub trait Around: Send + Sync {
    /// The plugin inside.
    fn inner(&self) -> &dyn Plugin;

    /// The description that is shown; by default that of the plugin inside.
    fn shown(&self) -> &Description {
        self.inner().description()
    }

    /// Checks settings, as [`Plugin::prepare`] does; by default by the plugin inside.
    fn prepared<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        self.inner().prepare(settings, from_version)
    }

    /// Handles an event, as [`Plugin::handle`] does; by default by the plugin inside.
    fn handled(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        self.inner().handle(scope, delivery, event)
    }
}

impl<T: Around> Plugin for T {
    fn description(&self) -> &Description {
        self.shown()
    }

    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        self.prepared(settings, from_version)
    }

    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.inner().settings_schema()
    }

    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        self.inner().template_parameters(setting)
    }

    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        self.inner().preview_template(setting, template)
    }

    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        self.inner().choices(scope, setting, page)
    }

    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        self.inner().check_connection(scope)
    }

    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        self.inner().normalise_connection(pasted)
    }

    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        self.inner().asset(scope, path)
    }

    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        self.handled(scope, delivery, event)
    }
}
