//! Pop-ups in RetailCRM («всплывающие уведомления»): opened when a manager's phone rings, moved when the call is transferred, closed when
//! the call is over for the manager. A pop-up is stored as open before it is sent, so the end of the call closes it even after a failure.

use crate::appeals::source;
use crate::base::appeal_id::AppealId;
use crate::base::outcome::{Handled, done};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::call_events::{Call, CallAnswered, LegRinging, OutgoingCall, TalkFinished};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Delivery, EmployeeHint, Failure};
use crate::context::Context;
use crate::crm_state::employee_links::{self, EmployeeLink};
use crate::crm_state::shops;
use crate::retailcrm::CrmError;
use crate::retailcrm::telephony::{CallEvent, EventType, send_event};
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, CallDirection, Popup, Story};
use crate::telephony::unfinished;
use crate::telephony::verdict::Verdict;
use crate::uis::directory;

/// How long after a failed attempt a pop-up is closed.
const CLOSE_LATER_MS: u32 = 2000;

/// `hangupStatus` for managers who talked and for those who did not.
const ANSWERED: &str = "answered";
const NO_ANSWER: &str = "no answered";

/// A manager's phone rings.
pub fn on_leg_ringing(context: &Context<'_>, delivery: &Delivery, event: &LegRinging) -> Handled {
    let ringing = Ringing { call: &event.call, leg_id: event.leg_id, is_transfer: event.call.is_transfer, is_outgoing: false };
    open(context, delivery, &ringing)
}

/// A manager makes a call.
pub fn on_outgoing_call(context: &Context<'_>, delivery: &Delivery, event: &OutgoingCall) -> Handled {
    open(context, delivery, &Ringing { call: &event.call, leg_id: None, is_transfer: false, is_outgoing: true })
}

/// A talk began. Other managers whose phones rang missed the call; managers who talked before transferred it.
pub fn on_call_answered(context: &Context<'_>, event: &CallAnswered) -> Handled {
    let call = &event.call;
    let who = employee_id(context, call.employee.as_ref())?;
    let (missed, transferred) = story::update(context, call.session_id, |story| {
        story.merge(call);
        let talked = story.talks.clone();
        // A repeated event reports the same talk.
        if story.talk_at != Some(call.at) && (talked.last() != Some(&who) || who.is_none()) {
            story.talks.push(who);
        }
        // An event without an employee closes no pop-ups, because it is unknown whose they would be; nor does an event that is older than
        // the last talk.
        let closes_others = who.is_some() && story.talk_at.is_none_or(|at| at <= call.at);
        story.talk_at = story.talk_at.max(Some(call.at));
        let others = |had_talked: bool| {
            // Phones that rang after this event belong to a later step: the event may be a retry.
            let before = |popup: &Popup| popup.employee_id != who && popup.rung_at <= call.at;
            story.open_popups(|popup| closes_others && before(popup) && talked.contains(&popup.employee_id) == had_talked)
        };
        (others(false), others(true))
    })?;
    close_now_or_later(context, call.session_id, &missed, NO_ANSWER)?;
    close_now_or_later(context, call.session_id, &transferred, ANSWERED)?;
    done()
}

/// A talk ended. For this manager the call is over, even if another manager continues it.
pub fn on_talk_finished(context: &Context<'_>, event: &TalkFinished) -> Handled {
    let call = &event.call;
    let who = employee_id(context, call.employee.as_ref())?;
    let ended = story::update(context, call.session_id, |story| {
        story.merge(call);
        let talker = who.or(story.talks.last().copied().flatten());
        story.open_popups(|popup| talker.is_some() && popup.employee_id == talker)
    })?;
    // A talk of no seconds means that the phone was not answered.
    close_now_or_later(context, call.session_id, &ended, if event.talk_seconds == Some(0) { NO_ANSWER } else { ANSWERED })?;
    done()
}

/// Closes pop-ups with one request. They are stored as closed only after RetailCRM has answered: closing a pop-up twice is harmless,
/// leaving it open is not.
pub fn close(context: &Context<'_>, session: i64, popups: &[Popup], status: &str) -> Result<(), Failure> {
    if popups.is_empty() {
        return Ok(());
    }
    let story = story::read(context, session)?;
    let Some(event) = event(session, &story, EventType::Hangup, popups) else { return Ok(()) };
    send_event(context.crm, &CallEvent { hangup_status: Some(status.to_owned()), ..event })?;
    mark(context, session, popups, |popup| popup.closed = true)
}

/// Closes pop-ups now, or later by a timer if RetailCRM cannot be reached, so that the rest of the call does not wait. A final refusal is
/// only logged, because a retry would be refused as well.
pub fn close_now_or_later(context: &Context<'_>, session: i64, popups: &[Popup], status: &'static str) -> Result<(), Failure> {
    match close(context, session, popups, status) {
        Ok(()) => Ok(()),
        Err(Failure::Retry(later)) => {
            mark(context, session, popups, |popup| popup.closing = Some(status.to_owned()))?;
            context.platform.log(Level::Warn, "a pop-up will be closed later", &[("why", &later.reason)]);
            let (name, wait) = (TimerName::ClosePopups(session), later.after_ms.unwrap_or(CLOSE_LATER_MS));
            timers::once(context.platform, name, context.platform.now() + i64::from(wait), &name.to_string())
        }
        Err(failure @ Failure::Unauthorized(_)) => Err(failure),
        Err(failure) => {
            context.platform.log(Level::Error, "a pop-up cannot be closed", &[("failure", &format!("{failure:?}"))]);
            mark(context, session, popups, |popup| popup.closed = true)
        }
    }
}

