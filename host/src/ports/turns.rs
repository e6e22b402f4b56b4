//! The order in which concurrent handlers continue, and whether they do. In real time threads and the network decide it, and this port is not
//! used. A replay may draw the order from a seed, so that errors that depend on the order can be found and reproduced; and it may end a
//! handler between two writes, as a crash of the host does.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::StoreError;

/// Decides when a handler continues at an import that other handlers could notice.
pub trait Turns: Send + Sync {
    /// Waits until the handler with this number may continue.
    fn turn(&self, handler: u64) -> BoxFuture<'_, ()>;

    /// Like [`turn`](Self::turn), before an import that writes: to the store, to the remote system, to UIS. An error ends the handler here,
    /// with nothing of this import done. By default no handler is ended.
    fn before_write(&self, handler: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        self.turn(handler).map(Ok).boxed()
    }
}
