//! One attempt to deliver an event: starting its handler, and acting on the handler's result.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::lanes::PARKED;
use super::writes::Write;
use super::{Arrival, CheckedAnswer, Dispatch};
use crate::bindings::exports::uis::integration::setup::Identity;
use crate::bindings::uis::integration::types::{Delivery, Failure, RetryLater};
use crate::event::{Class, Event, Fault, Reply, keys_of};
use crate::limits::{HOST_TIMERS, REASON_BYTES, cut};
use crate::plugin::{Plugin, Run};
use crate::ports::{DialError, End, Entry, IntegrationState, KeptEvent, Outcome, ProblemKind, StoreError};
use crate::services::EventScope;
use crate::trace::{Answer, Step};

/// A live event about something longer ago is dropped: a pop-up that appears a minute late is worse than none.
const STALE_MS: i64 = 60_000;

/// The delay before the second attempt. It doubles with each further attempt.
const FIRST_DELAY_MS: i64 = 1000;
/// The longest delay. When a remote system works again after a night, its events are retried within a quarter of an hour.
const LONGEST_DELAY_MS: i64 = 15 * 60_000;

/// The shortest delay while the remote system does no work for the account.
const SUSPENDED_DELAY_MS: u32 = 60_000;

/// A trap or an exceeded limit may depend on what the remote system answered, so the event becomes a dead letter only after so many in a row.
const FAULT_ATTEMPTS: u32 = 5;

/// Real time: from this attempt on, delays differ by up to a fifth from lane to lane, so that the events of an outage do not all come back at
/// the same moment.
const SPREAD_FROM: u32 = 4;

/// After this many attempts, about 17 minutes, it is reported that the activation does not succeed. Nothing else runs until it does, so
/// nothing else can report it. For other events the plugin decides what to report.
const ACTIVATION_PATIENCE: u32 = 11;

/// The delay in milliseconds before the next attempt, when the handler asked for none.
pub fn delay_ms(attempt: u32) -> i64 {
    FIRST_DELAY_MS.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(LONGEST_DELAY_MS)
}

/// A delay that is longer by up to a fifth, by which differs from lane to lane.
fn spread(delay: i64, event: &KeptEvent) -> i64 {
    let mut hasher = DefaultHasher::new();
    (&event.id, &event.ordering_key, event.attempt).hash(&mut hasher);
    delay + delay * i64::from((hasher.finish() % 1000) as u32) / 5000
}

/// Whether an event that failed waits until something has changed. An action does not: whoever pressed the button presses it again. An
/// activation does whatever its failure was, because everything waits for it.
fn waits_for_its_owner(event: &Event, failure: &Failure) -> bool {
    match event {
        Event::Activate => true,
        Event::Action(_) | Event::Deactivate => false,
        _ => matches!(failure, Failure::Misconfigured(_)),
    }
}

/// The result of handing an event to the dispatch.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEnd {
    /// A kept event: it is stored and waits in its lane.
    Kept,
    /// A live event: its handler succeeded.
    Done,
    /// A routing request: its handler gave this answer.
    Answered(CheckedAnswer),
    /// A live event: its handler failed, or answered too late. Answer a routing request with "not found".
    Failed,
    /// A click-to-call: no call was started. The value says why, in English.
    Refused(String),
    /// A live event: its handler trapped or exceeded a limit.
    Fault,
    /// The event did not reach the plugin: the integration is off or not ready, or the event is too old.
    Dropped,
}

/// A handler that has ended.
pub(super) struct Ended {
    pub(super) handler: u64,
    pub(super) slot: usize,
    pub(super) event: KeptEvent,
    pub(super) run: Run,
    /// The plugin that handled it.
    pub(super) plugin: Arc<dyn Plugin>,
    /// How long the handler ran, on the machine's clock.
    pub(super) took: Duration,
    /// What became of the call that the handler wanted to start.
    pub(super) dialled: Option<Result<(), DialError>>,
}

/// Makes durable what a live handler wrote, because whoever receives the reply may act on it; then starts the call that it wants.
async fn carry_out_live(event: &KeptEvent, run: &mut Run) -> Option<Result<(), DialError>> {
    let Ok(Ok(reply)) = &run.result else { return None };
    let integration = run.scope.integration.clone();
    if let Err(error) = integration.store.commit(&integration.name).await {
        run.result = Err(Fault::Host(error.to_string()));
        return None;
    }
    match reply {
        Reply::Dial(Some(order)) => Some(integration.account.dialler.start_call(&event.id, order).await),
        _ => None,
    }
}

