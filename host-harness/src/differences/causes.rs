//! Which effect led to a record, and which says why there is none.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::states::{Found, Record};
use super::{Difference, DifferenceKind, Outcome, Side};
use crate::effects::{Effect, EffectResult, Kind, Subject};

/// The effects of both outcomes.
pub(super) struct Sides<'o> {
    pub(super) a: Index<'o>,
    pub(super) b: Index<'o>,
}

/// The effects of one outcome, found by what they are about.
pub(super) struct Index<'o> {
    pub(super) effects: &'o [Effect],
    by_id: HashMap<(&'o str, &'o str), Vec<usize>>,
    by_entity: HashMap<&'o str, Vec<usize>>,
    by_line: HashMap<u64, Vec<usize>>,
    by_subject: HashMap<&'o Subject, Vec<usize>>,
}

impl<'o> Sides<'o> {
    pub(super) fn new(a: &'o Outcome, b: &'o Outcome) -> Sides<'o> {
        Sides { a: Index::new(&a.effects), b: Index::new(&b.effects) }
    }

    /// The differences of the states with their causes. `rest` are the effects of either side that the other side does not have.
    pub(super) fn explain(&self, found: Vec<Found<'_>>, rest: (&HashSet<usize>, &HashSet<usize>)) -> Explained {
        let (mut differences, mut used) = (Vec::new(), (HashSet::new(), HashSet::new()));
        for found in found {
            let (difference, (a, b)) = self.explained(found, rest);
            used.0.extend(a);
            used.1.extend(b);
            differences.push(difference);
        }
        Explained { differences, used }
    }

    fn explained(&self, found: Found<'_>, rest: (&HashSet<usize>, &HashSet<usize>)) -> (Difference, (Option<usize>, Option<usize>)) {
        let Found { kind, part, entity, what, changes, a, b, .. } = found;
        let last = kind == DifferenceKind::Changed;
        let cause = |side: &Index<'o>, record: &Option<Record<'_>>, rest| {
            let record = record.as_ref()?;
            side.cause(entity, record, rest, last)
        };
        let (mut cause_a, mut cause_b) = (cause(&self.a, &a, rest.0), cause(&self.b, &b, rest.1));
        if a.is_none() {
            cause_a = cause_b.and_then(|present| self.a.absence(&self.b.effects[present], entity, rest.0));
        }
        if b.is_none() {
            cause_b = cause_a.and_then(|present| self.b.absence(&self.a.effects[present], entity, rest.1));
        }
        let integration = a.as_ref().or(b.as_ref()).map(|record| record.owner.to_owned()).filter(|owner| !owner.is_empty());
        let side = |index: &Index<'_>, record: Option<Record<'_>>, cause: Option<usize>| Side {
            id: record.and_then(|record| record.id),
            effect: cause.map(|cause| index.effects[cause].clone()),
        };
        let (a, b) = (side(&self.a, a, cause_a), side(&self.b, b, cause_b));
        (Difference { kind, part, integration, entity: entity.to_owned(), what, changes, a, b }, (cause_a, cause_b))
    }
}

/// The differences of the states with their causes.
pub(super) struct Explained {
    pub(super) differences: Vec<Difference>,
    /// The effects of either side that are the cause of one.
    pub(super) used: (HashSet<usize>, HashSet<usize>),
}

/// What an effect came from: the communications that it is about; without any, the recording's line.
pub(super) fn origin(effect: &Effect) -> String {
    let about: Vec<String> = effect.about.iter().filter(|subject| subject.kind.is_communication()).map(Subject::to_string).collect();
    if about.is_empty() { format!("line {} {}", effect.cause.line, effect.cause.event) } else { about.join(" ") }
}

