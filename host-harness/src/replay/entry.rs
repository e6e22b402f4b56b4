//! What a replay shows as it goes.

use chrono::DateTime;
use chrono_tz::Tz;

use crate::bindings::uis::integration::types::Failure;
use crate::event::{Event, Reply};
use crate::plugin::Fault;
use crate::trace::Step;

/// Sees everything a replay does, as it does it.
pub trait Observer: Send {
    /// A handler ran.
    fn entry(&mut self, entry: Entry<'_>);
    /// Something else happened.
    fn note(&mut self, at: DateTime<Tz>, line: u64, text: &str);
}

/// One run of a handler.
pub struct Entry<'a> {
    /// When, in the account's zone.
    pub at: DateTime<Tz>,
    /// The recording's line; a timer's is the line that set it.
    pub line: u64,
    /// Which integration.
    pub integration: &'a str,
    /// There is no other.
    pub alone: bool,
    /// The notification's type, or `timer`, `activate`, …
    pub what: &'a str,
    /// The event.
    pub event: &'a Event,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What the handler did.
    pub trace: Vec<Step>,
    /// What it came to.
    pub outcome: Outcome,
    /// Fuel used.
    pub fuel: Option<u64>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler accepted the event.
    Accepted(Reply),
    /// It failed; with the delay before the next attempt, if there is one.
    Failed(Failure, Option<i64>),
    /// It did not come to its end.
    Fault(Fault),
}

/// Sees nothing.
pub struct Silent;

impl Observer for Silent {
    fn entry(&mut self, _: Entry<'_>) {}
    fn note(&mut self, _: DateTime<Tz>, _: u64, _: &str) {}
}
