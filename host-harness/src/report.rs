//! The result of a replay: counts and problems. Member names are those of `docs/` and its JSON Schema.

use serde::Serialize;
use uis_host::bindings::uis::integration::types::Misconfiguration;
use uis_host::event::Event::{Activate, Deactivate, TimerDue};
use uis_host::ports::{KeptEvent, ProblemKind};
use uis_host::trace::Step;

/// A problem, with the line that caused it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// The line of the recording, from 1. A timer belongs to the line that set it.
    pub line: u64,
    /// The kind of problem.
    pub kind: ProblemKind,
    /// The message.
    pub message: String,
}

/// A rule's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleAnswer {
    /// When the rule was evaluated, as RFC 3339.
    pub at: String,
    /// The recording's line.
    pub line: u64,
    /// The answer, as a step of the trace.
    #[serde(flatten)]
    pub step: Step,
}

/// The counts and problems of a replay.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// Events of the recording that a handler accepted, repetitions included. Activations, deactivations and timers are not counted.
    pub delivered: u64,
    /// Attempts beyond the first of an event.
    pub retried: u64,
    /// Lines that cannot be read, and events that were rejected, unauthorized or misconfigured, trapped, or exceeded a limit.
    pub failed: u64,
    /// All problems, in order.
    pub problems: Vec<Problem>,
    /// All answers of rules, in order.
    pub rules: Vec<RuleAnswer>,
    /// What the owner should know about settings that were prepared: the recording's line, and the note. They are no problems.
    pub notes: Vec<(u64, String)>,
}

impl Report {
    /// A handler accepted an event.
    pub(crate) fn accepted(&mut self, event: &KeptEvent) {
        // Only lines of the recording count; activations and timers follow from them.
        if !matches!(event.event, Activate | Deactivate | TimerDue(_)) {
            self.delivered += 1;
        }
    }

    /// Adds a problem, and counts it if its kind is a failure.
    pub(crate) fn problem(&mut self, line: u64, kind: ProblemKind, message: String) {
        self.failed += u64::from(kind.is_failure());
        self.problems.push(Problem { line, kind, message });
    }

    /// Adds the notes about settings that a line, or the header, contains.
    pub(crate) fn settings_notes(&mut self, line: u64, notes: &[Misconfiguration]) {
        self.notes.extend(notes.iter().map(|note| (line, about_setting(note))));
    }

    /// Reports that a strict replay did not send a request that the recording contains.
    pub fn diverged(&mut self, message: String) {
        self.problem(1, ProblemKind::Divergence, message);
    }
}

/// A problem or a note of a setting as text: `settings.NAME: message`.
pub fn about_setting(about: &Misconfiguration) -> String {
    match about.setting.as_str() {
        "" => format!("settings: {}", about.message),
        setting => format!("settings.{setting}: {}", about.message),
    }
}
