//! Whoever watches what the dispatch does: a replay's report, logs and metrics of a service.

use serde::Serialize;

use super::store::{KeptEvent, Origin};
use crate::bindings::uis::integration::types::Failure;
use crate::event::{Event, Fault, Reply};
use crate::trace::Step;

/// What went wrong, or was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A line or body that cannot be read.
    Unreadable,
    /// An event that can never succeed.
    Rejected,
    /// The remote system refuses the credential.
    Unauthorized,
    /// A setting stands in the way.
    Misconfigured,
    /// A bug of the plugin.
    Trap,
    /// A limit was passed.
    Limit,
    /// Left out on purpose. No failure.
    Skipped,
    /// A live event that came too late. No failure.
    Stale,
    /// A strict replay went another way than the recording.
    Divergence,
}

impl ProblemKind {
    /// Whether something failed; what was skipped or came too late did not.
    pub fn is_failure(self) -> bool {
        !matches!(self, ProblemKind::Skipped | ProblemKind::Stale)
    }
}

/// A problem with an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The event's origin.
    pub origin: Origin,
    /// The kind.
    pub kind: ProblemKind,
    /// For people, in English.
    pub message: String,
}

/// One run of a handler.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The event's origin; a timer's is that of the event that set it.
    pub origin: Origin,
    /// The integration's name.
    pub integration: &'a str,
    /// There is no other integration.
    pub alone: bool,
    /// The notification's type, or `timer`, `activate`, …
    pub what: &'a str,
    /// The event.
    pub event: &'a Event,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// What the handler did, step by step.
    pub trace: Vec<Step>,
    /// How it ended.
    pub outcome: Outcome,
    /// Fuel used, where it is counted.
    pub fuel: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler accepted the event.
    Accepted(Reply),
    /// It failed; with the delay in milliseconds before the next attempt, if there is one.
    Failed(Failure, Option<i64>),
    /// It did not come to its end.
    Fault(Fault),
}

/// Sees what the dispatch does, in the order in which it does it. Nothing of it may wait.
pub trait Observer: Send {
    /// A handler ran.
    fn entry(&mut self, _entry: Entry<'_>) {}

    /// Something happened that is no run of a handler.
    fn note(&mut self, _at: i64, _origin: Origin, _text: &str) {}

    /// Something went wrong, or was left out.
    fn problem(&mut self, _problem: Problem) {}

    /// A handler accepted an event.
    fn accepted(&mut self, _event: &KeptEvent) {}

    /// An event is tried again.
    fn retried(&mut self, _event: &KeptEvent) {}

    /// A rule was asked; `at` in milliseconds since 1970.
    fn rule_answered(&mut self, _at: i64, _origin: Origin, _step: &Step) {}
}

/// Sees nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}
