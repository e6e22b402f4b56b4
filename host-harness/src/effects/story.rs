//! The story of one customer, communication, order or task: the effects that are about it.

use std::collections::BTreeSet;

use super::{Effect, EffectResult, Kind, Subject};

/// The effects that belong to a subject's story, in order.
///
/// - A call, a chat, a site request: its own effects.
/// - A phone: its effects, and those of communications and customers that these effects are about as well.
/// - A customer: as a phone, with the phones of the customer's effects.
/// - An order or a task: its effects, and what was done or left out about orders or tasks for the same person.
pub fn of<'e>(effects: &'e [Effect], subject: &Subject) -> Vec<&'e Effect> {
    let direct: Vec<&Effect> = effects.iter().filter(|effect| is_about(effect, subject)).collect();
    let related: BTreeSet<&Subject> = direct
        .iter()
        .flat_map(|effect| &effect.about)
        .filter(|other| match subject.kind {
            Kind::Call | Kind::Chat | Kind::Request => false,
            Kind::Phone => other.kind.is_communication() || other.kind == Kind::Customer,
            Kind::Customer | Kind::Order | Kind::Task => other.kind.is_communication() || other.kind == Kind::Phone,
        })
        .collect();
    let same_kind = |effect: &Effect| match subject.kind {
        Kind::Order | Kind::Task => effect.entity == subject.kind.name() || effect.entity == "appeal" || effect.entity == "event",
        _ => true,
    };
    let belongs = |effect: &&Effect| is_about(effect, subject) || same_kind(effect) && effect.about.iter().any(|one| related.contains(one));
    effects.iter().filter(belongs).collect()
}

fn is_about(effect: &Effect, subject: &Subject) -> bool {
    match subject.kind {
        Kind::Phone => effect.about.iter().any(|one| one.kind == Kind::Phone && same_phone(&one.id, &subject.id)),
        _ => effect.about.contains(subject),
    }
}

/// Whether two phones are the same: by all digits, or by the last ten if both have as many.
fn same_phone(one: &str, other: &str) -> bool {
    let national = |digits: &str| digits.len().checked_sub(10).and_then(|from| digits.get(from..).map(str::to_owned));
    one == other || national(one).is_some_and(|last| national(other) == Some(last))
}

/// The subjects of a kind that the effects are about, in order of their ids; for a message when a story is empty.
pub fn known(effects: &[Effect], kind: Kind) -> Vec<String> {
    let mut ids: Vec<&str> =
        effects.iter().flat_map(|effect| &effect.about).filter(|one| one.kind == kind).map(|one| one.id.as_str()).collect();
    ids.sort_by_key(|id| (id.len(), *id));
    ids.dedup();
    ids.into_iter().map(str::to_owned).collect()
}

/// How many effects of a story were done, left out, and failed.
pub fn counts(story: &[&Effect]) -> (usize, usize, usize) {
    let of = |wanted: fn(EffectResult) -> bool| story.iter().filter(|effect| wanted(effect.result)).count();
    (
        of(|result| result == EffectResult::Done),
        of(|result| result == EffectResult::LeftOut),
        of(|result| !matches!(result, EffectResult::Done | EffectResult::LeftOut)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, System};
    use super::*;

    fn effect(entity: &str, about: &[(Kind, &str)]) -> Effect {
        let cause = Cause {
            line: 2,
            event: "x".into(),
            subject: String::new(),
            handler: "x".into(),
            attempt: 1,
            set_by: None,
            decisions: Vec::new(),
        };
        Effect {
            at: "2026-11-23T10:00:00+03:00".into(),
            integration: None,
            system: System::Crm,
            entity: entity.into(),
            verb: "created".into(),
            id: None,
            result: EffectResult::Done,
            what: String::new(),
            about: about.iter().map(|(kind, id)| Subject::new(*kind, id)).collect(),
            count: 1,
            until: None,
            cause,
        }
    }

    fn entities(effects: &[Effect], kind: Kind, id: &str) -> Vec<String> {
        of(effects, &Subject::new(kind, id)).iter().map(|effect| effect.entity.clone()).collect()
    }

    #[test]
    fn a_story_has_what_belongs_to_the_same_person_and_nobody_else() {
        let (phone, other) = ((Kind::Phone, "79161234567"), (Kind::Phone, "79260000000"));
        let effects = [
            effect("pop-up", &[phone, (Kind::Call, "1")]),
            effect("task", &[phone, (Kind::Call, "1"), (Kind::Task, "12")]),
            effect("task", &[phone, (Kind::Call, "2"), (Kind::Task, "13")]),
            effect("note", &[phone, (Kind::Chat, "5")]),
            effect("customer", &[(Kind::Chat, "5"), (Kind::Customer, "3")]),
            effect("task", &[other, (Kind::Call, "9"), (Kind::Task, "14")]),
        ];
        assert_eq!(entities(&effects, Kind::Phone, "89161234567"), ["pop-up", "task", "task", "note", "customer"]);
        assert_eq!(entities(&effects, Kind::Call, "1"), ["pop-up", "task"]);
        assert_eq!(entities(&effects, Kind::Task, "12"), ["task", "task"]);
        assert_eq!(entities(&effects, Kind::Customer, "3"), ["note", "customer"]);
        assert!(entities(&effects, Kind::Order, "1").is_empty());
        assert_eq!(known(&effects, Kind::Task), ["12", "13", "14"]);
    }
}
