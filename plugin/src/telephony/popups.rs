//! Pop-ups in RetailCRM («всплывающие уведомления»): opened when a manager's phone rings, moved when the call is transferred, closed when
//! the call is over for the manager. A pop-up is stored as open before it is sent, so the end of the call closes it even after a failure.
//! If RetailCRM may still open it after that, because the answer was lost, it is closed once more when the request can no longer arrive.

use crate::appeals::source;
use crate::base::appeal_id::AppealId;
use crate::base::outcome::{Handled, done};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::call_events::{Call, CallAnswered, LegRinging, OutgoingCall, TalkFinished};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Delivery, EmployeeHint, Failure, Instant};
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
    let employee = employee_id(context, event.call.employee.as_ref())?;
    let ringing = Ringing { call: &event.call, leg_id: event.leg_id, is_transfer: event.call.is_transfer, is_outgoing: false, employee };
    open(context, delivery, &ringing)
}

/// A manager makes a call.
pub fn on_outgoing_call(context: &Context<'_>, delivery: &Delivery, event: &OutgoingCall) -> Handled {
    let employee = employee_id(context, event.call.employee.as_ref())?;
    open(context, delivery, &Ringing { call: &event.call, leg_id: None, is_transfer: false, is_outgoing: true, employee })
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

/// Closes pop-ups with one request. They are stored as closed only after RetailCRM has answered, and after the requests that open them can
/// no longer arrive: closing a pop-up twice is harmless, leaving it open is not.
pub fn close(context: &Context<'_>, session: i64, popups: &[Popup], status: &str) -> Result<(), Failure> {
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
    /// The pop-up is stored as open; those in the list have to be closed because the call was transferred. The time is that until which an
    /// earlier request may still open the pop-up.
    Open(Box<Story>, Vec<Popup>, Instant),
}

/// A phone that rings, or from which an employee calls.
struct Ringing<'a> {
    call: &'a Call,
    leg_id: Option<i64>,
    /// The call is transferred: other managers' pop-ups are closed.
    is_transfer: bool,
    /// The employee makes the call.
    is_outgoing: bool,
    /// The employee whose phone it is; an id.
    employee: Option<i64>,
}

impl Ringing<'_> {
    /// Merges the ringing into the call's story, with a pop-up for the employee if one is needed. The request that opens it may arrive until
    /// `opens_until`.
    fn merge_into(&self, story: &mut Story, link: Option<&EmployeeLink>, opens_until: Instant) -> Opening {
        let call = self.call;
        story.merge(call);
        if self.is_outgoing {
            story.direction = Some(CallDirection::Out);
            story.called_by = story.called_by.or(self.employee);
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
        let before = story.popups.iter().find(|popup| popup.user_id == link.user_id).map_or(0, |known| known.opens_until);
        story.popups.retain(|popup| popup.user_id != link.user_id);
        let (employee_id, user_id, code) = (Some(link.employee_id), link.user_id, link.code.clone());
        let (rung_at, leg_id) = (call.at, self.leg_id);
        story.popups.push(Popup { employee_id, user_id, code, rung_at, leg_id, closing: None, closed: false, opens_until });
        Opening::Open(Box::new(story.clone()), moved, before)
    }
}

fn open(context: &Context<'_>, delivery: &Delivery, ringing: &Ringing<'_>) -> Handled {
    let session = ringing.call.session_id;
    let link = match &ringing.call.employee {
        Some(hint) => employee_links::of_hint(context.platform, hint)?,
        None => None,
    };
    let opens_until = context.may_arrive_until();
    let opening = story::update(context, session, |story| ringing.merge_into(story, link.as_ref(), opens_until))?;
    let (story, moved, before) = match opening {
        Opening::Nothing(why) => {
            context.platform.log(Level::Info, "no pop-up", &[("why", why)]);
            return done();
        }
        Opening::Open(story, moved, before) => (story, moved, before),
    };
    unfinished::add(context, session, &delivery.ordering_key)?;
    let (talked, rung): (Vec<Popup>, Vec<Popup>) = moved.into_iter().partition(|popup| story.talks.contains(&popup.employee_id));
    close_now_or_later(context, session, &talked, ANSWERED)?;
    close_now_or_later(context, session, &rung, NO_ANSWER)?;
    let kind = if story.direction == Some(CallDirection::Out) { EventType::Out } else { EventType::In };
    let Some(popup) = story.popups.last().map(std::slice::from_ref) else { return done() };
    let Some(event) = event(session, &story, kind, popup) else { return done() };
    let site = shops::of_number(context.platform, context.settings()?, story.virtual_number.as_deref())?;
    let event = CallEvent { site, web_analytics_data: source::web_analytics(context, &Parameters::of(context, session, &story)?), ..event };
    context.phones()?.remember(&event.phone);
    let sent = send_event(context.crm, &event);
    store_outcome(context, session, popup, before, &sent)?;
    sent?;
    done()
}

/// Stores whether a pop-up was opened. An earlier request may still open it until `before`. If the outcome is unknown, nothing changes: the
/// pop-up counts as open, and as one that may open later.
fn store_outcome(
    context: &Context<'_>,
    session: i64,
    popup: &[Popup],
    before: Instant,
    sent: &Result<(), CrmError>,
) -> Result<(), Failure> {
    let now = context.platform.now();
    match sent {
        Ok(()) | Err(CrmError::Refused { .. }) => mark(context, session, popup, |popup| popup.opens_until = before),
        // The request was certainly not carried out. It is not retried, because the call goes on; the next ringing opens the pop-up.
        Err(CrmError::NotSent { .. } | CrmError::Busy { .. }) => mark(context, session, popup, |popup| {
            (popup.rung_at, popup.leg_id, popup.opens_until) = (0, None, before);
            if before <= now {
                popup.closed = true;
            } else {
                popup.closing = Some(NO_ANSWER.to_owned());
            }
        }),
        Err(_) => Ok(()),
    }
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
