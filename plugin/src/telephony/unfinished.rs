//! Calls that are not done with: a pop-up is open, or the end is not in the history yet. Timers go when the integration is switched off;
//! this list stays, so that switching it off settles what it can and switching it on takes up the rest.

use crate::base::keys::{Family, Key};
use crate::base::stored;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::telephony::story::{self, FollowUp, HistoryState, Story};
use crate::telephony::{history, popups};

/// Notes that a call is not done with; `ordering_key` is that of its events.
pub fn add(context: &Context<'_>, session: i64, ordering_key: &str) -> Result<(), Failure> {
    stored::put(context.platform, Key::UnfinishedCall(session), &ordering_key.to_owned(), Some(story::TTL_MS))
}

/// Takes a call off the list if it is done with.
pub fn remove_if_finished(context: &Context<'_>, session: i64, story: &Story) -> Result<(), Failure> {
    let stored = story.stored == HistoryState::Skipped || (story.stored == HistoryState::Yes && story.follow_up == FollowUp::Done);
    if stored && story.open_popups(|_| true).is_empty() { stored::forget(context.platform, Key::UnfinishedCall(session)) } else { Ok(()) }
}

fn all(context: &Context<'_>) -> Result<Vec<(i64, String)>, Failure> {
    let mut all = Vec::new();
    for session in stored::ids(context.platform, Family::UnfinishedCalls) {
        if let Some(ordering_key) = stored::load(context.platform, Key::UnfinishedCall(session))? {
            all.push((session, ordering_key));
        }
    }
    Ok(all)
}

/// The integration is switched on, or its settings were saved: what waits is taken up again, also what RetailCRM refused
/// before. Each call's own timer does it, so that a long list does not hold up the switching on.
pub fn resume_all(context: &Context<'_>) -> Result<(), Failure> {
    for (session, ordering_key) in all(context)? {
        let story = story::update(context, session, |story| {
            if story.follow_up == FollowUp::Refused {
                story.follow_up = FollowUp::Pending;
            }
            story.clone()
        })?;
        if story.end.is_some() {
            history::schedule(context, &ordering_key, session, &story)?;
        }
    }
    Ok(())
}

/// The integration is switched off: pop-ups are closed, and ended calls stored with what is known, because nothing will come after.
pub fn finish_all(context: &Context<'_>) -> Result<(), Failure> {
    for (session, _) in all(context)? {
        let story = story::read(context, session)?;
        tolerate(context, session, popups::close(context, session, &story.open_popups(|_| true), "cancel"))?;
        if story.end.is_some() {
            tolerate(context, session, history::on_timer(context, session).map(|_| ()))?;
        }
    }
    Ok(())
}

/// A call that has shown no sign of life for so long is over, even if neither a notification nor UIS's report ever said so.
const SILENCE_MS: i64 = 4 * 3_600_000;

/// Closes the pop-ups of calls that fell silent. Their records are still made if their end turns up.
pub fn expire_silent(context: &Context<'_>) -> Result<(), Failure> {
    let now = context.platform.now();
    for (session, _) in all(context)? {
        let story = story::read(context, session)?;
        if story.end.is_none() && story.last_sign() + SILENCE_MS <= now {
            popups::close_surely(context, session, &story.open_popups(|_| true), "failed")?;
            stored::forget(context.platform, Key::UnfinishedCall(session))?;
        }
    }
    Ok(())
}

/// One call that RetailCRM refuses must not hold up the others; what may pass, and a refused key, must.
fn tolerate(context: &Context<'_>, session: i64, result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(failure @ (Failure::Rejected(_) | Failure::Misconfigured(_))) => {
            let call = session.to_string();
            context.platform.log(Level::Error, "a call cannot be settled", &[("call", &call), ("failure", &format!("{failure:?}"))]);
            Ok(())
        }
        other => other,
    }
}
