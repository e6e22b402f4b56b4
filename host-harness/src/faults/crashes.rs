//! Crashes of the host: a plugin whose handlers end between two writes, as if the process had been killed there. The event is delivered again
//! as its next attempt, as after a restart. What was written before the crash stays: it may have been committed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use uis_host::bindings::uis::integration::types::{Delivery, Failure, RetryLater};
use uis_host::event::Event;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Run};
use uis_host::ports::{StoreError, Turns};
use uis_host::services::EventScope;
use uis_host::sync::lock;

/// Why an attempt failed whose host crashed.
pub const CRASHED: &str = "the host crashed";

/// One run of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The handler's name.
    pub handler: &'static str,
    /// The recording's line that caused the event.
    pub line: u64,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// How many requests were sent before it, by all attempts.
    pub sent_before: u32,
    /// How many imports that write it called.
    pub writes: u32,
    /// The host crashed in it.
    pub crashed: bool,
}

/// A plugin on a host that crashes as planned.
pub struct Crashing {
    inner: Arc<dyn Plugin>,
    /// After how many writes, by the number of the attempt from 1.
    plan: BTreeMap<u32, u32>,
    attempts: Mutex<Vec<Attempt>>,
    /// More attempts than these are not begun.
    most: u32,
    runaway: Notify,
    /// How many requests were sent so far, if somebody counts them.
    sent: Arc<AtomicU32>,
}

impl Crashing {
    /// The plugin on a host that crashes. `after` has, for each attempt in order, the number of writes after which the host crashes; 0: not in
    /// this attempt. When the list is used up, the host crashes no more.
    pub fn new(inner: Arc<dyn Plugin>, after: impl IntoIterator<Item = u32>) -> Crashing {
        let plan = (1..).zip(after).filter(|(_, writes)| *writes > 0).collect();
        Crashing { inner, plan, attempts: Mutex::default(), most: u32::MAX, runaway: Notify::new(), sent: Arc::default() }
    }

    /// The plugin on a host that crashes at these places: after how many writes, by the number of the attempt from 1.
    pub fn at(inner: Arc<dyn Plugin>, plan: BTreeMap<u32, u32>) -> Crashing {
        Crashing { plan, ..Crashing::new(inner, []) }
    }

    /// Begins at most this many attempts. One more never ends, and [`runaway`](Self::runaway) is ready.
    pub fn at_most(self, most: u32) -> Crashing {
        Crashing { most, ..self }
    }

    /// Notes for each attempt how many requests were sent before it. The counter is that of the [`FaultySystem`](super::requests::FaultySystem).
    pub fn counting(self, sent: Arc<AtomicU32>) -> Crashing {
        Crashing { sent, ..self }
    }

    /// The attempts so far, in the order in which they began.
    pub fn attempts(&self) -> Vec<Attempt> {
        lock(&self.attempts).clone()
    }

    /// Waits until there is an attempt too many. Drop the replay then.
    pub async fn runaway(&self) {
        self.runaway.notified().await;
    }

    fn begin(&self, scope: &EventScope, event: &Event) -> u32 {
        let mut all = lock(&self.attempts);
        let at = scope.integration.clock.now_ms();
        let sent_before = self.sent.load(Ordering::SeqCst);
        all.push(Attempt { handler: event.handler(), line: scope.origin.0, at, sent_before, writes: 0, crashed: false });
        u32::try_from(all.len()).unwrap_or(u32::MAX)
    }
}

/// The imports of one attempt: counts those that write, and ends the handler when it is time.
struct Place {
    after: Option<u32>,
    writes: AtomicU32,
    /// The order of lanes, if it is drawn.
    drawn: Option<(Arc<dyn Turns>, u64)>,
}

impl Turns for Place {
    fn turn(&self, _: u64) -> BoxFuture<'_, ()> {
        async move {
            if let Some((turns, handler)) = &self.drawn {
                turns.turn(*handler).await;
            }
        }
        .boxed()
    }

    fn before_write(&self, _: u64) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            if let Some((turns, handler)) = &self.drawn {
                turns.before_write(*handler).await?;
            }
            // Before the write after the last one that is made.
            if self.after.is_some_and(|after| self.writes.load(Ordering::SeqCst) >= after) {
                return Err(StoreError(CRASHED.into()));
            }
            self.writes.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        .boxed()
    }
}

impl Around for Crashing {
    fn inner(&self) -> &dyn Plugin {
        self.inner.as_ref()
    }

    fn handled(&self, mut scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        async move {
            let number = self.begin(&scope, &event);
            if number > self.most {
                self.runaway.notify_one();
                return std::future::pending().await;
            }
            let after = self.plan.get(&number).copied();
            let place = Arc::new(Place { after, writes: AtomicU32::new(0), drawn: scope.turns.take() });
            scope.turns = Some((place.clone(), 0));
            let mut run = self.inner.handle(scope, delivery, event).await;
            // Nothing after the handler may be refused.
            run.scope.turns = place.drawn.clone();
            let writes = place.writes.load(Ordering::SeqCst);
            // After the last write: before the host has recorded that the event is done.
            let crashed = after.is_some_and(|after| writes == after);
            if crashed {
                run.result = Ok(Err(Failure::Retry(RetryLater { after_ms: None, reason: CRASHED.into() })));
            }
            if let Some(attempt) = lock(&self.attempts).get_mut(number as usize - 1) {
                (attempt.writes, attempt.crashed) = (writes, crashed);
            }
            run
        }
        .boxed()
    }
}
