//! Pop-ups in RetailCRM («всплывающие уведомления»): opened when a manager's phone rings, moved when the call is transferred, closed when
//! the call is over for the manager ([`super::closing`]). A pop-up is stored as open before it is sent, so the end of the call closes it even
//! after a failure. If RetailCRM may still open it after that, because the answer was lost, it is closed once more when the request can no
//! longer arrive.

use super::closing::{ANSWERED, NO_ANSWER, close_now_or_later, event, mark};
use crate::appeals::source;
use crate::base::outcome::{Handled, done};
use crate::bindings::uis::integration::call_events::{Call, CallAnswered, LegRinging, OutgoingCall, TalkFinished};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Delivery, EmployeeHint, Failure, Instant};
use crate::context::Context;
use crate::crm_state::employee_links::{self, EmployeeLink};
use crate::crm_state::shops;
use crate::retailcrm::CrmError;
use crate::retailcrm::telephony::{CallEvent, EventType, send_event};
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, CallDirection, Leg, Popup, Story};
use crate::telephony::unfinished;
use crate::uis::directory;

/// Durations are in whole seconds, and times are those of notifications.
const ROUNDING_MS: i64 = 2000;

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

/// A talk began. Other managers whose phones rang missed the call; managers who talked before transferred it. The pop-up of the manager who
/// talks stays, whichever of their phones opened it.
pub fn on_call_answered(context: &Context<'_>, event: &CallAnswered) -> Handled {
    let call = &event.call;
    let who = employee_id(context, call.employee.as_ref())?;
    let link = who.map_or(Ok(None), |who| employee_links::of_employee(context.platform, who))?;
    let user = link.map(|link| link.user_id);
    let (missed, transferred) = story::update(context, call.session_id, |story| {
        story.merge(call);
        let talked_before = story.clone();
        // An event without an employee closes no pop-ups, because it is unknown whose they would be; nor does an event that is older than
        // the last talk.
        let closes_others = who.is_some() && story.talk_at.is_none_or(|at| at <= call.at);
        story.add_talk(who, call.at);
        // Phones that rang after this event belong to a later step: the event may be a retry. The manager's own other phones have rung in
        // vain, unless the call comes from there.
        let is_other = |leg: &Leg| leg.user_id != user || user.is_none();
        let is_over = |leg: &Leg| {
            let in_vain = Some(leg.employee_id) != who && (is_other(leg) || !talked_before.talks.contains(&Some(leg.employee_id)));
            closes_others && leg.rung_at <= call.at && in_vain
        };
        story.end_legs(is_over).into_iter().partition::<Vec<Popup>, _>(|popup| !talked_before.has_talked(popup))
    })?;
    close_now_or_later(context, call.session_id, &missed, NO_ANSWER)?;
    close_now_or_later(context, call.session_id, &transferred, ANSWERED)?;
    done()
}

/// A talk ended. For this manager the call is over, unless another of their phones takes part in it, even if another manager continues it.
pub fn on_talk_finished(context: &Context<'_>, event: &TalkFinished) -> Handled {
    let call = &event.call;
    let who = employee_id(context, call.employee.as_ref())?;
    // A phone of the employee that rang after this talk began is another leg: the employee passed the call on to it.
    let began = call.at - i64::from(event.talk_seconds.unwrap_or(0)) * 1000;
    let ended = story::update(context, call.session_id, |story| {
        story.merge(call);
        let talker = who.or(story.talks.last().copied().flatten());
        story.end_legs(|leg| Some(leg.employee_id) == talker && leg.rung_at <= began + ROUNDING_MS)
    })?;
    // A talk of no seconds means that the phone was not answered.
    close_now_or_later(context, call.session_id, &ended, if event.talk_seconds == Some(0) { NO_ANSWER } else { ANSWERED })?;
    done()
}

