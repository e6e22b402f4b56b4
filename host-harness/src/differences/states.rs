//! Compares the states of the CRM and of UIS.

use std::collections::BTreeSet;

use serde_json::Value;

use super::causes::{Index, Sides};
use super::labels::{Labels, drawn_number};
use super::members::{Key, MEMBERS, Member, OTHER};
use super::{DifferenceKind, Outcome, Part, Scope, fields, pairs, words};

/// A record of a state.
#[derive(Debug)]
pub(super) struct Record<'o> {
    /// The integration, or the credentials, whose account it is; empty if there is only one.
    pub(super) owner: &'o str,
    pub(super) id: Option<String>,
    pub(super) value: &'o Value,
    canonical: Value,
}

/// A difference between the states, without its causes.
#[derive(Debug)]
pub(super) struct Found<'o> {
    pub(super) kind: DifferenceKind,
    pub(super) part: Part,
    pub(super) entity: &'o str,
    /// The member of the state.
    member: &'o str,
    pub(super) what: String,
    pub(super) changes: Vec<super::Change>,
    pub(super) a: Option<Record<'o>>,
    pub(super) b: Option<Record<'o>>,
}

/// The differences, and the labels of the records.
pub(super) struct Compared<'o> {
    pub(super) found: Vec<Found<'o>>,
    pub(super) labels: (Labels, Labels),
}

/// Compares the states.
pub(super) fn compare<'o>(a: &'o Outcome, b: &'o Outcome, sides: &Sides<'o>, scope: Scope) -> Compared<'o> {
    let labels = || Labels::new(scope == Scope::Everything);
    let mut comparison = Comparison { sides, labels: (labels(), labels()), found: Vec::new(), named: 0 };
    for member in &MEMBERS {
        let lists = if member.part == Part::Crm { (&a.crm, &b.crm) } else { (&a.uis, &b.uis) };
        comparison.member(member, (&lists.0[member.name], &lists.1[member.name]));
    }
    comparison.others((&a.crm, &b.crm), Part::Crm);
    comparison.others((&a.uis, &b.uis), Part::Uis);
    let Comparison { mut found, labels, .. } = comparison;
    drop_shown_twice(&mut found);
    Compared { found, labels }
}

struct Comparison<'c, 'o> {
    sides: &'c Sides<'o>,
    labels: (Labels, Labels),
    found: Vec<Found<'o>>,
    /// How many records have a label.
    named: usize,
}

impl<'o> Comparison<'_, 'o> {
    fn member(&mut self, member: &Member, lists: (&'o Value, &'o Value)) {
        let (a, b) = (records(member.id, lists.0, &self.labels.0), records(member.id, lists.1, &self.labels.1));
        let (pairs, left, right) = pairs::pair((a.len(), b.len()), member.keys.len() + 1, |which, first, index| {
            let (records, side) = if first { (&a, &self.sides.a) } else { (&b, &self.sides.b) };
            let record = &records[index];
            let key = match which.checked_sub(1).and_then(|which| member.keys.get(which)) {
                None => record.canonical.to_string(),
                Some(key) => key.of(member.entity, record, side)?,
            };
            Some(format!("{}\0{key}", record.owner))
        });
        if let Some(noun) = member.noun {
            for (one, other) in &pairs {
                self.named += 1;
                let label = format!("{noun}={}", self.named);
                a[*one].name(noun, &label, &mut self.labels.0);
                b[*other].name(noun, &label, &mut self.labels.1);
            }
            for index in &left {
                a[*index].name(noun, &format!("{noun}=a{index}"), &mut self.labels.0);
            }
            for index in &right {
                b[*index].name(noun, &format!("{noun}=b{index}"), &mut self.labels.1);
            }
        }
        let (mut a, mut b) = (a.into_iter().map(Some).collect::<Vec<_>>(), b.into_iter().map(Some).collect::<Vec<_>>());
        for (one, other) in pairs {
            if let (Some(one), Some(other)) = (a[one].take(), b[other].take()) {
                self.both(member, one, other);
            }
        }
        self.found.extend(a.into_iter().flatten().map(|record| alone(member, DifferenceKind::OnlyInA, record)));
        self.found.extend(b.into_iter().flatten().map(|record| alone(member, DifferenceKind::OnlyInB, record)));
    }

    fn both(&mut self, member: &Member, a: Record<'o>, b: Record<'o>) {
        let changes = fields::changes((a.value, b.value), (&a.canonical, &b.canonical));
        if !changes.is_empty() {
            let (kind, what) = (DifferenceKind::Changed, words::record(member.entity, a.value));
            let Member { name, part, entity, .. } = *member;
            self.found.push(Found { kind, part, entity, member: name, what, changes, a: Some(a), b: Some(b) });
        }
    }

    /// Members that the table does not have: of another CRM.
    fn others(&mut self, (a, b): (&'o Value, &'o Value), part: Part) {
        let names = |state: &'o Value| state.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let known = |name: &&str| !MEMBERS.iter().any(|member| member.part == part && member.name == *name);
        for name in names(a).chain(names(b)).filter(known).collect::<BTreeSet<_>>() {
            let entity = name.strip_suffix('s').unwrap_or(name);
            self.unknown(Unknown { name, part, entity }, (&a[name], &b[name]));
        }
    }

    fn unknown(&mut self, unknown: Unknown<'o>, lists: (&'o Value, &'o Value)) {
        let before = self.found.len();
        self.member(&Member { name: "", part: unknown.part, entity: "", noun: None, id: "id", keys: &OTHER }, lists);
        for found in &mut self.found[before..] {
            (found.member, found.entity) = (unknown.name, unknown.entity);
            let value = found.a.as_ref().or(found.b.as_ref()).map_or(&Value::Null, |record| record.value);
            found.what = words::record(unknown.entity, value);
        }
    }
}

