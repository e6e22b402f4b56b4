//! Plugins: what the host asks of one, whatever it is made of. [`component`] runs the real thing; tests run the same logic natively.

pub mod cache;
pub mod component;
pub mod engine;
pub mod inspect;

use futures_util::future::BoxFuture;

use crate::bindings::exports::uis::integration::setup::{AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection};
use crate::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration};
use crate::event::{Event, Fault, Handled};
use crate::services::EventScope;

/// What one run of a handler came to.
pub struct Run {
    /// The scope, with the trace of what was done.
    pub scope: EventScope,
    /// The handler's answer.
    pub result: Result<Handled, Fault>,
    /// Fuel used, when it is counted.
    pub fuel: Option<u64>,
    /// The most linear memory held, in bytes, when it is counted.
    pub memory_bytes: Option<usize>,
}

/// Prepared settings, or every problem found in them.
pub type Prepared = Result<Vec<u8>, Vec<Misconfiguration>>;

/// What a plugin answers to a question of the settings page.
pub type SetupResult<T> = Result<Result<T, Failure>, Fault>;

/// A plugin that is ready for events.
pub trait Plugin: Send + Sync {
    /// What it says of itself.
    fn description(&self) -> &Description;

    /// Checks settings and prepares them.
    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>>;

    /// The JSON Schema of its settings.
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>>;

    /// Choices of a setting whose values live elsewhere, a page at a time.
    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>>;

    /// Whether the connection's address and key will do.
    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>>;

    /// Makes a base URL of what somebody pasted, or says in words what is wrong with it.
    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>>;

    /// A file for browsers, by its path.
    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>>;

    /// Handles an event in a fresh instance.
    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run>;
}
