//! Writes to the store that the dispatch makes.
//!
//! In virtual time each write is awaited. In real time the dispatch goes on at once: a store applies writes in the order of the calls, and the
//! commit before an effect covers all of them, so nobody outside can notice a write that is not on disk yet. A write that fails ends the
//! dispatch.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::FuturesUnordered;

use super::Dispatch;
use crate::integration::Integration;
use crate::ports::{End, IntegrationState, KeptEvent, StoreError};

/// A write to the store.
#[derive(Debug)]
pub(super) enum Write {
    /// Stores an event.
    Keep(Box<KeptEvent>),
    /// Counts an attempt; with the event's id and the number of the attempt that follows if this one never ends.
    Begin(String, u32),
    /// Ends an attempt; with the event's id.
    Finish(String, End, Option<IntegrationState>),
    /// Sets the integration's state.
    State(IntegrationState),
    /// Nothing new: everything so far is on disk when it is done.
    Commit,
}

/// Writes that were begun and are not done.
pub(super) type Begun = FuturesUnordered<BoxFuture<'static, Result<(), StoreError>>>;

impl Write {
    /// Begins the write now; the future is done when the write is.
    pub(super) fn begin(self, integration: Arc<Integration>) -> BoxFuture<'static, Result<(), StoreError>> {
        begun(async move {
            let (store, owner) = (&integration.store, integration.name.as_str());
            match self {
                Write::Keep(event) => store.keep(owner, &event).await,
                Write::Begin(id, next_attempt) => store.begin(owner, &id, next_attempt).await,
                Write::Finish(id, end, state) => store.finish(owner, &id, end, state).await,
                Write::State(state) => store.set_state(owner, state).await,
                Write::Commit => store.commit(owner).await,
            }
        })
    }
}

/// Polls a future once, so that it calls the store now and not when somebody first waits for it.
pub(super) fn begun<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> BoxFuture<'static, T> {
    let mut future = future.boxed();
    match future.poll_unpin(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => ready(done).boxed(),
        Poll::Pending => future,
    }
}

impl Dispatch<'_> {
    /// Makes a write: awaits it in virtual time, only begins it in real time.
    pub(super) async fn write(&mut self, slot: usize, write: Write) -> Result<(), StoreError> {
        let writing = write.begin(self.slots[slot].integration.clone());
        match &self.begun {
            None => writing.await,
            Some(begun) => {
                begun.push(writing);
                Ok(())
            }
        }
    }
}
