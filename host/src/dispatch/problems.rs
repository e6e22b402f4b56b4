//! What is reported to the owner of an integration, in words.

use super::Dispatch;
use crate::bindings::uis::integration::types::Failure;
use crate::event::Fault;
use crate::limits::{TOLD_WHAT_BYTES, TOLD_WHY_BYTES, cut};
use crate::ports::{KeptEvent, Origin, Problem, ProblemKind};
use crate::trace::{Answer, SendErrorKind, Step};

impl Dispatch<'_> {
    /// Reports a problem of an integration, with its name when there are several.
    pub fn problem(&mut self, seat: usize, origin: Origin, kind: ProblemKind, message: String) {
        let message = self.whose(seat, message);
        self.observer.problem(Problem { origin, kind, message });
    }

    /// Reports a problem that belongs to no integration.
    pub(super) fn problem_as_it_is(&mut self, origin: Origin, kind: ProblemKind, message: String) {
        self.observer.problem(Problem { origin, kind, message });
    }

    fn whose(&self, seat: usize, message: String) -> String {
        if self.seats.len() == 1 { message } else { format!("[{}] {message}", self.seats[seat].integration.name) }
    }

    /// Reports a handler's failure that is final.
    pub(super) fn report_failure(&mut self, seat: usize, event: &KeptEvent, failure: &Failure) {
        let title = event.title();
        let why = |text: &str| cut(text, TOLD_WHY_BYTES).to_owned();
        let (kind, message) = match failure {
            Failure::Retry(later) => (ProblemKind::Limit, format!("{title}: {}", why(&later.reason))),
            Failure::Rejected(text) => (ProblemKind::Rejected, format!("{title}: {}", why(text))),
            Failure::Unauthorized(text) => (ProblemKind::Unauthorized, format!("{title}: {}", why(text))),
            Failure::Misconfigured(problem) => {
                let setting = cut(&problem.setting, TOLD_WHAT_BYTES);
                (ProblemKind::Misconfigured, format!("{title}: settings.{setting}: {}", why(&problem.message)))
            }
        };
        self.problem(seat, event.origin, kind, message);
    }

    /// Reports a handler that did not come to its end.
    pub(super) fn report_fault(&mut self, seat: usize, event: &KeptEvent, fault: &Fault) {
        self.problem(seat, event.origin, kind_of(fault), format!("{}: {fault}", event.title()));
    }

    /// Reports what an attempt's trace shows: where a strict replay went another way, and what rules answered.
    pub(super) fn report_trace(&mut self, seat: usize, event: &KeptEvent, trace: &[Step]) {
        for step in trace {
            if let Step::Request { answer: Answer::Error { error: SendErrorKind::Divergence, message }, .. } = step
                // Further attempts diverge in the same way, which adds nothing.
                && event.attempt == 1
            {
                self.observer.problem(Problem { origin: event.origin, kind: ProblemKind::Divergence, message: message.clone() });
            }
        }
        let now = self.now();
        for step in trace {
            let Step::Rule { rule, about, verdict, failed, .. } = step else { continue };
            if *failed {
                let message = format!("rule {rule}: {about}: {verdict}; the plugin goes on without it");
                self.problem(seat, event.origin, ProblemKind::Skipped, message);
            }
            self.observer.rule_answered(now, event.origin, step);
        }
    }
}

/// What a fault counts as.
pub fn kind_of(fault: &Fault) -> ProblemKind {
    match fault {
        Fault::Trap(_) => ProblemKind::Trap,
        Fault::Limit { .. } | Fault::Host(_) => ProblemKind::Limit,
    }
}
