//! Calls that notifications lost. A repeating timer reads UIS's own report of finished calls, with an overlap because the report may
//! learn of a call late, and has those that no event has ended handled as if it had: each by a timer of its own, in order with the customer's
//! other events, so that one that RetailCRM cannot take now holds up no other.

use crate::bindings::uis::integration::communications::{ReportError, ReportedCall};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::{Failure, Instant, RetryLater};
use crate::memory;
use crate::outcome::{Handled, done_without, retry};
use crate::platform::Platform;
use crate::telephony::filter;
use crate::telephony::history;
use crate::telephony::story::{self, FollowUp, Stored};
use crate::telephony::unsettled;

/// The timer's name.
pub const TIMER: &str = "reconcile-calls";

/// Every ten minutes: a manager who looks for a call after lunch finds it, and UIS's minute limits are not felt.
const EVERY_MS: u64 = 600_000;
/// Calls are looked for again in the hour before the last look.
const OVERLAP_MS: i64 = 3_600_000;
/// Calls per page.
const PAGE: u32 = 200;
/// Up to when the report was read.
const READ_KEY: &str = "reconcile/calls";

/// Calls count from now on, and from an hour before, however long it takes until RetailCRM can be asked for the first time.
pub fn begin(platform: &dyn Platform, at: Instant) -> Result<(), Failure> {
    if memory::load::<Instant>(platform, READ_KEY).is_none() { memory::put(platform, READ_KEY, &at, None) } else { Ok(()) }
}

/// Calls do not count any more: what happens while the integration is off is not made good when it is on again.
pub fn end(platform: &dyn Platform) -> Result<(), Failure> {
    memory::forget(platform, READ_KEY)
}

/// Starts the timer.
pub fn start(platform: &dyn Platform) -> Result<(), Failure> {
    let now = platform.now();
    platform
        .set_timer(&Timer {
            name: TIMER.to_owned(),
            at: now + i64::try_from(EVERY_MS).unwrap_or(i64::MAX),
            every_ms: Some(EVERY_MS),
            ordering_key: TIMER.to_owned(),
            payload: Vec::new(),
        })
        .map_err(|why| retry(format!("the reconciling timer cannot be set: {why}")))
}

/// Reads the report since the last time.
pub fn on_timer(platform: &dyn Platform) -> Handled {
    let began = platform.now();
    let since = memory::load::<Instant>(platform, READ_KEY).unwrap_or(began) - OVERLAP_MS;
    let mut cursor: Option<String> = None;
    let mut left_out = Vec::new();
    loop {
        let page = platform.finished_calls(since, cursor.as_deref(), PAGE).map_err(report_failure)?;
        for ReportedCall { ordering_key, finished } in &page.calls {
            let session = finished.call.session_id;
            if !filter::ours(platform, &finished.call)? {
                continue;
            }
            let known = story::read(platform, session);
            let told = known.end.as_ref().is_some_and(|end| end.told_finished);
            let recording_is_news = !known.unknown_of(&finished.recordings).is_empty();
            // One that still waits for something has its timer set again: it may have been lost between two writes.
            let settled = match known.stored {
                // The report may know the number that no event told.
                Stored::Skipped => known.internal || finished.call.contact.is_none(),
                Stored::Yes => known.follow_up != FollowUp::Pending && !recording_is_news,
                Stored::No | Stored::Intended => false,
            };
            if told && settled {
                continue;
            }
            if !told {
                platform.log(Level::Warn, "a finished call was not told, only reported", &[("call", &session.to_string())]);
            }
            left_out.extend(history::on_reported(platform, ordering_key, finished)?);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    memory::put(platform, READ_KEY, &began, None)?;
    unsettled::expire(platform)?;
    done_without(left_out)
}

fn report_failure(error: ReportError) -> Failure {
    match error {
        ReportError::Busy(after_ms) => Failure::Retry(RetryLater { after_ms: Some(after_ms), reason: "UIS's report is busy".into() }),
        ReportError::Refused(text) => retry(format!("UIS's report is refused: {text}")),
    }
}
