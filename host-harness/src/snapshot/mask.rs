//! Replaces what identifies people in a part of a CRM account. Equal values get equal replacements, so that what belongs together still
//! does; ids, codes, statuses, sums and times stay.

use std::collections::BTreeMap;

use serde_json::Value;

/// Members whose text names a person.
const NAMES: [&str; 8] = ["firstName", "lastName", "patronymic", "nickName", "contactName", "legalName", "fullName", "recipient"];
/// Members with free text, which may say anything.
const TEXTS: [&str; 10] =
    ["text", "customerComment", "managerComment", "comment", "commentary", "notes", "message", "description", "birthday", "avatarUrl"];
/// Members whose objects describe where somebody lives or what a company is.
const PLACES: [&str; 5] = ["address", "addresses", "contragent", "passport", "card"];

/// Replaces phones, e-mails, names, addresses and free texts.
pub fn mask(value: &mut Value) {
    let mut mask = Mask::default();
    let Some(members) = value.as_object_mut() else { return };
    for (name, member) in members {
        // Reference books and settings describe the account, no person.
        if matches!(
            name.as_str(),
            "users" | "customers" | "customersCorporate" | "orders" | "notes" | "tasks" | "couriers" | "corporateNotes"
        ) {
            mask.walk(member);
        }
    }
}

#[derive(Default)]
struct Mask {
    /// Replacements by what they replace: names and texts by number, digits of phones by theirs.
    known: BTreeMap<String, usize>,
}

impl Mask {
    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    self.member(name, member);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, name: &str, value: &mut Value) {
        if PLACES.contains(&name) {
            self.texts_within(value);
        } else if let Value::String(text) = value {
            if let Some(replaced) = self.text_of(name, text) {
                *text = replaced;
            }
        } else if name == "customFields" {
            // What a field of the account's own holds is unknown.
            self.texts_within(value);
        } else {
            self.walk(value);
        }
    }

    /// The replacement of a member's text; none if it stays.
    fn text_of(&mut self, name: &str, text: &str) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        if text.is_empty() {
            None
        } else if lower.contains("phone") || (name == "number" && is_phone(text)) {
            Some(self.phone(text))
        } else if lower.contains("email") || text.contains('@') {
            Some(format!("person{}@masked.example", self.number(&text.to_lowercase())))
        } else if NAMES.contains(&name) {
            Some(format!("Name{}", self.number(text)))
        } else if TEXTS.contains(&name) {
            Some(format!("text {}", self.number(text)))
        } else {
            None
        }
    }

    /// Replaces every text within a value.
    fn texts_within(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if !text.is_empty() && !is_code(text) => *text = format!("text {}", self.number(text)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.texts_within(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.texts_within(member)),
            _ => {}
        }
    }

    fn number(&mut self, text: &str) -> usize {
        let next = self.known.len() + 1;
        *self.known.entry(text.to_owned()).or_insert(next)
    }

    /// A phone in the same spelling, with other digits at its end. Spellings of one number get the same digits.
    fn phone(&mut self, text: &str) -> String {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let kept = digits.len().saturating_sub(7);
        let end = digits[kept..].to_owned();
        let number = self.number(&format!("phone {}", &digits[digits.len().saturating_sub(10)..]));
        let mut replaced = format!("{number:0>width$}", width = end.len()).chars().rev().take(end.len()).collect::<Vec<_>>();
        let mut seen = 0;
        let replace = |letter: char| {
            if !letter.is_ascii_digit() {
                return letter;
            }
            seen += 1;
            if seen > kept { replaced.pop().unwrap_or(letter) } else { letter }
        };
        text.chars().map(replace).collect()
    }
}

/// Whether a `number` is a phone: an order's number is one, too.
fn is_phone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 10 && text.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c))
}

/// Whether a text is a code of a reference book or a custom field rather than something that somebody wrote: lower case and short.
fn is_code(text: &str) -> bool {
    text.len() <= 30 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_are_replaced_and_what_belongs_together_still_does() {
        let mut crm = json!({
            "sites": {"main": {"code": "main", "name": "Магазин", "contragent": {"legalName": "ООО"}}},
            "customers": [{"id": 17, "firstName": "Пётр", "email": "p@shop.example", "phones": [{"number": "+7 (916) 123-45-67"}],
                "address": {"text": "Москва, Тверская 1", "countryIso": "RU"}, "customFields": {"size": "Любит синий", "kind": "wholesale"}}],
            "orders": [{"id": 70, "number": "70A", "status": "new", "firstName": "Пётр", "phone": "89161234567", "email": "P@shop.example",
                "customer": {"id": 17, "type": "customer"}, "totalSumm": 10.5, "createdAt": "2026-11-23 10:00:00"}],
            "notes": [{"id": 1, "text": "Звонил Пётр", "customer": {"id": 17}}],
        });
        mask(&mut crm);
        let shown = crm.to_string();
        for secret in ["Пётр", "123-45-67", "1234567", "shop.example", "Тверская", "синий", "Звонил"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        let (customer, order) = (&crm["customers"][0], &crm["orders"][0]);
        assert_eq!((&customer["firstName"], &customer["email"]), (&order["firstName"], &order["email"]));
        let digits = |text: &Value| text.as_str().expect("text").chars().filter(char::is_ascii_digit).skip(1).collect::<String>();
        assert_eq!(digits(&customer["phones"][0]["number"]), digits(&order["phone"]), "the same number in two spellings");
        assert_eq!(customer["phones"][0]["number"].as_str().map(str::len), Some("+7 (916) 123-45-67".len()));
        assert_eq!((&order["number"], &order["status"], &order["totalSumm"]), (&json!("70A"), &json!("new"), &json!(10.5)));
        assert_eq!((&order["createdAt"], &customer["customFields"]["kind"]), (&json!("2026-11-23 10:00:00"), &json!("wholesale")));
        assert_eq!(crm["sites"]["main"]["contragent"]["legalName"], "ООО", "the account's own shops are no people");
    }

    #[test]
    fn two_people_are_not_made_one() {
        let mut crm = json!({"customers": [{"firstName": "А", "phones": [{"number": "79160000001"}]}, {"firstName": "Б", "phones": [{"number": "79160000002"}]}]});
        mask(&mut crm);
        assert_ne!(crm["customers"][0]["firstName"], crm["customers"][1]["firstName"]);
        assert_ne!(crm["customers"][0]["phones"], crm["customers"][1]["phones"]);
    }
}
