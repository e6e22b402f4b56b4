//! Whom and what an effect is about: customers, calls, orders, by kind and id.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// The kind of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A phone number: its digits.
    Phone,
    /// A call: its session id.
    Call,
    /// A chat: its id.
    Chat,
    /// A site request: its communication id.
    Request,
    /// A customer in the CRM.
    Customer,
    /// An order in the CRM.
    Order,
    /// A task in the CRM.
    Task,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Phone, "phone"),
    (Kind::Call, "call"),
    (Kind::Chat, "chat"),
    (Kind::Request, "request"),
    (Kind::Customer, "customer"),
    (Kind::Order, "order"),
    (Kind::Task, "task"),
];

impl Kind {
    /// The name: `phone`, `call`, `chat`, `request`, `customer`, `order`, `task`.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// A call, a chat or a site request.
    pub fn is_communication(self) -> bool {
        matches!(self, Kind::Call | Kind::Chat | Kind::Request)
    }

    fn named(name: &str) -> Option<Kind> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A subject. As text: `kind:id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The kind.
    pub kind: Kind,
    /// The id, or the number's digits.
    pub id: String,
}

impl Subject {
    /// A subject with this id.
    pub fn new(kind: Kind, id: impl ToString) -> Subject {
        Subject { kind, id: id.to_string() }
    }

    /// A phone number. Only its digits count; a Russian number that begins with 8 begins with 7.
    pub fn phone(number: &str) -> Subject {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let id = match digits.strip_prefix('8') {
            Some(rest) if digits.len() == 11 && !number.trim_start().starts_with('+') => format!("7{rest}"),
            _ => digits,
        };
        Subject { kind: Kind::Phone, id }
    }

    /// The subjects that a text names: `task 12`, `uis-call-998678016`, `order-71@account-1.example`.
    pub fn named_in(text: &str) -> impl Iterator<Item = Subject> {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let pairs: Vec<Subject> = words
            .windows(2)
            .filter_map(|pair| {
                let [noun, id] = pair else { return None };
                let kind = Kind::named(&noun.to_lowercase()).filter(|kind| *kind != Kind::Phone)?;
                id.bytes().all(|byte| byte.is_ascii_digit()).then(|| Subject::new(kind, id))
            })
            .collect();
        pairs.into_iter()
    }

    /// The subjects in a record of the CRM: its phones, its customer and order, and the communication that its `externalId` names.
    pub fn within(value: &Value) -> Vec<Subject> {
        let mut found = Vec::new();
        collect(value, &mut found);
        found
    }
}

fn collect(value: &Value, found: &mut Vec<Subject>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("phone" | "number", Value::String(number)) => found.push(Subject::phone(number)),
                    ("externalId" | "callExternalId", Value::String(text)) => found.extend(Subject::named_in(text)),
                    ("customer" | "order", Value::Object(of)) => {
                        if let (Some(kind), Some(id)) = (Kind::named(name), of.get("id").and_then(Value::as_i64)) {
                            found.push(Subject::new(kind, id));
                        }
                        collect(member, found);
                    }
                    _ => collect(member, found),
                }
            }
        }
        _ => {}
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once(':').and_then(|(kind, id)| Some(Subject::new(Kind::named(kind)?, id)));
        parts.ok_or_else(|| de::Error::custom(format!("{text:?} is not a kind of subject, a colon and an id, like call:7")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(subjects: impl IntoIterator<Item = Subject>) -> Vec<String> {
        subjects.into_iter().map(|subject| subject.to_string()).collect()
    }

    #[test]
    fn a_text_names_subjects_by_a_noun_and_a_number() {
        for (text, expected) in [
            ("task of uis-call-998678016", vec!["call:998678016"]),
            ("task 12 is open", vec!["task:12"]),
            ("site request 5", vec!["request:5"]),
            ("2 states of order-71@account-1.retailcrm.io", vec!["order:71"]),
            ("forwarding of call 7", vec!["call:7"]),
            ("Task of a call without a number", vec![]),
        ] {
            assert_eq!(texts(Subject::named_in(text)), expected, "{text}");
        }
    }

    #[test]
    fn phones_are_compared_by_digits() {
        for spelling in ["79161234567", "+7 (916) 123-45-67", "89161234567"] {
            assert_eq!(Subject::phone(spelling).to_string(), "phone:79161234567", "{spelling}");
        }
        assert_eq!(Subject::phone("+81 3 1234 56789").to_string(), "phone:813123456789");
        assert_eq!(Subject::phone("+8 101 123 4567").to_string(), "phone:81011234567");
    }

    #[test]
    fn a_record_names_its_customer_its_phones_and_its_communication() {
        let record = json!({"externalId": "uis-chat-5", "customer": {"id": 17}, "phones": [{"number": "+7 916 123-45-67"}]});
        assert_eq!(texts(Subject::within(&record)), ["customer:17", "chat:5", "phone:79161234567"]);
    }
}
