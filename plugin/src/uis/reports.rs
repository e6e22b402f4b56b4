//! Reading UIS's own reports again and again, for what notifications lost: a repeating timer, up to when a report was read, and an overlap,
//! because a report may learn of something late.

use crate::base::keys::Key;
use crate::base::outcome::retry;
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::communications::ReportError;
use crate::bindings::uis::integration::types::{Failure, Instant, RetryLater};
use crate::platform::Platform;

/// Every ten minutes: a manager who looks for a call after lunch finds it, and UIS's minute limits are not felt.
const EVERY_MS: u64 = 600_000;
/// What happened is looked for again in the hour before the last look.
const OVERLAP_MS: i64 = 3_600_000;
/// Rows per page.
pub const PAGE: u32 = 200;

/// A report that is read.
pub struct ReportReader {
    /// Its timer.
    pub timer: TimerName,
    /// Where it is remembered up to when it was read.
    pub key: Key<'static>,
}

impl ReportReader {
    /// What happens counts from now on, and from an hour before, however long it takes until the remote system can be asked for the first
    /// time.
    pub fn set_start(&self, platform: &dyn Platform, at: Instant) -> Result<(), Failure> {
        if stored::load::<Instant>(platform, self.key)?.is_none() { stored::put(platform, self.key, &at, None) } else { Ok(()) }
    }

    /// What happens does not count any more: it is not made good when the integration is on again.
    pub fn clear(&self, platform: &dyn Platform) -> Result<(), Failure> {
        stored::forget(platform, self.key)
    }

    /// Starts the timer.
    pub fn start_timer(&self, platform: &dyn Platform) -> Result<(), Failure> {
        timers::every(platform, self.timer, EVERY_MS)
    }

    /// From when on the report is to be read now.
    pub fn since(&self, platform: &dyn Platform) -> Result<Instant, Failure> {
        Ok(stored::load::<Instant>(platform, self.key)?.unwrap_or_else(|| platform.now()) - OVERLAP_MS)
    }

    /// It was read, beginning at this time.
    pub fn mark_read(&self, platform: &dyn Platform, began: Instant) -> Result<(), Failure> {
        stored::put(platform, self.key, &began, None)
    }
}

/// Why a report could not be read, as a handler tells it.
pub fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's report is busy".into() }),
        ReportError::Refused(text) => retry(format!("UIS's report is refused: {text}")),
    }
}
