//! Where slow rules run: aside, on one thread of their own. A rule that is done at once (a rule in Rust takes microseconds) runs where its event
//! runs; one that is still at work at the engine's second tick goes on over here, so that however many rules never end, the threads that serve
//! everybody lose two ticks to each and no more. Measured with four rules that never end on two cores: without this, other events took 320 ms
//! in place of half a millisecond.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How often a piece of work has its turn where it began. The tick is everybody's, so it may come right after the beginning of the first.
const TURNS: usize = 2;

/// The thread; it ends with its last handle.
#[derive(Clone)]
pub struct SlowRuleThread {
    handle: Handle,
    /// Held for as long as the thread is needed.
    _end: Arc<oneshot::Sender<()>>,
}

impl SlowRuleThread {
    /// Starts the thread.
    pub fn start() -> std::io::Result<SlowRuleThread> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let serve = move || {
            // An error says that the sender is gone, which is what is waited for.
            let _ = runtime.block_on(ended);
        };
        std::thread::Builder::new().name("uis-host-slow-rules".into()).spawn(serve)?;
        Ok(SlowRuleThread { handle, _end: Arc::new(end) })
    }

    /// Runs a piece of work here until it gives way for the second time, and over there from then on. None: it panicked there.
    pub async fn run<T: Send + 'static>(&self, mut work: Pin<Box<dyn Future<Output = T> + Send>>) -> Option<T> {
        for _ in 0..TURNS {
            if let Poll::Ready(done) = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
                return Some(done);
            }
        }
        self.handle.spawn(work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_gives_way_goes_on_elsewhere() {
        let thread = SlowRuleThread::start().expect("a thread");
        let here = std::thread::current().id();
        assert_eq!(thread.run(Box::pin(async { std::thread::current().id() })).await, Some(here));
        let give_way = async || {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        };
        let slow = Box::pin(async move {
            give_way().await;
            std::thread::current().id()
        });
        assert!(thread.run(slow).await.is_some_and(|there| there != here));
        let falls = Box::pin(async move {
            give_way().await;
            panic!("as asked")
        });
        assert_eq!(thread.run::<()>(falls).await, None);
    }
}
