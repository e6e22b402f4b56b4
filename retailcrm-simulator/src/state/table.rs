//! Entities of one kind, found by id, by `externalId` inside their shop, by their customer, by digits of their phones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::entity::{Entity, full_name, id_of, phones_of, text};
use crate::phone::{DigitIndex, digits};

/// Entities of one kind, by id.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<i64, Entity>,
    by_external_id: HashMap<(String, String), i64>,
    by_customer: HashMap<i64, BTreeSet<i64>>,
    by_digits: DigitIndex,
    last: i64,
}

impl Table {
    /// Entities that have their ids.
    pub fn of(entities: impl IntoIterator<Item = Entity>) -> Table {
        let mut table = Table::default();
        for entity in entities {
            if let Some(id) = id_of(&entity) {
                table.put(id, entity);
            }
        }
        table
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One by its id.
    pub fn get(&self, id: i64) -> Option<&Entity> {
        self.rows.get(&id)
    }

    /// One by its `externalId` inside a shop.
    pub fn by_external_id(&self, site: &str, external_id: &str) -> Option<&Entity> {
        // An entity without an externalId is not found by an empty one.
        let id = self.by_external_id.get(&(site.to_owned(), external_id.to_owned())).filter(|_| !external_id.is_empty())?;
        self.rows.get(id)
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entity> {
        self.rows.values()
    }

    /// Those of a customer, oldest first.
    pub fn of_customer(&self, customer: i64) -> impl DoubleEndedIterator<Item = &Entity> {
        self.by_customer.get(&customer).into_iter().flatten().filter_map(|id| self.rows.get(id))
    }

    /// Those that may have these digits in a row, oldest first; all when there are too few digits for the index.
    pub fn with_digits(&self, digits: &str) -> Box<dyn DoubleEndedIterator<Item = &Entity> + '_> {
        match self.by_digits.candidates(digits) {
            Some(ids) => Box::new(ids.iter().filter_map(|id| self.rows.get(id))),
            None => Box::new(self.rows.values()),
        }
    }

    /// The last id given.
    pub fn last_id(&self) -> i64 {
        self.last
    }

    /// Ids up to this one are not given any more.
    pub fn begin_after(mut self, last: i64) -> Table {
        self.last = self.last.max(last);
        self
    }

    /// The id that the next entity will have.
    pub fn next_id(&self) -> i64 {
        self.last + 1
    }

    /// Adds an entity; it gets the next id.
    pub fn add(&mut self, mut entity: Entity) -> i64 {
        let id = self.next_id();
        entity.insert("id".into(), id.into());
        self.put(id, entity);
        id
    }

    /// Puts an entity under this id, in place of the one that has it.
    pub fn put(&mut self, id: i64, entity: Entity) {
        self.remove(id);
        let external_id = text(&entity, "externalId");
        if !external_id.is_empty() {
            self.by_external_id.insert((text(&entity, "site").to_owned(), external_id.to_owned()), id);
        }
        if let Some(customer) = customer_of(&entity) {
            self.by_customer.entry(customer).or_default().insert(id);
        }
        for number in numbers_of(&entity) {
            self.by_digits.insert(id, &number);
        }
        self.rows.insert(id, entity);
        self.last = self.last.max(id);
    }

    /// Removes an entity.
    pub fn remove(&mut self, id: i64) -> Option<Entity> {
        let entity = self.rows.remove(&id)?;
        let key = (text(&entity, "site").to_owned(), text(&entity, "externalId").to_owned());
        if self.by_external_id.get(&key) == Some(&id) {
            self.by_external_id.remove(&key);
        }
        if let Some(customer) = customer_of(&entity)
            && let Some(ids) = self.by_customer.get_mut(&customer)
        {
            ids.remove(&id);
        }
        for number in numbers_of(&entity) {
            self.by_digits.remove(id, &number);
        }
        Some(entity)
    }
}

/// The customer of an order, a task, a note. A corporate customer's order belongs to its contact here: the two kinds of customers have ids
/// of their own.
pub fn customer_of(entity: &Entity) -> Option<i64> {
    let customer = entity.get("customer")?;
    if customer["type"] == "customer_corporate" { entity.get("contact")?["id"].as_i64() } else { customer["id"].as_i64() }
}

/// The digits by which a search finds an entity: its phones, and its name, because many customers have their number for a name.
fn numbers_of(entity: &Entity) -> Vec<String> {
    let phones = phones_of(entity).map(digits);
    let own = ["phone", "additionalPhone"].into_iter().filter_map(|name| entity.get(name).and_then(Value::as_str)).map(digits);
    phones.chain(own).chain([digits(&full_name(entity))]).filter(|digits| !digits.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Entity {
        crate::entity::entity(value)
    }

    #[test]
    fn every_index_follows_an_entity_s_changes() {
        let mut table = Table::default();
        let id = table.add(row(json!({"externalId": "x", "site": "a", "phones": [{"number": "+7 916 000-00-01"}], "customer": {"id": 9}})));
        assert_eq!(table.by_external_id("a", "x").and_then(id_of), Some(id));
        assert!(table.by_external_id("b", "x").is_none(), "an externalId is a shop's own");
        assert_eq!((table.of_customer(9).count(), table.with_digits("0000001").count()), (1, 1));
        table.put(id, row(json!({"id": id, "externalId": "y", "site": "a"})));
        assert!(table.by_external_id("a", "x").is_none() && table.by_external_id("a", "y").is_some());
        assert_eq!((table.of_customer(9).count(), table.with_digits("0000001").count()), (0, 0));
        table.remove(id);
        assert!(table.is_empty() && table.by_external_id("a", "y").is_none());
        assert_eq!(table.add(Entity::new()), id + 1, "an id is not given twice");
    }
}
