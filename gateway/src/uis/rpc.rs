//! Calls of one of UIS's APIs over JSON-RPC 2.0: one address, one pool of connections, one session, one count of points.
//!
//! Nothing is sent twice here, except once after a session has ended: then UIS has not executed the request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use uis_host::clock::Clock;
use uis_host::ports::{Egress, EgressError};
use uis_host::sync::lock;
use url::Url;

use super::answer::{self, Answer, Read};
use super::error::CallError;
use super::points::{Points, Purpose};
use super::session::{Credentials, Sessions};

/// How long a whole call may take. A report of a day takes UIS seconds.
const ANSWER: Duration = Duration::from_secs(60);
/// The largest answer. A page of 10 000 calls has some 30 MiB.
const BODY: usize = 64 * 1024 * 1024;
/// Calls at the same time. More would only wait at UIS, and use up the minute's points in a burst.
const AT_ONCE: usize = 8;

/// One API of one account.
pub struct Rpc {
    egress: Arc<dyn Egress>,
    url: Url,
    sessions: Sessions,
    points: Points,
    clock: Arc<dyn Clock>,
    next_id: AtomicU64,
    places: Semaphore,
    /// What a person must put right: of the account by the empty name, of a method by its name.
    problems: Mutex<BTreeMap<String, String>>,
    /// Columns that UIS refused, by the method.
    pub(super) refused_columns: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Rpc {
    /// An API at an address. `egress` sends the requests.
    pub fn new(egress: Arc<dyn Egress>, url: Url, credentials: Credentials, clock: Arc<dyn Clock>) -> Rpc {
        Rpc {
            egress,
            url,
            sessions: Sessions::new(credentials),
            points: Points::default(),
            clock,
            next_id: AtomicU64::new(1),
            places: Semaphore::new(AT_ONCE),
            problems: Mutex::default(),
            refused_columns: Mutex::default(),
        }
    }

    /// The points of this API.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// The current time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Why UIS does not answer now, in sentences: what a person must put right, or that it cannot be reached.
    pub fn problems(&self) -> Vec<String> {
        lock(&self.problems).values().cloned().collect()
    }

    /// Calls a method. `params` are without the access token. When no points are left for the purpose, nothing is sent.
    pub async fn call(&self, method: &str, params: Map<String, Value>, purpose: Purpose) -> Result<Answer, CallError> {
        let answer = self.attempt(method, params, purpose).await;
        if let Err(error @ (CallError::NotSent(_) | CallError::NoAnswer(_))) = &answer {
            // The next answer of UIS takes it back.
            self.note("", method, error);
        }
        answer
    }

    async fn attempt(&self, method: &str, params: Map<String, Value>, purpose: Purpose) -> Result<Answer, CallError> {
        self.points.take(self.now(), purpose).map_err(CallError::Busy)?;
        let token = self.sessions.token(self).await?;
        let first = self.with_token(method, params.clone(), token.expose_secret()).await;
        let again = matches!(&first, Err(error) if error.asks_for_a_session());
        if !again || !self.sessions.ended(&token).await {
            return first;
        }
        let token = self.sessions.token(self).await?;
        self.with_token(method, params, token.expose_secret()).await
    }

    async fn with_token(&self, method: &str, mut params: Map<String, Value>, token: &str) -> Result<Answer, CallError> {
        params.insert("access_token".to_owned(), token.into());
        self.exchange(method, params).await
    }

    /// Sends one request. `params` are whole.
    pub(super) async fn exchange(&self, method: &str, params: Map<String, Value>) -> Result<Answer, CallError> {
        let _place = self.places.acquire().await.map_err(|_| CallError::NotSent("the client is closed".to_owned()))?;
        let began = std::time::Instant::now();
        let answer = self.send(method, params).await;
        let outcome = match &answer {
            Ok(Ok(_)) => "ok",
            Ok(Err(_)) => "error",
            Err(CallError::NotSent(_)) => "not sent",
            Err(_) => "no answer",
        };
        metrics::histogram!("uis_gateway_uis_call_seconds", "method" => method.to_owned(), "outcome" => outcome)
            .record(began.elapsed().as_secs_f64());
        match answer? {
            Ok(answer) => {
                self.points.answered(&answer.limits, self.now());
                lock(&self.problems).retain(|name, _| !name.is_empty() && name != method);
                Ok(answer)
            }
            Err(object) => Err(self.failed(method, &object)),
        }
    }

    fn failed(&self, method: &str, object: &Value) -> CallError {
        let error = match answer::error(object) {
            CallError::Busy(_) => CallError::Busy(self.points.exceeded(object, self.now())),
            error => {
                self.points.answered(&object["data"]["metadata"]["limits"], self.now());
                error
            }
        };
        let name = match &error {
            CallError::NotAdmitted(_) => "",
            CallError::NotGranted(_) => method,
            _ => {
                tracing::debug!(method, host = self.host(), %error);
                return error;
            }
        };
        self.note(name, method, &error);
        error
    }

    /// Notes why UIS does not answer. It is logged once; every event that needs UIS meets it again.
    fn note(&self, name: &str, method: &str, error: &CallError) {
        let text = error.to_string();
        if lock(&self.problems).insert(name.to_owned(), text.clone()).as_ref() != Some(&text) {
            tracing::error!(method, host = self.host(), %error);
        }
    }

    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    async fn send(&self, method: &str, params: Map<String, Value>) -> Result<Read, CallError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        let request = http::Request::post(self.url.as_str()).header("content-type", "application/json; charset=UTF-8");
        let request = request.body(Bytes::from(body)).map_err(|error| CallError::NotSent(error.to_string()))?;
        let sending = self.egress.send(request, BODY);
        let answer = tokio::time::timeout(ANSWER, sending).await;
        let answer = answer.map_err(|_| CallError::NoAnswer(format!("none within {} s", ANSWER.as_secs())))?.map_err(without_answer)?;
        answer::read(answer.status().as_u16(), answer.body(), id)
    }
}

fn without_answer(error: EgressError) -> CallError {
    match error {
        EgressError::NotSent(why) => CallError::NotSent(why),
        EgressError::TooLarge(limit) => CallError::NoAnswer(format!("more than {limit} bytes")),
        EgressError::OutcomeUnknown(why) | EgressError::Divergence(why) => CallError::NoAnswer(why),
    }
}
