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

/// A repeating timer that still has to run once: the replay's index, the integration's slot and the timer's name.
type Turn = (usize, usize, String);

/// Advances the clocks until no event waits and only repeating timers are left, of which those due within an hour have run once; but by
/// no more than `time_limit`. Several replays, each with a part of the same recording's integrations, do together what one replay of all
/// would do: they run what is due in one order, and end at the same time.
pub async fn run_out(replays: &mut [Replay<'_>], time_limit: Duration) -> Result<(), StoreError> {
    let Some(now) = replays.iter().map(Replay::now).max() else { return Ok(()) };
    let until = now.saturating_add(i64::try_from(time_limit.as_millis()).unwrap_or(i64::MAX));
    let mut turns: Vec<Turn> =
        timers(replays).await?.repeating.into_iter().filter(|(at, _)| *at <= now + TURN_MS).map(|(_, turn)| turn).collect();
    loop {
        let set = timers(replays).await?;
        // A timer that the plugin has cancelled will not run.
        turns.retain(|turn| set.repeating.iter().any(|(_, left)| left == turn));
        let works = |replay: &Replay<'_>| replay.dispatch.has_waiting() || replay.dispatch.is_at_work();
        if !set.one_shot && turns.is_empty() && !replays.iter().any(works) {
            break;
        }
        let Some((at, index, due)) = first_due(replays, until).await? else { break };
        for replay in replays.iter() {
            replay.clock().advance_to(at);
        }
        if let Due::Timer { slot, name } = &due {
            turns.retain(|turn| turn != &(index, *slot, name.clone()));
        }
        let replay = &mut replays[index];
        replay.dispatch.run_due(due).await?;
        if replay.remote.is_over() || replay.is_given_up() {
            return Ok(());
        }
    }
    for replay in replays {
        replay.report_what_is_left().await?;
    }
    Ok(())
}

/// The timers of several replays.
struct Timers {
    /// Whether there is one that does not repeat.
    one_shot: bool,
    /// Those that repeat, each with the time at which it is due.
    repeating: Vec<(i64, Turn)>,
}

async fn timers(replays: &mut [Replay<'_>]) -> Result<Timers, StoreError> {
    let mut all = Timers { one_shot: false, repeating: Vec::new() };
    for (index, replay) in replays.iter_mut().enumerate() {
        for (slot, SetTimer { timer, .. }) in replay.dispatch.active_timers().await? {
            match timer.every_ms {
                None => all.one_shot = true,
                Some(_) => all.repeating.push((timer.at, (index, slot, timer.name))),
            }
        }
    }
    Ok(all)
}

/// What is due first in several replays: when, and the replay's index. What is due at the same time runs in the order in which one replay
/// of all integrations would run it.
async fn first_due(replays: &mut [Replay<'_>], until: i64) -> Result<Option<(i64, usize, Due)>, StoreError> {
    let mut first: Option<((i64, u64, usize), usize, Due)> = None;
    for (index, replay) in replays.iter_mut().enumerate() {
        if let Some((at, order, due)) = replay.dispatch.next_in_order(until).await? {
            let key = (at, order, replay.place_of(&due));
            if first.as_ref().is_none_or(|(known, ..)| key < *known) {
                first = Some((key, index, due));
            }
        }
    }
    Ok(first.map(|((at, ..), index, due)| (at, index, due)))
}

impl Replay<'_> {
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