/// Whether a handler's requests show that the remote system works for the account.
fn works(trace: &[Step]) -> bool {
    trace.iter().any(|step| matches!(step, Step::Request { answer: Answer::Response { status: 200..=299, .. }, .. }))
}

/// How long the sender of an event waits for the answer; none when nobody waits for one.
fn answer_within(event: &Event) -> Option<Duration> {
    match event {
        Event::IncomingCall(event) => Some(Duration::from_millis(event.deadline_ms.into())),
        _ => None,
    }
}

impl Dispatch<'_> {
    /// Why a live event cannot be delivered now; none when it can.
    fn unfit_for_live(&self, slot: usize, event: &KeptEvent) -> Option<Unfit> {
        match self.state(slot) {
            IntegrationState::Active if self.slots[slot].lanes.held_by_owner => return Some(Unfit::NotReady),
            IntegrationState::Active => {}
            IntegrationState::Inactive => return Some(Unfit::Off),
            IntegrationState::Activating | IntegrationState::Paused => return Some(Unfit::NotReady),
        }
        // A routing request is never too old, because its sender waits for the answer now.
        let age = event.event.call().map_or(0, |call| self.now() - call.at);
        (age > STALE_MS && !matches!(event.event, Event::IncomingCall(_))).then_some(Unfit::Stale { age_ms: age })
    }

    /// Admits a live event; when it cannot be delivered, reports the reason and returns none.
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

    /// Starts an attempt and returns the handler's future. The future borrows nothing, so it can run on any thread.
    pub(super) async fn launch(&mut self, slot: usize, event: KeptEvent) -> Result<BoxFuture<'static, Ended>, StoreError> {
        self.handlers += 1;
        let handler = self.handlers;
        let integration = self.slots[slot].integration.clone();
        if event.event.class() == Class::Kept {
            // If the process ends now, the event is delivered again as its next attempt.
            self.write(slot, Write::Begin(event.id.clone(), event.attempt + 1)).await?;
            self.slots[slot].at_work += 1;
            self.kept_at_work += 1;
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
            let mut run = plugin.handle(scope, delivery, event.event.clone()).await;
            let took = began.elapsed();
            let dialled = match event.event.class() {
                Class::Kept => None,
                Class::Live => carry_out_live(&event, &mut run).await,
            };
            Ended { handler, slot, event, run, plugin, took, dialled }
        }))
    }

    /// Delivers a live event in virtual time. Work that is already due runs first, such as an activation.
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

    /// Acts on the result of a live event's handler.
    pub(super) async fn end_live(&mut self, ended: Ended) -> Result<LiveEnd, StoreError> {
        let Ended { slot, event, run, plugin, took, dialled, .. } = ended;
        self.report_trace(slot, &event, &run.scope.trace);
        let late = answer_within(&event.event).filter(|within| took > *within);
        let result = match (run.result, late) {
            (Ok(Ok(_)), Some(within)) => Ok(Err(Failure::Rejected(format!(
                "the answer took {} ms; the scenario waits only {} ms",
                took.as_millis(),
                within.as_millis()
            )))),
            (result, _) => result,
        };
        let (outcome, end) = match result {
            Ok(Ok(reply)) => {
                self.observer.accepted(&event);
                let end = self.carry_out(slot, &event, &reply, dialled);
                (Outcome::Accepted(reply), end)
            }
            Ok(Err(Failure::Retry(later))) => {
                let message = format!("{} was dropped, because live events are not retried: {}", event.title(), later.reason);
                self.problem(slot, event.origin, ProblemKind::Stale, message);
                (Outcome::Failed(Failure::Retry(later), None), LiveEnd::Failed)
            }
            Ok(Err(failure)) => {
                match failure {
                    Failure::Suspended(_) => self.report_suspension(slot, &event, &failure),
                    _ => self.report_failure(slot, &event, &failure),
                }
                (Outcome::Failed(failure, None), LiveEnd::Failed)
            }
            Err(fault) => {
                self.report_fault(slot, &event, &fault);
                (Outcome::Fault(fault), LiveEnd::Fault)
            }
        };
        self.show(slot, &event, run.scope.trace.into_steps(), outcome, (&plugin.description().version, run.fuel));
        Ok(end)
    }

    /// Runs the first event of a lane until it ends, with no other handler running.
    pub(super) async fn run_first(&mut self, slot: usize, key: &str) -> Result<(), StoreError> {
        let Some(event) = self.slots[slot].lanes.take(key) else { return Ok(()) };
        let ended = self.launch(slot, event).await?.await;
        self.end_kept(ended).await
    }

    /// Starts the first event of a lane, concurrently with other handlers.
    pub(super) async fn start_first(&mut self, slot: usize, key: &str) -> Result<(), StoreError> {
        let Some(event) = self.slots[slot].lanes.take(key) else { return Ok(()) };
        let future = self.launch(slot, event).await?;
        self.at_work.push(future);
        Ok(())
    }

    /// Waits for the next handler to end; none when no handler is running.
    pub(super) async fn next_ended(&mut self) -> Option<Ended> {
        self.at_work.next().await
    }

    /// Acts on the result of a kept event's handler. The store records the end of the event and the integration's next state in one
    /// transaction.
    pub(super) async fn end_kept(&mut self, ended: Ended) -> Result<(), StoreError> {
        let Ended { slot, event, run, plugin, .. } = ended;
        self.slots[slot].at_work -= 1;
        self.kept_at_work -= 1;
        self.report_trace(slot, &event, &run.scope.trace);
        self.slots[slot].suspended &= !works(&run.scope.trace);
        let result = match run.result {
            // The plugin is not at fault, and the host may succeed next time.
            Err(Fault::Host(reason)) => Ok(Err(Failure::Retry(RetryLater { after_ms: None, reason }))),
            result => result,
        };
        if result.is_ok() {
            // Only faults in a row count. Finishing the event removes the entry.
            self.slots[slot].faults_from.insert(event.id.clone(), event.attempt.saturating_add(1));
        }
        let outcome = match result {
            Ok(Ok(reply)) => self.accept(slot, &event, reply).await?,
            result @ (Ok(Err(_)) | Err(_)) if self.slots[slot].lanes.is_superseded(&event) => {
                // The owner has wished something else since; trying this one again would undo that, or make it wait.
                self.finish(slot, &event, End::Done, None).await?;
                let now = self.now();
                self.slots[slot].lanes.done(&event.ordering_key, now);
                match result {
                    Err(fault) => {
                        self.report_fault(slot, &event, &fault);
                        Outcome::Fault(fault)
                    }
                    Ok(Err(failure)) => Outcome::Failed(failure, None),
                    Ok(Ok(reply)) => Outcome::Accepted(reply),
                }
            }
            Ok(Err(Failure::Retry(later))) => self.try_again(slot, &event, later).await?,
            Ok(Err(failure @ Failure::Unauthorized(_))) if event.event != Event::Deactivate => {
                // Every event would fail in the same way, so all of them wait until the owner has entered a valid key.
                if !event.reported {
                    self.report_failure(slot, &event, &failure);
                }
                let waiting = KeptEvent { reported: true, ..event.clone() };
                let state = self.slots[slot].lanes.pause(&event.ordering_key, waiting.clone());
                self.finish(slot, &event, End::Again(Box::new(waiting)), Some(state)).await?;
                Outcome::Failed(failure, None)
            }
            Ok(Err(failure @ Failure::Suspended(_))) => {
                self.report_suspension(slot, &event, &failure);
                let waiting = KeptEvent { reported: true, ..event.clone() };
                let reason = "the remote system does no work for this account".to_owned();
                self.try_again(slot, &waiting, RetryLater { after_ms: Some(SUSPENDED_DELAY_MS), reason }).await?;
                Outcome::Failed(failure, None)
            }
            Ok(Err(failure)) if waits_for_its_owner(&event.event, &failure) => {
                if self.is_to_be_reported(slot, &event) {
                    self.report_failure(slot, &event, &failure);
                }
                self.wait_for_change(slot, &event).await?;
                Outcome::Failed(failure, None)
            }
            Ok(Err(failure)) => {
                self.report_failure(slot, &event, &failure);
                self.set_aside(slot, &event, format!("{failure:?}")).await?;
                Outcome::Failed(failure, None)
            }
            Err(fault) if self.is_tried_after_fault(slot, &event) => {
                self.try_again(slot, &event, RetryLater { after_ms: None, reason: fault.to_string() }).await?;
                Outcome::Fault(fault)
            }
            Err(fault) if event.event == Event::Activate => {
                if self.is_to_be_reported(slot, &event) {
                    self.report_fault(slot, &event, &fault);
                }
                self.wait_for_change(slot, &event).await?;
                Outcome::Fault(fault)
            }
            Err(fault) => {
                self.report_fault(slot, &event, &fault);
                self.set_aside(slot, &event, fault.to_string()).await?;
                Outcome::Fault(fault)
            }
        };
        self.show(slot, &event, run.scope.trace.into_steps(), outcome, (&plugin.description().version, run.fuel));
        Ok(())
    }

    /// Whether the owner does not know yet why the event waits. An event that does the same work may wait already.
    fn is_to_be_reported(&self, slot: usize, event: &KeptEvent) -> bool {
        !event.reported && !self.slots[slot].lanes.has_parked_twin(event)
    }

    /// Whether an event whose handler trapped or exceeded a limit is tried again soon.
    fn is_tried_after_fault(&self, slot: usize, event: &KeptEvent) -> bool {
        let from = self.slots[slot].faults_from.get(&event.id).copied().unwrap_or(1);
        event.event != Event::Deactivate && event.attempt < from.saturating_add(FAULT_ATTEMPTS - 1)
    }

    /// The event, which was reported, waits beside its lane until the settings are saved or something else of the integration succeeds that
    /// may have changed the outcome. Its lane goes on: other work for the same customer, such as storing the next call, may well be possible.
    async fn wait_for_change(&mut self, slot: usize, event: &KeptEvent) -> Result<(), StoreError> {
        let now = self.now();
        if self.slots[slot].lanes.has_parked_twin(event) {
            // The one that waits does the work of both. Without this, a repeating timer would add an event with each of its runs.
            self.finish(slot, event, End::Done, None).await?;
            self.slots[slot].lanes.done(&event.ordering_key, now);
            return Ok(());
        }
        let reason = Some(PARKED.to_owned());
        let next = KeptEvent { attempt: event.attempt + 1, not_before: now, reason, reported: true, ..event.clone() };
        self.finish(slot, event, End::Again(Box::new(next.clone())), None).await?;
        self.slots[slot].lanes.park(next, now);
        Ok(())
    }

    /// Drops what `communications` was asked to deliver of a person whose data was erased.
    async fn drop_reported(&mut self, slot: usize, who: &Identity) -> Result<(), StoreError> {
        let keys: Vec<String> = keys_of(&who.phones, &who.emails, &who.visitors);
        let integration = self.slots[slot].integration.clone();
        let (store, owner) = (&integration.store, integration.name.as_str());
        for set in store.timers(owner).await? {
            if set.timer.name.starts_with(HOST_TIMERS) && keys.contains(&set.timer.ordering_key) {
                store.cancel_timer(owner, &set.timer.name).await?;
            }
        }
        Ok(())
    }

    /// The handler succeeded. After an activation or deactivation the integration changes its state; then the lane continues.
    async fn accept(&mut self, slot: usize, event: &KeptEvent, reply: Reply) -> Result<Outcome, StoreError> {
        self.observer.accepted(event);
        let now = self.now();
        if event.reason.as_deref() == Some(PARKED) {
            // What prevented it is over, probably for the others as well.
            self.slots[slot].lanes.unpark(now);
        }
        match &event.event {
            Event::Activate => self.slots[slot].lanes.resume(now),
            Event::Deactivate => self.slots[slot].lanes.deactivated(),
            Event::Erase(who) => self.drop_reported(slot, who).await?,
            // The owner, or the remote system, has just done something.
            Event::Action(_) => self.slots[slot].lanes.unpark(now),
            Event::Callback(_) => self.slots[slot].lanes.try_parked(now),
            _ => {}
        }
        let state = match event.event {
            Event::Activate => Some(IntegrationState::Active),
            Event::Deactivate => Some(IntegrationState::Inactive),
            _ => None,
        };
        self.finish(slot, event, End::Done, state).await?;
        if state == Some(IntegrationState::Inactive) && self.state(slot) == IntegrationState::Activating {
            // The integration was switched on again meanwhile. The store has dropped the timers already; the activation sets them anew.
            self.write(slot, Write::State(IntegrationState::Activating)).await?;
        }
        self.carry_out(slot, event, &reply, None);
        self.slots[slot].lanes.done(&event.ordering_key, now);
        Ok(Outcome::Accepted(reply))
    }

    /// Schedules the next attempt. The rest of the lane waits for it.
    async fn try_again(&mut self, slot: usize, event: &KeptEvent, later: RetryLater) -> Result<Outcome, StoreError> {
        // The handler's hint is a minimum. The growing delay limits the number of requests when a remote system answers "retry at once" for
        // an hour.
        let delay = delay_ms(event.attempt).max(later.after_ms.map_or(0, i64::from));
        let spreads = self.clock.goes_by_itself() && event.attempt >= SPREAD_FROM;
        let delay = if spreads { spread(delay, event) } else { delay };
        self.observer.retried(event);
        let at = self.now() + delay;
        let reports = event.event == Event::Activate && event.attempt == ACTIVATION_PATIENCE;
        if reports {
            let reason = cut(&later.reason, REASON_BYTES);
            let message = format!("{} has not succeeded yet, and everything waits for it; it is tried again: {reason}", event.title());
            self.problem(slot, event.origin, ProblemKind::Limit, message);
        }
        let next = KeptEvent {
            attempt: event.attempt + 1,
            not_before: at,
            reason: Some(later.reason.clone()),
            reported: event.reported || reports,
            ..event.clone()
        };
        self.finish(slot, event, End::Again(Box::new(next.clone())), None).await?;
        self.slots[slot].lanes.put_back(&event.ordering_key, next, at);
        Ok(Outcome::Failed(Failure::Retry(later), Some(delay)))
    }

    /// The event can never succeed: it becomes a dead letter, and its lane continues. An integration that its owner has switched off is off
    /// all the same.
    async fn set_aside(&mut self, slot: usize, event: &KeptEvent, why: String) -> Result<(), StoreError> {
        let off = event.event == Event::Deactivate && !self.slots[slot].lanes.is_superseded(event);
        if off {
            self.slots[slot].lanes.deactivated();
        }
        self.finish(slot, event, End::Dead(why), off.then_some(IntegrationState::Inactive)).await?;
        let now = self.now();
        self.slots[slot].lanes.done(&event.ordering_key, now);
        Ok(())
    }

    async fn finish(&mut self, slot: usize, event: &KeptEvent, end: End, state: Option<IntegrationState>) -> Result<(), StoreError> {
        if !matches!(end, End::Again(_)) {
            self.slots[slot].faults_from.remove(&event.id);
        }
        self.write(slot, Write::Finish(event.id.clone(), end, state)).await
    }

    fn show(
        &mut self,
        slot: usize,
        event: &KeptEvent,
        trace: Vec<crate::trace::Step>,
        outcome: Outcome,
        (plugin, fuel): (&str, Option<u64>),
    ) {
        let entry = Entry {
            at: self.clock.now_ms(),
            id: &event.id,
            origin: event.origin,
            integration: &self.slots[slot].integration.name,
            alone: self.slots.len() == 1,
            what: &event.what,
            event: &event.event,
            attempt: event.attempt,
            trace,
            outcome,
            plugin,
            fuel,
        };
        self.observer.entry(entry);
    }
}

/// Why a live event does not reach the plugin.
enum Unfit {
    Off,
    NotReady,
    Stale { age_ms: i64 },
}

impl Unfit {
    /// The kind of problem, when it is one, and the message.
    fn into_text(self, event: &KeptEvent) -> (Option<ProblemKind>, String) {
        let what = &event.what;
        match self {
            Unfit::Off => (None, format!("{what} was not delivered: the integration is switched off")),
            Unfit::NotReady => {
                (Some(ProblemKind::Stale), format!("{what} was dropped: the integration is not ready, and live events do not wait"))
            }
            Unfit::Stale { age_ms } => {
                let (title, age, limit) = (event.title(), age_ms / 1000, STALE_MS / 1000);
                (
                    Some(ProblemKind::Stale),
                    format!("{title} was dropped: it happened {age} s ago, and live events older than {limit} s are not delivered"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_maximum() {
        assert_eq!([1, 2, 3, 4].map(delay_ms), [1000, 2000, 4000, 8000]);
        assert_eq!(delay_ms(1000), LONGEST_DELAY_MS);
    }
}
