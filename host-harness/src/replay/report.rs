//! What a replay comes to, for machines: counts and problems, by the names that `docs/` and its JSON Schema give.

use serde::Serialize;

use super::inbox::Pending;
use crate::bindings::uis::integration::types::Failure;
use crate::plugin::Fault;
use crate::plugin::limits::{TOLD_WHAT_BYTES, TOLD_WHY_BYTES, cut};
use crate::trace::Step;

/// What went wrong, or was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A line that cannot be read.
    Unreadable,
    /// An event that can never succeed.
    Rejected,
    /// The remote system refuses our credential.
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

/// A problem and the line it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The recording's line, from 1; a timer's is the line that set it.
    pub line: u64,
    /// What kind.
    pub kind: ProblemKind,
    /// For people.
    pub message: String,
}

/// What a rule said of something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTold {
    /// When, RFC 3339.
    pub at: String,
    /// The recording's line.
    pub line: u64,
    /// What it said.
    #[serde(flatten)]
    pub step: Step,
}

/// Counts and problems.
#[derive(Debug, Default)]
pub struct Report {
    /// Happenings of the recording that a handler accepted, repeats too. Timers' own runs are not counted.
    pub delivered: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Unreadable lines, and events rejected, unauthorized, misconfigured, trapped or over a limit.
    pub failed: u64,
    /// All problems, in order.
    pub problems: Vec<Problem>,
    /// What rules said, in order.
    pub rules: Vec<RuleTold>,
    deliveries: u64,
}

impl Report {
    /// A number for the next event.
    pub(super) fn next_delivery(&mut self) -> u64 {
        self.deliveries += 1;
        self.deliveries
    }

    /// A handler accepted an event.
    pub(super) fn accepted(&mut self, pending: &Pending) {
        use crate::event::Event::{Activate, Deactivate, TimerDue};
        // What the recording tells is an event; what follows from it by itself is not.
        if !matches!(pending.event, Activate | Deactivate | TimerDue(_)) {
            self.delivered += 1;
        }
    }

    /// Something that is no failure.
    pub(super) fn problem(&mut self, line: u64, kind: ProblemKind, message: String) {
        self.problems.push(Problem { line, kind, message });
    }

    /// A failure.
    pub(super) fn failed(&mut self, line: u64, kind: ProblemKind, message: String) {
        self.failed += 1;
        self.problem(line, kind, message);
    }

    /// A handler's failure that is final.
    pub(super) fn failure(&mut self, line: u64, what: &str, failure: &Failure) {
        let why = |text: &str| cut(text, TOLD_WHY_BYTES).to_owned();
        match failure {
            Failure::Retry(later) => self.failed(line, ProblemKind::Limit, format!("{what}: {}", why(&later.reason))),
            Failure::Rejected(text) => self.failed(line, ProblemKind::Rejected, format!("{what}: {}", why(text))),
            Failure::Unauthorized(text) => self.failed(line, ProblemKind::Unauthorized, format!("{what}: {}", why(text))),
            Failure::Misconfigured(problem) => {
                let setting = cut(&problem.setting, TOLD_WHAT_BYTES);
                self.failed(line, ProblemKind::Misconfigured, format!("{what}: settings.{setting}: {}", why(&problem.message)));
            }
        }
    }

    /// A handler that did not come to its end.
    pub(super) fn fault(&mut self, line: u64, what: &str, fault: &Fault) {
        let kind = match fault {
            Fault::Trap(_) => ProblemKind::Trap,
            Fault::Limit { .. } => ProblemKind::Limit,
        };
        self.failed(line, kind, format!("{what}: {fault}"));
    }

    /// A strict replay left out what the recording has.
    pub fn diverged(&mut self, message: String) {
        self.failed(1, ProblemKind::Divergence, message);
    }
}
