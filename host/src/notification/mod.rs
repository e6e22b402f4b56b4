//! UIS's notifications, made into events of the contract.
//!
//! A body has no fixed shape: the account's owner types its template, flat or nested, and values come rendered as JSON, so a string may
//! keep its quotes, a number may be text, a list may be JSON within text, and anything may be null ([`params`]). Which event a body is
//! comes from outside it (the notification's type), never from `notification_name`, which is free text.

pub mod calls;
pub mod params;
pub mod texts;

use chrono_tz::Tz;

use crate::event::Event;
use params::Params;

/// A notification that cannot be made into an event.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// The type is not one that is known.
    #[error("unknown notification {0:?}; known are: {known}", known = MNEMONICS.join(", "))]
    UnknownType(String),
    /// The body is no object.
    #[error("the body is {0}; expected an object of event parameters")]
    NotAnObject(&'static str),
    /// Without this parameter nobody knows what the event is about.
    #[error("{0} is missing or not a whole number; without it the event belongs to nothing")]
    NoId(&'static str),
}

/// The types, as UIS names them; those marked * in the design are ours, as UIS's are not public.
pub const MNEMONICS: [&str; 14] = [
    "in_call_session",
    "out_call",
    "out_call_session",
    "call_connected",
    "talk_finished",
    "call_session_finished",
    "lost_call_session",
    "record_ready",
    "set_mark",
    "chat_accepted",
    "chat_message",
    "unanswered_chats",
    "chat_finished",
    "offline_message",
];

/// Makes events of a notification: one, but for recordings told together.
pub fn events(mnemonic: &str, params: &Params) -> Result<Vec<Event>, Unreadable> {
    Ok(match mnemonic {
        "record_ready" => calls::recordings_ready(params)?.into_iter().map(Event::RecordingReady).collect(),
        _ => vec![event(mnemonic, params)?],
    })
}

fn event(mnemonic: &str, params: &Params) -> Result<Event, Unreadable> {
    Ok(match mnemonic {
        "in_call_session" => Event::IncomingCall(calls::incoming(params)?),
        "out_call" => Event::LegRinging(calls::leg_ringing(params)?),
        "out_call_session" => Event::OutgoingCall(calls::outgoing(params)?),
        "call_connected" => Event::CallAnswered(calls::answered(params)?),
        "talk_finished" => Event::TalkFinished(calls::talk_finished(params)?),
        "call_session_finished" => Event::CallFinished(calls::finished(params, false)?),
        "lost_call_session" => Event::CallFinished(calls::finished(params, true)?),
        "set_mark" => Event::TagsChanged(calls::tags_changed(params)?),
        "chat_accepted" => Event::ChatAccepted(texts::accepted(params)?),
        "chat_message" => Event::ChatMessage(texts::message(params)?),
        "unanswered_chats" => Event::ChatUnanswered(texts::unanswered(params)?),
        "chat_finished" => Event::ChatFinished(texts::finished(params)?),
        "offline_message" => Event::SiteRequest(texts::site_request(params)?),
        _ => return Err(Unreadable::UnknownType(mnemonic.to_owned())),
    })
}

/// Makes an event of the scenario's routing request (`cdr_id`, `numa`, `numb`, …).
pub fn route(query: &str, zone: Tz, received: i64) -> Result<Event, Unreadable> {
    Ok(Event::IncomingCall(calls::route(&Params::from_query(query, zone, received))?))
}
