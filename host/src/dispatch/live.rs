//! Real time: live events. They run at once, in order within their call, unless their integration holds too many places already.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::serving::{CallKey, FREE_SHARE, LiveEvent, Serving};
use super::{Dispatch, LiveEnd};
use crate::ports::{ProblemKind, StoreError};

/// A live event that has waited so long for a place is dropped: the phone has rung.
const LIVE_PATIENCE: Duration = Duration::from_secs(3);

impl Dispatch<'_> {
    /// Starts a live event, or lets it wait until the earlier live events of its call have ended, or until its integration may have another
    /// place.
    pub(super) async fn receive_live(&mut self, slot: usize, event: LiveEvent, serving: &mut Serving) -> Result<(), StoreError> {
        if serving.queued.contains_key(&slot) || !self.may_have_live_place(slot, serving) {
            *serving.count(slot) += 1;
            serving.queued.entry(slot).or_default().push_back((event, Instant::now()));
            return Ok(());
        }
        self.start_live_in_order(slot, event, serving).await
    }

    pub(super) async fn start_live_in_order(
        &mut self,
        slot: usize,
        (arrival, reply): LiveEvent,
        serving: &mut Serving,
    ) -> Result<(), StoreError> {
        let call = arrival.event.call().map(|call| (slot, call.session_id));
        if let Some(later) = call.and_then(|call| serving.calls.get_mut(&call)) {
            later.push_back((arrival, reply));
            return Ok(());
        }
        self.start_live(slot, call, (arrival, reply), serving).await.map(|_| ())
    }

    /// Whether an integration may handle another live event now: always one, and more by the same share as of kept events. So a slow remote
    /// system, whose calls hold their places until their time is over, leaves places for the calls of others.
    pub(super) fn may_have_live_place(&self, slot: usize, serving: &Serving) -> bool {
        let own = serving.live.1.get(&slot).copied().unwrap_or(0);
        let free = self.places.saturating_sub(self.kept_at_work + serving.live.0);
        own == 0 || own * self.places < free * FREE_SHARE
    }

    /// Starts live events that wait for a place, as far as there are some now; drops those that have waited too long.
    pub(super) async fn start_queued(&mut self, serving: &mut Serving) -> Result<(), StoreError> {
        for slot in serving.queued.keys().copied().collect::<Vec<_>>() {
            while let Some(((arrival, reply), since)) = serving.queued.get_mut(&slot).and_then(VecDeque::pop_front) {
                if since.elapsed() > LIVE_PATIENCE {
                    let text = format!("{} was dropped: too many live events of this integration are being handled", arrival.what);
                    self.problem(slot, arrival.origin, ProblemKind::Stale, text);
                    let _ = reply.send(LiveEnd::Dropped);
                } else if self.may_have_live_place(slot, serving) {
                    self.start_live_in_order(slot, (arrival, reply), serving).await?;
                } else {
                    serving.queued.entry(slot).or_default().push_front(((arrival, reply), since));
                    break;
                }
                *serving.count(slot) -= 1;
            }
            if serving.queued.get(&slot).is_some_and(VecDeque::is_empty) {
                serving.queued.remove(&slot);
            }
        }
        Ok(())
    }

    /// Starts a live event; false when it was dropped.
    pub(super) async fn start_live(
        &mut self,
        slot: usize,
        call: Option<CallKey>,
        (arrival, reply): LiveEvent,
        serving: &mut Serving,
    ) -> Result<bool, StoreError> {
        let Some(event) = self.admit_live(slot, *arrival) else {
            let _ = reply.send(LiveEnd::Dropped);
            return Ok(false);
        };
        *serving.count(slot) += 1;
        serving.live.0 += 1;
        *serving.live.1.entry(slot).or_default() += 1;
        self.spawn(slot, event).await?;
        serving.replies.insert(self.handlers, reply);
        if let Some(call) = call {
            serving.calls.entry(call).or_default();
        }
        Ok(true)
    }

    /// A live event of a call has ended: the next one of the call is started. An event that is too old by now is dropped.
    pub(super) async fn next_of_call(&mut self, call: CallKey, serving: &mut Serving) -> Result<(), StoreError> {
        while let Some(next) = serving.calls.get_mut(&call).and_then(VecDeque::pop_front) {
            if self.start_live(call.0, Some(call), next, serving).await? {
                return Ok(());
            }
        }
        serving.calls.remove(&call);
        Ok(())
    }
}
