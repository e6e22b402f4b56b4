//! Plugins: the trait that the host calls, independent of how a plugin runs. [`component`] runs a WebAssembly component; tests run the same
//! logic natively.

pub mod around;
pub mod cache;
pub mod component;
pub mod engine;
mod handlers;
pub mod inspect;
pub(crate) mod meter;

use futures_util::future::BoxFuture;

use crate::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, PreparedSettings, TemplateParameter,
};
use crate::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration};
use crate::event::{Event, Fault, Handled};
use crate::services::EventScope;

/// The result of handling one event.
pub struct Run {
    /// The scope, with the event's trace.
    pub scope: EventScope,
    /// The handler's reply or failure, or why there is neither.
    pub result: Result<Handled, Fault>,
    /// Fuel used; none when the plugin runs natively.
    pub fuel: Option<u64>,
    /// Linear memory of the instance at the end, in bytes; none when the plugin runs natively.
    pub memory_bytes: Option<usize>,
}

/// The settings in the plugin's own form, with notes for the account's owner; or all problems that were found in them.
pub type Prepared = Result<PreparedSettings, Vec<Misconfiguration>>;

/// The result of a function of `setup` that the settings page calls: the plugin's answer, its failure, or the host's fault.
pub type SetupResult<T> = Result<Result<T, Failure>, Fault>;

/// A plugin that is loaded.
pub trait Plugin: Send + Sync {
    /// The plugin's name, version, connections, callbacks and actions, from `setup.describe`.
    fn description(&self) -> &Description;

    /// Checks settings, a JSON object, and converts them to the plugin's own form. `from_version` is the plugin's version that saved the
    /// settings, if it was a different one. Give the result to [`set_settings`](crate::integration::Integration::set_settings), and show the
    /// notes that it returns.
    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>>;

    /// The JSON Schema of the plugin's settings, as text.
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>>;

    /// The parameters that the template of a setting may contain; empty when the setting has no template.
    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>>;

    /// Renders a template of a setting with example values, or says why the template cannot be used.
    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>>;

    /// Values to choose from for a setting whose values exist in a remote system. `page` is the cursor from the previous page; none for the
    /// first page.
    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>>;

    /// Checks a connection's address and key with the remote system.
    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>>;

    /// Converts an address that a person pasted to a base URL, or says in Russian what is wrong with it.
    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>>;

    /// A file for browsers, by its path; none when there is no such file.
    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>>;

    /// Handles an event in a fresh instance.
    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run>;
}
