//! Withholds writing requests from an account: answers them on this machine, and notes what would have been sent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use http::Method;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::{Clock, instant};
use uis_host::connection::credentials::Credentials;
use uis_host::endpoints::callback::parameters;
use uis_host::ports::{Egress, EgressError, SentBy};
use uis_host::sync::lock;

use super::answers::{FIRST_ID, answer};
use crate::exchanges::exchange::sent;
use crate::replay::{Remote, RemoteSystem};

/// The beginning of the paths at which a module of the account is registered and changed.
const REGISTRATION: &str = "/api/v5/integration-modules/";

/// What is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Every request that may write.
    Writes,
    /// Only the registration of the account's module.
    Registration,
}

/// A request that was not sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Withheld {
    /// The line of the recording whose event wanted to send it.
    pub line: u64,
    /// When, as RFC 3339.
    pub at: String,
    /// The integration.
    pub integration: String,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The fields of query and form, in their order; a JSON body is one field with an empty name.
    pub fields: Vec<(String, Value)>,
}

/// A remote system from which requests are withheld.
pub struct Guarded {
    system: Arc<dyn RemoteSystem>,
    notes: Arc<Notes>,
}

struct Notes {
    what: What,
    clock: Arc<dyn Clock>,
    ids: AtomicU64,
    withheld: Mutex<Vec<Withheld>>,
}

impl Guarded {
    /// Withholds requests from this system. `clock` is the replay's.
    pub fn new(system: Arc<dyn RemoteSystem>, what: What, clock: Arc<dyn Clock>) -> Guarded {
        Guarded { system, notes: Arc::new(Notes { what, clock, ids: AtomicU64::new(FIRST_ID), withheld: Mutex::default() }) }
    }

    /// The requests that were not sent, in their order.
    pub fn withheld(&self) -> Vec<Withheld> {
        lock(&self.notes.withheld).clone()
    }
}

impl RemoteSystem for Guarded {
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        let remote = self.system.connect(integration, need, chosen)?;
        let egress = Arc::new(Guard { egress: remote.egress, integration: integration.to_owned(), notes: self.notes.clone() });
        Ok(Remote { egress, ..remote })
    }

    fn system_of(&self, integration: &str) -> String {
        self.system.system_of(integration)
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        if self.notes.what == What::Writes {
            return Box::pin(std::future::ready(Ok("in the CRM: not done, because nothing is written".into())));
        }
        self.system.act(integration, act)
    }

    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        self.system.misbehave(integration, faults)
    }

    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        self.system.content()
    }

    fn is_over(&self) -> bool {
        self.system.is_over()
    }
}

struct Guard {
    egress: Arc<dyn Egress>,
    integration: String,
    notes: Arc<Notes>,
}

impl Egress for Guard {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        if read || (self.notes.what == What::Registration && !request.uri().path().starts_with(REGISTRATION)) {
            return self.egress.send(request, limit);
        }
        let answered = self.notes.withhold(&self.integration, &request);
        Box::pin(std::future::ready(answered))
    }
}

impl Notes {
    fn withhold(&self, integration: &str, request: &http::Request<Bytes>) -> Result<http::Response<Bytes>, EgressError> {
        let wire = sent(request);
        let fields = parameters(&wire.query).into_iter().chain(parameters(&wire.form));
        // Structured fields of a form are JSON.
        let read = |text: String| {
            serde_json::from_str(&text).ok().filter(|value: &Value| value.is_object() || value.is_array()).unwrap_or(Value::String(text))
        };
        let mut fields: Vec<(String, Value)> = fields.map(|(name, value)| (name, read(value))).collect();
        if !wire.json.is_empty() {
            fields.push((String::new(), read(wire.json)));
        }
        let at: DateTime<Utc> = instant(self.clock.now_ms());
        let line = request.extensions().get::<SentBy>().map_or(1, |by| by.origin.0);
        let (status, body) = answer(&wire.path, &wire.form, self.ids.fetch_add(1, Ordering::Relaxed));
        lock(&self.withheld).push(Withheld {
            line,
            at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            integration: integration.to_owned(),
            method: wire.method,
            path: wire.path,
            fields,
        });
        let answer = http::Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(Bytes::from(body.to_string()));
        answer.map_err(|error| EgressError::NotSent(error.to_string()))
    }
}
