//! Reads from RetailCRM's API, one request after the other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uis_host::ports::Egress;
use url::Url;

use crate::guard::read_only::ReadOnly;

/// The largest answer that is read, in bytes.
const ANSWER_BYTES: usize = 64 << 20;
/// How long an answer is waited for.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two requests: RetailCRM allows ten a second, and other programs use the account too.
const PAUSE: Duration = Duration::from_millis(150);
/// How often a request is sent while the account answers that there are too many.
const ATTEMPTS: u32 = 6;
/// How long to wait before the next attempt when the account does not say, and at most.
const WAIT: Duration = Duration::from_secs(2);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Access to an account, for reading only.
pub struct Api {
    egress: ReadOnly,
    base: Url,
    key: SecretString,
    pause: Duration,
}

impl Api {
    /// Reads from the account at `base`. `paced`: it is a real account, whose limits count.
    pub fn new(egress: Arc<dyn Egress>, base: Url, key: SecretString, paced: bool) -> Api {
        Api { egress: ReadOnly(egress), base, key, pause: if paced { PAUSE } else { Duration::ZERO } }
    }

    /// An answer that must be there.
    pub async fn required(&self, path: &str, query: &[(&str, String)]) -> Result<Value, String> {
        self.get(path, query).await?
    }

    /// An answer. The inner error: there is no such thing, or the key has no right to it. The outer one: the account cannot be read.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Result<Value, String>, String> {
        for _ in 0..ATTEMPTS {
            tokio::time::sleep(self.pause).await;
            let answer = self.send(path, query).await?;
            let status = answer.status();
            if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
                let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
                tokio::time::sleep(said.unwrap_or(WAIT).min(WAIT_MAX)).await;
                continue;
            }
            let body: Option<Value> = serde_json::from_slice(answer.body()).ok();
            let why = body.as_ref().and_then(|body| body["errorMsg"].as_str()).unwrap_or("the answer is not RetailCRM's").to_owned();
            let failure = format!("GET {path} → {}: {why}", status.as_u16());
            return match (status, body) {
                (StatusCode::OK, Some(body)) if body["success"] == Value::Bool(true) => Ok(Ok(body)),
                // Something that is not there, a right that is missing, a filter that this account does not have.
                (StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, Some(_)) => Ok(Err(failure)),
                _ => Err(failure),
            };
        }
        Err(format!("GET {path}: the account answers that there are too many requests; try again later"))
    }

    async fn send(&self, path: &str, query: &[(&str, String)]) -> Result<http::Response<Bytes>, String> {
        let mut url = self.base.join(path).map_err(|error| format!("{path}: {error}"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = http::Request::get(url.as_str()).header("X-API-KEY", self.key.expose_secret()).body(Bytes::new());
        let request = request.map_err(|error| format!("GET {path}: {error}"))?;
        match tokio::time::timeout(DEADLINE, self.egress.send(request, ANSWER_BYTES)).await {
            Ok(answer) => answer.map_err(|error| format!("GET {path}: {error}")),
            Err(_) => Err(format!("GET {path}: no answer within {} s", DEADLINE.as_secs())),
        }
    }
}
