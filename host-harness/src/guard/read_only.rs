//! An egress that can only read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;
use uis_host::ports::{Egress, EgressError};

/// Sends GET and HEAD, and refuses every other request: it never leaves the machine.
pub struct ReadOnly(pub Arc<dyn Egress>);

impl Egress for ReadOnly {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return self.0.send(request, limit);
        }
        let why = format!("{} {} would write; only reads are allowed here", request.method(), request.uri().path());
        Box::pin(std::future::ready(Err(EgressError::NotSent(why))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Any;
    impl Egress for Any {
        fn send(&self, _: http::Request<Bytes>, _: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
            Box::pin(std::future::ready(Ok(http::Response::new(Bytes::from_static(b"answered")))))
        }
    }

    #[tokio::test]
    async fn only_reads_are_sent() {
        let egress = ReadOnly(Arc::new(Any));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "MERGE"] {
            let request = http::Request::builder().method(method).uri("https://shop.crm.example/x").body(Bytes::new()).expect("a request");
            let sent = egress.send(request, 100).await.is_ok();
            assert_eq!(sent, matches!(method, "GET" | "HEAD"), "{method}");
        }
    }
}
