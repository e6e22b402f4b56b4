//! Sending requests to a remote system: over the network, to a simulator in the same process, or from a recording.

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Sends requests. An implementation never sends a request twice and never follows a redirect.
pub trait Egress: Send + Sync {
    /// Sends a request and reads the whole answer, at most `limit` bytes of its body. The request has the credential already; the caller
    /// applies the deadline by dropping the future.
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>>;
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The request did not reach the remote system.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have been carried out.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// The answer is longer than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// Strict replay: the recording contains no such request at this point.
    #[error("divergence: {0}")]
    Divergence(String),
}
