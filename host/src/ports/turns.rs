//! The order in which lanes get their turns at host calls. A host in real time has none: threads and the network decide. A replay may draw it
//! from a seed, so that what depends on the order is found, and found again.

use futures_util::future::BoxFuture;

/// Decides when a handler goes on at a host call that others can notice.
pub trait Turns: Send + Sync {
    /// Waits until the handler with this number may go on.
    fn turn(&self, handler: u64) -> BoxFuture<'_, ()>;
}