struct Unknown<'o> {
    name: &'o str,
    part: Part,
    entity: &'o str,
}

fn alone<'o>(member: &Member, kind: DifferenceKind, record: Record<'o>) -> Found<'o> {
    let Member { name, part, entity, .. } = *member;
    let what = words::record(entity, record.value);
    let (a, b) = if kind == DifferenceKind::OnlyInA { (Some(record), None) } else { (None, Some(record)) };
    Found { kind, part, entity, member: name, what, changes: Vec::new(), a, b }
}

fn records<'o>(id: &str, list: &'o Value, labels: &Labels) -> Vec<Record<'o>> {
    let list = list.as_array().into_iter().flatten();
    list.map(|value| {
        let owner = value["integration"].as_str().or_else(|| value["credentials"].as_str()).unwrap_or_default();
        let id = match &value[id] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Record { owner, id, value, canonical: labels.record(owner, value) }
    })
    .collect()
}

impl Record<'_> {
    fn name(&self, noun: &'static str, label: &str, labels: &mut Labels) {
        if let Some(id) = &self.id {
            labels.add(self.owner, noun, id, drawn_number(self.value), label);
        }
    }
}

impl Key {
    /// The record's key; nothing if the record cannot be recognised so.
    fn of(self, entity: &str, record: &Record<'_>, side: &Index<'_>) -> Option<String> {
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        let value = |name: &str| Some(&record.canonical[name]).filter(|value| !is_empty(value));
        match self {
            Key::ExternalId => value("externalId").map(Value::to_string),
            Key::Given => {
                let id = record.id.as_ref().filter(|id| side.made(record.owner, entity, id).is_none())?;
                // An answer that was lost names no id, so the record may have been made all the same: then the rest differs.
                Some(format!("{id} {} {}", record.value["createdAt"], record.value["externalId"]))
            }
            Key::Members(names) => {
                let values: Vec<Option<String>> = names.iter().map(|name| value(name).map(Value::to_string)).collect();
                values.iter().any(Option::is_some).then(|| format!("{values:?}"))
            }
            Key::FirstPhone => value("phones").map(|phones| phones[0]["number"].to_string()).filter(|phone| phone != "null"),
            Key::Made => side.made(record.owner, entity, record.id.as_deref()?).map(super::causes::origin),
        }
    }
}

/// A pop-up that differs is listed once: what the user saw, without the requests that showed and closed it.
fn drop_shown_twice(found: &mut Vec<Found<'_>>) {
    let key = |found: &Found<'_>| {
        let record = found.a.as_ref().or(found.b.as_ref())?;
        Some((record.owner.to_owned(), record.value["phone"].as_str()?.to_owned()))
    };
    let shown: BTreeSet<_> = found.iter().filter(|one| one.member == "popups").filter_map(key).collect();
    found.retain(|one| one.member != "callEvents" || key(one).is_none_or(|key| !shown.contains(&key)));
}
