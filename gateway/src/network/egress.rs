//! Sends a handler's requests over HTTP. Connections are pooled; redirects are never followed, because they would carry the key to another
//! place; nothing is sent twice.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uis_host::ports::{Egress, EgressError};

/// How long a connection may take to be established. A host that does not answer at all must not use up a handler's whole time.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection stays open. Servers usually close theirs after 60 s or more; ours is gone before, so that no request meets
/// a connection that is being closed.
const IDLE: Duration = Duration::from_secs(30);

/// Requests over HTTP. Clones share the pool of connections.
#[derive(Debug, Clone)]
pub struct HttpEgress {
    client: reqwest::Client,
}

impl HttpEgress {
    /// A client of its own pool. Fails when the system's resolver or TLS cannot be set up.
    pub fn new() -> Result<HttpEgress, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
        Ok(HttpEgress { client })
    }
}

impl Egress for HttpEgress {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let began = Instant::now();
            let answer = self.exchange(request, limit).await;
            let outcome = match &answer {
                Ok(response) => response.status().as_str().to_owned(),
                Err(EgressError::NotSent(_)) => "not sent".to_owned(),
                Err(_) => "unknown".to_owned(),
            };
            metrics::histogram!("uis_gateway_request_seconds", "outcome" => outcome).record(began.elapsed().as_secs_f64());
            answer
        }
        .boxed()
    }
}

impl HttpEgress {
    async fn exchange(&self, request: http::Request<Bytes>, limit: usize) -> Result<http::Response<Bytes>, EgressError> {
        let request = reqwest::Request::try_from(request).map_err(|error| EgressError::NotSent(error.to_string()))?;
        let mut answer = self.client.execute(request).await.map_err(without_answer)?;
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(without_answer)? {
            if body.len() + part.len() > limit {
                return Err(EgressError::TooLarge(limit));
            }
            body.extend_from_slice(&part);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}

/// The error without the address, which a message to the owner need not repeat.
fn without_answer(error: reqwest::Error) -> EgressError {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    let text = format!("{error}{source}");
    if not_sent { EgressError::NotSent(text) } else { EgressError::OutcomeUnknown(text) }
}

/// Stands for a connection whose key cannot be read now: its requests are not sent, so that events wait and nothing is lost.
pub struct NoKey {
    /// Why, and what to do.
    pub why: String,
}

impl Egress for NoKey {
    fn send(&self, _: http::Request<Bytes>, _: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        ready(Err(EgressError::NotSent(self.why.clone()))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that answers each connection with these bytes, then closes it. Gives its address.
    async fn server(answer: &'static [u8]) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
            }
        });
        format!("http://{address}/")
    }

    async fn sent(url: &str, limit: usize) -> Result<http::Response<Bytes>, EgressError> {
        let request = http::Request::post(url).body(Bytes::from_static(b"a=1")).expect("a request");
        HttpEgress::new().expect("a client").send(request, limit).await
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_and_a_redirect_is_an_answer() {
        let url = server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi").await;
        let answer = sent(&url, 10).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (302, b"hi".as_slice()));
    }

    #[tokio::test]
    async fn an_answer_has_a_limit_and_one_that_breaks_off_is_unknown() {
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong").await;
        assert_eq!(sent(&url, 3).await.expect_err("too long"), EgressError::TooLarge(3));
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").await;
        assert!(matches!(sent(&url, 100).await, Err(EgressError::OutcomeUnknown(_))));
    }

    #[tokio::test]
    async fn a_request_that_reaches_nobody_is_not_sent() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let error = sent(&format!("http://{port}/?secret=1"), 10).await.expect_err("nobody listens");
        assert!(matches!(&error, EgressError::NotSent(text) if !text.contains("secret")), "{error}");
    }
}
