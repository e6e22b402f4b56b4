//! `connections`: requests to remote systems. The plugin names a connection and a path; base URL, key, limits and time are the host's.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::EventScope;
use super::endpoints::Endpoints;
use super::pace::Pace;
use crate::bindings::exports::uis::integration::setup::AuthStyle;
use crate::bindings::uis::integration::connections::{Body, Host, Method, Request, Response, SendError};
use crate::egress::{Egress, EgressError};
use crate::integration::lock;
use crate::plugin::limits::{PATH_BYTES, REQUEST_BODY_BYTES, REQUESTS_PER_SEND, REQUESTS_SIDE_BY_SIDE, RESPONSE_BODY_BYTES, cut};
use crate::trace::{Answer, Step};

/// What a path cannot hold as it is.
const PATH_SET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}').add(b'%');

/// A remote system as the host holds it.
pub struct Connection {
    /// `https://host[:port]`, nothing more.
    pub base: Mutex<Url>,
    /// Hosts that the plugin described; empty when a developer chose the base himself.
    pub host_patterns: Vec<String>,
    /// Where the key goes.
    pub auth: AuthStyle,
    /// The key.
    pub key: SecretString,
    /// The way out.
    pub egress: Arc<dyn Egress>,
    /// Its rate limits.
    pub pace: Arc<Pace>,
}

/// A request that may go out, and by what way.
struct Outgoing {
    request: http::Request<Bytes>,
    path: String,
    egress: Arc<dyn Egress>,
    pace: Arc<Pace>,
}

impl Connection {
    /// Whether a link leads to this connection's own host: an absolute URL of the same scheme, host and port, without user information;
    /// a path counts as its own. Gives the absolute link.
    pub fn own_link(&self, link: &str) -> Result<String, String> {
        let base = lock(&self.base).clone();
        let resolved = if link.starts_with('/') && !link.starts_with("//") { base.join(link) } else { Url::parse(link) };
        let url = resolved.map_err(|error| format!("{link:?} is no link: {error}"))?;
        let own = url.scheme() == base.scheme() && url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default();
        if !own || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{link:?} does not lead to {}", base.host_str().unwrap_or("the connection's host")));
        }
        Ok(url.into())
    }
}

/// Whether a host matches a pattern: `*.example.com` stands for exactly one more label.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        None => pattern == host,
    }
}

/// Why a path is refused, if it is.
fn path_problem(path: &str) -> Option<String> {
    let denied = |why: &str| Some(format!("the path {path:?} {why}"));
    if !path.starts_with('/') || path.starts_with("//") {
        return denied("must begin with exactly one slash");
    }
    if path.len() > PATH_BYTES {
        return Some(format!("the path is longer than {PATH_BYTES} bytes"));
    }
    if path.chars().any(char::is_control) || path.contains('\\') {
        return denied("holds control characters or backslashes");
    }
    if path.contains(['?', '#', '%']) {
        return denied("must come unencoded and without a query");
    }
    // `split` sees every segment, so `..` anywhere is found, and `..x` is none.
    if path.split('/').any(|segment| segment == "..") || path.contains("//") {
        return denied("must not hold .. or //");
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

/// Name-value pairs as a query or form.
fn encode_pairs(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl EventScope {
    /// The request as it goes out, or why it never will.
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
        // What is far too long is not even looked through.
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
            Err(error) => return denied(format!("the request cannot be written down: {error}")),
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
            Some(_) => return denied("the connection's key cannot stand in a header; enter it again".into()),
        }
        let (egress, pace) = (connection.egress.clone(), connection.pace.clone());
        Ok(Outgoing { request: outgoing, path: request.path.clone(), egress, pace })
    }

    /// Sends one prepared request within the time left.
    async fn carry(outgoing: Outgoing, until: Instant) -> Result<Response, SendError> {
        if until <= Instant::now() {
            return Err(SendError::Deadline);
        }
        if !outgoing.pace.wait(&outgoing.path, until).await {
            return Err(SendError::NotSent("the remote system's rate limit leaves no room before the deadline".into()));
        }
        let left = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, outgoing.egress.carry(outgoing.request, RESPONSE_BODY_BYTES)).await {
            Err(_) => Err(SendError::OutcomeUnknown(format!("no answer within {} ms", left.as_millis()))),
            Ok(Err(EgressError::NotSent(why) | EgressError::Divergence(why))) => Err(SendError::NotSent(why)),
            Ok(Err(EgressError::OutcomeUnknown(why))) => Err(SendError::OutcomeUnknown(why)),
            Ok(Err(EgressError::TooLarge(limit))) => Err(SendError::TooLarge(format!("an answer has at most {limit} bytes"))),
            Ok(Ok(answer)) => {
                let header = |name: HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                let media_type = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                let retry_after = header(RETRY_AFTER).trim().parse().ok();
                Ok(Response { status: answer.status().as_u16(), content_type: media_type, retry_after, body: answer.into_body().to_vec() })
            }
        }
    }
}

