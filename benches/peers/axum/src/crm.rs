//! Requests to RetailCRM over a pool of connections.

use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use tokio::time::Instant;
use uis_retailcrm::bindings::uis::integration::connections::{Body, Method as Verb, Request, Response, SendError};
use url::Url;

/// How many requests of one call are on their way at the same time.
const SIDE_BY_SIDE: usize = 8;

/// One RetailCRM account.
pub struct Crm {
    client: reqwest::Client,
    base: Url,
}

impl Crm {
    /// A client for the account at this address. Errors: the key cannot be a header.
    pub fn new(base: Url, key: &str) -> anyhow::Result<Crm> {
        let mut key = HeaderValue::from_str(key).context("the key cannot be a header")?;
        key.set_sensitive(true);
        let headers = HeaderMap::from_iter([(reqwest::header::HeaderName::from_static("x-api-key"), key)]);
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .no_proxy()
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Crm { client, base })
    }

    /// The account's address with this path, for links.
    pub fn link(&self, path: &str) -> Option<String> {
        let link = self.base.join(path).ok()?;
        (link.origin() == self.base.origin()).then(|| link.into())
    }

    /// Sends requests side by side; the answers are in the same order.
    pub async fn send(&self, requests: Vec<Request>, deadline: Duration) -> Vec<Result<Response, SendError>> {
        let until = Instant::now() + deadline;
        stream::iter(requests).map(|request| self.send_one(request, until)).buffered(SIDE_BY_SIDE).collect().await
    }

    async fn send_one(&self, request: Request, until: Instant) -> Result<Response, SendError> {
        tokio::time::timeout_at(until, self.answer(request))
            .await
            .unwrap_or_else(|_| Err(SendError::OutcomeUnknown("the deadline passed".to_owned())))
    }

    async fn answer(&self, request: Request) -> Result<Response, SendError> {
        let mut url = self.base.join(&request.path).map_err(|error| SendError::Denied(error.to_string()))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let outgoing = self.client.request(method(request.method), url);
        let outgoing = match request.body {
            Body::Empty => outgoing,
            Body::Form(fields) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                outgoing.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            Body::Json(text) => outgoing.header(CONTENT_TYPE, "application/json").body(text),
        };
        let answer = outgoing.send().await.map_err(failed)?;
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_lowercase();
        let (status, retry_after) = (answer.status().as_u16(), header(RETRY_AFTER).parse().ok());
        let body = answer.bytes().await.map_err(failed)?;
        Ok(Response { status, content_type, retry_after, body: body.into() })
    }
}

fn failed(error: reqwest::Error) -> SendError {
    match error.is_connect() || error.is_builder() {
        true => SendError::NotSent(error.to_string()),
        false => SendError::OutcomeUnknown(error.to_string()),
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    }
}
