//! The timers of one owner in memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::bindings::uis::integration::timers::Timer;
use crate::ports::{SetTimer, TimerRoom};

/// Timers by name.
#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeMap<String, SetTimer>,
    /// Times and names, the earliest first.
    due: BTreeSet<(i64, String)>,
    /// Size of all names, ordering keys and payloads, in bytes.
    bytes: usize,
}

/// Size of a timer, in bytes.
fn bytes(timer: &Timer) -> usize {
    timer.name.len() + timer.ordering_key.len() + timer.payload.len()
}

impl Timers {
    /// The timer that is due first; of several due at the same time, the first by name.
    pub(super) fn next(&self) -> Option<&SetTimer> {
        self.due.first().and_then(|(_, name)| self.set.get(name))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &SetTimer> {
        self.set.values()
    }

    /// Removes a timer that is due at `now`, and sets a repeating one to its next time after `now`.
    pub(super) fn take(&mut self, name: &str, now: i64) -> Option<SetTimer> {
        if self.set.get(name)?.timer.at > now {
            return None;
        }
        let taken = self.remove(name)?;
        if let Some(next) = taken.next_beat(now) {
            self.insert(next);
        }
        Some(taken)
    }

    pub(super) fn clear(&mut self) {
        *self = Timers::default();
    }

    /// Sets a timer, and replaces the one with the same name. The error says which limit would be exceeded.
    pub(super) fn set(&mut self, timer: SetTimer, room: TimerRoom) -> Result<(), String> {
        let before = self.set.get(&timer.timer.name).map(|set| bytes(&set.timer));
        if self.set.len() >= room.timers && before.is_none() {
            return Err(format!("limit timers = {}", room.timers));
        }
        if self.bytes - before.unwrap_or(0) + bytes(&timer.timer) > room.bytes {
            return Err(format!("limit timer-bytes = {}", room.bytes));
        }
        self.insert(timer);
        Ok(())
    }

    fn insert(&mut self, timer: SetTimer) {
        self.remove(&timer.timer.name);
        self.bytes += bytes(&timer.timer);
        self.due.insert((timer.timer.at, timer.timer.name.clone()));
        self.set.insert(timer.timer.name.clone(), timer);
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<SetTimer> {
        let taken = self.set.remove(name)?;
        self.bytes -= bytes(&taken.timer);
        self.due.remove(&(taken.timer.at, taken.timer.name.clone()));
        Some(taken)
    }
}
