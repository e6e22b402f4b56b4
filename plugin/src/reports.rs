//! Reading UIS's own reports again and again, for what notifications lost: a repeating timer, up to when a report was read, and an overlap,
//! because a report may learn of something late.

use crate::bindings::uis::integration::communications::ReportError;
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::{Failure, Instant, RetryLater};
use crate::memory;
use crate::outcome::retry;
use crate::platform::Platform;

/// Every ten minutes: a manager who looks for a call after lunch finds it, and UIS's minute limits are not felt.
const EVERY_MS: u64 = 600_000;
/// What happened is looked for again in the hour before the last look.
const OVERLAP_MS: i64 = 3_600_000;
/// Rows per page.
pub const PAGE: u32 = 200;

/// A report that is read.
pub struct Reading {
    /// Its timer.
    pub timer: &'static str,
    /// Where it is remembered up to when it was read.
    pub key: &'static str,
}

impl Reading {
    /// What happens counts from now on, and from an hour before, however long it takes until the remote system can be asked for the first
    /// time.
    pub fn begin(&self, platform: &dyn Platform, at: Instant) -> Result<(), Failure> {
        if memory::load::<Instant>(platform, self.key).is_none() { memory::put(platform, self.key, &at, None) } else { Ok(()) }
    }

    /// What happens does not count any more: it is not made good when the integration is on again.
    pub fn end(&self, platform: &dyn Platform) -> Result<(), Failure> {
        memory::forget(platform, self.key)
    }

    /// Starts the timer.
    pub fn start(&self, platform: &dyn Platform) -> Result<(), Failure> {
        every(platform, self.timer, EVERY_MS)
    }

    /// From when on the report is to be read now.
    pub fn since(&self, platform: &dyn Platform) -> Instant {
        memory::load::<Instant>(platform, self.key).unwrap_or_else(|| platform.now()) - OVERLAP_MS
    }

    /// It was read, beginning at this time.
    pub fn read(&self, platform: &dyn Platform, began: Instant) -> Result<(), Failure> {
        memory::put(platform, self.key, &began, None)
    }
}

/// Sets a timer that repeats, in a lane of its own.
pub fn every(platform: &dyn Platform, name: &str, every_ms: u64) -> Result<(), Failure> {
    set(platform, name, platform.now() + i64::try_from(every_ms).unwrap_or(i64::MAX), Some(every_ms), name, Vec::new())
}

/// Has something done at once by a timer of its own, in order with the events of a key.
pub fn hand_over(platform: &dyn Platform, name: &str, ordering_key: &str, payload: Vec<u8>) -> Result<(), Failure> {
    set(platform, name, platform.now(), None, ordering_key, payload)
}

/// Sets a timer.
pub fn set(
    platform: &dyn Platform,
    name: &str,
    at: Instant,
    every_ms: Option<u64>,
    ordering_key: &str,
    payload: Vec<u8>,
) -> Result<(), Failure> {
    platform
        .set_timer(&Timer { name: name.to_owned(), at, every_ms, ordering_key: ordering_key.to_owned(), payload })
        .map_err(|why| retry(format!("the timer {name} cannot be set: {why}")))
}

/// Why a report could not be read, as a handler tells it.
pub fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's report is busy".into() }),
        ReportError::Refused(text) => retry(format!("UIS's report is refused: {text}")),
    }
}
