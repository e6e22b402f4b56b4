//! Reads UIS's own reports repeatedly, to find what notifications missed. A timer repeats; the time of the last reading is stored; readings
//! overlap because an item may appear in a report late, see [`super::seen`].

use crate::base::keys::Key;
use crate::base::outcome::retry;
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::communications::ReportError;
use crate::bindings::uis::integration::types::{Failure, Instant, RetryLater};
use crate::platform::Platform;

/// Every ten minutes: soon enough for a manager who looks for a call, and far below UIS's limits.
const EVERY_MS: u64 = 600_000;
/// Rows per page.
pub const PAGE: u32 = 200;

/// A report that is read repeatedly.
pub struct ReportReader {
    /// Its timer.
    pub timer: TimerName,
    /// The key of the time up to which the report was read.
    pub key: Key<'static>,
    /// The keys of the rows that are done.
    pub seen: &'static [Key<'static>],
}

impl ReportReader {
    /// Sets the time from which the report counts, if none is stored. It is set even if the remote system cannot be reached yet.
    pub fn set_start(&self, platform: &dyn Platform, at: Instant) -> Result<(), Failure> {
        if stored::load::<Instant>(platform, self.key)?.is_none() { stored::put(platform, self.key, &at, None) } else { Ok(()) }
    }

    /// Clears the time: what happens while the integration is off is not read later.
    pub fn clear(&self, platform: &dyn Platform) -> Result<(), Failure> {
        self.seen.iter().try_for_each(|seen| stored::forget(platform, *seen))?;
        stored::forget(platform, self.key)
    }

    /// Starts the timer.
    pub fn start_timer(&self, platform: &dyn Platform) -> Result<(), Failure> {
        timers::every(platform, self.timer, EVERY_MS)
    }

    /// When the last reading began, or the time from which the report counts.
    pub fn last(&self, platform: &dyn Platform) -> Result<Instant, Failure> {
        Ok(stored::load::<Instant>(platform, self.key)?.unwrap_or_else(|| platform.now()))
    }

    /// Stores that a reading that began at `began` is complete.
    pub fn mark_read(&self, platform: &dyn Platform, began: Instant) -> Result<(), Failure> {
        stored::put(platform, self.key, &began, None)
    }
}

/// A report error as a handler's failure.
pub fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's report is busy".into() }),
        ReportError::Refused(text) => retry(format!("UIS's report is refused: {text}")),
    }
}