impl Host for EventScope {
    async fn send(&mut self, requests: Vec<Request>, deadline_ms: u32) -> Vec<Result<Response, SendError>> {
        self.rounds += u32::from(!requests.is_empty());
        let until = self.deadline.min(Instant::now() + Duration::from_millis(deadline_ms.into()));
        let limits = self.integration.limits.clone();
        let prepared: Vec<_> = requests
            .iter()
            .enumerate()
            .map(|(index, request)| {
                if index >= REQUESTS_PER_SEND {
                    return Err(SendError::Denied(format!("one send takes at most {REQUESTS_PER_SEND} requests")));
                }
                if self.requests >= limits.requests {
                    return Err(SendError::Denied(format!("limit requests = {} an event", limits.requests)));
                }
                self.requests += 1;
                let outgoing = self.prepare(request)?;
                let bytes = self.bytes_out + outgoing.request.body().len();
                if bytes > limits.bytes_out {
                    return Err(SendError::Denied(format!("limit bytes-out = {} an event", limits.bytes_out)));
                }
                self.bytes_out = bytes;
                Ok(outgoing)
            })
            .collect();
        let sending = prepared.into_iter().map(|prepared| -> BoxFuture<'static, Result<Response, SendError>> {
            match prepared {
                Ok(outgoing) => {
                    let (received, most, integration) = (self.bytes_in.clone(), limits.bytes_in, self.integration.clone());
                    Box::pin(async move {
                        // Asked when its turn comes, so that one send cannot bring 64 answers past the limit.
                        if received.load(Ordering::Relaxed) >= most {
                            return Err(SendError::Denied(format!("limit bytes-in = {most} an event")));
                        }
                        let mut answer = Self::carry(outgoing, until).await;
                        if let Ok(answer) = &mut answer {
                            answer.body = integration.endpoints.conceal(std::mem::take(&mut answer.body));
                        }
                        received.fetch_add(answer.as_ref().map_or(0, |answer| answer.body.len()), Ordering::Relaxed);
                        answer
                    })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        });
        let sending: Vec<_> = sending.collect();
        let answers: Vec<Result<Response, SendError>> = stream::iter(sending).buffered(REQUESTS_SIDE_BY_SIDE).collect().await;
        for (request, answer) in requests.into_iter().zip(&answers) {
            let step = step(self.rounds, request, answer, &self.integration.endpoints);
            self.trace.push(step);
        }
        answers
    }

    fn propose_base_url(&mut self, connection: String, base_url: String) -> wasmtime::Result<Result<(), String>> {
        let Some(connection) = self.integration.connections.get(&connection) else {
            return Ok(Err(format!("there is no connection {connection:?}")));
        };
        Ok(accept_base(connection, &base_url))
    }
}

/// Takes a new base URL if its host matches the described patterns.
fn accept_base(connection: &Connection, proposed: &str) -> Result<(), String> {
    let patterns: Vec<&str> = connection.host_patterns.iter().map(String::as_str).collect();
    *lock(&connection.base) = plain_base(proposed, &patterns)?;
    Ok(())
}

/// A plain https address of a host that matches one of the patterns, without path and query; else why it is none.
pub fn plain_base(text: &str, host_patterns: &[&str]) -> Result<Url, String> {
    // A URL's parser takes `\\` for `/` and leaves line breaks out; other parsers do not, so such an address means two things.
    if text.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(format!("{text:?} holds backslashes, spaces or control characters"));
    }
    let mut base = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    let host = base.host_str().unwrap_or_default();
    if base.scheme() != "https" || !base.username().is_empty() || base.password().is_some() || base.port().is_some() {
        return Err(format!("{text:?} is not a plain https address"));
    }
    if !host_patterns.iter().any(|pattern| host_matches(pattern, host)) {
        return Err(format!("{host} matches none of: {}", host_patterns.join(", ")));
    }
    base.set_path("");
    base.set_query(None);
    base.set_fragment(None);
    Ok(base)
}

