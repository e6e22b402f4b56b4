//! The list of unfinished calls: a pop-up is open, or the call is not in the history yet. Switching the integration off deletes its timers
//! but not this list, so that switching off can finish calls and switching on can resume them.

use crate::base::keys::{Family, Key};
use crate::base::stored;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::telephony::story::{self, FollowUp, HistoryState, Story};
use crate::telephony::{closing, filter, history};

/// Adds a call to the list; `ordering_key` is that of its events.
pub fn add(context: &Context<'_>, session: i64, ordering_key: &str) -> Result<(), Failure> {
    stored::put(context.platform, Key::UnfinishedCall(session), &ordering_key.to_owned(), Some(story::TTL_MS))
}

/// Removes a call from the list if it is finished.
pub fn remove_if_finished(context: &Context<'_>, session: i64, story: &Story) -> Result<(), Failure> {
    let stored = story.stored == HistoryState::Skipped || (story.stored == HistoryState::Yes && story.follow_up == FollowUp::Done);
    if stored && !story.is_refused() && story.open_popups(|_| true).is_empty() {
        stored::forget(context.platform, Key::UnfinishedCall(session))
    } else {
        Ok(())
    }
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

/// Resumes the calls when the integration is switched on or its settings are saved, including those that RetailCRM refused. Each call is
/// handled by its own timer, so that a long list does not delay switching on. A call in progress that the settings now shut out is dropped.
pub fn resume_all(context: &Context<'_>) -> Result<(), Failure> {
    for (session, ordering_key) in all(context)? {
        let known = story::read(context, session)?;
        if known.end.is_none() && !filter::is_ours(context, session, known.virtual_number.as_deref())? {
            drop_call(context, session, &known)?;
            continue;
        }
        let story = story::update(context, session, |story| {
            story.retry_refused();
            story.clone()
        })?;
        closing::set_close_timer(context, session)?;
        if story.end.is_some() {
            history::schedule(context, &ordering_key, session, &story)?;
        }
    }
    Ok(())
}

/// Closes the pop-ups of a call whose further events will be ignored.
fn drop_call(context: &Context<'_>, session: i64, story: &Story) -> Result<(), Failure> {
    closing::close_now_or_later(context, session, &story.open_popups(|_| true), closing::CANCELLED)?;
    let is_closed = story::read(context, session)?.open_popups(|_| true).is_empty();
    if is_closed { stored::forget(context.platform, Key::UnfinishedCall(session)) } else { Ok(()) }
}

/// Finishes the calls when the integration is switched off: closes pop-ups, and stores ended calls with what is known, because no more
/// events will arrive.
pub fn finish_all(context: &Context<'_>) -> Result<(), Failure> {
    for (session, _) in all(context)? {
        let story = story::read(context, session)?;
        tolerate(context, session, closing::close(context, session, &story.open_popups(|_| true), closing::CANCELLED))?;
        if story.end.is_some() {
            tolerate(context, session, history::store_now(context, session).map(|_| ()))?;
        }
    }
    Ok(())
}

/// A call without any event for this long is over, even if neither a notification nor UIS's report contained its end.
const SILENCE_MS: i64 = 4 * 3_600_000;

/// Closes the pop-ups of calls without events. If their end is reported later, they are still stored.
pub fn expire_silent(context: &Context<'_>) -> Result<(), Failure> {
    let now = context.platform.now();
    for (session, _) in all(context)? {
        let story = story::read(context, session)?;
        if story.end.is_none() && story.last_sign() + SILENCE_MS <= now {
            closing::close_now_or_later(context, session, &story.open_popups(|_| true), "failed")?;
            stored::forget(context.platform, Key::UnfinishedCall(session))?;
        }
    }
    Ok(())
}

/// Ignores RetailCRM's refusal of one call, so that it does not block the others. Temporary failures and a refused key are returned.
fn tolerate(context: &Context<'_>, session: i64, result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(failure @ (Failure::Rejected(_) | Failure::Misconfigured(_))) => {
            let call = session.to_string();
            context.platform.log(Level::Error, "a call cannot be finished", &[("call", &call), ("failure", &format!("{failure:?}"))]);
            Ok(())
        }
        other => other,
    }
}
