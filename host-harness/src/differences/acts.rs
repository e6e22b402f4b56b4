//! Compares what the states do not show: what was left out, refused or failed, when something was done and why, and the problems.

use std::collections::HashSet;

use super::causes::{Sides, origin};
use super::labels::Labels;
use super::{Change, Difference, DifferenceKind, Outcome, Part, Side, fields, pairs};
use crate::effects::{Effect, EffectResult};
use crate::report::Problem;

/// The effects of both sides as texts that are equal if the effects are, and the indexes of those that the other side does not have.
pub(super) struct Rest {
    pub(super) a: HashSet<usize>,
    pub(super) b: HashSet<usize>,
}

impl Rest {
    pub(super) fn new(sides: &Sides<'_>, labels: &(Labels, Labels)) -> Rest {
        let texts = |effects: &[Effect], labels: &Labels| effects.iter().map(|effect| canonical(effect, labels)).collect::<Vec<_>>();
        let (a, b) = unmatched(&texts(sides.a.effects, &labels.0), &texts(sides.b.effects, &labels.1));
        Rest { a, b }
    }
}

/// The indexes of what only one of two lists has, each as often as it has more.
fn unmatched(a: &[String], b: &[String]) -> (HashSet<usize>, HashSet<usize>) {
    let (_, left, right) = pairs::pair((a.len(), b.len()), 1, |_, first, index| Some(if first { &a[index] } else { &b[index] }.clone()));
    (left.into_iter().collect(), right.into_iter().collect())
}

fn owner(effect: &Effect) -> &str {
    effect.integration.as_deref().unwrap_or_default()
}

fn id(effect: &Effect, labels: &Labels) -> String {
    effect.id.as_ref().map(|id| labels.id(owner(effect), &effect.entity, id)).unwrap_or_default()
}

/// Everything about an effect as one text.
fn canonical(effect: &Effect, labels: &Labels) -> String {
    let Effect { at, integration, system, entity, verb, result, what, count, until, cause, .. } = effect;
    let (id, what, decisions) = (id(effect, labels), labels.text(owner(effect), what), decisions(effect, labels));
    let about: Vec<String> = effect.about.iter().map(|subject| labels.text(owner(effect), &subject.to_string())).collect();
    let by = (cause.line, &cause.event, labels.text(owner(effect), &cause.subject), &cause.handler, cause.attempt, &cause.set_by);
    let at = if labels.moments { Some((at, until)) } else { None };
    let mut about = about;
    about.sort();
    format!("{:?}", (integration, system, entity, verb, id, result, what, count, at, about, by, decisions))
}

fn decisions(effect: &Effect, labels: &Labels) -> String {
    let text = |text: &str| labels.text(owner(effect), text);
    let lines = effect.cause.decisions.iter().map(|one| format!("{} {} {}", text(&one.subject), one.verdict, text(&one.line())));
    lines.collect::<Vec<_>>().join("; ")
}

