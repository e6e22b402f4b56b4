//! How many requests a second a key may make: 10, and 40 of telephony's, as the official Go client's limiter has it. A request
//! beyond that is answered 503 (or 429) and not carried out.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};

use crate::wire::ApiError;

/// The limits of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateLimit {
    /// Requests a second.
    pub general: u32,
    /// Requests a second to `/telephony/*`.
    pub telephony: u32,
    /// 503 or 429.
    pub status: u16,
    /// What the refusal's body is.
    pub body: RefusalBody,
}

/// The body of a refusal: the API promises no JSON there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusalBody {
    /// `{"success":false,"errorMsg":"Rate limit exceeded"}`.
    #[default]
    Json,
    /// A page of the web server before the API.
    Html,
    /// Nothing.
    Empty,
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { general: 10, telephony: 40, status: 503, body: RefusalBody::Json }
    }
}

impl RateLimit {
    /// The answer to a request too many.
    pub fn refusal(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        match self.body {
            RefusalBody::Json => ApiError::new(status, "Rate limit exceeded").into_response(),
            RefusalBody::Empty => status.into_response(),
            RefusalBody::Html => {
                let page = format!(
                    "<html>\r\n<head><title>{status}</title></head>\r\n<body><center><h1>{status}</h1></center></body>\r\n</html>\r\n"
                );
                (status, [(CONTENT_TYPE, "text/html")], page).into_response()
            }
        }
    }
}

/// Tokens left, by key and class. A bucket holds a second's worth.
#[derive(Debug, Default)]
pub struct Buckets(HashMap<(String, bool), Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl Buckets {
    /// Takes a token; false when none is left.
    pub fn take(&mut self, limit: &RateLimit, key: &str, telephony: bool, now: DateTime<Utc>) -> bool {
        let most = f64::from(if telephony { limit.telephony } else { limit.general });
        let bucket = self.0.entry((key.to_owned(), telephony)).or_insert(Bucket { tokens: most, at: now });
        let passed = (now - bucket.at).num_microseconds().unwrap_or(i64::MAX).max(0) as f64 / 1e6;
        bucket.tokens = (bucket.tokens + passed * most).min(most);
        bucket.at = bucket.at.max(now);
        let enough = bucket.tokens >= 1.0;
        if enough {
            bucket.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn ten_requests_a_second_and_forty_of_telephony() {
        let (limit, mut buckets) = (RateLimit::default(), Buckets::default());
        let now = DateTime::UNIX_EPOCH;
        let mut taken = |telephony, key: &str, at| (0..100).filter(|_| buckets.take(&limit, key, telephony, at)).count();
        assert_eq!((taken(false, "a", now), taken(true, "a", now), taken(false, "b", now)), (10, 40, 10), "each key has its own");
        assert_eq!(taken(false, "a", now + TimeDelta::milliseconds(300)), 3, "they come back evenly");
        assert_eq!(taken(true, "a", now + TimeDelta::seconds(60)), 40, "and no more than a second's worth is kept");
    }
}
