//! Finds calls whose notifications were lost. A repeating timer reads UIS's own report of finished calls, and reads far back, because a call
//! may appear in the report hours late. The host delivers each that is not stored as an event in the customer's
//! lane, so that a call that RetailCRM cannot store now does not block the others.

use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, retry};
use crate::base::timers::TimerName;
use crate::bindings::uis::integration::call_events::CallFinished;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::telephony::story::{self, FollowUp, HistoryState, StoredRecording};
use crate::telephony::{filter, unfinished};
use crate::uis::reports::{self, PAGE, ReportReader};
use crate::uis::seen::Seen;

/// The report of finished calls.
pub const CALLS: ReportReader = ReportReader { timer: TimerName::ReconcileCalls, key: Key::CallsRead, seen: &[Key::CallsSeen] };

/// Reads the report since the last time.
pub fn on_timer(context: &Context<'_>) -> Handled {
    let began = context.platform.now();
    let mut seen = Seen::open(context.platform, Key::CallsSeen, CALLS.last(context.platform)?)?;
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.finished_calls(seen.since(), cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for row in page.calls {
            let (session, state) = (row.finished.call.session_id, state(&row.finished));
            if seen.knows(session, &state) {
                continue;
            }
            if is_done(context, &row.finished)? {
                seen.add(session, &state);
            } else {
                context.platform.deliver_call(row, began).map_err(retry)?;
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    seen.close(context.platform)?;
    CALLS.mark_read(context.platform, began)?;
    unfinished::expire_silent(context)?;
    done()
}

/// What may still change in a row of the report and then has to be handled.
fn state(row: &CallFinished) -> (i64, Option<&str>, Option<&str>, Vec<&str>) {
    let contact = row.call.contact.as_ref().map(|number| number.digits.as_str());
    let recordings = row.recordings.iter().filter_map(|recording| recording.url.as_deref()).collect();
    (row.finished_at, contact, row.call.virtual_number.as_deref(), recordings)
}

/// Whether nothing is left to be done for a row of the report, or the call is not handled.
fn is_done(context: &Context<'_>, finished: &CallFinished) -> Result<bool, Failure> {
    let session = finished.call.session_id;
    if !filter::ours(context, &finished.call)? {
        return Ok(true);
    }
    let known = story::read(context, session)?;
    let end_reported = known.end.as_ref().is_some_and(|end| end.finish_reported);
    let recording_is_left = !known.not_yet_known(&finished.recordings).is_empty() || known.recordings.iter().any(StoredRecording::waits);
    // The timer of an unfinished call is set again, because it may have been lost between two writes.
    let finished_before = match known.stored {
        // The report may contain a number that no event contained.
        HistoryState::Skipped => known.internal || finished.call.contact.is_none(),
        HistoryState::Yes => known.follow_up != FollowUp::Pending && !recording_is_left,
        HistoryState::Refused => true,
        HistoryState::No | HistoryState::Intended => false,
    };
    if end_reported && finished_before {
        return Ok(true);
    }
    if !end_reported {
        context.platform.log(
            Level::Warn,
            "the end of a call was found in UIS's report; its notification was lost",
            &[("call", &session.to_string())],
        );
    }
    Ok(false)
}
