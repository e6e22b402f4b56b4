//! Decides about a cell: the same result as without faults, a difference that is permitted, or a bad cell.

use std::collections::BTreeMap;

use serde::Serialize;
use uis_host::ports::ProblemKind;

use super::bench::Played;
use super::invariants::{self, Violation};
use crate::differences::{self, Difference, DifferenceKind, Outcome, Scope, Side};
use crate::report::{Kind, Problem};

/// Something that is different from the replay without faults.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What it is, as a name by which it may be permitted: `order missing`, `customer doubled`, `problem stale`, …
    pub effect: String,
    /// The record, and what it has; or the message of a problem.
    pub text: String,
    /// It must not be, whatever fails. It cannot be permitted.
    pub never: bool,
}

impl From<Violation> for Finding {
    fn from(violation: Violation) -> Finding {
        Finding { effect: violation.what, text: violation.text, never: true }
    }
}

/// Failures that the replay without faults does not have, or not as many of their kind. What was skipped or came too late is no failure; if it
/// matters, something is missing in the systems. What a recording expects half-way may come later.
fn problems(calm: &[Problem], now: &[Problem]) -> Vec<Finding> {
    let mut of_kind: BTreeMap<String, Vec<&Problem>> = BTreeMap::new();
    for problem in now.iter().filter(|problem| problem.kind.is_failure() && problem.kind != Kind::Expectation) {
        of_kind.entry(format!("{:?}", problem.kind).to_lowercase()).or_default().push(problem);
    }
    let of = |(kind, problems): (String, Vec<&Problem>)| {
        let known = calm.iter().filter(|known| problems.first().is_some_and(|problem| problem.kind == known.kind)).count();
        let more = problems.len().saturating_sub(known);
        let new = problems.into_iter().filter(|problem| !calm.iter().any(|known| known.message == problem.message)).take(more);
        let finding = |problem: &Problem| Finding {
            effect: format!("problem {kind}"),
            text: problem.message.clone(),
            // A trap is a bug of the plugin.
            never: problem.kind == Kind::Host(ProblemKind::Trap),
        };
        new.map(finding).collect::<Vec<_>>()
    };
    of_kind.into_iter().flat_map(of).collect()
}

/// Everything that a replay with a fault has different, in order.
pub fn findings(calm: &Played, now: &Played) -> Vec<Finding> {
    if now.ran_away {
        let text = format!("stopped after {} attempts; without faults there are {}", now.attempts.len(), calm.attempts.len());
        return vec![Finding { effect: "runs away".into(), text, never: true }];
    }
    let (before, after) = (without_logs(&calm.outcome), without_logs(&now.outcome));
    let mut found: Vec<Finding> = Vec::new();
    found.extend(invariants::doubled(&after.crm, &after.uis, Some((&before.crm, &before.uis))).into_iter().map(Finding::from));
    if invariants::open_popups(&after.crm).len() > invariants::open_popups(&before.crm).len() {
        found.extend(invariants::open_popups(&after.crm).into_iter().map(Finding::from));
    }
    // Settings that are saved before a late event comes may shut its call out, so this one may be permitted.
    let lost = invariants::lost_calls(&after.crm, &before.crm).into_iter();
    found.extend(lost.map(|lost| Finding { never: false, ..Finding::from(lost) }));
    found.extend(problems(&calm.report.problems, &now.report.problems));
    found.extend(differences::between(&before, &after, Scope::States).iter().flat_map(of_difference));
    found.sort();
    found.dedup();
    found
}

/// The outcome without what is a log of requests: a repeated request is there twice, and what came of it stands elsewhere.
fn without_logs(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if let Some(members) = outcome.crm.as_object_mut() {
        members.remove("callEvents");
    }
    outcome
}

/// The findings of a difference: one for each field that is not the same.
fn of_difference(difference: &Difference) -> Vec<Finding> {
    let Difference { kind, entity, what, changes, a, b, .. } = difference;
    let caused = |side: &Side| side.effect.as_ref().map(|effect| format!(" ({})", effect.cause.event_line())).unwrap_or_default();
    let finding = |effect: String, text: String| Finding { effect, text, never: false };
    match kind {
        DifferenceKind::OnlyInA => vec![finding(format!("{entity} missing"), format!("{what}{}", caused(a)))],
        DifferenceKind::OnlyInB => vec![finding(format!("{entity} extra"), format!("{what}{}", caused(b)))],
        DifferenceKind::Changed => {
            let of = |change: &differences::Change| {
                finding(format!("{entity}.{} differs", change.field), format!("{what}: {}{}", change.words, caused(b)))
            };
            changes.iter().map(of).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_problems_beyond_the_known_ones_of_their_kind_are_found() {
        let problem = |kind, message: &str| Problem { line: 2, kind: Kind::Host(kind), message: message.to_owned() };
        let calm = [problem(ProblemKind::Limit, "a"), problem(ProblemKind::Rejected, "b")];
        let other = [
            problem(ProblemKind::Limit, "c"),
            problem(ProblemKind::Rejected, "b"),
            problem(ProblemKind::Trap, "d"),
            problem(ProblemKind::Rejected, "e"),
            problem(ProblemKind::Stale, "f"),
        ];
        let found: Vec<(String, bool)> = problems(&calm, &other).into_iter().map(|one| (one.effect + " " + &one.text, one.never)).collect();
        assert_eq!(found, [("problem rejected e".to_owned(), false), ("problem trap d".to_owned(), true)]);
    }
}