/// Closes all pop-ups at the end of the call: with the call's verdict, but as unanswered for managers whose phones rang while another
/// manager talked.
pub fn close_all(context: &Context<'_>, session: i64, story: &Story, verdict: Verdict) -> Result<(), Failure> {
    let in_vain = |popup: &Popup| verdict == Verdict::Answered && !story.talks.is_empty() && !story.talks.contains(&popup.employee_id);
    close_now_or_later(context, session, &story.open_popups(|popup| !in_vain(popup)), verdict.hangup_status())?;
    close_now_or_later(context, session, &story.open_popups(in_vain), NO_ANSWER)
}

/// The timer of [`close_now_or_later`]: closes the pop-ups that are still open, and is retried until it succeeds.
pub fn on_close_timer(context: &Context<'_>, session: i64) -> Handled {
    let story = story::read(context, session)?;
    for popup in story.open_popups(|popup| popup.closing.is_some()) {
        let status = popup.closing.clone().unwrap_or_default();
        close(context, session, std::slice::from_ref(&popup), &status)?;
    }
    unfinished::remove_if_finished(context, session, &story::read(context, session)?)?;
    done()
}

fn mark(context: &Context<'_>, session: i64, popups: &[Popup], change: impl Fn(&mut Popup)) -> Result<(), Failure> {
    story::update(context, session, |story| {
        story.popups.iter_mut().filter(|popup| popups.iter().any(|chosen| chosen.user_id == popup.user_id)).for_each(&change);
    })
}

/// The result of merging a ringing phone into the story.
enum Opening {
    /// No pop-up is opened, for this reason.
    Nothing(&'static str),
    /// The pop-up is stored as open; those in the list have to be closed because the call was transferred.
    Open(Box<Story>, Vec<Popup>),
}

/// A phone that rings, or from which an employee calls.
struct Ringing<'a> {
    call: &'a Call,
    leg_id: Option<i64>,
    /// The call is transferred: other managers' pop-ups are closed.
    is_transfer: bool,
    /// The employee makes the call.
    is_outgoing: bool,
}

impl Ringing<'_> {
    /// Merges the ringing into the call's story, with a pop-up for the employee if one is needed.
    fn merge_into(&self, story: &mut Story, link: Option<&EmployeeLink>) -> Opening {
        let call = self.call;
        story.merge(call);
        if self.is_outgoing {
            story.direction = Some(CallDirection::Out);
        }
        let Some(link) = link else { return Opening::Nothing("the employee is not a user of RetailCRM") };
        if story.end.is_some() {
            return Opening::Nothing("the call is over");
        }
        if story.internal {
            return Opening::Nothing("the call is internal");
        }
        if story.phone.is_none() {
            return Opening::Nothing("the caller is anonymous");
        }
        if let Some(known) = story.popups.iter().find(|popup| popup.user_id == link.user_id) {
            // A pop-up that is about to be closed is not open: the phone rings once more.
            if !known.closed && known.closing.is_none() {
                return Opening::Nothing("the pop-up is already open");
            }
            if known.rung_at >= call.at || (self.leg_id.is_some() && known.leg_id == self.leg_id) {
                return Opening::Nothing("this ringing was handled before");
            }
        }
        let moved = story.open_popups(|_| self.is_transfer);
        story.popups.retain(|popup| popup.user_id != link.user_id);
        let (employee_id, user_id, code) = (Some(link.employee_id), link.user_id, link.code.clone());
        story.popups.push(Popup { employee_id, user_id, code, rung_at: call.at, leg_id: self.leg_id, closing: None, closed: false });
        Opening::Open(Box::new(story.clone()), moved)
    }
}

fn open(context: &Context<'_>, delivery: &Delivery, ringing: &Ringing<'_>) -> Handled {
    let session = ringing.call.session_id;
    let link = match &ringing.call.employee {
        Some(hint) => employee_links::of_hint(context.platform, hint)?,
        None => None,
    };
    let opening = story::update(context, session, |story| ringing.merge_into(story, link.as_ref()))?;
    let (story, moved) = match opening {
        Opening::Nothing(why) => {
            context.platform.log(Level::Info, "no pop-up", &[("why", why)]);
            return done();
        }
        Opening::Open(story, moved) => (story, moved),
    };
    unfinished::add(context, session, &delivery.ordering_key)?;
    let (talked, rung): (Vec<Popup>, Vec<Popup>) = moved.into_iter().partition(|popup| story.talks.contains(&popup.employee_id));
    close_now_or_later(context, session, &talked, ANSWERED)?;
    close_now_or_later(context, session, &rung, NO_ANSWER)?;
    let kind = if story.direction == Some(CallDirection::Out) { EventType::Out } else { EventType::In };
    let Some(popup) = story.popups.last().map(std::slice::from_ref) else { return done() };
    let Some(event) = event(session, &story, kind, popup) else { return done() };
    let site = shops::of_number(context.settings()?, story.virtual_number.as_deref());
    let event = CallEvent { site, web_analytics_data: source::web_analytics(context, &Parameters::of(context, session, &story)?), ..event };
    if let Err(error) = send_event(context.crm, &event) {
        if matches!(error, CrmError::NotSent { .. } | CrmError::Busy { .. }) {
            // The request was certainly not carried out. It is not retried, because the call goes on; the next ringing opens the pop-up.
            mark(context, session, popup, |popup| (popup.closed, popup.rung_at, popup.leg_id) = (true, 0, None))?;
        }
        return Err(error.into());
    }
    done()
}

fn event(session: i64, story: &Story, kind: EventType, popups: &[Popup]) -> Option<CallEvent> {
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

/// The employee's id; none if the event names no employee.
fn employee_id(context: &Context<'_>, hint: Option<&EmployeeHint>) -> Result<Option<i64>, Failure> {
    hint.map_or(Ok(None), |hint| directory::id_of_hint(context.platform, hint))
}
