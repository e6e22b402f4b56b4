//! A counting replay on several threads. Integrations that share no CRM share only the UIS account, so each thread replays some of them: it
//! plays all lines for an account of its own, with a clock of its own, and delivers events to its integrations only. Then the counts are
//! added up.
//!
//! The result is exactly that of one replay of all integrations, or there is none. There is none as soon as something happens that one
//! replay would put in an order over all integrations (a problem, a note, an `expect` line), or that other integrations may notice (a changed
//! employee, used Data API points). Nothing has happened outside of this process by then, so that the recording can be replayed anew.

mod sum;
mod threads;

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uis_host::clock::VirtualClock;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;

use crate::crm::within::{Simulators, accounts_of};
use crate::effects::Recorder;
use crate::recording::{Header, Lines};
use crate::replay::{Part, ReplayBuilder, run_out};
use crate::report::Report;

use sum::added_up;
use threads::{Position, Seat, play};

/// What came of a counting replay.
#[derive(Debug)]
pub struct Counted {
    /// The counts of events. It lists nothing.
    pub report: Report,
    /// The number of effects.
    pub effects: u64,
    /// How many entities of each kind are in the CRMs.
    pub crm: Value,
    /// The UIS account, in which dial orders and answers are counted.
    pub uis: Value,
}

/// A recording whose integrations can be replayed in several parts.
pub struct Parallel<'h> {
    header: &'h Header,
    begins: DateTime<Utc>,
    /// The integrations of each part, by their indexes in the header.
    parts: Vec<Vec<usize>>,
}

impl<'h> Parallel<'h> {
    /// A recording that begins at this time, to be replayed on at most so many threads; none if that would be one part.
    pub fn of(header: &'h Header, begins: DateTime<Utc>, threads: usize) -> Option<Parallel<'h>> {
        let parts = parts_of(&accounts_of(header), threads);
        // A fault that the header names counts the requests or handlers of all integrations.
        (parts.len() > 1 && header.fault.is_none()).then_some(Parallel { header, begins, parts })
    }

    /// Replays the recording against simulators in this process. `lines` opens it, once for each part; `reached` receives now and then how many
    /// lines and bytes every part has played. None: the parts cannot be added up, or one of them failed, as one replay of all integrations
    /// would. Blocks the thread while the lines are played.
    pub async fn replay<R: BufRead>(
        &self,
        plugin: Arc<dyn Plugin>,
        limits: &Limits,
        settle: Duration,
        lines: impl Fn() -> anyhow::Result<Lines<R>> + Sync,
        reached: impl FnMut(u64, u64),
    ) -> Option<Counted> {
        let zone = uis_host::clock::zone(&self.header.account.timezone).ok()?;
        let clocks: Vec<Arc<VirtualClock>> = self.parts.iter().map(|_| Arc::new(VirtualClock::at(self.begins))).collect();
        let simulators = Arc::new(self.simulators(&clocks)?);
        let given_up = Arc::new(AtomicBool::new(false));
        let headers: Vec<(Part, Header)> = self.parts.iter().map(|places| Part::of(self.header, places, given_up.clone())).collect();
        let mut silent = vec![(); headers.len()];
        let mut recorders: Vec<Recorder<'_>> = silent.iter_mut().map(|silent| Recorder::counting(zone, silent)).collect();
        let positions: Vec<Position> = headers.iter().map(|_| Position::default()).collect();
        let seats = headers.iter().zip(&clocks).zip(recorders.iter_mut().zip(&positions));
        let seats = seats.map(|(((part, header), clock), (recorder, position))| {
            let builder = ReplayBuilder::new(header, plugin.clone(), simulators.clone(), clock.clone());
            Seat { builder: builder.limits(limits).counting().part(part.clone()), part, recorder, position }
        });
        let mut replays = play(seats.collect(), &lines, reached)?;
        // A file that grows meanwhile has another end for each part.
        if !positions.iter().all(|position| position.get() == positions[0].get()) {
            return None;
        }
        run_out(&mut replays, settle).await.ok()?;
        if replays.iter().any(|replay| replay.is_given_up()) {
            return None;
        }
        let runs = replays.iter().map(|replay| replay.most_runs_at_once()).collect::<Vec<_>>();
        let results = replays.iter().map(|replay| replay.result()).collect::<Vec<_>>();
        drop(replays);
        let effects = recorders.iter().map(Recorder::count).sum();
        let (report, uis) = added_up(&runs, results)?;
        Some(Counted { report, effects, crm: simulators.counts().into(), uis })
    }

    /// The simulators, each with the clock of the part whose integrations use it.
    fn simulators(&self, clocks: &[Arc<VirtualClock>]) -> Option<Simulators> {
        let accounts = accounts_of(self.header);
        let clock = |account: usize| {
            let uses = |part: &Vec<usize>| part.iter().any(|place| accounts[*place] == account);
            // Credentials that no integration chose have an account to which nothing happens.
            clocks[self.parts.iter().position(uses).unwrap_or(0)].clone()
        };
        Simulators::with_clocks(self.header, clock).ok()
    }
}

/// Distributes integrations over at most `most` parts of about the same size. Integrations with the same account are in one part. `accounts` has
/// the account of each integration; the result has their indexes, in ascending order.
fn parts_of(accounts: &[usize], most: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (place, account) in accounts.iter().enumerate() {
        match groups.iter_mut().find(|(known, _)| known == account) {
            Some((_, group)) => group.push(place),
            None => groups.push((*account, vec![place])),
        }
    }
    // The largest first, so that small ones fill up what is left. The sort is stable.
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    let mut parts = vec![Vec::new(); most.clamp(1, groups.len().max(1))];
    for (_, group) in groups {
        if let Some(smallest) = parts.iter_mut().min_by_key(|part| part.len()) {
            smallest.extend(group);
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::header;

    #[test]
    fn integrations_with_one_account_are_in_one_part() {
        assert_eq!(parts_of(&[0, 1, 2, 3], 2), [vec![0, 2], vec![1, 3]]);
        assert_eq!(parts_of(&[0, 1, 1, 2, 1], 2), [vec![1, 2, 4], vec![0, 3]]);
        assert_eq!(parts_of(&[0, 1], 8), [vec![0], vec![1]]);
        assert_eq!(parts_of(&[5, 5, 5], 4), [vec![0, 1, 2]]);
        assert_eq!(parts_of(&[0, 1, 2], 1), [vec![0, 1, 2]]);
        assert_eq!(parts_of(&[], 4), [Vec::<usize>::new()]);
    }

    #[test]
    fn a_recording_has_parts_only_if_several_accounts_are_used_and_no_fault_is_named() {
        let parts = |text: &str, threads| {
            let header = header(text).expect("a header");
            Parallel::of(&header, DateTime::UNIX_EPOCH, threads).map(|parallel| parallel.parts)
        };
        let own = r#"{"recording":1,"integrations":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#;
        assert_eq!(parts(own, 2), Some(vec![vec![0, 2], vec![1]]));
        assert_eq!(parts(own, 1), None);
        assert_eq!(parts(&own.replace(r#"{"recording":1,"#, r#"{"recording":1,"fault":"any","#), 2), None);
        assert_eq!(parts(r#"{"recording":1}"#, 2), None);
        let shared = r#"{"recording":1,"credentials":[{"name":"x","url":"https://x.retailcrm.ru","key":"k"}],
            "integrations":[{"name":"a","credentials":"x"},{"name":"b","credentials":"x"}]}"#;
        assert_eq!(parts(shared, 2), None);
    }
}
