//! What happened to customers, orders, tasks: one record per changed field, with ids that only grow.

use serde_json::{Map, Value, json};

use crate::entity::{Entity, pick, text};

/// Kinds of entities that have a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Customers.
    Customer,
    /// Corporate customers.
    Corporate,
    /// Orders.
    Order,
    /// Tasks.
    Task,
}

impl Subject {
    /// All of them.
    pub const ALL: [Subject; 4] = [Subject::Customer, Subject::Corporate, Subject::Order, Subject::Task];

    /// The name of its list.
    pub fn list(self) -> &'static str {
        match self {
            Subject::Customer => "customers",
            Subject::Corporate => "customersCorporate",
            Subject::Order => "orders",
            Subject::Task => "tasks",
        }
    }

    /// The name of one entity, as history records and triggers use it.
    pub fn one(self) -> &'static str {
        match self {
            Subject::Customer | Subject::Corporate => "customer",
            Subject::Order => "order",
            Subject::Task => "task",
        }
    }
}

/// What happened to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq)]
pub enum Actor {
    /// A client of the API, by its key.
    Key(String),
    /// A user in the CRM.
    User(i64),
    /// The CRM itself.
    System,
}

impl Actor {
    /// `source`.
    fn source(&self) -> &'static str {
        match self {
            Actor::Key(_) => "api",
            Actor::User(_) => "user",
            Actor::System => "code",
        }
    }
}

/// A record before it has an id.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The field, as the history names it: `status`, `first_name`, `custom_source`, `order_product.quantity`.
    pub field: String,
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
    /// Further members: `created`, `item`, `payment`, `combinedTo`.
    pub more: Map<String, Value>,
}

impl Change {
    /// A field's change.
    pub fn new(field: impl Into<String>, old: Value, new: Value) -> Change {
        Change { field: field.into(), old, new, more: Map::new() }
    }

    /// With a further member.
    pub fn with(mut self, name: &str, value: Value) -> Change {
        self.more.insert(name.into(), value);
        self
    }
}

/// The history of one kind of entity.
#[derive(Debug, Default)]
pub struct History {
    records: Vec<Record>,
}

/// A record.
#[derive(Debug)]
pub struct Record {
    id: i64,
    /// The key that did it; shown as `apiKey.current`.
    key: Option<String>,
    members: Map<String, Value>,
}

impl Record {
    /// Its members, without `apiKey`.
    pub fn members(&self) -> &Entity {
        &self.members
    }

    /// The record as it is shown to a key.
    pub fn shown_to(&self, key: &str) -> Entity {
        let mut members = self.members.clone();
        if members.get("source") == Some(&json!("api")) {
            members.insert("apiKey".into(), json!({"current": self.key.as_deref() == Some(key)}));
        }
        members
    }
}

impl History {
    /// Records as an earlier account showed them.
    pub fn of(records: Vec<Value>) -> History {
        let mut last = 0;
        let record = |record: Value| {
            let mut members = crate::entity::entity(record);
            // Ids only grow; a record without an id gets the next one.
            last = members.get("id").and_then(Value::as_i64).filter(|id| *id > last).unwrap_or(last + 1);
            members.insert("id".into(), last.into());
            let key = members.remove("apiKey").and_then(|key| key["key"].as_str().map(str::to_owned));
            Record { id: last, key, members }
        };
        History { records: records.into_iter().map(record).collect() }
    }

    /// Adds a record. `entity` is what the record shows of the entity.
    pub fn add(&mut self, change: Change, actor: &Actor, at: &str, subject: Subject, entity: Value) {
        let id = self.records.last().map_or(0, |record| record.id) + 1;
        let mut members = change.more;
        members.insert("id".into(), id.into());
        members.insert("createdAt".into(), at.into());
        members.insert("source".into(), actor.source().into());
        if let Actor::User(user) = actor {
            members.insert("user".into(), json!({"id": user}));
        }
        members.insert("field".into(), change.field.into());
        members.insert("oldValue".into(), change.old);
        members.insert("newValue".into(), change.new);
        members.insert(subject.one().into(), entity);
        let key = if let Actor::Key(key) = actor { Some(key.clone()) } else { None };
        self.records.push(Record { id, key, members });
    }

    /// Records after an id, oldest first.
    pub fn after(&self, id: i64) -> &[Record] {
        &self.records[self.records.partition_point(|record| record.id <= id)..]
    }

    /// All records, with the keys that made them.
    pub fn to_json(&self) -> Vec<Value> {
        let record = |record: &Record| {
            let mut members = record.members.clone();
            if let Some(key) = &record.key {
                members.insert("apiKey".into(), json!({"key": key}));
            }
            Value::Object(members)
        };
        self.records.iter().map(record).collect()
    }

    /// A key is replaced by another: the records of the old one become the new one's.
    pub fn rename_key(&mut self, old: &str, new: &str) {
        for record in self.records.iter_mut().filter(|record| record.key.as_deref() == Some(old)) {
            record.key = Some(new.to_owned());
        }
    }
}

/// What a record of a change shows of an order.
pub fn reduced_order(order: &Entity) -> Value {
    Value::Object(pick(order, &["id", "externalId", "managerId", "site", "status"]))
}

/// What a record of a change shows of a customer.
pub fn reduced_customer(customer: &Entity) -> Value {
    Value::Object(pick(customer, &["id", "externalId", "site"]))
}

/// The change of an entity that was created: its record shows the whole entity as it was then.
pub fn created(field: &str, new: Value) -> Change {
    Change::new(field, Value::Null, new).with("created", json!(true))
}

/// The change of an entity that was deleted; `into` names the one that it was merged into.
pub fn gone(entity: &Entity, into: Option<Value>) -> Change {
    let change = Change::new("id", entity.get("id").cloned().unwrap_or_default(), Value::Null).with("deleted", json!(true));
    match into {
        Some(into) => change.with("combinedTo", into),
        None => change,
    }
}

/// What `combinedTo` says of the entity that stays.
pub fn stays(entity: &Entity) -> Value {
    let mut members = Map::new();
    for name in ["id", "externalId", "site"] {
        if !text(entity, name).is_empty() || entity.get(name).is_some_and(Value::is_number) {
            members.insert(name.into(), entity.get(name).cloned().unwrap_or_default());
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_a_key_recognises_its_own_records() {
        let mut history = History::default();
        for actor in [Actor::Key("a".into()), Actor::User(5), Actor::Key("b".into())] {
            history.add(
                Change::new("status", Value::Null, json!({"code": "new"})),
                &actor,
                "2026-11-23 10:00:00",
                Subject::Order,
                json!({"id": 1}),
            );
        }
        let records: Vec<Entity> = history.after(1).iter().map(|record| record.shown_to("b")).collect();
        assert_eq!(records.iter().map(|record| record["id"].as_i64()).collect::<Vec<_>>(), [Some(2), Some(3)]);
        assert_eq!((&records[0]["source"], &records[0]["user"]["id"], records[0].get("apiKey")), (&json!("user"), &json!(5), None));
        assert_eq!(records[1]["apiKey"], json!({"current": true}));
        let again = History::of(history.to_json());
        assert_eq!(again.after(0).first().map(|record| record.shown_to("a")["apiKey"].clone()), Some(json!({"current": true})));
    }
}
