//! The order of lanes in virtual time, drawn from a seed. Every host call that others may notice waits for its turn, and takes some virtual
//! time now and then, so that handlers of several lanes, and of later lines, overlap as they do in real time. One handler is awake at a time, so
//! the same seed gives the same bytes, however many threads there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::event::{Class, Event};
use crate::ports::Turns;
use crate::sync::lock;

/// One host call in so many takes virtual time.
const SLOW_CALL_IN: u32 = 6;
/// The most virtual time that a host call takes, in milliseconds.
const SLOWEST_CALL_MS: u32 = 2_500;

/// Draws whose turn it is.
pub struct DrawnTurns {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    generator: ChaCha8Rng,
    /// Handlers that wait for a turn: from when on they may have it, and how they learn of it. By number, which does not depend on threads.
    waiting: BTreeMap<u64, (i64, oneshot::Sender<()>)>,
    /// First turns, whose time was drawn when the handler joined.
    joined: BTreeMap<u64, i64>,
    /// Handlers that have not ended, and whether their host calls may take virtual time.
    slow: BTreeMap<u64, bool>,
    /// Handlers that are at work between two host calls.
    awake: usize,
    /// Whoever waits until nobody is awake.
    resting: Option<Waker>,
}

impl Inner {
    fn below(&mut self, bound: u32) -> u32 {
        // The bias of a remainder is far below what the tests could notice.
        self.generator.next_u32() % bound.max(1)
    }

    /// How long the next host call of a handler takes, in milliseconds.
    fn latency(&mut self, handler: u64) -> i64 {
        let slow = self.slow.get(&handler).copied().unwrap_or(false);
        if slow && self.below(SLOW_CALL_IN) == 0 { i64::from(self.below(SLOWEST_CALL_MS)) } else { 0 }
    }
}

impl DrawnTurns {
    /// Draws from a seed.
    pub fn new(seed: u64, clock: Arc<dyn Clock>) -> DrawnTurns {
        let inner = Inner {
            generator: ChaCha8Rng::seed_from_u64(seed),
            waiting: BTreeMap::new(),
            joined: BTreeMap::new(),
            slow: BTreeMap::new(),
            awake: 0,
            resting: None,
        };
        DrawnTurns { clock, inner: Mutex::new(inner) }
    }

    /// A handler begins. It counts as awake until it waits for its first turn. A live event takes no time, because somebody waits for its
    /// answer; neither do activations, because a recording begins with an integration that is on.
    pub(super) fn join(&self, handler: u64, event: &Event) {
        let slow = event.class() == Class::Kept && !matches!(event, Event::Activate | Event::Deactivate);
        let now = self.clock.now_ms();
        let mut inner = lock(&self.inner);
        inner.slow.insert(handler, slow);
        let at = now + inner.latency(handler);
        inner.joined.insert(handler, at);
        inner.awake += 1;
    }

    /// Waits for a handler's first turn.
    pub(super) async fn first_turn(&self, handler: u64) {
        let at = lock(&self.inner).joined.remove(&handler);
        self.wait(handler, at).await;
    }

    /// A handler ended.
    pub(super) fn leave(&self, handler: u64) {
        let mut inner = lock(&self.inner);
        inner.slow.remove(&handler);
        inner.awake = inner.awake.saturating_sub(1);
    }

    async fn wait(&self, handler: u64, at: Option<i64>) {
        let now = self.clock.now_ms();
        let turn = {
            let mut inner = lock(&self.inner);
            let at = at.unwrap_or_else(|| now + inner.latency(handler));
            let (give, turn) = oneshot::channel();
            inner.waiting.insert(handler, (at, give));
            inner.awake = inner.awake.saturating_sub(1);
            if let Some(resting) = inner.resting.take() {
                resting.wake();
            }
            turn
        };
        // The sender is dropped only with the dispatch, and then nothing goes on any more.
        let _ = turn.await;
    }

    /// When the next turn may be given; none: nobody waits.
    pub(super) fn next_at(&self) -> Option<i64> {
        lock(&self.inner).waiting.values().map(|(at, _)| *at).min()
    }

    /// Gives a turn to one of those who may have it at this time; false: to nobody.
    pub(super) fn give(&self, now: i64) -> bool {
        let mut inner = lock(&self.inner);
        let ready: Vec<u64> = inner.waiting.iter().filter(|(_, (at, _))| *at <= now).map(|(handler, _)| *handler).collect();
        let Ok(count) = u32::try_from(ready.len()) else { return false };
        if count == 0 {
            return false;
        }
        let drawn = inner.below(count) as usize;
        let Some((_, give)) = ready.get(drawn).and_then(|handler| inner.waiting.remove(handler)) else { return false };
        inner.awake += 1;
        // Whoever does not wait any more has ended, and says so by ending.
        let _ = give.send(());
        true
    }

    /// Whether nobody is awake; else the waker is called when that may be so.
    pub(super) fn poll_rest(&self, waker: &Waker) -> Poll<()> {
        let mut inner = lock(&self.inner);
        if inner.awake == 0 {
            return Poll::Ready(());
        }
        inner.resting = Some(waker.clone());
        Poll::Pending
    }
}

impl Turns for DrawnTurns {
    fn turn(&self, handler: u64) -> BoxFuture<'_, ()> {
        self.wait(handler, None).boxed()
    }
}
