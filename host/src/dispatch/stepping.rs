//! Virtual time: what is due, in its order, up to a time. The clock moves only here.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::Stream;

use super::delivery::Ended;
use super::drawn::DrawnTurns;
use super::{Dispatch, KEPT_PER_INTEGRATION};
use crate::bindings::exports::uis::integration::schedule::TimerDue;
use crate::event::{Class, Event};
use crate::ports::{IntegrationState, KeptEvent, Origin, ProblemKind, SetTimer, StoreError};

/// Handlers that may run at one instant of a clock that stands. A line brings a handful; a plugin whose timer sets itself for "at once" would
/// otherwise keep the clock standing for ever.
const RUNS_AT_ONCE: u32 = 100_000;

/// What is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The first event of a lane.
    Event {
        /// The integration.
        slot: usize,
        /// The lane.
        key: String,
    },
    /// A timer.
    Timer {
        /// The integration.
        slot: usize,
        /// The timer's name.
        name: String,
    },
    /// A handler at work may go on.
    Turn,
}

impl Dispatch<'_> {
    /// Lets whoever turns the clock start over: what comes next is not set off by what came before.
    pub fn line_begins(&mut self) {
        self.runs.1 = 0;
    }

    /// What is due first, no later than `until`, and when.
    pub async fn next_due(&mut self, until: i64) -> Result<Option<(i64, Due)>, StoreError> {
        let mut first: Option<(i64, u64, Due)> = None;
        let mut offer = |at: i64, order: u64, due: Due| {
            if at <= until && first.as_ref().is_none_or(|(known, known_order, _)| (at, order) < (*known, *known_order)) {
                first = Some((at, order, due));
            }
        };
        let places = self.turns.is_none() || self.kept_at_work() < self.kept_places;
        for (slot, found) in self.slots.iter().enumerate() {
            if places
                && (self.turns.is_none() || found.at_work < KEPT_PER_INTEGRATION)
                && let Some((at, order, key)) = found.lanes.next()
            {
                offer(at, order, Due::Event { slot, key });
            }
            if found.lanes.state == IntegrationState::Active
                && let Some(next) = found.integration.store.next_timer(&found.integration.name).await?
            {
                offer(next.timer.at, u64::MAX - 1, Due::Timer { slot, name: next.timer.name });
            }
        }
        if let Some(at) = self.turns.as_ref().and_then(|turns| turns.next_at()) {
            offer(at, u64::MAX, Due::Turn);
        }
        Ok(first.map(|(at, _, due)| (at, due)))
    }

    pub(super) fn kept_at_work(&self) -> usize {
        self.slots.iter().map(|slot| slot.at_work).sum()
    }

    /// Runs everything that is due up to a time, each at its own; then the clock stands at that time.
    pub async fn advance(&mut self, until: i64) -> Result<(), StoreError> {
        while let Some((at, due)) = self.next_due(until).await? {
            self.clock.advance_to(at);
            self.run_due(due).await?;
        }
        self.clock.advance_to(until);
        Ok(())
    }

    /// Runs what is due. With a drawn order an event only begins; it goes on with its turns.
    pub async fn run_due(&mut self, due: Due) -> Result<(), StoreError> {
        if self.is_standing_still(&due) {
            return self.stop_standing_still(&due).await;
        }
        match (due, self.turns.clone()) {
            (Due::Event { slot, key }, None) => self.run_first(slot, &key).await,
            (Due::Event { slot, key }, Some(turns)) => {
                self.start_first(slot, &key).await?;
                self.rest(&turns).await
            }
            (Due::Timer { slot, name }, _) => self.fire(slot, name).await,
            (Due::Turn, Some(turns)) => {
                turns.give(self.now());
                self.rest(&turns).await
            }
            (Due::Turn, None) => Ok(()),
        }
    }

    /// A timer is due: its event waits in its lane, unless the run before still does.
    pub(super) async fn fire(&mut self, slot: usize, name: String) -> Result<(), StoreError> {
        let now = self.now();
        let integration = self.slots[slot].integration.clone();
        let (store, owner) = (&integration.store, integration.name.as_str());
        let Some(set) = store.next_timer(owner).await?.filter(|set| set.timer.name == name) else { return Ok(()) };
        let key = set.timer.ordering_key.clone();
        if set.timer.every_ms.is_some() && self.slots[slot].lanes.has_timer(&key, &name) {
            // Its last run still waits; a second would find the same to do.
            return store.fire(owner, &name, now, None).await;
        }
        let event = self.timer_event(slot, set);
        store.fire(owner, &name, now, Some(&event)).await?;
        self.slots[slot].lanes.push(event, now);
        Ok(())
    }

    fn timer_event(&mut self, slot: usize, set: SetTimer) -> KeptEvent {
        let SetTimer { timer, origin } = set;
        let event = Event::TimerDue(TimerDue { name: timer.name, due: timer.at, payload: timer.payload });
        let kept = self.kept(slot, super::Arrival { origin, what: "timer".into(), event });
        KeptEvent { ordering_key: timer.ordering_key, ..kept }
    }

    /// Waits until every handler at work waits for a turn or has ended, and does what follows from those that ended.
    async fn rest(&mut self, turns: &Arc<DrawnTurns>) -> Result<(), StoreError> {
        for ended in self.at_rest(turns).await {
            match ended.event.event.class() {
                Class::Kept => self.end_kept(ended).await?,
                // Whoever waits for a live event plays until it has ended, and takes it.
                Class::Live => self.end_live(ended).await.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Handlers that ended until nobody was awake, by their numbers.
    async fn at_rest(&mut self, turns: &Arc<DrawnTurns>) -> Vec<Ended> {
        let mut all: Vec<Ended> = Vec::new();
        loop {
            let at_work = &mut self.at_work;
            let ended = poll_fn(|context| match std::pin::Pin::new(&mut *at_work).poll_next(context) {
                Poll::Ready(Some(ended)) => Poll::Ready(Some(ended)),
                Poll::Ready(None) | Poll::Pending => turns.poll_rest(context.waker()).map(|()| None),
            })
            .await;
            let Some(ended) = ended else { break };
            turns.leave(ended.handler);
            all.push(ended);
        }
        all.sort_by_key(|ended| ended.handler);
        all
    }

    /// Gives turns at this instant until a live handler has ended, which is not in a lane.
    pub(super) async fn play_until_ended(&mut self, handler: u64) -> Result<Ended, StoreError> {
        let Some(turns) = self.turns.clone() else { return Err(StoreError("no order is drawn".into())) };
        loop {
            let mut found = None;
            for ended in self.at_rest(&turns).await {
                match ended.event.event.class() {
                    Class::Live if ended.handler == handler => found = Some(ended),
                    Class::Live => self.end_live(ended).await.map(|_| ())?,
                    Class::Kept => self.end_kept(ended).await?,
                }
            }
            if let Some(ended) = found {
                return Ok(ended);
            }
            if !turns.give(self.now()) {
                return Err(StoreError(format!("handler {handler} waits for nothing")));
            }
        }
    }

    /// Whether things come due again and again without the clock's moving: a timer that sets itself for "at once".
    fn is_standing_still(&mut self, due: &Due) -> bool {
        if matches!(due, Due::Turn) {
            return false;
        }
        let now = self.now();
        self.runs = if self.runs.0 == now { (now, self.runs.1 + 1) } else { (now, 1) };
        self.runs.1 > RUNS_AT_ONCE
    }

    async fn stop_standing_still(&mut self, due: &Due) -> Result<(), StoreError> {
        let (slot, what) = match due {
            Due::Event { slot, key } => (*slot, key.clone()),
            Due::Timer { slot, name } => (*slot, name.clone()),
            Due::Turn => return Ok(()),
        };
        self.runs.1 = 0;
        let text = format!("limit runs-at-once = {RUNS_AT_ONCE} was passed at {what}; the integration is switched off");
        // It belongs to no event, so it stands at the first line.
        self.problem_as_it_is(Origin(1), ProblemKind::Limit, text.clone());
        self.note(Origin(1), &text);
        self.slots[slot].lanes.state = IntegrationState::Inactive;
        let integration = &self.slots[slot].integration;
        integration.store.set_state(&integration.name, IntegrationState::Inactive).await
    }

    /// Whether handlers are at work whose turns are still to come.
    pub fn is_at_work(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// Whether an event of an integration may run, now or later.
    pub fn has_waiting(&self) -> bool {
        self.slots.iter().any(|slot| slot.lanes.next().is_some())
    }

    /// Timers of integrations that are on, each with its integration.
    pub async fn active_timers(&mut self) -> Result<Vec<(usize, SetTimer)>, StoreError> {
        let mut all = Vec::new();
        for (slot, found) in self.slots.iter().enumerate().filter(|(_, slot)| slot.lanes.state == IntegrationState::Active) {
            let timers = found.integration.store.timers(&found.integration.name).await?;
            all.extend(timers.into_iter().map(|timer| (slot, timer)));
        }
        Ok(all)
    }
}
