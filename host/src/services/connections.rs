//! The contract's import `connections`: requests to remote systems. The plugin gives a connection's name and a path. The host adds the base
//! URL and the credential, and applies rate limits and the deadline.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::ExposeSecret;

use super::EventScope;
use crate::bindings::exports::uis::integration::setup::AuthStyle;
use crate::bindings::uis::integration::connections::{Body, Host, Method, Request, Response, SendError};
use crate::connection::accept_base;
use crate::connection::pace::Pace;
use crate::endpoints::Endpoints;
use crate::limits::{PATH_BYTES, REQUEST_BODY_BYTES, REQUESTS_PER_SEND, REQUESTS_SIDE_BY_SIDE, RESPONSE_BODY_BYTES, cut};
use crate::ports::{Egress, EgressError, SentBy, StoreError};
use crate::sync::lock;
use crate::trace::{Answer, SendErrorKind, Step};

/// Characters of a path that must be percent-encoded.
const PATH_SET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}').add(b'%');

/// A request that passed all checks, and what is needed to send it.
struct Outgoing {
    request: http::Request<Bytes>,
    path: String,
    egress: Arc<dyn Egress>,
    pace: Arc<Pace>,
}

/// Why a request has no answer.
#[derive(Clone)]
enum Unanswered {
    /// A case of the contract's `send-error`.
    Error(SendError),
    /// Strict replay: the recording contains no such request; with the reason.
    Divergence(String),
}

impl From<SendError> for Unanswered {
    fn from(error: SendError) -> Self {
        Unanswered::Error(error)
    }
}

impl Unanswered {
    /// The kind and the reason, for the trace.
    fn shown(&self) -> (SendErrorKind, &str) {
        match self {
            Unanswered::Error(SendError::Denied(why)) => (SendErrorKind::Denied, why),
            Unanswered::Error(SendError::NotSent(why)) => (SendErrorKind::NotSent, why),
            Unanswered::Error(SendError::OutcomeUnknown(why)) => (SendErrorKind::OutcomeUnknown, why),
            Unanswered::Error(SendError::TooLarge(why)) => (SendErrorKind::TooLarge, why),
            Unanswered::Error(SendError::Deadline) => (SendErrorKind::Deadline, "no time was left"),
            Unanswered::Divergence(why) => (SendErrorKind::Divergence, why),
        }
    }

    /// The error that the plugin receives.
    fn for_plugin(self) -> SendError {
        match self {
            Unanswered::Error(error) => error,
            Unanswered::Divergence(why) => SendError::NotSent(format!("strict replay: {why}")),
        }
    }
}

