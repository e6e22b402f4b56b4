//! The result of a replay: counts and problems. Member names are those of `docs/` and its JSON Schema.

use std::fmt;

use serde::{Deserialize, Serialize};
use uis_host::bindings::uis::integration::types::Misconfiguration;
use uis_host::event::Event::{Activate, Deactivate, TimerDue};
use uis_host::ports::{KeptEvent, ProblemKind};
use uis_host::trace::Step;

/// A problem, with the line that caused it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The line of the recording, from 1. A timer belongs to the line that set it.
    pub line: u64,
    /// The kind of problem.
    pub kind: Kind,
    /// The message.
    pub message: String,
}

/// The kind of a problem: one of the host's, or of a replay's own. It is shown and serialised as one word.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An `expect` line is not met.
    Expectation,
    /// A problem that the host reports.
    #[serde(untagged)]
    Host(ProblemKind),
}

impl Kind {
    /// Whether this kind counts as a failure.
    pub fn is_failure(self) -> bool {
        match self {
            Kind::Expectation => true,
            Kind::Host(kind) => kind.is_failure(),
        }
    }
}

impl From<ProblemKind> for Kind {
    fn from(kind: ProblemKind) -> Kind {
        Kind::Host(kind)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Expectation => f.write_str("Expectation"),
            Kind::Host(kind) => fmt::Debug::fmt(kind, f),
        }
    }
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
    /// What is counted and not listed; see [`listing`](Self::listing).
    pub further: Further,
    /// Most entries of each list; none: any number.
    most: Option<usize>,
}

/// How many entries of a report's lists were left out, because the lists were full.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Further {
    /// Problems.
    pub problems: u64,
    /// Answers of rules.
    pub rules: u64,
    /// Notes about settings.
    pub notes: u64,
}

impl Report {
    /// A report whose lists have at most this many entries each; the others are counted in [`further`](Self::further).
    pub fn listing(most: usize) -> Report {
        Report { most: Some(most), ..Report::default() }
    }

    /// Whether it lists nothing: no problem, no answer of a rule, and no note.
    pub fn has_only_counts(&self) -> bool {
        self.problems.is_empty() && self.rules.is_empty() && self.notes.is_empty() && self.further == Further::default()
    }

    /// Whether a list of this length is full.
    fn is_full(&self, length: usize) -> bool {
        self.most.is_some_and(|most| length >= most)
    }

    /// Adds an answer of a rule.
    pub(crate) fn rule_answered(&mut self, answer: RuleAnswer) {
        match self.is_full(self.rules.len()) {
            true => self.further.rules += 1,
            false => self.rules.push(answer),
        }
    }

    /// A handler accepted an event.
    pub(crate) fn accepted(&mut self, event: &KeptEvent) {
        // Only lines of the recording count; activations and timers follow from them.
        if !matches!(event.event, Activate | Deactivate | TimerDue(_)) {
            self.delivered += 1;
        }
    }

    /// Adds a problem, and counts it if its kind is a failure.
    pub(crate) fn problem(&mut self, line: u64, kind: impl Into<Kind>, message: String) {
        let kind = kind.into();
        self.failed += u64::from(kind.is_failure());
        match self.is_full(self.problems.len()) {
            true => self.further.problems += 1,
            false => self.problems.push(Problem { line, kind, message }),
        }
    }

    /// Adds the notes about settings that a line, or the header, contains.
    pub(crate) fn settings_notes(&mut self, line: u64, notes: &[Misconfiguration]) {
        for note in notes {
            match self.is_full(self.notes.len()) {
                true => self.further.notes += 1,
                false => self.notes.push((line, about_setting(note))),
            }
        }
    }

    /// Reports how a strict replay differs from its recording. Problems that were reported after the difference follow from it and are
    /// removed.
    pub fn diverged(&mut self, line: u64, message: String) {
        let first =
            self.problems.iter().position(|problem| problem.kind == Kind::Host(ProblemKind::Divergence)).unwrap_or(self.problems.len());
        let dropped = self.problems.drain(first..).filter(|problem| problem.kind.is_failure()).count();
        self.failed = self.failed.saturating_sub(dropped as u64);
        self.problem(line, ProblemKind::Divergence, message);
    }
}

/// A problem or a note of a setting as text: `settings.NAME: message`.
pub fn about_setting(about: &Misconfiguration) -> String {
    match about.setting.as_str() {
        "" => format!("settings: {}", about.message),
        setting => format!("settings.{setting}: {}", about.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_counts_what_it_leaves_out() {
        let mut report = Report::listing(2);
        for line in 1..=5 {
            report.problem(line, ProblemKind::Rejected, "no".into());
            report.settings_notes(line, &[Misconfiguration { setting: "x".into(), message: "old".into() }]);
        }
        report.problem(6, ProblemKind::Stale, "late".into());
        assert_eq!((report.problems.len(), report.notes.len(), report.failed), (2, 2, 5));
        assert_eq!(report.further, Further { problems: 4, rules: 0, notes: 3 });
        let mut whole = Report::default();
        (1..=5000).for_each(|line| whole.problem(line, ProblemKind::Rejected, "no".into()));
        assert_eq!((whole.problems.len(), whole.further), (5000, Further::default()));
    }
}
