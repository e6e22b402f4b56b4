//! Labels in place of ids: what both outcomes have has the same label in both, whatever its ids are. Ids are replaced where records refer to
//! each other, and in texts that name them: `task 12 is open`, `order-73@account-1`, `/customers/17`, `№73C`.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Times that the other system writes down by itself.
const NATURAL: [&str; 4] = ["createdAt", "updatedAt", "statusUpdatedAt", "completedAt"];

/// When something was sent, shown or closed: it depends on the way, not on the result.
const MOMENTS: [&str; 7] =
    ["at", "shownAt", "closedAt", "created_date_time", "modified_date_time", "modified_stage_date_time", "closed_date_time"];

/// Parts of records with ids of their own that nothing refers to.
const PARTS: [&str; 4] = ["items", "payments", "address", "addresses"];

/// Members that refer to another record by its id, and the noun of the record.
const REFERENCES: [(&str, &str); 4] =
    [("customer", "customer"), ("contact", "customer"), ("order", "order"), ("resultCustomer", "customer")];

/// The nouns by which texts name records.
const NOUNS: [(&str, &str); 9] = [
    ("customer", "customer"),
    ("customers", "customer"),
    ("client", "customer"),
    ("order", "order"),
    ("orders", "order"),
    ("task", "task"),
    ("tasks", "task"),
    ("note", "note"),
    ("notes", "note"),
];

/// The labels of one outcome's records.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// By the account's owner, the noun and the id.
    by_id: HashMap<(String, &'static str, String), String>,
    /// Where only one account has the id; nothing where several have it.
    anywhere: HashMap<(&'static str, String), Option<String>>,
    /// By the number that the CRM drew for an order: `73C`.
    by_number: HashMap<String, Option<String>>,
    /// Whether moments count.
    pub(super) moments: bool,
}

impl Labels {
    /// No labels. `moments`: whether it counts when something was sent, shown or closed.
    pub(super) fn new(moments: bool) -> Labels {
        Labels { moments, ..Labels::default() }
    }

    /// Names a record. `number` is the number that the CRM drew from its id.
    pub(super) fn add(&mut self, owner: &str, noun: &'static str, id: &str, number: Option<&str>, label: &str) {
        let once = |known: &mut Option<String>| *known = None;
        self.by_id.insert((owner.to_owned(), noun, id.to_owned()), label.to_owned());
        self.anywhere.entry((noun, id.to_owned())).and_modify(once).or_insert_with(|| Some(label.to_owned()));
        if let Some(number) = number {
            self.by_number.entry(number.to_owned()).and_modify(once).or_insert_with(|| Some(label.to_owned()));
        }
    }

    fn of(&self, owner: &str, noun: &'static str, id: &str) -> Option<&str> {
        let own = self.by_id.get(&(owner.to_owned(), noun, id.to_owned()));
        own.or_else(|| self.anywhere.get(&(noun, id.to_owned())).and_then(Option::as_ref)).map(String::as_str)
    }

    /// The label of a record, or its id if it has none.
    pub(super) fn id(&self, owner: &str, entity: &str, id: &str) -> String {
        let noun = NOUNS.iter().find(|(word, _)| *word == entity).map(|(_, noun)| *noun);
        noun.and_then(|noun| self.of(owner, noun, id)).map_or_else(|| self.text(owner, id), str::to_owned)
    }

    /// A text with labels in place of the ids that it names.
    pub(super) fn text(&self, owner: &str, text: &str) -> String {
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return text.to_owned();
        }
        let (mut out, mut rest, mut before) = (String::with_capacity(text.len()), text, "");
        while let Some(start) = rest.find(char::is_alphanumeric) {
            let (between, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|c: char| !c.is_alphanumeric()).unwrap_or(from.len()));
            out.push_str(between);
            let noun = || {
                let near = between.chars().count() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
                let lower = before.to_lowercase();
                NOUNS.iter().find(|(known, _)| near && *known == lower).map(|(_, noun)| *noun)
            };
            let label = match self.by_number.get(word) {
                Some(label) => label.as_deref(),
                None => noun().and_then(|noun| self.of(owner, noun, word)),
            };
            out.push_str(label.unwrap_or(word));
            (before, rest) = (word, after);
        }
        out.push_str(rest);
        out
    }

    /// A record's member with labels in place of ids, without what is not compared.
    pub(super) fn member(&self, owner: &str, name: &str, value: &Value) -> Value {
        match value {
            Value::String(_) if !self.moments && MOMENTS.contains(&name) => "a time".into(),
            Value::String(text) => self.text(owner, text).into(),
            Value::Array(list) => list.iter().map(|item| self.member(owner, name, item)).collect::<Vec<_>>().into(),
            Value::Object(members) => self.object(owner, name, members),
            other => other.clone(),
        }
    }

    fn object(&self, owner: &str, name: &str, members: &Map<String, Value>) -> Value {
        let noun = REFERENCES.iter().find(|(known, _)| *known == name).map(|(_, noun)| *noun);
        let one = |(member, value): (&String, &Value)| -> Option<(String, Value)> {
            if NATURAL.contains(&member.as_str()) || (member == "id" && PARTS.contains(&name)) {
                return None;
            }
            let label = noun.filter(|_| member == "id").zip(value.as_i64()).and_then(|(noun, id)| self.of(owner, noun, &id.to_string()));
            Some((member.clone(), label.map_or_else(|| self.member(owner, member, value), Value::from)))
        };
        members.iter().filter_map(one).collect::<Map<_, _>>().into()
    }

    /// A whole record: without its own id, and without a number that the CRM drew from the id.
    pub(super) fn record(&self, owner: &str, record: &Value) -> Value {
        let drawn = drawn_number(record).is_some();
        let members = record.as_object().into_iter().flatten();
        let members = members.filter(|(name, _)| *name != "id" && !(drawn && *name == "number") && !NATURAL.contains(&name.as_str()));
        members.map(|(name, value)| (name.clone(), self.member(owner, name, value))).collect::<Map<_, _>>().into()
    }
}