/// Why a path is refused; none when it is valid.
fn path_problem(path: &str) -> Option<String> {
    let denied = |why: &str| Some(format!("the path {path:?} {why}"));
    if !path.starts_with('/') || path.starts_with("//") {
        return denied("must begin with exactly one slash");
    }
    if path.len() > PATH_BYTES {
        return Some(format!("the path is longer than {PATH_BYTES} bytes"));
    }
    if path.chars().any(char::is_control) || path.contains('\\') {
        return denied("contains control characters or backslashes");
    }
    if path.contains(['?', '#', '%']) {
        return denied("must be unencoded and without a query; put parameters into `query`");
    }
    // A segment that only begins with two dots, such as `..x`, is valid.
    if path.split('/').any(|segment| segment == "..") || path.contains("//") {
        return denied("must not contain .. or //");
    }
    None
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

/// Encodes name-value pairs as `application/x-www-form-urlencoded`.
fn encode_pairs(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl EventScope {
    /// Checks a request and builds the HTTP request, or gives the reason why it is refused.
    fn prepare(&self, request: &Request) -> Result<Outgoing, SendError> {
        let denied = |why: String| Err(SendError::Denied(why));
        let Some(connection) = self.integration.connections.get(&request.connection) else {
            return denied(format!("there is no connection {:?}; describe it in setup.describe", request.connection));
        };
        if let Some(why) = path_problem(&request.path) {
            return denied(why);
        }
        let mut url = lock(&connection.base).clone();
        url.set_path(&utf8_percent_encode(&request.path, PATH_SET).to_string());
        if !request.query.is_empty() {
            url.set_query(Some(&encode_pairs(&request.query)));
        }
        let too_long = |bytes: usize| SendError::Denied(format!("a body has at most {REQUEST_BODY_BYTES} bytes, not {bytes}"));
        // Checked before the text is searched for the secret's placeholder, to save the work.
        if let Body::Json(text) = &request.body
            && text.len() > REQUEST_BODY_BYTES
        {
            return Err(too_long(text.len()));
        }
        let endpoints = &self.integration.endpoints;
        let (content_type, body) = match &request.body {
            Body::Empty => (None, String::new()),
            Body::Form(fields) => {
                let revealed: Vec<(String, String)> = fields.iter().map(|(name, value)| (name.clone(), endpoints.reveal(value))).collect();
                (Some("application/x-www-form-urlencoded"), encode_pairs(&revealed))
            }
            Body::Json(text) => (Some("application/json"), endpoints.reveal(text)),
        };
        if body.len() > REQUEST_BODY_BYTES {
            return Err(too_long(body.len()));
        }
        let mut builder = http::Request::builder().method(method(request.method)).uri(url.as_str()).header(ACCEPT, "application/json");
        if let Some(content_type) = content_type {
            builder = builder.header(CONTENT_TYPE, content_type);
        }
        let mut outgoing = match builder.body(Bytes::from(body)) {
            Ok(outgoing) => outgoing,
            Err(error) => return denied(format!("the HTTP request cannot be built: {error}")),
        };
        let key = connection.key.expose_secret();
        let credential = match &connection.auth {
            AuthStyle::None => None,
            AuthStyle::Header(name) => Some((HeaderName::try_from(name.as_str()).ok(), HeaderValue::try_from(key).ok())),
            AuthStyle::Bearer => Some((Some(AUTHORIZATION), HeaderValue::try_from(format!("Bearer {key}")).ok())),
        };
        match credential {
            None => {}
            Some((Some(name), Some(mut value))) => {
                value.set_sensitive(true);
                outgoing.headers_mut().insert(name, value);
            }
            Some(_) => {
                return denied("the connection's key contains characters that an HTTP header cannot hold; enter the key again".into());
            }
        }
        outgoing.extensions_mut().insert(SentBy { origin: self.origin, run: self.run, round: self.rounds });
        let (egress, pace) = (connection.egress.clone(), connection.pace.clone());
        Ok(Outgoing { request: outgoing, path: request.path.clone(), egress, pace })
    }

    /// Waits for the rate limit, sends one request, and waits for its answer, all before `until`.
    async fn send_one(outgoing: Outgoing, until: Instant) -> Result<Response, Unanswered> {
        if until <= Instant::now() {
            return Err(SendError::Deadline.into());
        }
        if !outgoing.pace.wait(&outgoing.path, until).await {
            return Err(SendError::NotSent("the connection's rate limit allows no request before the deadline".into()).into());
        }
        let left = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, outgoing.egress.send(outgoing.request, RESPONSE_BODY_BYTES)).await {
            Err(_) => Err(SendError::OutcomeUnknown(format!("no answer within {} ms", left.as_millis())).into()),
            Ok(Err(EgressError::NotSent(why))) => Err(SendError::NotSent(why).into()),
            Ok(Err(EgressError::Divergence(why))) => Err(Unanswered::Divergence(why)),
            Ok(Err(EgressError::OutcomeUnknown(why))) => Err(SendError::OutcomeUnknown(why).into()),
            Ok(Err(EgressError::TooLarge(limit))) => Err(SendError::TooLarge(format!("an answer has at most {limit} bytes")).into()),
            Ok(Ok(answer)) => {
                let header = |name: HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                let media_type = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                let retry_after = header(RETRY_AFTER).trim().parse().ok();
                Ok(Response { status: answer.status().as_u16(), content_type: media_type, retry_after, body: answer.into_body().to_vec() })
            }
        }
    }
}

impl EventScope {
    /// Checks the requests of one `send` against the event's limits, in order; each becomes an HTTP request or an error.
    fn admit(&mut self, requests: &[Request]) -> Vec<Result<Outgoing, SendError>> {
        let limits = self.integration.limits.clone();
        let mut admit = |(index, request): (usize, &Request)| {
            if index >= REQUESTS_PER_SEND {
                return Err(SendError::Denied(format!("one send takes at most {REQUESTS_PER_SEND} requests")));
            }
            if self.requests >= limits.requests {
                return Err(SendError::Denied(format!("limit requests = {} per event", limits.requests)));
            }
            self.requests += 1;
            let outgoing = self.prepare(request)?;
            let bytes = self.bytes_out + outgoing.request.body().len();
            if bytes > limits.bytes_out {
                return Err(SendError::Denied(format!("limit bytes-out = {} per event", limits.bytes_out)));
            }
            self.bytes_out = bytes;
            Ok(outgoing)
        };
        requests.iter().enumerate().map(&mut admit).collect()
    }

    /// Called before requests are sent. Even requests that only read are effects: the remote system sees them.
    async fn before_requests(&self, requests: &[Request]) -> Result<(), StoreError> {
        match requests.iter().all(|request| matches!(request.method, Method::Get)) {
            true => {
                self.turn().await;
                self.integration.store.commit(&self.integration.name).await
            }
            false => self.before_effect().await,
        }
    }

    /// A future that sends one checked request. Nothing is sent before the caller's stream polls the future.
    fn sending(&self, admitted: Result<Outgoing, SendError>, until: Instant) -> BoxFuture<'static, Result<Response, Unanswered>> {
        let outgoing = match admitted {
            Ok(outgoing) => outgoing,
            Err(error) => return Box::pin(std::future::ready(Err(error.into()))),
        };
        let (received, most, integration) = (self.bytes_in.clone(), self.integration.limits.bytes_in, self.integration.clone());
        Box::pin(async move {
            // Checked when the request starts, not when `send` is called: otherwise the 64 answers of one `send` could exceed the limit
            // many times over.
            if received.load(Ordering::Relaxed) >= most {
                return Err(SendError::Denied(format!("limit bytes-in = {most} per event")).into());
            }
            let mut answer = Self::send_one(outgoing, until).await;
            if let Ok(answer) = &mut answer {
                answer.body = integration.endpoints.conceal(std::mem::take(&mut answer.body));
            }
            received.fetch_add(answer.as_ref().map_or(0, |answer| answer.body.len()), Ordering::Relaxed);
            answer
        })
    }
}

