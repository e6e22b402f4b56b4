//! Virtual time: an order of lanes that is drawn from a seed. Each import that other handlers could notice waits for its turn, and some of
//! them take virtual time. So handlers of several lanes, and of later lines of the recording, overlap as they do in real time. Only one
//! handler runs at a time; therefore the same seed gives the same output on any number of threads.

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

/// One of this many imports takes virtual time.
const SLOW_CALL_IN: u32 = 6;
/// The longest virtual time of one import, in milliseconds.
const SLOWEST_CALL_MS: u32 = 2_500;

/// Decides by a seeded random generator which waiting handler continues.
pub struct DrawnTurns {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    generator: ChaCha8Rng,
    /// Handlers that wait for a turn: the earliest time of the turn, and the channel that grants it. The key is the handler's number, which
    /// does not depend on threads.
    waiting: BTreeMap<u64, (i64, oneshot::Sender<()>)>,
    /// The time of each handler's first turn, drawn when the handler joined.
    joined: BTreeMap<u64, i64>,
    /// Handlers that have not ended, by number; true if their imports may take virtual time.
    slow: BTreeMap<u64, bool>,
    /// Number of handlers that run between two turns.
    awake: usize,
    /// The waker of the task that waits until no handler runs.
    resting: Option<Waker>,
}

impl Inner {
    fn below(&mut self, bound: u32) -> u32 {
        // The remainder is not perfectly uniform, but the deviation is far too small to matter here.
        self.generator.next_u32() % bound.max(1)
    }

    /// The virtual time that the next import of a handler takes, in milliseconds.
    fn latency(&mut self, handler: u64) -> i64 {
        let slow = self.slow.get(&handler).copied().unwrap_or(false);
        if slow && self.below(SLOW_CALL_IN) == 0 { i64::from(self.below(SLOWEST_CALL_MS)) } else { 0 }
    }
}

impl DrawnTurns {
    /// A generator with a seed. The clock gives the virtual time.
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

    /// A handler starts. It counts as running until it waits for its first turn. Live events take no virtual time, because their sender
    /// waits for the answer. Activations take none either, so that an integration is active before the first line of a recording.
    pub(super) fn join(&self, handler: u64, event: &Event) {
        let slow = event.class() == Class::Kept && !matches!(event, Event::Activate | Event::Deactivate);
        let now = self.clock.now_ms();
        let mut inner = lock(&self.inner);
        inner.slow.insert(handler, slow);
        let at = now + inner.latency(handler);
        inner.joined.insert(handler, at);
        inner.awake += 1;
    }

    /// Waits for the handler's first turn.
    pub(super) async fn first_turn(&self, handler: u64) {
        let at = lock(&self.inner).joined.remove(&handler);
        self.wait(handler, at).await;
    }

    /// A handler has ended.
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
        // The sender is dropped only together with the dispatch, and then nothing runs any more.
        let _ = turn.await;
    }

    /// The time of the next turn; none when no handler waits.
    pub(super) fn next_at(&self) -> Option<i64> {
        lock(&self.inner).waiting.values().map(|(at, _)| *at).min()
    }

    /// Grants a turn to one of the handlers that may continue at `now`. False when there is none.
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
        // An error means that the handler was dropped; the dispatch notices that by itself.
        let _ = give.send(());
        true
    }

    /// Ready when no handler runs; otherwise wakes `waker` when the last running one waits.
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