impl<'o> Index<'o> {
    fn new(effects: &'o [Effect]) -> Index<'o> {
        let (mut by_id, mut by_entity, mut by_line, mut by_subject) = (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
        for (at, effect) in effects.iter().enumerate() {
            if let Some(id) = &effect.id {
                by_id.entry((effect.entity.as_str(), id.as_str())).or_insert_with(Vec::new).push(at);
            }
            by_entity.entry(effect.entity.as_str()).or_insert_with(Vec::new).push(at);
            by_line.entry(effect.cause.line).or_insert_with(Vec::new).push(at);
            for subject in &effect.about {
                by_subject.entry(subject).or_insert_with(Vec::new).push(at);
            }
        }
        Index { effects, by_id, by_entity, by_line, by_subject }
    }

    /// The effect that made a record; none if it was there before, or the answer with its id was lost.
    pub(super) fn made(&self, owner: &str, entity: &str, id: &str) -> Option<&'o Effect> {
        let all = self.by_id.get(&(entity, id)).into_iter().flatten().map(|at| &self.effects[*at]);
        let mut made = all.filter(|effect| effect.verb == "created" && effect.result == EffectResult::Done);
        made.find(|effect| effect.integration.as_deref().is_none_or(|name| owner.is_empty() || name == owner))
    }

    fn about(&self, subjects: &[Subject]) -> Vec<usize> {
        let all: BTreeSet<usize> = subjects.iter().filter_map(|subject| self.by_subject.get(subject)).flatten().copied().collect();
        all.into_iter().collect()
    }

    /// The effects that a record may come from, in order.
    fn candidates(&self, entity: &str, record: &Record<'_>) -> Vec<usize> {
        let text = |name: &str| record.value[name].as_str().unwrap_or_default();
        let id = record.id.as_deref().unwrap_or_default();
        let same = |at: &usize| self.effects[*at].entity == entity;
        let at_its_time = |at: &usize| ["at", "shownAt", "closedAt"].iter().any(|name| text(name) == self.effects[*at].at);
        let naming = |name: &str| {
            self.by_entity.get(entity).into_iter().flatten().copied().filter(|at| self.effects[*at].what.contains(name)).collect()
        };
        match entity {
            "pop-up" => self.about(&[Subject::phone(text("phone"))]).into_iter().filter(same).filter(at_its_time).collect(),
            "dial order" => self.about(&[Subject::phone(text("contact"))]).into_iter().filter(same).filter(at_its_time).collect(),
            "answer" => self.about(&[Subject::new(Kind::Call, &record.value["call_session_id"])]).into_iter().filter(same).collect(),
            "deal" => self.about(&Subject::named_in(id).collect::<Vec<_>>()).into_iter().filter(same).collect(),
            "deal contact" | "funnel" => naming(id),
            _ => match self.by_id.get(&(entity, id)) {
                Some(found) => found.clone(),
                // The answer with the id was lost.
                None => {
                    let unanswered = |at: &usize| self.effects[*at].id.is_none() && self.effects[*at].result == EffectResult::Unknown;
                    self.about(&Subject::within(record.value)).into_iter().filter(same).filter(unanswered).collect()
                }
            },
        }
    }

    /// The effect that led to a record: the first one, or the last one; rather one that the other side does not have.
    fn cause(&self, entity: &str, record: &Record<'_>, rest: &HashSet<usize>, last: bool) -> Option<usize> {
        let mut candidates = self.candidates(entity, record);
        // The same id may stand for another record in another account.
        let own_account = |at: &usize| self.effects[*at].integration.as_deref() == Some(record.owner);
        if candidates.iter().any(own_account) {
            candidates.retain(own_account);
        }
        let own: Vec<usize> = candidates.iter().copied().filter(|at| rest.contains(at)).collect();
        let among = if own.is_empty() { &candidates } else { &own };
        if last { among.last().copied() } else { among.first().copied() }
    }

    /// The effect that says why something is not there that `present` led to on the other side.
    fn absence(&self, present: &Effect, entity: &str, rest: &HashSet<usize>) -> Option<usize> {
        let subjects: Vec<Subject> = present.about.iter().filter(|subject| subject.kind.is_communication()).cloned().collect();
        let pool =
            if subjects.is_empty() { self.by_line.get(&present.cause.line).cloned().unwrap_or_default() } else { self.about(&subjects) };
        let score = |at: usize| {
            let effect = &self.effects[at];
            let about_it = effect.entity == entity || effect.what.contains(if entity == "customer" { "client" } else { entity });
            // A decision about all that a communication creates, or the failure of its event.
            let about_all = matches!(effect.entity.as_str(), "appeal" | "event");
            if effect.result == EffectResult::Done || !(about_it || about_all) {
                return None;
            }
            Some((about_it, rest.contains(&at), effect.cause.line == present.cause.line))
        };
        pool.into_iter()
            .filter_map(|at| Some((score(at)?, at)))
            .max_by_key(|(score, at)| (*score, std::cmp::Reverse(*at)))
            .map(|(_, at)| at)
    }
}