/// The differences between effects that no difference between the states explains. `rest` are the effects of either side that the other side does
/// not have, without the causes of those differences.
pub(super) fn effects(
    sides: &Sides<'_>,
    labels: &(Labels, Labels),
    rest: (HashSet<usize>, HashSet<usize>),
    known: &[Difference],
) -> Vec<Difference> {
    let left = (
        open(sides.a.effects, rest.0, known.iter().map(|one| (one, &one.a))),
        open(sides.b.effects, rest.1, known.iter().map(|one| (one, &one.b))),
    );
    let effect = |first: bool, index: usize| if first { &sides.a.effects[left.0[index]] } else { &sides.b.effects[left.1[index]] };
    let (pairs, only_a, only_b) = pairs::pair((left.0.len(), left.1.len()), 4, |which, first, index| {
        let (effect, labels) = (effect(first, index), if first { &labels.0 } else { &labels.1 });
        let Effect { integration, entity, verb, result, cause, .. } = effect;
        let id = id(effect, labels);
        Some(match which {
            0 => format!("{:?}", (integration, entity, verb, result, id, cause.line, &cause.event, cause.attempt, origin(effect))),
            1 => format!("{:?}", (integration, entity, verb, result, id, origin(effect))),
            2 => format!("{:?}", (integration, entity, id, origin(effect))),
            _ => format!("{:?}", (integration, entity, cause.line, &cause.event)),
        })
    });
    let mut found = Vec::new();
    for (one, other) in pairs {
        let (a, b) = (effect(true, one), effect(false, other));
        found.push(difference(DifferenceKind::Changed, Some(a), Some(b), changes((a, b), labels)));
    }
    // Where a run already differs, what one side left out besides is a part of it.
    let differing: HashSet<(u64, String)> =
        known.iter().flat_map(|one| [&one.a.effect, &one.b.effect]).flatten().map(|effect| (effect.cause.line, origin(effect))).collect();
    let counts = |effect: &&Effect| effect.result != EffectResult::LeftOut || !differing.contains(&(effect.cause.line, origin(effect)));
    let only_a = only_a.into_iter().map(|index| effect(true, index)).filter(counts);
    found.extend(only_a.map(|effect| difference(DifferenceKind::OnlyInA, Some(effect), None, Vec::new())));
    let only_b = only_b.into_iter().map(|index| effect(false, index)).filter(counts);
    found.extend(only_b.map(|effect| difference(DifferenceKind::OnlyInB, None, Some(effect), Vec::new())));
    found
}

/// Entities that are sent to UIS many at a time: the effect of such a request is about all of them.
const TOGETHER: [&str; 3] = ["deal", "deal contact", "funnel"];

/// The effects of `rest` that are not about the record of a known difference, in order.
fn open<'d>(effects: &[Effect], rest: HashSet<usize>, known: impl Iterator<Item = (&'d Difference, &'d Side)>) -> Vec<usize> {
    let (mut records, mut together) = (HashSet::new(), HashSet::<&str>::new());
    for (difference, side) in known {
        together.extend(TOGETHER.iter().copied().find(|entity| *entity == difference.entity));
        records.extend(side.id.as_ref().map(|id| (difference.entity.as_str(), id.as_str())));
    }
    let is_open = |at: &usize| {
        let effect = &effects[*at];
        let of_record = effect.id.as_ref().is_some_and(|id| records.contains(&(effect.entity.as_str(), id.as_str())));
        let sent_together = effect.result == EffectResult::Done && together.contains(effect.entity.as_str());
        !of_record && !sent_together
    };
    let mut open: Vec<usize> = rest.into_iter().filter(is_open).collect();
    open.sort_unstable();
    open
}

fn difference(kind: DifferenceKind, a: Option<&Effect>, b: Option<&Effect>, changes: Vec<Change>) -> Difference {
    let shown = a.or(b);
    let side = |effect: Option<&Effect>| Side { id: effect.and_then(|effect| effect.id.clone()), effect: effect.cloned() };
    Difference {
        kind,
        part: Part::Effect,
        integration: shown.and_then(|effect| effect.integration.clone()),
        entity: shown.map(|effect| effect.entity.clone()).unwrap_or_default(),
        what: shown.map(Effect::headline).unwrap_or_default(),
        changes,
        a: side(a),
        b: side(b),
    }
}

