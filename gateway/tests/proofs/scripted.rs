//! A plugin that does nothing but note when each event began, and fails for customers whose number says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, PreparedSettings, TemplateParameter,
};
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration, Outcome, RetryLater};
use uis_host::event::{Event, Fault, Reply};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
use uis_host::services::EventScope;

/// A customer's order number ends with this when their events never succeed.
pub const POISON: &str = "-poison";

/// The plugin.
pub struct Scripted {
    about: Description,
    /// When each event began first, by customer, in order: the event's number and the time.
    pub began: Mutex<HashMap<String, Vec<(u64, Instant)>>>,
    /// How long a handler takes.
    pub work: Duration,
}

impl Scripted {
    /// Handlers that take so long.
    pub fn new(work: Duration) -> Arc<Scripted> {
        let about = Description { name: "scripted".into(), version: "0".into(), connections: vec![], callbacks: vec![], actions: vec![] };
        Arc::new(Scripted { about, began: Mutex::default(), work })
    }
}

impl Plugin for Scripted {
    fn description(&self) -> &Description {
        &self.about
    }
    fn prepare<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        ready(Ok(Ok(PreparedSettings { bytes: Vec::new(), notes: Vec::new() }))).boxed()
    }
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        ready(Ok("{}".to_owned())).boxed()
    }
    fn template_parameters<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn preview_template<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        ready(Ok(Ok(String::new()))).boxed()
    }
    fn choices<'a>(&'a self, _: EventScope, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        ready(Ok(Err(Failure::Rejected("it has none".into())))).boxed()
    }
    fn check_connection(&self, _: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        ready(Ok(Err(Failure::Rejected("it has none".into())))).boxed()
    }
    fn normalise_connection<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        ready(Ok(Err("it has none".into()))).boxed()
    }
    fn asset<'a>(&'a self, _: EventScope, _: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        ready(Ok(None)).boxed()
    }
    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        async move {
            let mut result = Ok(Ok(Reply::Done(Outcome { skipped: Vec::new() })));
            if let Event::OrderWebhook(event) = &event {
                let parameter = |name: &str| event.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                let (customer, number) = (parameter("id").unwrap_or_default(), parameter("n").and_then(|n| n.parse().ok()).unwrap_or(0));
                tokio::time::sleep(self.work).await;
                if customer.ends_with(POISON) {
                    result = Ok(Err(Failure::Retry(RetryLater { after_ms: None, reason: "it never succeeds".into() })));
                }
                if delivery.attempt == 1 {
                    self.began.lock().expect("no panic").entry(customer).or_default().push((number, Instant::now()));
                }
            }
            Run { scope, result, fuel: None, memory_bytes: None }
        }
        .boxed()
    }
}
