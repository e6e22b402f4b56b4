//! One attempt at an event: how it begins, and what follows from how it ended.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::{Arrival, CheckedAnswer, Dispatch};
use crate::bindings::uis::integration::types::{Delivery, Failure, RetryLater};
use crate::event::{Class, Event, Fault, Reply};
use crate::plugin::Run;
use crate::ports::{End, Entry, IntegrationState, KeptEvent, Outcome, ProblemKind, StoreError};
use crate::services::EventScope;

/// A live event about something longer ago is dropped: a pop-up a minute late is worse than none.
const STALE_MS: i64 = 60_000;

/// The delay before the second attempt; it doubles with each further one.
const FIRST_DELAY_MS: i64 = 1000;
/// The longest delay: after a night of the remote system's being down, work resumes within a quarter of an hour.
const LONGEST_DELAY_MS: i64 = 15 * 60_000;

/// The delay in milliseconds after a failed attempt that gave no hint.
pub fn delay_ms(attempt: u32) -> i64 {
    FIRST_DELAY_MS.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST_DELAY_MS)
}

/// What became of an event that was handed in.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEnd {
    /// It waits in its lane.
    Kept,
    /// Its handler is done.
    Done,
    /// Its handler answered the scenario.
    Answered(CheckedAnswer),
    /// Its handler failed, or came too late: for a scenario that is "not found".
    Failed,
    /// Its handler did not come to its end.
    Fault,
    /// It was not handed to the plugin: the integration is off or not ready, or the event is too old.
    Dropped,
}

/// A handler that ended.
pub(super) struct Ended {
    pub(super) handler: u64,
    pub(super) slot: usize,
    pub(super) event: KeptEvent,
    pub(super) run: Run,
    /// How long it took on the machine's clock.
    pub(super) took: Duration,
}

/// How long whoever asks waits for the answer, in which everything that the answer needs must be done.
fn answer_within(event: &Event) -> Option<Duration> {
    match event {
        Event::IncomingCall(event) => Some(Duration::from_millis(event.deadline_ms.into())),
        _ => None,
    }
}

