//! Closing pop-ups: now, or later by a timer. One that RetailCRM does not let be closed leaves no other open.

use crate::base::appeal_id::AppealId;
use crate::base::outcome::{Handled, done};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::retailcrm::telephony::{CallEvent, EventType, send_event};
use crate::telephony::story::{self, Popup, Story};
use crate::telephony::unfinished;
use crate::telephony::verdict::Verdict;

/// How long after a failed attempt a pop-up is closed.
const CLOSE_LATER_MS: u32 = 2000;

/// `hangupStatus` for managers who talked.
pub const ANSWERED: &str = "answered";
/// `hangupStatus` for managers who did not talk.
pub const NO_ANSWER: &str = "no answered";
/// `hangupStatus` when the integration stops handling the call.
pub const CANCELLED: &str = "cancel";

/// Closes pop-ups with one request. If RetailCRM refuses it, each is closed with a request of its own, because the refusal may be about one
/// of the users; a pop-up that is refused even then counts as closed, because a retry would be refused as well. Returns the first refusal.
///
/// Pop-ups are stored as closed only after RetailCRM has answered, and after the requests that open them can no longer arrive: closing a
/// pop-up twice is harmless, leaving it open is not.
pub fn close(context: &Context<'_>, session: i64, popups: &[Popup], status: &str) -> Result<(), Failure> {
    match close_together(context, session, popups, status) {
        Err(refusal) if is_refusal(&refusal) && popups.len() > 1 => {
            let mut first = None;
            for popup in popups {
                match close(context, session, std::slice::from_ref(popup), status) {
                    Err(refusal) if is_refusal(&refusal) => drop(first.get_or_insert(refusal)),
                    other => other?,
                }
            }
            first.map_or(Ok(()), Err)
        }
        Err(refusal) if is_refusal(&refusal) => {
            mark(context, session, popups, |popup| popup.closed = true)?;
            Err(refusal)
        }
        other => other,
    }
}

fn is_refusal(failure: &Failure) -> bool {
    matches!(failure, Failure::Rejected(_) | Failure::Misconfigured(_))
}

fn close_together(context: &Context<'_>, session: i64, popups: &[Popup], status: &str) -> Result<(), Failure> {
    if popups.is_empty() {
        return Ok(());
    }
    let story = story::read(context, session)?;
    let Some(event) = event(session, &story, EventType::Hangup, popups) else { return Ok(()) };
    send_event(context.crm, &CallEvent { hangup_status: Some(status.to_owned()), ..event })?;
    let now = context.platform.now();
    mark(context, session, popups, |popup| {
        if popup.opens_until <= now {
            popup.closed = true;
        } else {
            popup.closing = Some(status.to_owned());
        }
    })?;
    set_close_timer(context, session)
}

/// Sets the timer for pop-ups that have to be closed once more when they can no longer open. It does not delay one that could not be closed
/// yet.
pub fn set_close_timer(context: &Context<'_>, session: i64) -> Result<(), Failure> {
    let now = context.platform.now();
    let waiting = story::read(context, session)?.open_popups(|popup| popup.closing.is_some());
    let at = |popup: &Popup| if popup.opens_until > now { popup.opens_until } else { now + i64::from(CLOSE_LATER_MS) };
    let Some(at) = waiting.iter().map(at).min() else { return Ok(()) };
    let name = TimerName::ClosePopups(session);
    timers::once(context.platform, name, at, &name.to_string())
}

/// Closes pop-ups now, or later by a timer if RetailCRM cannot be reached, so that the rest of the call does not wait. A final refusal is
/// only logged.
pub fn close_now_or_later(context: &Context<'_>, session: i64, popups: &[Popup], status: &'static str) -> Result<(), Failure> {
    match close(context, session, popups, status) {
        Ok(()) => Ok(()),
        Err(Failure::Retry(later)) => {
            mark(context, session, popups, |popup| popup.closing = Some(status.to_owned()))?;
            context.platform.log(Level::Warn, "a pop-up will be closed later", &[("why", &later.reason)]);
            let (name, wait) = (TimerName::ClosePopups(session), later.after_ms.unwrap_or(CLOSE_LATER_MS));
            timers::once(context.platform, name, context.platform.now() + i64::from(wait), &name.to_string())
        }
        Err(failure @ (Failure::Unauthorized(_) | Failure::Suspended(_))) => Err(failure),
        Err(failure) => {
            context.platform.log(Level::Error, "a pop-up cannot be closed", &[("failure", &format!("{failure:?}"))]);
            Ok(())
        }
    }
}

/// Closes all pop-ups at the end of the call: with the call's verdict, but as unanswered for managers whose phones rang while another
/// manager talked.
pub fn close_all(context: &Context<'_>, session: i64, story: &Story, verdict: Verdict) -> Result<(), Failure> {
    let in_vain = |popup: &Popup| verdict == Verdict::Answered && !story.talks.is_empty() && !story.has_talked(popup);
    close_now_or_later(context, session, &story.open_popups(|popup| !in_vain(popup)), verdict.hangup_status())?;
    close_now_or_later(context, session, &story.open_popups(in_vain), NO_ANSWER)
}

/// The timer of [`close_now_or_later`]: closes the pop-ups that are still open, and is retried until it succeeds.
pub fn on_close_timer(context: &Context<'_>, session: i64) -> Handled {
    let story = story::read(context, session)?;
    let mut failed = None;
    for popup in story.open_popups(|popup| popup.closing.is_some()) {
        let status = popup.closing.clone().unwrap_or_default();
        match close(context, session, std::slice::from_ref(&popup), &status) {
            Err(refusal) if is_refusal(&refusal) => {
                context.platform.log(Level::Error, "a pop-up cannot be closed", &[("failure", &format!("{refusal:?}"))]);
            }
            Err(failure) => drop(failed.get_or_insert(failure)),
            Ok(()) => {}
        }
    }
    unfinished::remove_if_finished(context, session, &story::read(context, session)?)?;
    failed.map_or_else(done, Err)
}

/// Changes pop-ups in the call's story.
pub fn mark(context: &Context<'_>, session: i64, popups: &[Popup], change: impl Fn(&mut Popup)) -> Result<(), Failure> {
    story::update(context, session, |story| {
        story.popups.iter_mut().filter(|popup| popups.iter().any(|chosen| chosen.user_id == popup.user_id)).for_each(&change);
    })
}

/// The event that opens or closes these pop-ups; none while the customer's number is unknown.
pub fn event(session: i64, story: &Story, kind: EventType, popups: &[Popup]) -> Option<CallEvent> {
    Some(CallEvent {
        phone: story.phone.clone()?,
        kind,
        codes: popups.iter().filter_map(|popup| popup.code.clone()).collect(),
        user_ids: popups.iter().map(|popup| popup.user_id).collect(),
        hangup_status: None,
        external_phone: story.virtual_number.clone(),
        call_external_id: AppealId::call(session).to_string(),
        site: None,
        web_analytics_data: None,
    })
}
