//! Virtual time: runs everything that is due up to a time, in order. The virtual clock advances only here.

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
use crate::services::communications;

/// How many handlers may run at one instant of virtual time. A line of a recording causes only a few. Without this limit, a plugin that
/// sets a timer for the current instant each time the timer is due would stop virtual time for ever.
pub const RUNS_AT_ONCE: u32 = 100_000;

/// What is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The first event of a lane.
    Event {
        /// The integration's slot.
        slot: usize,
        /// The lane's ordering key.
        key: String,
    },
    /// A timer.
    Timer {
        /// The integration's slot.
        slot: usize,
        /// The timer's name.
        name: String,
    },
    /// A running handler may continue (with a drawn order of lanes).
    Turn,
}

impl Due {
    /// The integration's slot; none for a turn.
    pub fn slot(&self) -> Option<usize> {
        match self {
            Due::Event { slot, .. } | Due::Timer { slot, .. } => Some(*slot),
            Due::Turn => None,
        }
    }
}

impl Dispatch<'_> {
    /// A new line of the recording begins: resets the count of handlers at one instant.
    pub fn line_begins(&mut self) {
        self.runs.1 = 0;
    }

    /// What is due first, and when; none when nothing is due up to `until`. Times are in milliseconds since 1970.
    pub async fn next_due(&mut self, until: i64) -> Result<Option<(i64, Due)>, StoreError> {
        Ok(self.next_in_order(until).await?.map(|(at, _, due)| (at, due)))
    }

    /// As [`next_due`](Self::next_due), with the number that orders what is due at the same time. Of equal numbers the lowest slot is first.
    pub async fn next_in_order(&mut self, until: i64) -> Result<Option<(i64, u64, Due)>, StoreError> {
        let mut first: Option<(i64, u64, Due)> = None;
        let mut offer = |at: i64, order: u64, due: Due| {
            if at <= until && first.as_ref().is_none_or(|(known, known_order, _)| (at, order) < (*known, *known_order)) {
                first = Some((at, order, due));
            }
        };
        let places = self.turns.is_none() || self.kept_at_work < self.kept_places;
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
        Ok(first)
    }

    /// Advances the clock to `until`, and runs everything that becomes due on the way, each at its time.
    pub async fn advance(&mut self, until: i64) -> Result<(), StoreError> {
        while let Some((at, due)) = self.next_due(until).await? {
            self.clock.advance_to(at);
            self.run_due(due).await?;
        }
        self.clock.advance_to(until);
        Ok(())
    }

    /// Runs what is due. With a drawn order, this only starts an event; the event continues at its turns.
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

    /// A timer is due: puts its event into its lane, unless the event of its previous run still waits there.
    pub(super) async fn fire(&mut self, slot: usize, name: String) -> Result<(), StoreError> {
        let now = self.now();
        let integration = self.slots[slot].integration.clone();
        let (store, owner) = (&integration.store, integration.name.as_str());
        let Some(set) = store.next_timer(owner).await?.filter(|set| set.timer.name == name) else { return Ok(()) };
        let key = set.timer.ordering_key.clone();
        if set.timer.every_ms.is_some() && self.slots[slot].lanes.has_timer(&key, &name) {
            // The event of the previous run still waits; another one would find nothing more to do.
            return store.fire(owner, &name, now, None).await.map(|_| ());
        }
        let event = self.timer_event(slot, set);
        if store.fire(owner, &name, now, Some(&event)).await? {
            self.slots[slot].lanes.push(event, now);
        }
        Ok(())
    }

    pub(super) fn timer_event(&mut self, slot: usize, set: SetTimer) -> KeptEvent {
        let SetTimer { timer, origin } = set;
        let (what, event) = match communications::delivered_by(&timer) {
            Some(event) => ("reported", event),
            None => ("timer", Event::TimerDue(TimerDue { name: timer.name, due: timer.at, payload: timer.payload })),
        };
        let kept = self.kept(slot, super::Arrival { origin, what: what.into(), event });
        KeptEvent { ordering_key: timer.ordering_key, ..kept }
    }

    /// Lets handlers run until each of them waits for a turn or has ended, and acts on the results of those that have ended.
    async fn rest(&mut self, turns: &Arc<DrawnTurns>) -> Result<(), StoreError> {
        for ended in self.at_rest(turns).await {
            match ended.event.event.class() {
                Class::Kept => self.end_kept(ended).await?,
                // `play_until_ended` takes the one live event that it waits for, so this is another one.
                Class::Live => self.end_live(ended).await.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Lets handlers run until each of them waits for a turn or has ended. Returns those that have ended, ordered by number.
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

    /// Grants turns at the current instant until a live handler has ended.
    pub(super) async fn play_until_ended(&mut self, handler: u64) -> Result<Ended, StoreError> {
        let Some(turns) = self.turns.clone() else { return Err(StoreError("the dispatch has no drawn order".into())) };
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
                return Err(StoreError(format!("handler {handler} neither runs nor waits for a turn")));
            }
        }
    }

    /// Whether too many handlers have run at the current instant of virtual time.
    fn is_standing_still(&mut self, due: &Due) -> bool {
        if matches!(due, Due::Turn) {
            return false;
        }
        let now = self.now();
        self.runs = if self.runs.0 == now { (now, self.runs.1 + 1) } else { (now, 1) };
        self.most_runs = self.most_runs.max(self.runs.1);
        self.runs.1 > RUNS_AT_ONCE
    }

    /// The largest number of handlers that ran at one instant; at most [`RUNS_AT_ONCE`] unless that limit was exceeded.
    pub fn most_runs_at_once(&self) -> u32 {
        self.most_runs
    }

    async fn stop_standing_still(&mut self, due: &Due) -> Result<(), StoreError> {
        let (slot, what) = match due {
            Due::Event { slot, key } => (*slot, key.clone()),
            Due::Timer { slot, name } => (*slot, name.clone()),
            Due::Turn => return Ok(()),
        };
        self.runs.1 = 0;
        let text = format!("limit runs-at-once = {RUNS_AT_ONCE} was exceeded at {what}; the integration was switched off");
        // No line of the recording caused it, so report it at line 1.
        self.problem_as_it_is(Origin(1), ProblemKind::Limit, text.clone());
        self.note(Origin(1), &text);
        self.slots[slot].lanes.state = IntegrationState::Inactive;
        let integration = &self.slots[slot].integration;
        integration.store.set_state(&integration.name, IntegrationState::Inactive).await
    }

    /// Whether handlers are running or waiting for a turn.
    pub fn is_at_work(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// Whether any lane may run, now or later.
    pub fn has_waiting(&self) -> bool {
        self.slots.iter().any(|slot| slot.lanes.next().is_some())
    }

    /// The timers of all active integrations, each with the integration's slot.
    pub async fn active_timers(&mut self) -> Result<Vec<(usize, SetTimer)>, StoreError> {
        let mut all = Vec::new();
        for (slot, found) in self.slots.iter().enumerate().filter(|(_, slot)| slot.lanes.state == IntegrationState::Active) {
            let timers = found.integration.store.timers(&found.integration.name).await?;
            all.extend(timers.into_iter().map(|timer| (slot, timer)));
        }
        Ok(all)
    }
}
