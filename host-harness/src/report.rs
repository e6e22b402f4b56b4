//! What a replay comes to, for machines: counts and problems, by the names that `docs/` and its JSON Schema give.

use serde::Serialize;
use uis_host::event::Event::{Activate, Deactivate, TimerDue};
use uis_host::ports::{KeptEvent, ProblemKind};
use uis_host::trace::Step;

/// A problem and the line it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The recording's line, from 1; a timer's is the line that set it.
    pub line: u64,
    /// The kind.
    pub kind: ProblemKind,
    /// For people.
    pub message: String,
}

/// What a rule answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleAnswer {
    /// When, RFC 3339.
    pub at: String,
    /// The recording's line.
    pub line: u64,
    /// The answer.
    #[serde(flatten)]
    pub step: Step,
}

/// Counts and problems.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// Happenings of the recording that a handler accepted, repeats too. Timers' own runs are not counted.
    pub delivered: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Unreadable lines, and events rejected, unauthorized, misconfigured, trapped or over a limit.
    pub failed: u64,
    /// All problems, in order.
    pub problems: Vec<Problem>,
    /// What rules answered, in order.
    pub rules: Vec<RuleAnswer>,
}

impl Report {
    /// A handler accepted an event.
    pub(crate) fn accepted(&mut self, event: &KeptEvent) {
        // What stands in the recording is an event; what follows from it by itself is not.
        if !matches!(event.event, Activate | Deactivate | TimerDue(_)) {
            self.delivered += 1;
        }
    }

    /// Adds a problem; it counts as a failure if its kind is one.
    pub(crate) fn problem(&mut self, line: u64, kind: ProblemKind, message: String) {
        self.failed += u64::from(kind.is_failure());
        self.problems.push(Problem { line, kind, message });
    }

    /// A strict replay left out what the recording has.
    pub fn diverged(&mut self, message: String) {
        self.problem(1, ProblemKind::Divergence, message);
    }
}
