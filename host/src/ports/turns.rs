//! The order in which concurrent handlers continue. In real time threads and the network decide it, and this port is not used. A replay may
//! draw the order from a seed, so that errors that depend on the order can be found and reproduced.

use futures_util::future::BoxFuture;

/// Decides when a handler continues at an import that other handlers could notice.
pub trait Turns: Send + Sync {
    /// Waits until the handler with this number may continue.
    fn turn(&self, handler: u64) -> BoxFuture<'_, ()>;
}
