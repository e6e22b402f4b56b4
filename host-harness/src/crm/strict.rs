//! Strict replays: each request gets the answer that was recorded for it. A request that the recording does not contain is a divergence. An
//! `exchange` is `{"request":{"method","path","query","form"},"response":{"status","contentType","body"}}`; `query` and `form` are encoded
//! as they were sent. In place of `response` it may have `"error":"not-sent"|"outcome-unknown"|"too-large"`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use uis_host::endpoints::callback::parameters;
use uis_host::ports::{Egress, EgressError};
use uis_host::sync::lock;

/// A recorded exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The request.
    pub request: Sent,
    /// The answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Received>,
    /// Why there was no answer: `not-sent`, `outcome-unknown` or `too-large`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A request without its credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// The query, encoded.
    #[serde(default)]
    pub query: String,
    /// The form, encoded, or the JSON body.
    #[serde(default)]
    pub form: String,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    #[serde(default)]
    pub content_type: String,
    /// The body, as text.
    #[serde(default)]
    pub body: String,
    /// The header `Retry-After`, in seconds, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// The identity of a request; the order of parameters does not matter.
type Key = (String, String, Vec<(String, String)>, Vec<(String, String)>);

/// Answers requests from recorded exchanges. Equal requests get the recorded answers in their order.
#[derive(Debug, Default)]
pub struct Recorded {
    exchanges: Mutex<BTreeMap<Key, VecDeque<Exchange>>>,
}

fn key(sent: &Sent) -> Key {
    let sorted = |encoded: &str| {
        let mut pairs = parameters(encoded);
        pairs.sort();
        pairs
    };
    (sent.method.clone(), sent.path.clone(), sorted(&sent.query), sorted(&sent.form))
}

impl Recorded {
    /// Adds the `exchange` of a line. The error says which member is wrong.
    pub fn add(&self, exchange: Value) -> Result<(), String> {
        let exchange: Exchange =
            serde_path_to_error::deserialize(exchange).map_err(|error| format!("exchange.{}: {}", error.path(), error.inner()))?;
        if exchange.response.is_some() == exchange.error.is_some() {
            return Err("exchange: expected either response or error".into());
        }
        lock(&self.exchanges).entry(key(&exchange.request)).or_default().push_back(exchange);
        Ok(())
    }

    /// Recorded requests that were not sent.
    pub fn unused(&self) -> Vec<String> {
        let left = lock(&self.exchanges);
        left.values()
            .flatten()
            .map(|exchange| format!("recorded but not sent: {} {}", exchange.request.method, exchange.request.path))
            .collect()
    }
}

/// A request in the form of an exchange.
pub fn sent(request: &http::Request<Bytes>) -> Sent {
    Sent {
        method: request.method().to_string(),
        path: percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        form: String::from_utf8_lossy(request.body()).into_owned(),
    }
}

impl Egress for Recorded {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        let sent = sent(&request);
        let found = lock(&self.exchanges).get_mut(&key(&sent)).and_then(VecDeque::pop_front);
        Box::pin(std::future::ready(match found {
            None => Err(EgressError::Divergence(
                format!("not recorded: {} {} {} {}", sent.method, sent.path, sent.query, sent.form).trim_end().to_owned(),
            )),
            Some(Exchange { response: Some(response), .. }) if response.body.len() > limit => Err(EgressError::TooLarge(limit)),
            Some(Exchange { response: Some(response), .. }) => http::Response::builder()
                .status(response.status)
                .header(CONTENT_TYPE, response.content_type)
                // A header without a number is as good as none.
                .header(RETRY_AFTER, response.retry_after.map(|seconds| seconds.to_string()).unwrap_or_default())
                .body(Bytes::from(response.body))
                .map_err(|error| EgressError::NotSent(format!("the recorded answer is not valid HTTP: {error}"))),
            Some(Exchange { error, .. }) if error.as_deref() == Some("too-large") => Err(EgressError::TooLarge(limit)),
            Some(Exchange { error, .. }) if error.as_deref() == Some("not-sent") => Err(EgressError::NotSent("as recorded".into())),
            Some(_) => Err(EgressError::OutcomeUnknown("as recorded".into())),
        }))
    }
}
