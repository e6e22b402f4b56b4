//! An `exchange` line of a recording: `{"at":…,"exchange":{"run":4,"line":3,"event":"on-call-finished …","attempt":1,"round":1,
//! "connection":"…","request":{…},"response":{…}}}`. The members before `request` say which run of a handler sent the request. In an
//! exchange that somebody wrote by hand they may be left out; then any run may send it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uis_host::ports::EgressError;

/// A recorded exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The run that sent the request; none: any run may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The line of the recording that caused the run. A timer has the line of the event that set it, an activation at the beginning line 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The handler, and what its event is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
    /// The number of the attempt, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The number of the run's `connections.send` that contained the request, from 1. Requests of one `send` run side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The connection's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    /// The request.
    pub request: Sent,
    /// The answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Received>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<NoAnswer>,
    /// The reason in words, if there was no answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How long the answer took, in milliseconds, if that was long enough to matter: a handler has only so much time.
    #[serde(default, rename = "tookMs", skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoAnswer {
    /// The request did not reach the remote system.
    NotSent,
    /// The connection broke: the request may have been carried out.
    OutcomeUnknown,
    /// The answer was larger than the host accepts.
    TooLarge,
    /// The time that the handler had for the request ran out.
    Deadline,
}

/// A request without its credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Scheme, host and port; empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    /// The HTTP method.
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// The query, encoded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The form, encoded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub form: String,
    /// The JSON body, as the text that was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub json: String,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// The header `Retry-After`. In a recording, seconds may be a number.
    #[serde(default, deserialize_with = "text_or_seconds", skip_serializing_if = "String::is_empty")]
    pub retry_after: String,
    /// The body, as text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body_hex: String,
}

fn text_or_seconds<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a number of seconds")]
    enum Either {
        Text(String),
        Seconds(u32),
    }
    Ok(match Either::deserialize(value)? {
        Either::Text(text) => text,
        Either::Seconds(seconds) => seconds.to_string(),
    })
}

/// An exchange, and when and where it was noted.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The line of the recording; 0 when it is not written yet.
    pub line: u64,
    /// When the request was sent.
    pub at: DateTime<Utc>,
    /// The integration that sent it; empty: any.
    pub integration: String,
    /// The exchange.
    pub exchange: Exchange,
}

/// Parses the member `exchange` of a line. The error says which member is wrong.
pub fn exchange(value: Value) -> Result<Exchange, String> {
    let exchange: Exchange =
        serde_path_to_error::deserialize(value).map_err(|error| format!("exchange.{}: {}", error.path(), error.inner()))?;
    if exchange.response.is_some() == exchange.error.is_some() {
        return Err("exchange: expected either response or error".into());
    }
    let received = exchange.response.as_ref();
    if received.is_some_and(|received| !received.body_hex.is_empty() && bytes_of(&received.body_hex).is_none()) {
        return Err("exchange.response.bodyHex: expected bytes in hexadecimal, two digits each".into());
    }
    Ok(exchange)
}

/// A request in the form of an exchange.
pub fn sent(request: &http::Request<Bytes>) -> Sent {
    let uri = request.uri();
    let json = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let (form, json) = if json { (String::new(), body) } else { (body, String::new()) };
    let base = uri.scheme_str().zip(uri.authority()).map(|(scheme, authority)| format!("{scheme}://{authority}"));
    Sent {
        base: base.unwrap_or_default(),
        method: request.method().to_string(),
        path: percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy().into_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        form,
        json,
    }
}

/// An answer in the form of an exchange.
pub fn received(answer: &http::Response<Bytes>) -> Received {
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (body, body_hex) = match std::str::from_utf8(answer.body()) {
        Ok(text) => (text.to_owned(), String::new()),
        Err(_) => (String::new(), answer.body().iter().map(|byte| format!("{byte:02x}")).collect()),
    };
    Received { status: answer.status().as_u16(), content_type: header(CONTENT_TYPE), retry_after: header(RETRY_AFTER), body, body_hex }
}

impl Received {
    /// The answer as HTTP, as long as its body has at most `limit` bytes.
    pub fn answer(self, limit: usize) -> Result<http::Response<Bytes>, EgressError> {
        let body = if self.body_hex.is_empty() { Some(self.body.into_bytes()) } else { bytes_of(&self.body_hex) }.unwrap_or_default();
        if body.len() > limit {
            return Err(EgressError::TooLarge(limit));
        }
        let mut builder = http::Response::builder().status(self.status);
        for (name, value) in [(CONTENT_TYPE, self.content_type), (RETRY_AFTER, self.retry_after)] {
            if !value.is_empty() {
                builder = builder.header(name, value);
            }
        }
        builder.body(Bytes::from(body)).map_err(|error| EgressError::NotSent(format!("the recorded answer is not valid HTTP: {error}")))
    }
}

/// Reads hexadecimal digits; none if the text has anything else.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_and_its_answer_are_the_same_after_they_were_written_and_read() {
        let request = http::Request::post("https://shop.crm.example/a%20b/c?x=1&y=%26")
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from_static(b"{ \"a\": 1 }"))
            .expect("a request");
        let wire = sent(&request);
        assert_eq!((wire.base.as_str(), wire.path.as_str(), wire.query.as_str()), ("https://shop.crm.example", "/a b/c", "x=1&y=%26"));
        assert_eq!((wire.json.as_str(), wire.form.as_str()), ("{ \"a\": 1 }", ""));
        for body in [&b"plain"[..], b"\xcf\xf0\xe8"] {
            let answer = http::Response::builder().status(503).header(RETRY_AFTER, "7").header(CONTENT_TYPE, "text/html");
            let answer = answer.body(Bytes::copy_from_slice(body)).expect("an answer");
            let line = json!({"request": wire, "response": received(&answer)});
            let again = exchange(line).expect("readable").response.expect("an answer").answer(100).expect("HTTP");
            assert_eq!((again.status(), again.headers(), again.body()), (answer.status(), answer.headers(), answer.body()));
        }
    }

    #[test]
    fn an_exchange_that_cannot_be_read_names_the_member() {
        let request = json!({"method": "GET", "path": "/"});
        for (value, part) in [
            (json!({"request": request}), "either response or error"),
            (json!({"request": request, "response": {"status": 200}, "error": "not-sent"}), "either response or error"),
            (json!({"request": request, "error": "broken"}), "exchange.error"),
            (json!({"request": request, "response": {"status": 200, "bodyHex": "abc"}}), "bodyHex"),
            (json!({"request": {"method": "GET", "path": "/", "from": 1}, "error": "not-sent"}), "exchange.request"),
        ] {
            let error = exchange(value.clone()).expect_err("unreadable");
            assert!(error.contains(part), "{value}: {error}");
        }
    }

    #[test]
    fn an_answer_above_the_limit_is_too_large_again() {
        let received = Received { status: 200, body: "123456".into(), ..Received::default() };
        assert_eq!(received.clone().answer(5).err(), Some(EgressError::TooLarge(5)));
        assert!(received.answer(6).is_ok());
    }
}
