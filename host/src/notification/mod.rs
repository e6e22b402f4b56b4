//! Converts UIS's notifications to the contract's events.
//!
//! A body has no fixed shape, because the account's owner writes its template. It may be flat or nested. UIS inserts each value as JSON, so
//! a text may keep its quotes, a number may be text, a list may be JSON inside text, and any value may be null ([`params`] reads all of
//! these). Where this makes the whole body no JSON, [`lenient`] reads it. The body does not reliably say which event it is: `notification_name` is free text. So the type is given separately, by the
//! address that the notification was sent to.

pub mod calls;
pub mod lenient;
pub mod params;
pub mod tags;
pub mod templates;
pub mod texts;

use chrono_tz::Tz;
use uis_phones::Country;

use crate::event::Event;
use params::Params;

/// The country by whose numbering plan the host reads phones that people typed, unless a program says otherwise with
/// [`Params::in_country`](params::Params::in_country).
pub const COUNTRY: Country = Country::RUSSIA;

/// Why a notification cannot be converted to an event.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// There is no such type of notification.
    #[error("unknown notification {0:?}; known types: {known}", known = MNEMONICS.join(", "))]
    UnknownType(String),
    /// The body is not a JSON object.
    #[error("the body is {0}; it must be a JSON object of event parameters")]
    NotAnObject(&'static str),
    /// The body begins like a JSON object and cannot be read even leniently. The body is kept in the message, so that nothing is lost and the
    /// template can be corrected.
    #[error(
        "the body cannot be read from line {line}, column {column}: {near:?}; correct the notification's template there. The whole body: {body}",
        line = .place.line, column = .place.column, near = .place.near
    )]
    NotJson {
        /// From where it cannot be read.
        place: lenient::Place,
        /// The body, cut if it is very long.
        body: String,
    },
    /// A parameter that identifies the call, chat or communication is missing, or is not a whole number from 1.
    #[error("{0} is missing or not a whole number; add it to the notification's template")]
    NoId(&'static str),
}

/// Types of notifications. `in_call_session`, `lost_call_session` and so on are UIS's names. UIS does not publish the names of the types
/// for chats and site requests; those here are our own.
pub const MNEMONICS: [&str; 15] = [
    "in_call_session",
    "out_call",
    "out_call_session",
    "call_connected",
    "talk_finished",
    "call_session_finished",
    "lost_call_session",
    "record_ready",
    "set_mark",
    "chat_started",
    "chat_accepted",
    "chat_message",
    "unanswered_chats",
    "chat_finished",
    "offline_message",
];

/// Converts a notification of a type to events: several for `record_ready` with several recordings, otherwise one. `mnemonic` is one of
/// [`MNEMONICS`].
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
        "chat_started" => Event::ChatStarted(texts::started(params)?),
        "chat_accepted" => Event::ChatAccepted(texts::accepted(params)?),
        "chat_message" => Event::ChatMessage(texts::message(params)?),
        "unanswered_chats" => Event::ChatUnanswered(texts::unanswered(params)?),
        "chat_finished" => Event::ChatFinished(texts::finished(params)?),
        "offline_message" => Event::SiteRequest(texts::site_request(params)?),
        _ => return Err(Unreadable::UnknownType(mnemonic.to_owned())),
    })
}

/// Converts the routing request of a call scenario (a query string with `cdr_id`, `numa`, `numb`, …) to an event. `zone` is the account's
/// time zone; `received` is in milliseconds since 1970.
pub fn route(query: &str, zone: Tz, received: i64) -> Result<Event, Unreadable> {
    Ok(Event::IncomingCall(calls::route(&Params::from_query(query, zone, received))?))
}
