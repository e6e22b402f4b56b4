//! The way out to a remote system, behind which stands a network client, a simulator in the same process, or a recording.

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Carries one request. It never sends anything twice and follows no redirect.
pub trait Egress: Send + Sync {
    /// Sends a request and reads the whole answer, at most `limit` bytes of it.
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The request did not reach the other side.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have been carried out.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// The answer is longer than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// Strict replay: the recording has no such request here.
    #[error("divergence: {0}")]
    Divergence(String),
}
