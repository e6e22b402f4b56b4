//! What happens in an account: a call, a chat, a site request, a tag. A story becomes UIS's events in UIS's order, with every parameter that
//! UIS has at that moment, and the rows that UIS's reports have afterwards.
//!
//! | file | what |
//! |---|---|
//! | [`story`] | the description of a story |
//! | [`world`] | the account in which it happens: people, numbers, ids, times |
//! | `call` | the course of one call |
//! | [`calls`] | incoming, outgoing and clicked calls |
//! | [`texts`] | chats, site requests, tags |

mod call;
pub mod calls;
pub mod story;
pub mod texts;
pub mod world;

use serde_json::{Map, Value};

pub use calls::{Forward, Incoming};
pub use story::{Kind, Line, Speaker, Story};
pub use world::{Ids, World};

/// Something at a moment of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Milliseconds after the story's beginning.
    pub after: i64,
    /// What happens.
    pub what: What,
}

/// What happens at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// UIS sends a notification of this type to everybody who wants it.
    Event {
        /// The type.
        mnemonic: &'static str,
        /// All parameters that the event has.
        parameters: Map<String, Value>,
    },
    /// UIS's reports have these rows from now on, as `AccountState::merge_report` takes them.
    Rows(Value),
}

/// A story with its moments in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Script {
    /// Everything is known.
    Moments(Vec<Moment>),
    /// An incoming call, whose scenario may be asked whom to forward it to.
    Incoming(Vec<Moment>, Box<Incoming>),
}

/// Writes a story's script. The error says what in the story does not fit the account.
pub fn script(story: &Story, world: &mut World<'_>) -> Result<Script, String> {
    Ok(match story.story {
        Kind::Answered | Kind::Missed | Kind::Transfer => {
            let (moments, call) = calls::incoming(story, world)?;
            Script::Incoming(moments, Box::new(call))
        }
        Kind::Outgoing | Kind::Unanswered | Kind::Click => Script::Moments(calls::outgoing(story, world)?),
        Kind::Chat => Script::Moments(texts::chat(story, world, true)?),
        Kind::LostChat => Script::Moments(texts::chat(story, world, false)?),
        Kind::SiteRequest => Script::Moments(texts::site_request(story, world)?),
        Kind::Tag => Script::Moments(texts::tag(story, world)?),
    })
}
