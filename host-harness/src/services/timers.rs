//! `timers`.

use std::collections::BTreeMap;

use super::EventScope;
use crate::bindings::uis::integration::timers::{Host, Timer};
use crate::integration::lock;
use crate::plugin::limits::{TIMER_EVERY_MS, TIMER_NAME_BYTES, TIMER_PAYLOAD_BYTES};
use crate::trace::Step;

/// A timer that is set.
#[derive(Debug, Clone)]
pub struct SetTimer {
    /// As the plugin set it; `at` is the next time.
    pub timer: Timer,
    /// The recording's line whose event set it.
    pub line: u64,
}

/// An integration's timers, by name.
#[derive(Debug, Default)]
pub struct Timers {
    set: BTreeMap<String, SetTimer>,
    /// Names and payloads, in bytes.
    bytes: usize,
}

/// What a timer takes.
fn bytes(timer: &Timer) -> usize {
    timer.name.len() + timer.ordering_key.len() + timer.payload.len()
}

impl Timers {
    /// The one that comes due first; of several at one time the first by name.
    pub fn next(&self) -> Option<&SetTimer> {
        self.set.values().min_by(|left, right| (left.timer.at, &left.timer.name).cmp(&(right.timer.at, &right.timer.name)))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &SetTimer> {
        self.set.values()
    }

    /// Takes a due timer out, and sets a repeating one for its next time after `now`.
    pub fn take(&mut self, name: &str, now: i64) -> Option<SetTimer> {
        let taken = self.remove(name)?;
        if let Some(every) = taken.timer.every_ms {
            let every = i64::try_from(every).unwrap_or(i64::MAX).max(1);
            let missed = (now - taken.timer.at).max(0) / every;
            let at = taken.timer.at.saturating_add(every.saturating_mul(missed + 1));
            self.insert(SetTimer { timer: Timer { at, ..taken.timer.clone() }, line: taken.line });
        }
        Some(taken)
    }

    /// Forgets all: the integration was switched off.
    pub fn clear(&mut self) {
        *self = Timers::default();
    }

    fn insert(&mut self, timer: SetTimer) {
        self.remove(&timer.timer.name);
        self.bytes += bytes(&timer.timer);
        self.set.insert(timer.timer.name.clone(), timer);
    }

    fn remove(&mut self, name: &str) -> Option<SetTimer> {
        let taken = self.set.remove(name)?;
        self.bytes -= bytes(&taken.timer);
        Some(taken)
    }
}

impl Host for EventScope {
    fn set(&mut self, timer: Timer) -> wasmtime::Result<Result<(), String>> {
        if timer.name.is_empty() || timer.name.len() > TIMER_NAME_BYTES {
            return Ok(Err(format!("a timer's name has 1 to {TIMER_NAME_BYTES} bytes")));
        }
        if timer.payload.len() > TIMER_PAYLOAD_BYTES {
            return Ok(Err(format!("a timer's payload has at most {TIMER_PAYLOAD_BYTES} bytes")));
        }
        if timer.every_ms.is_some_and(|every| every < TIMER_EVERY_MS) {
            return Ok(Err(format!("a timer repeats at most every {TIMER_EVERY_MS} ms")));
        }
        let mut timers = lock(&self.integration.timers);
        let limits = &self.integration.limits;
        let before = timers.set.get(&timer.name).map(|set| bytes(&set.timer));
        if timers.set.len() >= limits.timers && before.is_none() {
            return Ok(Err(format!("limit timers = {}", limits.timers)));
        }
        if timers.bytes - before.unwrap_or(0) + bytes(&timer) > limits.timer_bytes {
            return Ok(Err(format!("limit timer-bytes = {}", limits.timer_bytes)));
        }
        self.trace.push(Step::TimerSet { name: timer.name.clone(), at: timer.at, every_ms: timer.every_ms });
        timers.insert(SetTimer { timer, line: self.line });
        Ok(Ok(()))
    }

    fn cancel(&mut self, name: String) -> wasmtime::Result<()> {
        if lock(&self.integration.timers).remove(&name).is_some() {
            self.trace.push(Step::TimerCancelled { name });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeating_timer_that_was_missed_runs_once_and_keeps_its_beat() {
        let mut timers = Timers::default();
        let timer = Timer { name: "beat".into(), at: 1000, every_ms: Some(1000), ordering_key: String::new(), payload: Vec::new() };
        timers.insert(SetTimer { timer, line: 1 });
        assert_eq!(timers.take("beat", 3500).map(|taken| taken.timer.at), Some(1000));
        assert_eq!(timers.next().map(|next| next.timer.at), Some(4000));
    }
}