impl Host for EventScope {
    async fn send(&mut self, requests: Vec<Request>, deadline_ms: u32) -> wasmtime::Result<Vec<Result<Response, SendError>>> {
        self.before_requests(&requests).await?;
        self.rounds += u32::from(!requests.is_empty());
        let until = self.usable_until().min(Instant::now() + Duration::from_millis(deadline_ms.into()));
        let sending: Vec<_> = self.admit(&requests).into_iter().map(|admitted| self.sending(admitted, until)).collect();
        let answers: Vec<Result<Response, Unanswered>> = stream::iter(sending).buffered(REQUESTS_SIDE_BY_SIDE).collect().await;
        for (request, answer) in requests.into_iter().zip(&answers) {
            let step = step(self.rounds, request, answer, &self.integration.endpoints);
            self.trace.push(step);
        }
        Ok(answers.into_iter().map(|answer| answer.map_err(Unanswered::for_plugin)).collect())
    }

    async fn propose_base_url(&mut self, connection: String, base_url: String) -> wasmtime::Result<Result<(), String>> {
        self.before_effect().await?;
        let Some(connection) = self.integration.connections.get(&connection) else {
            return Ok(Err(format!("there is no connection {connection:?}")));
        };
        Ok(accept_base(connection, &base_url))
    }
}

/// How much of a refused body the trace keeps, in bytes. Enough to recognise the request.
const DENIED_BYTES: usize = 16 << 10;

/// The trace's step for a request and its answer. It contains neither the connection's key nor the callback secret or its placeholder.
fn step(round: u32, request: Request, answer: &Result<Response, Unanswered>, endpoints: &Endpoints) -> Step {
    let mut form = match request.body {
        Body::Empty => Vec::new(),
        Body::Form(fields) => fields,
        Body::Json(text) => vec![(String::new(), text)],
    };
    let (mut path, mut query) = (request.path, request.query);
    if matches!(answer, Err(Unanswered::Error(SendError::Denied(_)))) {
        let bytes = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        for pairs in [&mut form, &mut query] {
            let held = bytes(pairs);
            if held > DENIED_BYTES || pairs.len() > DENIED_BYTES / 64 {
                *pairs = vec![(String::new(), format!("({held} bytes)"))];
            }
        }
        path.truncate(cut(&path, PATH_BYTES).len());
    }
    let form = form.into_iter().map(|(name, value)| (name, endpoints.hide(value))).collect();
    Step::Request {
        round,
        connection: request.connection,
        method: method(request.method).to_string(),
        path,
        query,
        form,
        answer: match answer {
            Ok(response) => {
                let body = endpoints.hide(String::from_utf8_lossy(&response.body).into_owned());
                Answer::Response { status: response.status, body, retry_after: response.retry_after }
            }
            Err(unanswered) => {
                let (error, message) = unanswered.shown();
                Answer::Error { error, message: message.to_owned() }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_connection() {
        for good in ["/", "/v1/customers", "/v1/customers/имя", "/a/..b/c."] {
            assert_eq!(path_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "api",
            "//evil.example/x",
            "https://evil.example/",
            "/a/../b",
            "/a//b",
            "/a\r\nX: y",
            "/a?b=c",
            "/a#b",
            "/a%2e%2e/b",
            "/\\evil",
            &format!("/{}", "a".repeat(PATH_BYTES)),
        ] {
            assert!(path_problem(bad).is_some(), "{bad}");
        }
    }
}
