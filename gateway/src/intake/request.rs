//! Reading a request within the limits.

use std::time::Duration;

use axum::extract::{FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::config::IntakeLimits;
use crate::requests::Raw;

/// The parts of an address. One that is not UTF-8 leads nowhere, like every unknown address.
pub struct Steps<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Steps<T> {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(steps)| Steps(steps)).map_err(|_| StatusCode::NOT_FOUND)
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// After how many seconds the sender may try again, if it may.
    pub retry_after: Option<u8>,
}

impl Refusal {
    /// A refusal that is counted under this reason.
    pub fn counted(status: StatusCode, why: &'static str) -> Refusal {
        metrics::counter!("uis_gateway_requests_refused_total", "why" => why).increment(1);
        Refusal { status, retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self.retry_after {
            Some(seconds) => (self.status, [("retry-after", seconds.to_string())]).into_response(),
            None => self.status.into_response(),
        }
    }
}

/// Reads a request within the limits. None for another method than GET and POST; the error is the answer: 413 for a body that is too
/// large, 408 for one that comes too slowly, 400 for one that breaks off.
pub async fn read(request: Request, limits: &IntakeLimits) -> Result<Option<Raw>, Refusal> {
    let method = match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        _ => return Ok(None),
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let reading = Limited::new(request.into_body(), limits.body_bytes).collect();
    let refused = |status, why| Err(Refusal::counted(status, why));
    match tokio::time::timeout(Duration::from_secs(limits.body_seconds), reading).await {
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT, "slow body"),
        Ok(Err(error)) if error.is::<LengthLimitError>() => refused(StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
        Ok(Err(_)) => refused(StatusCode::BAD_REQUEST, "broken body"),
        Ok(Ok(body)) => Ok(Some(Raw { method, query, content_type, body: body.to_bytes() })),
    }
}
