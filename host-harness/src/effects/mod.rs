//! Effects: what a plugin's handlers did outside of the plugin, what they left out, and the cause of each. `replay` reports them, `explain`
//! selects those of one customer or task, and `show` prints them on a page.
//!
//! [`Recorder`] watches a replay and makes a [`Run`] of each run of a handler. A run contains the handler's steps and the effects that follow
//! from them, so that text output, JSON and the page show the same.

mod causes;
mod failures;
mod recorder;
mod requests;
mod run;
pub mod story;
mod subject;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use recorder::{Recorder, Watcher};
pub use run::Run;
pub use subject::{Kind, Subject};
pub(crate) use words::short;

/// Something that a handler did outside of the plugin, or left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// When the handler ended, as RFC 3339 in the account's time zone.
    pub at: String,
    /// The integration's name. Absent if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// The system in which it happened.
    pub system: System,
    /// What it is: `task`, `customer`, `order`, `note`, `call`, `pop-up`, `module`, `deal`, `employee`, `dial order`, `answer`, …; `event` for
    /// an event that failed. An open set: a request that the harness does not know has its path.
    pub entity: String,
    /// What happened to it: `created`, `changed`, `completed`, `uploaded`, …
    pub verb: String,
    /// The entity's id, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What came of it.
    pub result: EffectResult,
    /// The content in words; for a failure the reason.
    pub what: String,
    /// Whom and what it is about, as `kind:id`.
    pub about: BTreeSet<Subject>,
    /// How often it happened one after the other. More than once only for the same failure of the same event.
    pub count: u64,
    /// When it happened last. Absent if it happened once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The cause.
    pub cause: Cause,
}

/// The system in which an effect happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The remote system: the CRM.
    Crm,
    /// UIS.
    Uis,
    /// Neither: an event failed, or something was left out.
    None,
}

/// What came of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectResult {
    /// It was done.
    Done,
    /// The other system refused it.
    Refused,
    /// It was sent, and nobody knows whether it was done.
    Unknown,
    /// It was not sent.
    NotSent,
    /// It was left out on purpose.
    LeftOut,
    /// The event failed.
    Failed,
}

/// The cause of an effect: the event, and the decisions that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The recording's line, from 1. For a timer, the line of the event that set it.
    pub line: u64,
    /// What was received: the notification's type, or `timer`, `activate`, ….
    pub event: String,
    /// What the event is about, as text: `call 998678016 79161234567`. For a timer its name.
    pub subject: String,
    /// The handler.
    pub handler: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// For a timer that an event set: that event, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// What settings, filters and rules decided about it, in order.
    pub decisions: Vec<Decision>,
}

/// A decision of a setting, a filter or a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided about, in the plugin's words.
    pub subject: String,
    /// The setting, or `rule NAME`.
    pub decided_by: String,
    /// `done`, `left out`, `changed`.
    pub verdict: Cow<'static, str>,
    /// Which value decided.
    pub why: String,
}
