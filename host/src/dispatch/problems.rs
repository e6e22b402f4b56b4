//! Messages to the owner of an integration.

use super::Dispatch;
use crate::bindings::uis::integration::types::Failure;
use crate::event::Fault;
use crate::limits::{REASON_BYTES, SKIPPED_WHAT_BYTES, cut};
use crate::ports::{KeptEvent, Origin, Problem, ProblemKind};
use crate::trace::{Answer, SendErrorKind, Step};

impl Dispatch<'_> {
    /// Reports a problem of an integration. With several integrations, the message begins with the integration's name.
    pub fn problem(&mut self, slot: usize, origin: Origin, kind: ProblemKind, message: String) {
        let message = self.with_integration_name(slot, message);
        let integration = self.slots[slot].integration.name.clone();
        self.observer.problem(Problem { integration, origin, kind, message });
    }

    /// Reports a problem that belongs to no integration.
    pub(super) fn problem_as_it_is(&mut self, origin: Origin, kind: ProblemKind, message: String) {
        self.observer.problem(Problem { integration: String::new(), origin, kind, message });
    }

    fn with_integration_name(&self, slot: usize, message: String) -> String {
        if self.slots.len() == 1 { message } else { format!("[{}] {message}", self.slots[slot].integration.name) }
    }

    /// Reports a failure after which the event is not retried.
    pub(super) fn report_failure(&mut self, slot: usize, event: &KeptEvent, failure: &Failure) {
        let title = event.title();
        let why = |text: &str| cut(text, REASON_BYTES).to_owned();
        let (kind, message) = match failure {
            Failure::Retry(later) => (ProblemKind::Limit, format!("{title}: {}", why(&later.reason))),
            Failure::Rejected(text) => (ProblemKind::Rejected, format!("{title}: {}", why(text))),
            Failure::Unauthorized(text) => (ProblemKind::Unauthorized, format!("{title}: {}", why(text))),
            Failure::Suspended(text) => (ProblemKind::Suspended, format!("{title}: {}", why(text))),
            Failure::Misconfigured(problem) => {
                let setting = cut(&problem.setting, SKIPPED_WHAT_BYTES);
                (ProblemKind::Misconfigured, format!("{title}: settings.{setting}: {}", why(&problem.message)))
            }
        };
        self.problem(slot, event.origin, kind, message);
    }

    /// Reports that the remote system does no work for the account: once, until it works again.
    pub(super) fn report_suspension(&mut self, slot: usize, event: &KeptEvent, failure: &Failure) {
        if !std::mem::replace(&mut self.slots[slot].suspended, true) {
            self.report_failure(slot, event, failure);
        }
    }

    /// Reports that a handler trapped, exceeded a limit, or could not run because of the host.
    pub(super) fn report_fault(&mut self, slot: usize, event: &KeptEvent, fault: &Fault) {
        self.problem(slot, event.origin, kind_of(fault), format!("{}: {fault}", event.title()));
    }

    /// Reports what an attempt's trace shows: requests that the recording of a strict replay does not contain, and answers of rules.
    pub(super) fn report_trace(&mut self, slot: usize, event: &KeptEvent, trace: &[Step]) {
        for step in trace {
            if let Step::Request { answer: Answer::Error { error: SendErrorKind::Divergence, message }, .. } = step
                // Further attempts would only repeat the message.
                && event.attempt == 1
            {
                let integration = self.slots[slot].integration.name.clone();
                let (origin, kind) = (event.origin, ProblemKind::Divergence);
                self.observer.problem(Problem { integration, origin, kind, message: message.clone() });
            }
        }
        let now = self.now();
        for step in trace {
            let Step::Rule { rule, about, verdict, failed, .. } = step else { continue };
            if *failed {
                let message = format!("rule {rule}: {about}: {verdict}; the plugin continues without this rule");
                self.problem(slot, event.origin, ProblemKind::Skipped, message);
            }
            self.observer.rule_answered(now, event.origin, step);
        }
    }
}

/// The kind of problem that a fault is.
pub fn kind_of(fault: &Fault) -> ProblemKind {
    match fault {
        Fault::Trap(_) => ProblemKind::Trap,
        Fault::Limit { .. } | Fault::Host(_) => ProblemKind::Limit,
    }
}