impl Dispatch<'_> {
    /// Why a live event is not handed to the plugin now, if it is not.
    fn unfit_for_live(&self, slot: usize, event: &KeptEvent) -> Option<Unfit> {
        match self.state(slot) {
            IntegrationState::Active => {}
            IntegrationState::Inactive => return Some(Unfit::Off),
            IntegrationState::Activating | IntegrationState::Paused => return Some(Unfit::NotReady),
        }
        // A scenario that asks is waiting for its answer now; what else is live is worth nothing once it is old.
        let age = event.event.call().map_or(0, |call| self.now() - call.at);
        (age > STALE_MS && !matches!(event.event, Event::IncomingCall(_))).then_some(Unfit::Stale { age_ms: age })
    }

    /// Admits a live event, or reports why it is dropped.
    pub(super) fn admit_live(&mut self, slot: usize, arrival: Arrival) -> Option<KeptEvent> {
        let event = self.kept(slot, arrival);
        let Some(unfit) = self.unfit_for_live(slot, &event) else { return Some(event) };
        let (kind, text) = unfit.into_text(&event);
        if let Some(kind) = kind {
            self.problem(slot, event.origin, kind, text.clone());
        }
        self.note(event.origin, &text);
        None
    }

    /// Begins an attempt and gives the handler's future. It borrows nothing, so that it may run anywhere.
    pub(super) async fn launch(&mut self, slot: usize, event: KeptEvent) -> Result<BoxFuture<'static, Ended>, StoreError> {
        self.handlers += 1;
        let handler = self.handlers;
        let integration = self.slots[slot].integration.clone();
        if event.event.class() == Class::Kept {
            integration.store.begin(&integration.name, &event.id, event.attempt).await?;
            self.slots[slot].at_work += 1;
        }
        let limits = &integration.limits;
        let wall = if event.event.class() == Class::Live { limits.wall_live } else { limits.wall_kept };
        let wall = answer_within(&event.event).map_or(wall, |within| wall.min(within));
        let delivery = Delivery {
            id: event.id.clone(),
            attempt: event.attempt,
            received_at: event.received,
            ordering_key: event.ordering_key.clone(),
        };
        let (plugin, turns) = (self.plugin.clone(), self.turns.clone());
        if let Some(turns) = &turns {
            turns.join(handler, &event.event);
        }
        Ok(Box::pin(async move {
            if let Some(turns) = &turns {
                turns.first_turn(handler).await;
            }
            let began = Instant::now();
            let mut scope = EventScope::new(integration, event.origin, began + wall);
            scope.turns = turns.map(|turns| (turns as _, handler));
            let run = plugin.handle(scope, delivery, event.event.clone()).await;
            Ended { handler, slot, event, run, took: began.elapsed() }
        }))
    }

    /// Runs a live event. What waits because of an activation under way gets its chance first.
    pub(super) async fn deliver_live(&mut self, slot: usize, arrival: Arrival) -> Result<LiveEnd, StoreError> {
        self.advance(self.now()).await?;
        let Some(event) = self.admit_live(slot, arrival) else { return Ok(LiveEnd::Dropped) };
        let future = self.launch(slot, event).await?;
        let ended = if self.turns.is_some() {
            let handler = self.handlers;
            self.at_work.push(future);
            self.play_until_ended(handler).await?
        } else {
            future.await
        };
        self.end_live(ended).await
    }

    /// What follows from how a live event's handler ended.
    pub(super) async fn end_live(&mut self, ended: Ended) -> Result<LiveEnd, StoreError> {
        let Ended { slot, event, run, took, .. } = ended;
        self.report_trace(slot, &event, &run.scope.trace);
        let late = answer_within(&event.event).filter(|within| took > *within);
        let result = match (run.result, late) {
            (Ok(Ok(_)), Some(within)) => Ok(Err(Failure::Rejected(format!(
                "the answer came after {} ms; the scenario waits {} ms",
                took.as_millis(),
                within.as_millis()
            )))),
            (result, _) => result,
        };
        let (outcome, end) = match result {
            Ok(Ok(reply)) => {
                self.observer.accepted(&event);
                let integration = self.slots[slot].integration.clone();
                // The reply is an effect: whoever gets it may act on what the handler wrote.
                integration.store.commit(&integration.name).await?;
                let end = self.carry_out(slot, &event, &reply).await;
                (Outcome::Accepted(reply), end)
            }
            Ok(Err(Failure::Retry(later))) => {
                let message = format!("{} dropped, as live events are not retried: {}", event.title(), later.reason);
                self.problem(slot, event.origin, ProblemKind::Stale, message);
                (Outcome::Failed(Failure::Retry(later), None), LiveEnd::Failed)
            }
            Ok(Err(failure)) => {
                self.report_failure(slot, &event, &failure);
                (Outcome::Failed(failure, None), LiveEnd::Failed)
            }
            Err(fault) => {
                self.report_fault(slot, &event, &fault);
                (Outcome::Fault(fault), LiveEnd::Fault)
            }
        };
        self.show(slot, &event, run.scope.trace.into_steps(), outcome, run.fuel);
        Ok(end)
    }

    /// Runs the first event of a lane to its end, with no other beside it.
    pub(super) async fn run_first(&mut self, slot: usize, key: &str) -> Result<(), StoreError> {
        let Some(event) = self.slots[slot].lanes.take(key) else { return Ok(()) };
        let ended = self.launch(slot, event).await?.await;
        self.end_kept(ended).await
    }

    /// Begins the first event of a lane, beside those that are at work.
    pub(super) async fn start_first(&mut self, slot: usize, key: &str) -> Result<(), StoreError> {
        let Some(event) = self.slots[slot].lanes.take(key) else { return Ok(()) };
        let future = self.launch(slot, event).await?;
        self.at_work.push(future);
        Ok(())
    }

    /// The next handler that ends, of those at work.
    pub(super) async fn next_ended(&mut self) -> Option<Ended> {
        self.at_work.next().await
    }

    /// What follows from how a kept event's handler ended: for the event, its lane and its integration in one transaction.
    pub(super) async fn end_kept(&mut self, ended: Ended) -> Result<(), StoreError> {
        let Ended { slot, event, run, .. } = ended;
        self.slots[slot].at_work -= 1;
        self.report_trace(slot, &event, &run.scope.trace);
        let result = match run.result {
            // The plugin did nothing wrong, and what failed may work again.
            Err(Fault::Host(reason)) => Ok(Err(Failure::Retry(RetryLater { after_ms: None, reason }))),
            result => result,
        };
        let outcome = match result {
            Ok(Ok(reply)) => self.accept(slot, &event, reply).await?,
            Ok(Err(Failure::Retry(later))) => self.try_again(slot, &event, later).await?,
            Ok(Err(failure @ Failure::Unauthorized(_))) => {
                // Every event would fail in the same way: they wait until the owner has done something.
                self.report_failure(slot, &event, &failure);
                let waiting = KeptEvent { reported: true, ..event.clone() };
                self.finish(slot, &event, End::Again(Box::new(waiting.clone())), Some(IntegrationState::Paused)).await?;
                self.slots[slot].lanes.pause(&event.ordering_key, waiting);
                Outcome::Failed(failure, None)
            }
            Ok(Err(failure)) => {
                self.report_failure(slot, &event, &failure);
                self.set_aside(slot, &event, format!("{failure:?}")).await?;
                Outcome::Failed(failure, None)
            }
            Err(fault) => {
                self.report_fault(slot, &event, &fault);
                self.set_aside(slot, &event, fault.to_string()).await?;
                Outcome::Fault(fault)
            }
        };
        self.show(slot, &event, run.scope.trace.into_steps(), outcome, run.fuel);
        Ok(())
    }

    /// The handler accepted the event: what follows for the integration from an event of its own life, and for the lane.
    async fn accept(&mut self, slot: usize, event: &KeptEvent, reply: Reply) -> Result<Outcome, StoreError> {
        self.observer.accepted(event);
        let now = self.now();
        match event.event {
            Event::Activate => self.slots[slot].lanes.resume(now),
            Event::Deactivate => self.slots[slot].lanes.deactivated(),
            _ => {}
        }
        let state = match event.event {
            Event::Activate => Some(IntegrationState::Active),
            Event::Deactivate => Some(IntegrationState::Inactive),
            _ => None,
        };
        self.finish(slot, event, End::Done, state).await?;
        if state == Some(IntegrationState::Inactive) && self.state(slot) == IntegrationState::Activating {
            // An activation came meanwhile; the deactivation has only taken the timers.
            let integration = self.slots[slot].integration.clone();
            integration.store.set_state(&integration.name, IntegrationState::Activating).await?;
        }
        self.carry_out(slot, event, &reply).await;
        self.slots[slot].lanes.done(&event.ordering_key, now);
        Ok(Outcome::Accepted(reply))
    }

    /// The event is tried again later, before the rest of its lane.
    async fn try_again(&mut self, slot: usize, event: &KeptEvent, later: RetryLater) -> Result<Outcome, StoreError> {
        // A hint is a least; the growing delay keeps an hour of "come again at once" from being an hour of asking.
        let delay = delay_ms(event.attempt).max(later.after_ms.map_or(0, i64::from));
        self.observer.retried(event);
        let at = self.now() + delay;
        let next = KeptEvent { attempt: event.attempt + 1, not_before: at, reason: Some(later.reason.clone()), ..event.clone() };
        self.finish(slot, event, End::Again(Box::new(next.clone())), None).await?;
        self.slots[slot].lanes.put_back(&event.ordering_key, next, at);
        Ok(Outcome::Failed(Failure::Retry(later), Some(delay)))
    }

    /// The event can never succeed: it is kept apart, and its lane goes on.
    async fn set_aside(&mut self, slot: usize, event: &KeptEvent, why: String) -> Result<(), StoreError> {
        self.finish(slot, event, End::Dead(why), None).await?;
        let now = self.now();
        self.slots[slot].lanes.done(&event.ordering_key, now);
        Ok(())
    }

    async fn finish(&mut self, slot: usize, event: &KeptEvent, end: End, state: Option<IntegrationState>) -> Result<(), StoreError> {
        let integration = &self.slots[slot].integration;
        integration.store.finish(&integration.name, &event.id, end, state).await
    }

    fn show(&mut self, slot: usize, event: &KeptEvent, trace: Vec<crate::trace::Step>, outcome: Outcome, fuel: Option<u64>) {
        let entry = Entry {
            at: self.clock.now_ms(),
            origin: event.origin,
            integration: &self.slots[slot].integration.name,
            alone: self.slots.len() == 1,
            what: &event.what,
            event: &event.event,
            attempt: event.attempt,
            trace,
            outcome,
            fuel,
        };
        self.observer.entry(entry);
    }
}

/// Why a live event is not handed to the plugin.
enum Unfit {
    Off,
    NotReady,
    Stale { age_ms: i64 },
}

impl Unfit {
    /// The kind of problem, if it is one, and the words.
    fn into_text(self, event: &KeptEvent) -> (Option<ProblemKind>, String) {
        let what = &event.what;
        match self {
            Unfit::Off => (None, format!("{what} is not delivered: the integration is off")),
            Unfit::NotReady => {
                (Some(ProblemKind::Stale), format!("{what} dropped: the integration is not ready, and a live event does not wait"))
            }
            Unfit::Stale { age_ms } => {
                let (title, age, limit) = (event.title(), age_ms / 1000, STALE_MS / 1000);
                (
                    Some(ProblemKind::Stale),
                    format!("{title} dropped: it tells of {age} s ago, and a live event is worth nothing after {limit} s"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_end_growing() {
        assert_eq!([1, 2, 3, 4].map(delay_ms), [1000, 2000, 4000, 8000]);
        assert_eq!(delay_ms(1000), LONGEST_DELAY_MS);
    }
}
