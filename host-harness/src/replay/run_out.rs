//! The end of a replay: the clock advances until only repeating timers are left.

use std::time::Duration;

use uis_host::dispatch::Due;
use uis_host::ports::{IntegrationState, ProblemKind, SetTimer, StoreError};

use super::Replay;
use super::collector::shown;

/// After the last line, a repeating timer that is due within this time runs once more. Only such a timer finds the rows that were added to
/// UIS's reports last. But a replay need not continue for hours to see a daily timer.
const TURN_MS: i64 = 3_600_000;

/// Timers that are left are reported one by one up to this number.
const TIMERS_REPORTED: usize = 20;

/// A repeating timer that still has to run once: the integration's slot and the timer's name.
type Turn = (usize, String);

impl Replay<'_> {
    /// Advances the clock until no event waits and only repeating timers are left, of which those due within [`TURN_MS`] have run once; but
    /// by no more than `time_limit`.
    pub(super) async fn run_out(&mut self, time_limit: Duration) -> Result<(), StoreError> {
        let until = self.now().saturating_add(i64::try_from(time_limit.as_millis()).unwrap_or(i64::MAX));
        let soon = self.now() + TURN_MS;
        let repeating = |timers: Vec<(usize, SetTimer)>| timers.into_iter().filter(|(_, set)| set.timer.every_ms.is_some());
        let timers = self.dispatch.active_timers().await?;
        let mut turns: Vec<Turn> =
            repeating(timers).filter(|(_, set)| set.timer.at <= soon).map(|(slot, set)| (slot, set.timer.name)).collect();
        loop {
            let timers = self.dispatch.active_timers().await?;
            let one_shot = timers.iter().any(|(_, set)| set.timer.every_ms.is_none());
            // A timer that the plugin has cancelled will not run.
            let left: Vec<Turn> = repeating(timers).map(|(slot, set)| (slot, set.timer.name)).collect();
            turns.retain(|turn| left.contains(turn));
            if !one_shot && !self.dispatch.has_waiting() && !self.dispatch.is_at_work() && turns.is_empty() {
                break;
            }
            let Some((at, due)) = self.dispatch.next_due(until).await? else { break };
            self.clock().advance_to(at);
            if let Due::Timer { slot, name } = &due {
                turns.retain(|turn| turn != &(*slot, name.clone()));
            }
            self.dispatch.run_due(due).await?;
            if self.remote.is_over() {
                return Ok(());
            }
        }
        self.report_what_is_left().await
    }

    async fn report_what_is_left(&mut self) -> Result<(), StoreError> {
        let timers = self.dispatch.active_timers().await?;
        for slot in 0..self.dispatch.len() {
            let own = timers.iter().filter(|(of, set)| *of == slot && set.timer.every_ms.is_none()).map(|(_, set)| set);
            self.report_timers_left(slot, own.cloned().collect());
            for (event, kind, why) in self.dispatch.drain(slot) {
                let waited = chrono::Duration::milliseconds(self.now() - event.received).num_minutes();
                let message = format!("{}: not delivered after {waited} min: {why}", event.title());
                self.dispatch.problem(slot, event.origin, kind, message);
            }
        }
        Ok(())
    }

    /// Reports timers that are due only after the clock has stopped: their work was not done.
    fn report_timers_left(&mut self, slot: usize, left: Vec<SetTimer>) {
        if self.dispatch.state(slot) != IntegrationState::Active {
            return;
        }
        let more = left.len().saturating_sub(TIMERS_REPORTED);
        if more > 0 {
            let message = format!("{more} more timers are due after the end of the replay; give it more time with --settle");
            self.dispatch.problem(slot, uis_host::ports::Origin(1), ProblemKind::Limit, message);
        }
        for set in left.into_iter().take(TIMERS_REPORTED) {
            let (name, at) = (&set.timer.name, shown(set.timer.at, self.zone));
            let message = format!("timer {name} is due at {at}, after the end of the replay; give it more time with --settle");
            self.dispatch.problem(slot, set.origin, ProblemKind::Limit, message);
        }
    }
}
