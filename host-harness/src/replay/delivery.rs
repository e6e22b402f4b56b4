//! Delivering events to handlers: live ones at once, kept ones out of their lane; and what follows from how a handler ended.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Replay;
use super::entry::{Entry, Outcome};
use super::inbox::{self, Pending, State};
use super::report::{ProblemKind, RuleTold};
use super::strict;
use crate::bindings::uis::integration::types::{Delivery, Failure};
use crate::clock::instant;
use crate::event::{Class, Event};
use crate::integration::lock;
use crate::plugin::Run;
use crate::services::EventScope;
use crate::trace::{Answer, Step};

/// A live event that tells of longer ago is dropped: a pop-up a minute late is worse than none.
const STALE_MS: i64 = 60_000;

impl Replay<'_> {
    /// Hands an event to integrations: at once, or through the inbox.
    pub(super) async fn deliver(&mut self, seats: &[usize], line: u64, what: &str, event: Event) {
        for &seat in seats {
            match event.class() {
                Class::Kept if self.seats[seat].inbox.state == State::Inactive => {
                    self.note(line, format!("{what} is not delivered: the integration is off"))
                }
                Class::Kept => self.enqueue(seat, line, what, event.clone()),
                Class::Live => {
                    let pending = self.pending(seat, line, what, event.clone());
                    self.deliver_live(seat, pending).await;
                }
            }
        }
        self.advance(self.now()).await;
    }

    async fn deliver_live(&mut self, seat: usize, pending: Pending) {
        // What waits because of an activation under way gets its chance first.
        self.advance(self.now()).await;
        match self.seats[seat].inbox.state {
            State::Active => {}
            State::Inactive => return self.note(pending.line, format!("{} is not delivered: the integration is off", pending.what)),
            State::Activating | State::Paused => {
                let why = format!("{} dropped: the integration is not ready, and a live event does not wait", pending.what);
                self.report.problem(pending.line, ProblemKind::Stale, why.clone());
                return self.note(pending.line, why);
            }
        }
        // A scenario that asks is waiting for its answer now; what else is live is worth nothing once it is old.
        let age = pending.event.call().map_or(0, |call| self.now() - call.at);
        if age > STALE_MS && !matches!(pending.event, Event::IncomingCall(_)) {
            let why = format!(
                "{} dropped: it tells of {} s ago, and a live event is worth nothing after {} s",
                pending.title(),
                age / 1000,
                STALE_MS / 1000
            );
            self.report.problem(pending.line, ProblemKind::Stale, self.whose(seat, why.clone()));
            return self.note(pending.line, why);
        }
        let key = pending.event.ordering_key();
        let began = Instant::now();
        let run = self.run_handler(seat, &pending, key).await;
        let late = answer_within(&pending.event).filter(|within| began.elapsed() > *within);
        let result = match (run.result, late) {
            (Ok(Ok(_)), Some(within)) => {
                let took = began.elapsed().as_millis();
                Ok(Err(Failure::Rejected(format!("the answer came after {took} ms; the scenario waits {} ms", within.as_millis()))))
            }
            (result, _) => result,
        };
        let outcome = match result {
            Ok(Ok(reply)) => {
                self.report.accepted(&pending);
                self.carry_out(seat, &pending, reply)
            }
            Ok(Err(failure)) => {
                if let Event::IncomingCall(event) = &pending.event {
                    // For UIS a failure is "not found": the scenario goes on.
                    self.answer(event.call.session_id, &[], Value::Null);
                }
                self.live_failure(seat, &pending, failure)
            }
            Err(fault) => {
                self.report.fault(pending.line, &self.whose(seat, pending.title()), &fault);
                Outcome::Fault(fault)
            }
        };
        self.show(seat, &pending, run.scope.trace.into_steps(), outcome, run.fuel);
    }

    fn live_failure(&mut self, seat: usize, pending: &Pending, failure: Failure) -> Outcome {
        let (line, what) = (pending.line, &self.whose(seat, pending.title()));
        match &failure {
            Failure::Retry(later) => {
                self.report.problem(line, ProblemKind::Stale, format!("{what} dropped, as live events are not retried: {}", later.reason))
            }
            other => self.report.failure(line, what, other),
        }
        Outcome::Failed(failure, None)
    }

    /// Delivers the first event of a lane.
    pub(super) async fn run_pending(&mut self, seat: usize, key: String) {
        let Some(mut pending) = self.seats[seat].inbox.take(&key) else { return };
        let run = self.run_handler(seat, &pending, key.clone()).await;
        let now = self.now();
        let outcome = match run.result {
            Ok(Ok(reply)) => {
                self.report.accepted(&pending);
                self.accepted(seat, &pending, now);
                let outcome = self.carry_out(seat, &pending, reply);
                self.seats[seat].inbox.done(&key, now);
                outcome
            }
            Ok(Err(Failure::Retry(later))) => {
                // A hint is a least; the growing delay keeps an hour of "come again at once" from being an hour of asking.
                let delay = inbox::delay_ms(pending.attempt).max(later.after_ms.map_or(0, i64::from));
                self.report.retried += 1;
                let shown = pending.clone();
                pending.attempt += 1;
                pending.reason = Some(later.reason.clone());
                self.seats[seat].inbox.put_back(&key, pending, now + delay);
                self.show(seat, &shown, run.scope.trace.into_steps(), Outcome::Failed(Failure::Retry(later), Some(delay)), run.fuel);
                return;
            }
            Ok(Err(failure @ Failure::Unauthorized(_))) => {
                // Every event would fail so: they wait until the owner has done something.
                self.report.failure(pending.line, &self.whose(seat, pending.title()), &failure);
                let shown = pending.clone();
                pending.reported = true;
                self.seats[seat].inbox.pause(&key, pending);
                self.show(seat, &shown, run.scope.trace.into_steps(), Outcome::Failed(failure, None), run.fuel);
                return;
            }
            Ok(Err(failure)) => {
                self.report.failure(pending.line, &self.whose(seat, pending.title()), &failure);
                self.seats[seat].inbox.done(&key, now);
                Outcome::Failed(failure, None)
            }
            Err(fault) => {
                self.report.fault(pending.line, &self.whose(seat, pending.title()), &fault);
                self.seats[seat].inbox.done(&key, now);
                Outcome::Fault(fault)
            }
        };
        self.show(seat, &pending, run.scope.trace.into_steps(), outcome, run.fuel);
    }

    /// Runs a handler in a fresh instance.
    async fn run_handler(&mut self, seat: usize, pending: &Pending, ordering_key: String) -> Run {
        let integration = self.seats[seat].integration.clone();
        let limits = &integration.limits;
        let wall = if pending.event.class() == Class::Live { limits.wall_live } else { limits.wall_kept };
        let wall = answer_within(&pending.event).map_or(wall, |within| wall.min(within));
        let scope = EventScope::new(integration.clone(), pending.line, Instant::now() + wall);
        let delivery = Delivery { id: pending.id.clone(), attempt: pending.attempt, received_at: pending.received, ordering_key };
        let run = self.plugin.clone().handle(scope, delivery, pending.event.clone()).await;
        for step in run.scope.trace.iter() {
            if let Step::Request { answer: Answer::Error { message, .. }, .. } = step
                && let Some(divergence) = message.strip_prefix(strict::MARK)
                // Further attempts diverge in the same way, which says nothing new.
                && pending.attempt == 1
            {
                self.report.failed(pending.line, ProblemKind::Divergence, divergence.to_owned());
            }
        }
        self.tell_rules(seat, pending, &run.scope.trace);
        run
    }

    /// What rules said, for the report: their owner sees what each changed, and why one was not heard.
    fn tell_rules(&mut self, seat: usize, pending: &Pending, trace: &[Step]) {
        for step in trace {
            let Step::Rule { rule, about, verdict, failed, .. } = step else { continue };
            if *failed {
                let message = self.whose(seat, format!("rule {rule}: {about}: {verdict}; the plugin goes on without it"));
                self.report.problem(pending.line, ProblemKind::Skipped, message);
            }
            self.report.rules.push(RuleTold { at: self.shown(self.now()), line: pending.line, step: step.clone() });
        }
    }

    /// What follows for the integration from an event of its own life.
    fn accepted(&mut self, seat: usize, pending: &Pending, now: i64) {
        match pending.event {
            Event::Activate => self.seats[seat].inbox.resume(now),
            Event::Deactivate => {
                lock(&self.seats[seat].integration.timers).clear();
                self.seats[seat].inbox.state = State::Inactive;
            }
            _ => {}
        }
    }

    fn show(&mut self, seat: usize, pending: &Pending, trace: Vec<Step>, outcome: Outcome, fuel: Option<u64>) {
        let entry = Entry {
            at: instant(self.now()).with_timezone(&self.zone),
            line: pending.line,
            integration: &self.seats[seat].integration.name,
            alone: self.seats.len() == 1,
            what: &pending.what,
            event: &pending.event,
            attempt: pending.attempt,
            trace,
            outcome,
            fuel,
        };
        self.observer.entry(entry);
    }
}

/// How long whoever asks waits for the answer, in which everything that the answer needs must be done.
fn answer_within(event: &Event) -> Option<Duration> {
    match event {
        Event::IncomingCall(event) => Some(Duration::from_millis(event.deadline_ms.into())),
        _ => None,
    }
}
