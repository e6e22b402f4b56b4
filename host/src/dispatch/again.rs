//! Real time: what is tried again by itself although nobody reported a change: refused keys, and events that wait for a change.

use super::serving::Serving;
use super::writes::Write;
use super::{Arrival, Dispatch};
use crate::event::Event;
use crate::ports::{IntegrationState, KeptEvent, Origin, StoreError};

/// How long after a refused key it is tried whether the key is accepted again. The owner may have put the old key back in the remote system.
/// The time doubles up to [`LONGEST_PROBE_MS`].
const FIRST_PROBE_MS: i64 = 5 * 60_000;
/// The longest time between two such trials.
const LONGEST_PROBE_MS: i64 = 60 * 60_000;

/// How often events are tried again that wait until something has changed. Nobody reports a change in the remote system, such as a right that
/// was given to the key.
const PARKED_MS: i64 = 60 * 60_000;

impl Dispatch<'_> {
    /// Sets when the key of a paused integration is tried again.
    pub(super) fn plan_probe(&self, slot: usize, serving: &mut Serving) {
        match self.state(slot) {
            // An administrator's pause lets nothing be sent, so the time until the next trial begins when it ends.
            _ if self.slots[slot].lanes.held_by_owner => drop(serving.probes.remove(&slot)),
            IntegrationState::Paused => {
                let now = self.now();
                let (at, trials) = serving.probes.entry(slot).or_insert((i64::MIN, 0));
                if *at == i64::MIN {
                    let delay = FIRST_PROBE_MS.saturating_mul(1 << (*trials).min(10)).min(LONGEST_PROBE_MS);
                    // A thousand integrations whose keys were refused at once are not all tried at once.
                    *at = now + delay + delay * (slot as i64 % 100) / 500;
                    *trials += 1;
                }
            }
            // A trial is under way: its count goes on.
            IntegrationState::Activating => {
                if let Some((at, _)) = serving.probes.get_mut(&slot) {
                    *at = i64::MIN;
                }
            }
            IntegrationState::Active | IntegrationState::Inactive => drop(serving.probes.remove(&slot)),
        }
    }

    /// Activates paused integrations whose trial is due. One that fails again is not reported again.
    pub(super) async fn probe(&mut self, now: i64, serving: &mut Serving) -> Result<(), StoreError> {
        let due = serving.probes.iter().filter(|(_, (at, _))| *at <= now && *at > i64::MIN).map(|(slot, _)| *slot);
        for slot in due.collect::<Vec<_>>() {
            // A trial would replace the owner's wish to switch the integration off.
            if self.slots[slot].lanes.is_wishing() {
                continue;
            }
            self.note(Origin::default(), "the key is tried again");
            let event = self.kept(slot, Arrival { origin: Origin::default(), what: "activate".into(), event: Event::Activate });
            let event = KeptEvent { reported: true, ..event };
            self.write(slot, Write::Keep(Box::new(event.clone()))).await?;
            self.wish(slot, event).await?;
            self.changed(slot, serving);
        }
        Ok(())
    }

    /// Sets when events are tried again that wait for a change.
    pub(super) fn plan_parked(&self, slot: usize, serving: &mut Serving) {
        match self.slots[slot].lanes.has_parked() {
            true => drop(serving.parked.entry(slot).or_insert(self.now() + PARKED_MS)),
            false => drop(serving.parked.remove(&slot)),
        }
    }

    /// Tries some of the events that have waited for a change long enough.
    pub(super) fn unpark_due(&mut self, now: i64, serving: &mut Serving) {
        let due = serving.parked.iter().filter(|(_, at)| **at <= now).map(|(slot, _)| *slot);
        for slot in due.collect::<Vec<_>>() {
            serving.parked.remove(&slot);
            self.slots[slot].lanes.try_parked(now);
            self.changed(slot, serving);
        }
    }
}