/// What differs between two effects.
fn changes((a, b): (&Effect, &Effect), labels: &(Labels, Labels)) -> Vec<Change> {
    let text = |effect: &Effect, labels: &Labels, text: &str| labels.text(owner(effect), text);
    let both =
        |field: &str, one: &str, other: &str| fields::property(field, (one, other), (&text(a, &labels.0, one), &text(b, &labels.1, other)));
    let result = |effect: &Effect| format!("{} ({:?})", effect.verb, effect.result);
    let id_of = |effect: &Effect| effect.id.clone().unwrap_or_default();
    let subjects = |effect: &Effect| effect.about.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let lines = |effect: &Effect| effect.cause.decision_lines().join("; ");
    let mut changes = vec![
        both("result", &result(a), &result(b)),
        both("content", &a.what, &b.what),
        fields::property("id", (&id_of(a), &id_of(b)), (&id(a, &labels.0), &id(b, &labels.1))),
        both("count", &a.count.to_string(), &b.count.to_string()),
        both("because", &a.cause.event_line(), &b.cause.event_line()),
        fields::property("decided", (&lines(a), &lines(b)), (&decisions(a, &labels.0), &decisions(b, &labels.1))),
        both("done", &a.at, &b.at),
        both("until", a.until.as_deref().unwrap_or_default(), b.until.as_deref().unwrap_or_default()),
    ];
    if changes.iter().all(Option::is_none) {
        changes.push(both("about", &subjects(a), &subjects(b)));
    }
    changes.into_iter().flatten().collect()
}

/// The differences between problems that no known difference explains.
pub(super) fn problems(a: &Outcome, b: &Outcome, labels: &(Labels, Labels), known: &[Difference]) -> Vec<Difference> {
    let text = |problem: &Problem, labels: &Labels| format!("{} {:?} {}", problem.line, problem.kind, labels.text("", &problem.message));
    let texts = |problems: &[Problem], labels: &Labels| problems.iter().map(|problem| text(problem, labels)).collect::<Vec<_>>();
    let (texts_a, texts_b) = (texts(&a.problems, &labels.0), texts(&b.problems, &labels.1));
    let rest = unmatched(&texts_a, &texts_b);
    let left = |rest: HashSet<usize>, problems: &[Problem], of: fn(&Difference) -> &Side| {
        let lines: HashSet<u64> = known
            .iter()
            .filter_map(|one| of(one).effect.as_ref())
            .filter(|effect| effect.result != EffectResult::Done)
            .map(|effect| effect.cause.line)
            .collect();
        let mut left: Vec<usize> = rest.into_iter().filter(|at| !lines.contains(&problems[*at].line)).collect();
        left.sort_unstable();
        left
    };
    let (left_a, left_b) = (left(rest.0, &a.problems, |one| &one.a), left(rest.1, &b.problems, |one| &one.b));
    let problem = |first: bool, index: usize| if first { &a.problems[left_a[index]] } else { &b.problems[left_b[index]] };
    let (pairs, only_a, only_b) = pairs::pair((left_a.len(), left_b.len()), 2, |which, first, index| {
        let problem = problem(first, index);
        Some(if which == 0 { format!("{} {:?}", problem.line, problem.kind) } else { problem.line.to_string() })
    });
    let named = |problem: &Problem| (word(problem), format!("problem of line {}: {}: {}", problem.line, word(problem), problem.message));
    let made = |kind, problem: &Problem, changes| {
        let (entity, what) = named(problem);
        Difference { kind, part: Part::Problem, integration: None, entity, what, changes, a: Side::default(), b: Side::default() }
    };
    let changed = pairs.into_iter().map(|(one, other)| {
        let (a, b) = (problem(true, one), problem(false, other));
        let both = |field: &str, one: &str, other: &str| fields::property(field, (one, other), (one, other));
        let changes = [both("kind", &word(a), &word(b)), both("message", &a.message, &b.message)].into_iter().flatten().collect();
        made(DifferenceKind::Changed, a, changes)
    });
    let only_a = only_a.into_iter().map(|index| made(DifferenceKind::OnlyInA, problem(true, index), Vec::new()));
    let only_b = only_b.into_iter().map(|index| made(DifferenceKind::OnlyInB, problem(false, index), Vec::new()));
    changed.chain(only_a).chain(only_b).collect()
}

/// The kind of a problem, as the report names it.
fn word(problem: &Problem) -> String {
    format!("{:?}", problem.kind).to_lowercase()
}
