//! Observing the dispatch: for the report of a replay, and for logs and metrics of a service.

use serde::{Deserialize, Serialize};

use super::store::{KeptEvent, Origin};
use crate::bindings::uis::integration::types::Failure;
use crate::event::{Event, Fault, Reply};
use crate::trace::Step;

/// The kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A line or a body cannot be read.
    Unreadable,
    /// An event can never succeed.
    Rejected,
    /// The remote system refused the credential.
    Unauthorized,
    /// The remote system does no work for the account until somebody pays or unblocks it; its events wait.
    Suspended,
    /// A setting prevents an event from being handled.
    Misconfigured,
    /// The plugin trapped.
    Trap,
    /// A limit was exceeded.
    Limit,
    /// Something was left out on purpose. Not a failure.
    Skipped,
    /// A live event was too late. Not a failure.
    Stale,
    /// A strict replay differs from its recording.
    Divergence,
}

impl ProblemKind {
    /// Whether this kind counts as a failure: all but `Skipped`, `Stale` and `Suspended`, after which nothing is lost.
    pub fn is_failure(self) -> bool {
        !matches!(self, ProblemKind::Skipped | ProblemKind::Stale | ProblemKind::Suspended)
    }
}

/// A problem that the integration's owner should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The integration's name; empty when the problem belongs to none.
    pub integration: String,
    /// The origin of the event that it is about.
    pub origin: Origin,
    /// The kind.
    pub kind: ProblemKind,
    /// The message, in English.
    pub message: String,
}

/// One run of a handler.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When the handler ended, in milliseconds since 1970.
    pub at: i64,
    /// The delivery id: the same in every attempt.
    pub id: &'a str,
    /// The event's origin. A timer has the origin of the event that set it.
    pub origin: Origin,
    /// The integration's name.
    pub integration: &'a str,
    /// There is only one integration, so its name need not be shown.
    pub alone: bool,
    /// What was received: the notification's type, or `timer`, `activate`, ….
    pub what: &'a str,
    /// The event.
    pub event: &'a Event,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The handler's steps.
    pub trace: Vec<Step>,
    /// The result.
    pub outcome: Outcome,
    /// The version of the plugin that handled it.
    pub plugin: &'a str,
    /// Fuel used; none when the plugin runs natively.
    pub fuel: Option<u64>,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The handler accepted the event.
    Accepted(Reply),
    /// The handler failed. With the delay in milliseconds before the next attempt; none when there is no further attempt.
    Failed(Failure, Option<i64>),
    /// The handler trapped or exceeded a limit, or the host failed.
    Fault(Fault),
}

/// Receives what the dispatch does, in order. Its methods are called on the dispatch's thread and must not block.
pub trait Observer: Send {
    /// A handler ran.
    fn entry(&mut self, _entry: Entry<'_>) {}

    /// Something else happened: a text for the log. `at` is in milliseconds since 1970.
    fn note(&mut self, _at: i64, _origin: Origin, _text: &str) {}

    /// A problem occurred.
    fn problem(&mut self, _problem: Problem) {}

    /// A handler succeeded.
    fn accepted(&mut self, _event: &KeptEvent) {}

    /// An event will be retried.
    fn retried(&mut self, _event: &KeptEvent) {}

    /// A rule was evaluated; `at` is in milliseconds since 1970.
    fn rule_answered(&mut self, _at: i64, _origin: Origin, _step: &Step) {}
}

/// An observer that ignores everything.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}
