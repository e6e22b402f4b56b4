//! Pop-ups in RetailCRM («всплывающие уведомления»): opened when a manager's phone rings, moved when the call is handed on, closed
//! when it is over for him. What is open is remembered before it is sent, so that the end closes it whatever happened in between.

use crate::bindings::uis::integration::call_events::{CallAnswered, LegRinging, OutgoingCall, TalkFinished};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{EmployeeHint, Failure};
use crate::employees::{self, Tie};
use crate::outcome::{Handled, done};
use crate::platform::Platform;
use crate::retailcrm::Crm;
use crate::retailcrm::telephony::{CallEvent, EventType, send_event};
use crate::telephony::story::{self, Popup, Story, Way};

/// A manager's phone rings.
pub fn on_leg_ringing(platform: &dyn Platform, event: &LegRinging) -> Handled {
    let call = &event.call;
    open(platform, call.session_id, call.employee.as_ref(), call.is_transfer, |story| story.learn(call))
}

/// A manager calls out.
pub fn on_outgoing_call(platform: &dyn Platform, event: &OutgoingCall) -> Handled {
    let call = &event.call;
    open(platform, call.session_id, call.employee.as_ref(), false, |story| {
        story.learn(call);
        story.direction = Some(Way::Out);
    })
}

/// A talk began: whoever else was rung for it has missed it, and whoever talked before has handed the call on.
pub fn on_call_answered(platform: &dyn Platform, event: &CallAnswered) -> Handled {
    let call = &event.call;
    let who = employee_id(platform, call.employee.as_ref())?;
    let (missed, handed_on) = story::tell(platform, call.session_id, |story| {
        story.learn(call);
        let talked: Vec<i64> = story.talks.clone();
        if talked.last() != Some(&who) || who == 0 {
            story.talks.push(who);
        }
        // An event that names nobody closes nothing, as whose pop-up it would be is not known; nor does one that came late.
        let is_news = who != 0 && story.talk_at.is_none_or(|at| at <= call.at);
        story.talk_at = story.talk_at.max(Some(call.at));
        let others = |had_talked: bool| {
            story.open_popups(|popup| is_news && popup.employee_id != who && talked.contains(&popup.employee_id) == had_talked)
        };
        (others(false), others(true))
    })?;
    close(platform, call.session_id, &missed, "no answered")?;
    close(platform, call.session_id, &handed_on, "answered")?;
    done()
}

/// A talk ended: for this manager the call is over, even if it goes on with another.
pub fn on_talk_finished(platform: &dyn Platform, event: &TalkFinished) -> Handled {
    let call = &event.call;
    let who = employee_id(platform, call.employee.as_ref())?;
    let ended = story::tell(platform, call.session_id, |story| {
        story.learn(call);
        let talker = if who != 0 { who } else { story.talks.last().copied().unwrap_or(0) };
        story.open_popups(|popup| talker != 0 && popup.employee_id == talker)
    })?;
    close(platform, call.session_id, &ended, "answered")?;
    done()
}

/// Closes pop-ups with one event. They count as closed only once RetailCRM has answered: closing one twice does no harm, leaving one
/// open does.
pub fn close(platform: &dyn Platform, session: i64, popups: &[Popup], status: &'static str) -> Result<(), Failure> {
    let story = story::read(platform, session);
    let Some(event) = event(session, &story, EventType::Hangup, popups) else { return Ok(()) };
    send_event(Crm::new(platform), &CallEvent { hangup_status: Some(status), ..event })?;
    story::tell(platform, session, |story| {
        for popup in story.popups.iter_mut().filter(|popup| popups.iter().any(|closed| closed.user_id == popup.user_id)) {
            popup.closed = true;
        }
    })
}

/// What an attempt to open a pop-up comes to.
enum Opening {
    /// There is nothing to show: the call is over or internal, the caller unknown, or the pop-up is open.
    Nothing(&'static str),
    /// It is remembered as open; those in the list were moved away from.
    Open(Box<Story>, Vec<Popup>),
}

fn open(
    platform: &dyn Platform,
    session: i64,
    hint: Option<&EmployeeHint>,
    is_transfer: bool,
    mut learn: impl FnMut(&mut Story),
) -> Handled {
    let tie = match hint {
        Some(hint) => employees::of_hint(platform, hint)?,
        None => None,
    };
    let employee_id = hint.and_then(|hint| hint.id).or(tie.as_ref().map(|tie| tie.employee_id)).unwrap_or(0);
    let opening = story::tell(platform, session, |story| {
        learn(story);
        let Some(tie) = &tie else { return Opening::Nothing("the employee is no user of RetailCRM") };
        if story.end.is_some() {
            return Opening::Nothing("the call is over");
        }
        if story.internal {
            return Opening::Nothing("the call is internal");
        }
        if story.phone.is_none() {
            return Opening::Nothing("the caller is anonymous");
        }
        if story.popups.iter().any(|popup| popup.user_id == tie.user_id && !popup.closed) {
            return Opening::Nothing("it is open");
        }
        let moved = story.open_popups(|_| is_transfer);
        story.popups.retain(|popup| popup.user_id != tie.user_id);
        story.popups.push(Popup { employee_id, user_id: tie.user_id, code: tie.code.clone(), closed: false });
        Opening::Open(Box::new(story.clone()), moved)
    })?;
    let (story, moved) = match opening {
        Opening::Nothing(why) => {
            platform.log(Level::Info, "no pop-up", &[("why", why)]);
            return done();
        }
        Opening::Open(story, moved) => (story, moved),
    };
    close(platform, session, &moved, "answered")?;
    let kind = if story.direction == Some(Way::Out) { EventType::Out } else { EventType::In };
    if let Some(event) = story.popups.last().and_then(|popup| event(session, &story, kind, std::slice::from_ref(popup))) {
        send_event(Crm::new(platform), &event)?;
    }
    done()
}

fn event(session: i64, story: &Story, kind: EventType, popups: &[Popup]) -> Option<CallEvent> {
    if popups.is_empty() {
        return None;
    }
    Some(CallEvent {
        phone: story.phone.clone()?,
        kind,
        codes: popups.iter().filter_map(|popup| popup.code.clone()).collect(),
        user_ids: popups.iter().map(|popup| popup.user_id).collect(),
        hangup_status: None,
        external_phone: story.virtual_number.clone(),
        call_external_id: story::external_id(session),
    })
}

/// The employee's id, found by what else the event tells when it does not give the id; 0 for nobody.
fn employee_id(platform: &dyn Platform, hint: Option<&EmployeeHint>) -> Result<i64, Failure> {
    let Some(hint) = hint else { return Ok(0) };
    if let Some(id) = hint.id {
        return Ok(id);
    }
    Ok(employees::of_hint(platform, hint)?.map_or(0, |tie: Tie| tie.employee_id))
}
