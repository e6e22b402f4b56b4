//! Answers a request as the plan of faults wants it.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use crate::faults::{Fault, Reset, Trouble};
use crate::shapes::Api;
use crate::twin::{Seen, Twin};

/// The pause between two pieces of a slow body.
const PAUSE: Duration = Duration::from_millis(500);
/// The number of a slow body's pieces.
const PIECES: usize = 8;
/// What a web server shows while UIS is away.
const PAGE: &str = "<!DOCTYPE html>\n<html><body><h1>Technical works</h1></body></html>\n";

/// The media type of every true answer.
const JSON: &str = "application/json; charset=UTF-8";

/// Carries a request out, unless the plan of faults says otherwise, and answers it.
pub(super) async fn answer(twin: &Twin, api: Api, from: Option<IpAddr>, body: Bytes) -> Response {
    let Fault { latency, trouble } = twin.fault(api, &body);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut outcome = None;
    let fault = trouble.as_ref().map(Trouble::name);
    let mut carry_out = || {
        let answer = twin.answer(api, &body, from);
        outcome = Some(answer["error"]["data"]["mnemonic"].as_str().unwrap_or("ok").to_owned());
        written(&answer)
    };
    let response = match trouble {
        None => sent(JSON, carry_out().into()),
        Some(Trouble::Error(mnemonic)) => sent(JSON, written(&twin.refuse(&body, &mnemonic)).into()),
        Some(Trouble::Answer { status, content_type, body, retry_after }) => page(status, &content_type, body, retry_after),
        Some(Trouble::Reset(Reset::BeforeCommit)) => broken(),
        Some(Trouble::Reset(Reset::AfterCommit)) => {
            carry_out();
            broken()
        }
        Some(Trouble::Truncated) => {
            let whole = carry_out();
            sent(JSON, whole.slice(..whole.len() / 2).into())
        }
        Some(Trouble::WrongContentType) => sent("text/html; charset=UTF-8", carry_out().into()),
        Some(Trouble::SlowBody) => sent(JSON, slow(carry_out())),
        Some(Trouble::Page) => sent("text/html", PAGE.into()),
    };
    twin.seen(|| Seen { api, method: Twin::method(&body), outcome, fault });
    response
}

/// An answer that is not JSON-RPC.
fn page(status: u16, content_type: &str, body: String, retry_after: Option<u64>) -> Response {
    let mut response = (http::StatusCode::from_u16(status).unwrap_or_default(), body).into_response();
    if let Ok(kind) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn written(answer: &Value) -> Bytes {
    answer.to_string().into()
}

fn sent(content_type: &'static str, body: Body) -> Response {
    ([(CONTENT_TYPE, content_type)], body).into_response()
}

/// An answer whose body fails before its first byte: the server closes the connection.
fn broken() -> Response {
    let error = io::Error::new(io::ErrorKind::ConnectionReset, "asked for by the plan of faults");
    Response::new(Body::from_stream(stream::once(std::future::ready(Err::<Bytes, _>(error)))))
}

/// The same body in pieces. Without a length, so that the client has to wait for the end.
fn slow(body: Bytes) -> Body {
    let size = body.len().div_ceil(PIECES).max(1);
    Body::from_stream(stream::unfold(body, move |mut rest: Bytes| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    }))
}
