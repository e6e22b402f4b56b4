//! The contract's import `timers`: timers of the integration, in the host's store.

use super::EventScope;
use crate::bindings::uis::integration::timers::{Host, Timer};
use crate::limits::{HOST_TIMERS, TIMER_EVERY_MS, TIMER_NAME_BYTES, TIMER_PAYLOAD_BYTES};
use crate::ports::{SetTimer, StoreError, TimerRoom};
use crate::trace::Step;

impl EventScope {
    /// Sets a timer in the host's store.
    pub(super) async fn keep_timer(&mut self, timer: Timer) -> Result<Result<(), String>, StoreError> {
        let limits = &self.integration.limits;
        let room = TimerRoom { timers: limits.timers, bytes: limits.timer_bytes };
        let step = Step::TimerSet { name: timer.name.clone(), at: timer.at, every_ms: timer.every_ms };
        let set = SetTimer { timer, origin: self.origin };
        let result = self.integration.store.set_timer(&self.integration.name, set, room).await?;
        if result.is_ok() {
            self.trace.push(step);
        }
        Ok(result)
    }
}

impl Host for EventScope {
    async fn set(&mut self, timer: Timer) -> wasmtime::Result<Result<(), String>> {
        self.turn_to_write().await?;
        match problem(&timer) {
            Some(problem) => Ok(Err(problem)),
            None => Ok(self.keep_timer(timer).await?),
        }
    }

    async fn cancel(&mut self, name: String) -> wasmtime::Result<()> {
        self.turn_to_write().await?;
        if !name.starts_with(HOST_TIMERS) && self.integration.store.cancel_timer(&self.integration.name, &name).await? {
            self.trace.push(Step::TimerCancelled { name });
        }
        Ok(())
    }
}

/// Why a timer is refused; none when it is valid.
fn problem(timer: &Timer) -> Option<String> {
    if timer.name.is_empty() || timer.name.len() > TIMER_NAME_BYTES {
        return Some(format!("a timer's name has 1 to {TIMER_NAME_BYTES} bytes"));
    }
    if timer.name.starts_with(HOST_TIMERS) {
        return Some(format!("names of timers that begin with {HOST_TIMERS} are the host's own"));
    }
    if timer.payload.len() > TIMER_PAYLOAD_BYTES {
        return Some(format!("a timer's payload has at most {TIMER_PAYLOAD_BYTES} bytes"));
    }
    timer.every_ms.is_some_and(|every| every < TIMER_EVERY_MS).then(|| format!("a timer repeats at most every {TIMER_EVERY_MS} ms"))
}
