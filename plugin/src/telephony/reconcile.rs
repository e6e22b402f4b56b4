//! Calls that notifications lost. A repeating timer reads UIS's own report of finished calls, with an overlap because the report may
//! learn of a call late, and has those that no event has ended handled as if it had: each by a timer of its own, in order with the customer's
//! other events, so that one that RetailCRM cannot take now holds up no other.

use crate::base::keys::Key;
use crate::base::outcome::{Handled, done_with_skipped};
use crate::base::timers::TimerName;
use crate::bindings::uis::integration::communications::ReportedCall;
use crate::bindings::uis::integration::log::Level;
use crate::context::Context;
use crate::telephony::story::{self, FollowUp, HistoryState, StoredRecording};
use crate::telephony::{filter, history, unfinished};
use crate::uis::reports::{self, PAGE, ReportReader};

/// The report of calls.
pub const CALLS: ReportReader = ReportReader { timer: TimerName::ReconcileCalls, key: Key::CallsRead };

/// Reads the report since the last time.
pub fn on_timer(context: &Context<'_>) -> Handled {
    let began = context.platform.now();
    let since = CALLS.since(context.platform)?;
    let mut cursor: Option<String> = None;
    let mut left_out = Vec::new();
    loop {
        let page = context.platform.finished_calls(since, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for ReportedCall { ordering_key, finished } in &page.calls {
            let session = finished.call.session_id;
            if !filter::ours(context, &finished.call)? {
                continue;
            }
            let known = story::read(context, session)?;
            let end_reported = known.end.as_ref().is_some_and(|end| end.finish_reported);
            let recording_is_left =
                !known.not_yet_known(&finished.recordings).is_empty() || known.recordings.iter().any(StoredRecording::waits);
            // One that still waits for something has its timer set again: it may have been lost between two writes.
            let finished_before = match known.stored {
                // The report may know the number that no event told.
                HistoryState::Skipped => known.internal || finished.call.contact.is_none(),
                HistoryState::Yes => known.follow_up != FollowUp::Pending && !recording_is_left,
                HistoryState::No | HistoryState::Intended => false,
            };
            if end_reported && finished_before {
                continue;
            }
            if !end_reported {
                context.platform.log(Level::Warn, "a finished call was not told, only reported", &[("call", &session.to_string())]);
            }
            left_out.extend(history::on_reported(context, ordering_key, finished)?);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    CALLS.mark_read(context.platform, began)?;
    unfinished::expire_silent(context)?;
    done_with_skipped(left_out)
}
