//! Sending requests to a remote system: over the network, to a simulator in the same process, or from a recording.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::store::Origin;

/// Sends requests. An implementation never sends a request twice and never follows a redirect.
pub trait Egress: Send + Sync {
    /// Sends a request and reads the whole answer, at most `limit` bytes of its body. The request has the credential already; the caller
    /// applies the deadline by dropping the future.
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>>;
}

/// Which run of a handler sends a request. It is among the request's `extensions`, for an egress that records or compares requests, and is
/// not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentBy {
    /// The event's origin.
    pub origin: Origin,
    /// The number that whoever wraps the plugin gave to this run; 0 when nobody numbers runs.
    pub run: u64,
    /// The number of the run's `connections.send` that contains the request, from 1.
    pub round: u32,
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