/// The number that the CRM drew for an order: its id and a letter.
pub(super) fn drawn_number(record: &Value) -> Option<&str> {
    let number = record["number"].as_str()?;
    let letter = number.strip_prefix(&record["id"].as_i64()?.to_string())?;
    (letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels() -> Labels {
        let mut labels = Labels::new(true);
        labels.add("", "customer", "17", None, "customer=1");
        labels.add("", "order", "73", Some("73C"), "order=2");
        labels.add("", "task", "12", None, "task=3");
        labels
    }

    #[test]
    fn texts_name_records_by_a_noun_and_an_id_or_by_a_number() {
        for (text, expected) in [
            ("task 12 is open", "task task=3 is open"),
            ("order-73@account-1.retailcrm.io", "order-order=2@account-1.retailcrm.io"),
            ("https://shop.example/customers/17", "https://shop.example/customers/customer=1"),
            ("Заказ №73C", "Заказ №order=2"),
            ("user 17 called 73 times", "user 17 called 73 times"),
            ("on customer 99", "on customer 99"),
        ] {
            assert_eq!(labels().text("", text), expected, "{text}");
        }
    }

    #[test]
    fn a_record_keeps_what_means_something() {
        let order = json!({
            "id": 73, "number": "73C", "createdAt": "2026-11-23 10:00:00", "customer": {"id": 17, "site": "main"}, "managerId": 17,
            "items": [{"id": 5, "quantity": 1}], "delivery": {"cost": 3}
        });
        let expected = json!({
            "customer": {"id": "customer=1", "site": "main"}, "managerId": 17, "items": [{"quantity": 1}],
            "delivery": {"cost": 3}
        });
        assert_eq!(labels().record("", &order), expected);
    }

    #[test]
    fn an_id_that_several_accounts_have_is_looked_up_with_its_owner() {
        let mut labels = labels();
        labels.add("south", "customer", "17", None, "customer=9");
        assert_eq!(labels.text("south", "customer 17"), "customer customer=9");
        assert_eq!(labels.text("nobody", "customer 17"), "customer 17");
    }
}
