//! The passing of time: what is due, in its order, up to the next line; and the settling after the last.

use std::time::Duration;

use super::Replay;
use super::inbox::State;
use super::report::ProblemKind;
use crate::bindings::exports::uis::integration::schedule::TimerDue;
use crate::event::Event;
use crate::integration::lock;

/// After the last line a repeating timer gets a turn if it comes due within this time: what UIS's report learnt last is found only by
/// one, but a replay need not run on for hours to see a daily timer.
const TURN_MS: i64 = 3_600_000;

/// Handlers that may run at one instant of the replay's clock. A line brings a handful; a plugin whose timer sets itself for "at once"
/// would otherwise keep the clock standing for ever.
const RUNS_AT_ONCE: u32 = 100_000;

/// What comes next.
enum Due {
    Event { seat: usize, key: String },
    Timer { seat: usize, name: String },
}

/// Timers that are left are told one by one up to so many.
const TIMERS_TOLD: usize = 20;

impl Replay<'_> {
    /// What is due first, no later than `until`.
    fn next_due(&self, until: i64) -> Option<(i64, Due)> {
        let mut first: Option<(i64, u64, Due)> = None;
        let mut offer = |at: i64, order: u64, due: Due| {
            if at <= until && first.as_ref().is_none_or(|(known, known_order, _)| (at, order) < (*known, *known_order)) {
                first = Some((at, order, due));
            }
        };
        for (seat, found) in self.seats.iter().enumerate() {
            if let Some((at, order, key)) = found.inbox.next() {
                offer(at, order, Due::Event { seat, key });
            }
            if found.inbox.state == State::Active
                && let Some(next) = lock(&found.integration.timers).next()
            {
                offer(next.timer.at, u64::MAX, Due::Timer { seat, name: next.timer.name.clone() });
            }
        }
        first.map(|(at, _, due)| (at, due))
    }

    /// Runs everything that is due up to a time, each at its own.
    pub(super) async fn advance(&mut self, until: i64) {
        while let Some((at, due)) = self.next_due(until) {
            self.clock.advance_to(at);
            self.run_due(due).await;
        }
        self.clock.advance_to(until);
    }

    async fn run_due(&mut self, due: Due) {
        if self.is_standing_still() {
            return self.stop_standing_still(&due);
        }
        match due {
            Due::Event { seat, key } => self.run_pending(seat, key).await,
            Due::Timer { seat, name } => {
                let now = self.now();
                let Some(taken) = lock(&self.seats[seat].integration.timers).take(&name, now) else { return };
                if taken.timer.every_ms.is_some() && self.seats[seat].inbox.has_timer(&taken.timer.ordering_key, &name) {
                    // Its last run still waits; a second would find the same to do.
                    return;
                }
                let event = Event::TimerDue(TimerDue { name, due: taken.timer.at, payload: taken.timer.payload });
                let pending = self.pending(seat, taken.line, "timer", event);
                self.seats[seat].inbox.push(taken.timer.ordering_key, pending, now);
            }
        }
    }

    /// Whether things come due again and again without the clock's moving: a timer that sets itself for "at once".
    fn is_standing_still(&mut self) -> bool {
        let now = self.now();
        self.runs = if self.runs.0 == now { (now, self.runs.1 + 1) } else { (now, 1) };
        self.runs.1 > RUNS_AT_ONCE
    }

    fn stop_standing_still(&mut self, due: &Due) {
        let (seat, what) = match due {
            Due::Event { seat, key } => (*seat, key.clone()),
            Due::Timer { seat, name } => (*seat, name.clone()),
        };
        self.runs.1 = 0;
        let text = format!("limit runs-at-once = {RUNS_AT_ONCE} was passed at {what}; the integration is switched off");
        self.report.failed(1, ProblemKind::Limit, text.clone());
        self.note(1, text);
        lock(&self.seats[seat].integration.timers).clear();
        self.seats[seat].inbox.state = State::Inactive;
    }

    /// Lets the clock run on until nothing waits, no timer is left but repeating ones, and those of them that are due within
    /// [`TURN_MS`] had a turn after the last line, or `settle` is over.
    pub(super) async fn settle(&mut self, settle: Duration) {
        let until = self.now().saturating_add(i64::try_from(settle.as_millis()).unwrap_or(i64::MAX));
        let soon = self.now() + TURN_MS;
        let mut turns: Vec<_> = self.repeating().into_iter().filter(|(_, _, at)| *at <= soon).map(|(seat, name, _)| (seat, name)).collect();
        loop {
            let one_shot = self.seats.iter().any(|seat| {
                seat.inbox.state == State::Active && lock(&seat.integration.timers).all().any(|set| set.timer.every_ms.is_none())
            });
            let waiting = self.seats.iter().any(|seat| seat.inbox.next().is_some());
            if !one_shot && !waiting && turns.is_empty() {
                break;
            }
            let Some((at, due)) = self.next_due(until) else { break };
            self.clock.advance_to(at);
            if let Due::Timer { seat, name } = &due {
                turns.retain(|turn| turn != &(*seat, name.clone()));
            }
            self.run_due(due).await;
            // A repeating timer that is gone has no turn to wait for.
            let left = self.repeating();
            turns.retain(|turn| left.iter().any(|(seat, name, _)| (*seat, name) == (turn.0, &turn.1)));
        }
        for seat in 0..self.seats.len() {
            self.report_timers_left(seat);
            for (pending, kind, why) in self.seats[seat].inbox.drain() {
                let waited = chrono::Duration::milliseconds(self.now() - pending.received).num_minutes();
                let message = format!("{}: still not done after {waited} min: {why}", pending.title());
                match kind {
                    ProblemKind::Skipped => self.report.problem(pending.line, kind, self.whose(seat, message)),
                    _ => self.report.failed(pending.line, kind, self.whose(seat, message)),
                }
            }
        }
    }

    /// What a timer would have done did not happen, when the clock stops before it is due.
    fn report_timers_left(&mut self, seat: usize) {
        if self.seats[seat].inbox.state != State::Active {
            return;
        }
        let left: Vec<(u64, String, i64)> = {
            let timers = lock(&self.seats[seat].integration.timers);
            timers.all().filter(|set| set.timer.every_ms.is_none()).map(|set| (set.line, set.timer.name.clone(), set.timer.at)).collect()
        };
        let more = left.len().saturating_sub(TIMERS_TOLD);
        if more > 0 {
            self.report.failed(1, ProblemKind::Limit, self.whose(seat, format!("{more} more timers are due after the clock stopped")));
        }
        for (line, name, at) in left.into_iter().take(TIMERS_TOLD) {
            let message = format!("timer {name} is due at {}, after the clock stopped; give it more time with --settle", self.shown(at));
            self.report.failed(line, ProblemKind::Limit, self.whose(seat, message));
        }
    }

    /// Repeating timers of integrations that are on, and when each is due next.
    fn repeating(&self) -> Vec<(usize, String, i64)> {
        let active = self.seats.iter().enumerate().filter(|(_, seat)| seat.inbox.state == State::Active);
        let all = active.flat_map(|(index, seat)| {
            let timers = lock(&seat.integration.timers);
            let set: Vec<_> =
                timers.all().filter(|set| set.timer.every_ms.is_some()).map(|set| (index, set.timer.name.clone(), set.timer.at)).collect();
            set
        });
        all.collect()
    }
}
