//! Which decisions of a run led to which effect. The plugin logs a decision with its subject in words (`task of uis-call-7`); the nouns in the
//! subject and the communication that it names say which effects it is about.

use std::collections::BTreeSet;

use uis_host::decision::RuleVerdict;
use uis_host::trace::Step;

use super::requests::Written;
use super::{Decision, Subject};

/// The nouns of decisions, and the entities that they are about.
const NOUNS: [(&str, &[&str]); 10] = [
    ("task", &["task"]),
    ("order", &["order"]),
    ("client", &["customer"]),
    ("customer", &["customer"]),
    ("note", &["note"]),
    ("transcript", &["note"]),
    ("record", &["call"]),
    ("pop-up", &["pop-up"]),
    ("forwarding", &["answer"]),
    ("deal", &["deal"]),
];

/// What an assignee is chosen for.
const ASSIGNED: [&str; 3] = ["task", "order", "customer"];

/// A decision and where it stands in the run.
pub(super) struct Made {
    /// The index of the step.
    pub(super) step: usize,
    pub(super) decision: Decision,
    about: BTreeSet<Subject>,
}

/// The decisions of a run, those of partners' rules included. A rule that keeps the plugin's proposal decided nothing.
pub(super) fn decisions(trace: &[Step]) -> Vec<Made> {
    let mut all = Vec::new();
    for (step, found) in trace.iter().enumerate() {
        let Some(decision) = decision(found) else { continue };
        let about = Subject::named_in(&decision.subject).collect();
        all.push(Made { step, decision, about });
    }
    all
}

fn decision(step: &Step) -> Option<Decision> {
    match step {
        Step::Decision { subject, decided_by, verdict, why } => {
            Some(Decision { subject: subject.clone(), decided_by: decided_by.clone(), verdict: (*verdict).into(), why: why.clone() })
        }
        Step::Rule { rule, about, dry_run: false, verdict: RuleVerdict::Change(_), changes, .. } => {
            let part = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            let changes: Vec<String> =
                changes.iter().map(|change| format!("{} {} → {}", change.field, part(&change.from), part(&change.to))).collect();
            Some(Decision {
                subject: about.clone(),
                decided_by: format!("rule {rule}"),
                verdict: "changed".into(),
                why: changes.join(", "),
            })
        }
        _ => None,
    }
}

/// Whether a decision's subject has a word that begins with a noun, such as `order` in `client and order of uis-call-7`.
fn has(subject: &str, noun: &str) -> bool {
    let lower = subject.to_lowercase();
    // What follows "of" is the communication.
    let head = lower.split(" of ").next().unwrap_or(&lower);
    head.split_whitespace().any(|word| word.trim_end_matches(',').starts_with(noun))
}

/// The entity that a decision is about; none for a decision about all that a communication creates.
pub(super) fn entity_of(subject: &str) -> Option<&'static str> {
    NOUNS.iter().find(|(noun, _)| has(subject, noun)).and_then(|(_, entities)| entities.first().copied())
}

/// The decisions that led to an effect of the step `at`. Decisions against something are effects of their own.
pub(super) fn of_effect(written: &Written, at: usize, made: &[Made], writes: &[(usize, String)]) -> Vec<Decision> {
    made.iter()
        .filter(|one| one.step < at && one.decision.verdict != "left out")
        .filter(|one| is_about(one, written, at, writes))
        .map(|one| one.decision.clone())
        .collect()
}

fn is_about(made: &Made, written: &Written, at: usize, writes: &[(usize, String)]) -> bool {
    let (subject, entity) = (&made.decision.subject, written.entity.as_str());
    // Several communications may be handled in one run.
    let differs = |kind| {
        let ids = |of: &BTreeSet<Subject>| of.iter().filter(|one| one.kind == kind).map(|one| one.id.clone()).collect::<BTreeSet<_>>();
        let (own, theirs) = (ids(&made.about), ids(&written.about));
        !own.is_empty() && !theirs.is_empty() && own.is_disjoint(&theirs)
    };
    if made.about.iter().any(|one| one.kind.is_communication() && differs(one.kind)) {
        return false;
    }
    if has(subject, "assignee") || has(subject, "responsible") {
        // An assignee is chosen for the next thing that is written.
        let next = writes.iter().find(|(step, what)| *step > made.step && ASSIGNED.contains(&what.as_str()));
        return next.is_some_and(|(step, _)| *step == at);
    }
    let nouns: Vec<&&[&str]> = NOUNS.iter().filter(|(noun, _)| has(subject, noun)).map(|(_, entities)| entities).collect();
    if nouns.is_empty() {
        // The filter of all that a call creates does not concern pop-ups and the history.
        return !matches!(entity, "pop-up" | "call" | "answer" | "module");
    }
    nouns.iter().any(|entities| entities.contains(&entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noun_of_a_decision_says_what_it_is_about() {
        for (subject, expected) in [
            ("task of uis-call-7", Some("task")),
            ("Task of uis-call-7", Some("task")),
            ("client and order of uis-call-7", Some("order")),
            ("forwarding of call 7", Some("answer")),
            ("what uis-call-7 creates", None),
            ("uis-request-3", None),
        ] {
            assert_eq!(entity_of(subject), expected, "{subject}");
        }
    }
}
