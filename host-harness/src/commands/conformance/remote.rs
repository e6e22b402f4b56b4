//! The remote system of the attacking plugin: it records what arrives, and misbehaves for certain paths.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use uis_harness::replay::{Remote, RemoteSystem};
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use uis_host::sync::lock;
use url::Url;

/// The host of the plugin's connection.
pub const HOST: &str = "shop.crm.example";
/// Headers that the host itself adds to a request.
const HEADERS: [&str; 3] = ["accept", "content-type", "x-key"];

/// The size of an answer to `/big`, in bytes. The answers of one `send` fit into the plugin's memory.
pub const BIG: usize = 300 << 10;

/// What arrived.
#[derive(Debug, Default)]
pub struct Seen {
    /// Bytes of answers that were sent.
    pub given: AtomicUsize,
    /// Number of requests.
    pub requests: AtomicUsize,
    /// Number of requests in flight.
    now: AtomicUsize,
    /// The highest number of requests that were in flight at the same time.
    pub at_once: AtomicUsize,
    /// Hosts and headers that should not have arrived.
    pub foreign: Mutex<BTreeSet<String>>,
}

/// The remote system.
#[derive(Debug, Clone, Default)]
pub struct WatchedRemote(pub Arc<Seen>);

impl RemoteSystem for WatchedRemote {
    fn connect(&self, _: &str, _: &ConnectionNeed, _: Option<&Credentials>) -> Result<Remote, String> {
        let base = Url::parse(&format!("https://{HOST}")).map_err(|error| error.to_string())?;
        Ok(Remote { base, key: "the-key".to_owned().into(), egress: Arc::new(self.clone()), paced: false })
    }

    fn act<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        std::future::ready(Err("this remote system has no users".into())).boxed()
    }

    fn misbehave<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        std::future::ready(Err("this remote system misbehaves only for certain paths".into())).boxed()
    }
}

impl Egress for WatchedRemote {
    fn send(&self, request: http::Request<Bytes>, _: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let seen = &self.0;
            seen.requests.fetch_add(1, Ordering::Relaxed);
            let now = seen.now.fetch_add(1, Ordering::Relaxed) + 1;
            seen.at_once.fetch_max(now, Ordering::Relaxed);
            // Decrements the counter also when the request is cancelled.
            let _in_flight = InFlight(seen);
            let host = request.uri().host().unwrap_or_default();
            let mut foreign: Vec<String> = Vec::new();
            if host != HOST {
                foreign.push(format!("host {host}"));
            }
            foreign.extend(request.headers().keys().map(|name| name.as_str()).filter(|name| !HEADERS.contains(name)).map(str::to_owned));
            lock(&seen.foreign).extend(foreign);
            let mut answer = http::Response::new(Bytes::from_static(b"{}"));
            match request.uri().path() {
                "/hang" => std::future::pending().await,
                "/redirect" => {
                    *answer.status_mut() = http::StatusCode::FOUND;
                    answer.headers_mut().insert(http::header::LOCATION, http::HeaderValue::from_static("https://evil.example/"));
                }
                "/big" => *answer.body_mut() = Bytes::from(vec![b' '; BIG]),
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
            seen.given.fetch_add(answer.body().len(), Ordering::Relaxed);
            Ok(answer)
        }
        .boxed()
    }
}

struct InFlight<'a>(&'a Seen);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}
