//! Faults of requests: a remote system whose requests fail as planned. It stands in front of any remote system, so it needs nothing of the
//! remote system's own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::Clock;
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError};
use uis_host::sync::lock;

use super::cell::RequestFault;
use crate::replay::{Remote, RemoteSystem};

/// How much later a request that is committed late is carried out, in milliseconds of virtual time. Longer than the first retry waits.
pub const LATE_MS: i64 = 4_000;

/// How long a slow answer takes, in milliseconds of virtual time. Within the deadline that a caller leaves.
pub const SLOW_MS: i64 = 3_000;

/// A request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    /// The remote system answered it. The recording's own faults may prevent that.
    pub answered: bool,
}

/// A request that is carried out later.
struct Outstanding {
    due: i64,
    egress: Arc<dyn Egress>,
    request: http::Request<Bytes>,
    limit: usize,
}

/// What the connections of a faulty system share.
struct Shared {
    clock: Arc<dyn Clock>,
    plan: BTreeMap<u32, RequestFault>,
    sent: Mutex<Vec<Sent>>,
    count: Arc<AtomicU32>,
    outstanding: Mutex<Vec<Outstanding>>,
}

impl Shared {
    /// Carries out the requests that are committed late and due up to a time.
    async fn commit(&self, until: i64) {
        loop {
            let next = {
                let mut all = lock(&self.outstanding);
                all.sort_by_key(|one| one.due);
                if all.first().is_some_and(|one| one.due <= until) { all.remove(0) } else { return }
            };
            // Nobody waits for the answer.
            let _ = next.egress.send(next.request, next.limit).await;
        }
    }
}

/// A remote system whose requests fail as planned.
pub struct FaultySystem {
    inner: Arc<dyn RemoteSystem>,
    shared: Arc<Shared>,
}

impl FaultySystem {
    /// The system behind `inner`. `plan` has the faults by the number of the request, from 1 in the order of sending. The clock is that of the
    /// replay.
    pub fn new(inner: Arc<dyn RemoteSystem>, clock: Arc<dyn Clock>, plan: BTreeMap<u32, RequestFault>) -> FaultySystem {
        FaultySystem {
            inner,
            shared: Arc::new(Shared { clock, plan, sent: Mutex::default(), count: Arc::default(), outstanding: Mutex::default() }),
        }
    }

    /// The requests so far, in the order of sending.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.shared.sent).clone()
    }

    /// How many requests were sent so far.
    pub fn count(&self) -> Arc<AtomicU32> {
        self.shared.count.clone()
    }

    /// Carries out the requests that are still to be committed. Called when the replay has ended, before the content is read.
    pub async fn finish(&self) {
        self.shared.commit(i64::MAX).await;
    }
}

impl RemoteSystem for FaultySystem {
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        let remote = self.inner.connect(integration, need, chosen)?;
        let egress = Arc::new(FaultyEgress { inner: remote.egress.clone(), shared: self.shared.clone() });
        Ok(Remote { egress, ..remote })
    }

    fn system_of(&self, integration: &str) -> String {
        self.inner.system_of(integration)
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        async move {
            self.shared.commit(self.shared.clock.now_ms()).await;
            self.inner.act(integration, act).await
        }
        .boxed()
    }

    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        self.inner.misbehave(integration, faults)
    }

    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        async move {
            self.shared.commit(self.shared.clock.now_ms()).await;
            self.inner.content().await
        }
        .boxed()
    }

    fn is_over(&self) -> bool {
        self.inner.is_over()
    }
}

struct FaultyEgress {
    inner: Arc<dyn Egress>,
    shared: Arc<Shared>,
}

impl Egress for FaultyEgress {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let Shared { clock, plan, sent, count, outstanding } = self.shared.as_ref();
            let now = clock.now_ms();
            // Counted before anything is waited for: the order is that of sending, also for requests that are sent side by side.
            let number = {
                let mut all = lock(sent);
                all.push(Sent { method: request.method().to_string(), path: request.uri().path().to_owned(), at: now, answered: false });
                count.fetch_add(1, Ordering::SeqCst) + 1
            };
            self.shared.commit(now).await;
            let lost = |what: &str| Err(EgressError::OutcomeUnknown(format!("{what} (an injected fault)")));
            match plan.get(&number) {
                None => {
                    let answer = self.inner.send(request, limit).await;
                    if let Some(sent) = lock(sent).get_mut(number as usize - 1) {
                        sent.answered = answer.is_ok();
                    }
                    answer
                }
                Some(RequestFault::NotSent) => Err(EgressError::NotSent("no connection (an injected fault)".into())),
                Some(RequestFault::LostBefore) => lost("the connection broke"),
                Some(RequestFault::LostAfter) => {
                    self.inner.send(request, limit).await?;
                    lost("the connection broke")
                }
                Some(RequestFault::Late) => {
                    let late = Outstanding { due: now.saturating_add(LATE_MS), egress: self.inner.clone(), request, limit };
                    lock(outstanding).push(late);
                    lost("the connection broke")
                }
                Some(RequestFault::TooMany) => {
                    refused(429, "application/json", r#"{"success":false,"errorMsg":"Too many requests"}"#, Some("1"))
                }
                Some(RequestFault::Unavailable) => refused(503, "application/json", r#"{"success":false,"errorMsg":"Unavailable"}"#, None),
                Some(RequestFault::Broken) => refused(500, "text/html", "<html><body>500 Internal Server Error</body></html>", None),
                Some(RequestFault::Page) => refused(404, "text/html", "<html><body>404 Not Found</body></html>", None),
                Some(RequestFault::Truncated) => {
                    let (parts, body) = self.inner.send(request, limit).await?.into_parts();
                    Ok(http::Response::from_parts(parts, body.slice(..body.len() / 2)))
                }
                Some(RequestFault::Slow) => {
                    let answer = self.inner.send(request, limit).await;
                    clock.advance_to(now.saturating_add(SLOW_MS));
                    answer
                }
            }
        }
        .boxed()
    }
}

/// An answer in the remote system's place; the request is not carried out.
fn refused(status: u16, kind: &str, body: &'static str, retry_after: Option<&str>) -> Result<http::Response<Bytes>, EgressError> {
    let mut answer = http::Response::builder().status(status).header(CONTENT_TYPE, kind);
    if let Some(seconds) = retry_after {
        answer = answer.header(RETRY_AFTER, seconds);
    }
    answer.body(Bytes::from_static(body.as_bytes())).map_err(|error| EgressError::NotSent(error.to_string()))
}