/// What is written down of a body that was refused, in bytes: enough to know it again.
const DENIED_BYTES: usize = 16 << 10;

/// A request and its answer, for the trace. The key is not in it, and neither are the callback secret and its stand-in.
fn step(round: u32, request: Request, answer: &Result<Response, SendError>, endpoints: &Endpoints) -> Step {
    let mut form = match request.body {
        Body::Empty => Vec::new(),
        Body::Form(fields) => fields,
        Body::Json(text) => vec![(String::new(), text)],
    };
    let (mut path, mut query) = (request.path, request.query);
    if matches!(answer, Err(SendError::Denied(_))) {
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
    let error = |case: &str, message: &str| Answer::Error { case: case.into(), message: message.into() };
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
                Answer::Response { status: response.status, body }
            }
            Err(SendError::Denied(why)) => error("denied", why),
            Err(SendError::NotSent(why)) => error("not-sent", why),
            Err(SendError::OutcomeUnknown(why)) => error("outcome-unknown", why),
            Err(SendError::TooLarge(why)) => error("too-large", why),
            Err(SendError::Deadline) => error("deadline", "no time was left"),
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

    #[test]
    fn a_star_stands_for_exactly_one_label() {
        assert!(host_matches("*.crm.example", "shop.CRM.example"));
        for other in ["crm.example", "a.b.crm.example", "evilcrm.example", ".crm.example", "shop.crm.example.evil.example"] {
            assert!(!host_matches("*.crm.example", other), "{other}");
        }
    }

    struct NoWay;
    impl Egress for NoWay {
        fn carry(
            &self,
            _: http::Request<Bytes>,
            _: usize,
        ) -> futures_util::future::BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
            Box::pin(async { Err(EgressError::NotSent("no way".into())) })
        }
    }

    fn connection() -> Connection {
        Connection {
            base: Mutex::new(Url::parse("https://shop.crm.example").expect("a URL")),
            host_patterns: vec!["*.crm.example".into()],
            auth: AuthStyle::None,
            key: SecretString::from("key"),
            egress: Arc::new(NoWay),
            pace: Arc::new(Pace::none()),
        }
    }

    #[test]
    fn only_links_to_the_connections_own_host_are_shown() {
        let connection = connection();
        assert_eq!(connection.own_link("/customers/5"), Ok("https://shop.crm.example/customers/5".into()));
        assert_eq!(connection.own_link("https://shop.crm.example:443/x"), Ok("https://shop.crm.example/x".into()));
        for foreign in [
            "https://evil.example/",
            "http://shop.crm.example/",
            "//evil.example/x",
            "javascript:alert(1)",
            "https://shop.crm.example@evil.example/",
            "https://u@shop.crm.example/",
            "https://shop.crm.example:444/",
            "customers/5",
        ] {
            assert!(connection.own_link(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_base_url_moves_only_within_the_described_hosts() {
        let connection = connection();
        assert!(accept_base(&connection, "https://evil.example").is_err());
        assert!(accept_base(&connection, "http://shop2.crm.example").is_err());
        assert!(accept_base(&connection, "https://u:p@shop2.crm.example").is_err());
        assert_eq!(accept_base(&connection, "https://shop2.crm.example/admin?x#y"), Ok(()));
        assert_eq!(connection.own_link("/a"), Ok("https://shop2.crm.example/a".into()));
    }
}