/// The result of merging a ringing phone into the story.
struct Opening {
    /// Pop-ups that have to be closed because the call was transferred.
    moved: Vec<Popup>,
    /// The story with the new pop-up as its last one, and until when an earlier request may still open that pop-up; or why none is opened.
    opened: Result<(Box<Story>, Instant), &'static str>,
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
        let user = link.map(|link| link.user_id);
        let nothing = |why| Opening { moved: Vec::new(), opened: Err(why) };
        if story.end.is_some() {
            return nothing("the call is over");
        }
        let (rung_at, leg_id) = (call.at, self.leg_id);
        // Somebody answered before the event came, and the user sees the call already: this phone rings no more.
        let is_shown = story.popups.iter().any(|popup| Some(popup.user_id) == user && !popup.closed);
        let ended = is_shown && story.talk_at.is_some_and(|at| at > rung_at);
        let leg = self.employee.map(|employee_id| Leg { employee_id, user_id: user, leg_id, rung_at, ended });
        let is_new = leg.is_some_and(|leg| story.add_leg(leg));
        let moved = if self.is_transfer && is_new && user.is_some() {
            story.end_legs(|leg| leg.user_id != user && leg.rung_at <= rung_at)
        } else {
            Vec::new()
        };
        let opened = match link {
            None => Err("the employee is not a user of RetailCRM"),
            Some(link) => self.open_popup(story, link, is_new, opens_until),
        };
        Opening { moved, opened }
    }

    fn open_popup(
        &self,
        story: &mut Story,
        link: &EmployeeLink,
        is_new: bool,
        opens_until: Instant,
    ) -> Result<(Box<Story>, Instant), &'static str> {
        if story.internal {
            return Err("the call is internal");
        }
        if story.phone.is_none() {
            return Err("the caller is anonymous");
        }
        let rung_at = self.call.at;
        let mut before = 0;
        if let Some(known) = story.popups.iter_mut().find(|popup| popup.user_id == link.user_id) {
            // A pop-up that is about to be closed is not open: the phone rings once more.
            if !known.closed && known.closing.is_none() {
                known.rung_at = known.rung_at.max(rung_at);
                return Err("the pop-up is already open");
            }
            // Another phone of the user may have rung before somebody answered, and its event come only now.
            if !is_new || known.rung_at > rung_at || story.talk_at.is_some_and(|at| at > rung_at) {
                return Err("this ringing was handled before");
            }
            before = known.opens_until;
        }
        story.popups.retain(|popup| popup.user_id != link.user_id);
        let (employee_id, user_id, code) = (Some(link.employee_id), link.user_id, link.code.clone());
        story.popups.push(Popup { employee_id, user_id, code, rung_at, closing: None, closed: false, opens_until });
        Ok((Box::new(story.clone()), before))
    }
}

fn open(context: &Context<'_>, delivery: &Delivery, ringing: &Ringing<'_>) -> Handled {
    let session = ringing.call.session_id;
    let link = ringing.employee.map_or(Ok(None), |employee| employee_links::of_employee(context.platform, employee))?;
    let opens_until = context.may_arrive_until();
    let Opening { moved, opened } = story::update(context, session, |story| ringing.merge_into(story, link.as_ref(), opens_until))?;
    if opened.is_ok() {
        unfinished::add(context, session, &delivery.ordering_key)?;
    }
    if !moved.is_empty() {
        let story = story::read(context, session)?;
        let (talked, rung): (Vec<Popup>, Vec<Popup>) = moved.into_iter().partition(|popup| story.has_talked(popup));
        close_now_or_later(context, session, &talked, ANSWERED)?;
        close_now_or_later(context, session, &rung, NO_ANSWER)?;
    }
    let (story, before) = match opened {
        Ok(opened) => opened,
        Err(why) => {
            context.platform.log(Level::Info, "no pop-up", &[("why", why)]);
            return done();
        }
    };
    let kind = if story.is_outgoing() { EventType::Out } else { EventType::In };
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
        Err(CrmError::NotSent { .. } | CrmError::Busy { .. }) => {
            mark(context, session, popup, |popup| {
                (popup.rung_at, popup.opens_until) = (0, before);
                if before <= now {
                    popup.closed = true;
                } else {
                    popup.closing = Some(NO_ANSWER.to_owned());
                }
            })?;
            let is_of = |leg: &Leg| popup.iter().any(|popup| leg.user_id == Some(popup.user_id));
            story::update(context, session, |story| {
                story.legs.iter_mut().filter(|leg| is_of(leg)).for_each(|leg| (leg.rung_at, leg.leg_id) = (0, None))
            })
        }
        Err(_) => Ok(()),
    }
}

/// The employee's id; none if the event names no employee.
fn employee_id(context: &Context<'_>, hint: Option<&EmployeeHint>) -> Result<Option<i64>, Failure> {
    hint.map_or(Ok(None), |hint| directory::id_of_hint(context.platform, hint))
}
