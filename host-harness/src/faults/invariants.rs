//! What must be true of the two systems whatever fails: nobody and nothing is there twice, no call is lost, no pop-up stays open, and no event
//! waits for ever.
//!
//! The names of lists and members are RetailCRM's and the Data API's, as in the report of a replay. Another CRM's lists are compared with
//! those of the run without faults, but nothing is known about them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// What is violated, as a name: `customer doubled`, `call doubled`, `pop-up open`, …
    pub what: String,
    /// Whom or what it concerns.
    pub text: String,
}

/// The records of a list.
pub(super) fn list<'a>(system: &'a Value, name: &str) -> &'a [Value] {
    system[name].as_array().map_or(&[], Vec::as_slice)
}

/// A phone in the form in which two spellings of one number are equal: its digits, with Russia's prefix 8 as 7.
pub fn canonical(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix('8').filter(|rest| rest.len() == 10).map_or(digits.clone(), |rest| format!("7{rest}"))
}

/// What two records must not have in common, by what would be doubled. A record stands under each key once.
fn keys(crm: &Value, uis: &Value) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    for customer in list(crm, "customers") {
        let mut phones: Vec<String> = list(customer, "phones").iter().filter_map(|phone| phone["number"].as_str()).map(canonical).collect();
        phones.sort();
        phones.dedup();
        keys.extend(phones.into_iter().filter(|phone| !phone.is_empty()).map(|phone| ("customer doubled", phone)));
        keys.extend(text(&customer["email"]).map(|email| ("customer doubled", email.to_lowercase())));
        keys.extend(text(&customer["externalId"]).map(|id| ("customer doubled", id)));
    }
    keys.extend(list(crm, "orders").iter().filter_map(|order| text(&order["externalId"])).map(|id| ("order doubled", id)));
    keys.extend(list(crm, "calls").iter().filter_map(|call| text(&call["externalId"])).map(|id| ("call doubled", id)));
    for task in list(crm, "tasks") {
        let whose = text(&task["phone"]).map(|phone| canonical(&phone)).unwrap_or_else(|| task["customer"].to_string());
        keys.push(("task doubled", format!("{} of {whose}, order {}", task["text"], task["order"])));
    }
    for note in list(crm, "notes") {
        keys.push(("note doubled", format!("{} of customer {}", note["text"], note["customer"]["id"])));
    }
    let links = list(crm, "calls").iter().filter_map(|call| text(&call["recordUrl"]));
    // A note of one line has a recording; a transcript has lines, and in them any links.
    let noted = list(crm, "notes").iter().filter_map(|note| {
        let link = note["text"].as_str().filter(|text| text.trim().lines().count() == 1)?.split_once("https://")?.1;
        link.split_whitespace().next().map(|link| format!("https://{link}"))
    });
    keys.extend(links.chain(noted).map(|link| ("recording doubled", link)));
    keys.extend(list(uis, "deals").iter().filter_map(|deal| text(&deal["ext_id"])).map(|id| ("deal doubled", id)));
    keys.extend(list(uis, "employees").iter().filter_map(|employee| text(&employee["email"])).map(|id| ("employee doubled", id)));
    keys
}

fn counted(keys: Vec<(&'static str, String)>) -> BTreeMap<(&'static str, String), usize> {
    let mut counted = BTreeMap::new();
    for key in keys {
        *counted.entry(key).or_default() += 1;
    }
    counted
}

/// What is there twice in the two systems, in order. What `known` had as often is not reported: the account's own people may have made it.
pub fn doubled(crm: &Value, uis: &Value, known: Option<(&Value, &Value)>) -> Vec<Violation> {
    let before = known.map(|(crm, uis)| counted(keys(crm, uis))).unwrap_or_default();
    let now = counted(keys(crm, uis));
    let new = now.into_iter().filter(|(key, count)| *count > before.get(key).copied().unwrap_or(0).max(1));
    new.map(|((what, text), count)| Violation { what: what.to_owned(), text: format!("{text} ({count} times)") }).collect()
}

/// Pop-ups that are still open, in order.
pub fn open_popups(crm: &Value) -> Vec<Violation> {
    let open = list(crm, "popups").iter().filter(|popup| !popup["closedAt"].is_string());
    open.map(|popup| Violation { what: "pop-up open".into(), text: format!("user {}, {}", popup["userId"], popup["phone"]) }).collect()
}

/// Calls in the CRM's history whose ids `known` has and that are not there.
pub fn lost_calls(crm: &Value, known: &Value) -> Vec<Violation> {
    let ids = |crm: &Value| -> Vec<String> { list(crm, "calls").iter().map(|call| call["externalId"].to_string()).collect() };
    let there = ids(crm);
    let lost = ids(known).into_iter().filter(|id| !there.contains(id));
    lost.map(|id| Violation { what: "call lost".into(), text: id }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(violations: &[Violation]) -> Vec<&str> {
        violations.iter().map(|one| one.what.as_str()).collect()
    }

    #[test]
    fn doubles_of_every_kind_are_found() {
        let crm = json!({
            "customers": [{"phones": [{"number": "8 (916) 000-00-01"}], "email": "A@x.example"}, {"phones": [{"number": "79160000001"}, {"number": "+79160000001"}]}, {"email": "a@x.example"}],
            "orders": [{"externalId": "uis-call-1"}, {"externalId": "uis-call-1"}, {}, {}],
            "tasks": [{"text": "Call", "phone": "79160000001"}, {"text": "Call", "phone": "89160000001"}],
            "notes": [{"text": "x", "customer": {"id": 1}}, {"text": "x", "customer": {"id": 2}}, {"text": "a recording https://r/1 of a talk"}],
            "calls": [{"externalId": "1", "recordUrl": "https://r/1"}, {"externalId": "2"}],
        });
        let found = doubled(&crm, &Value::Null, None);
        assert_eq!(
            names(&found),
            ["customer doubled", "customer doubled", "order doubled", "recording doubled", "task doubled"],
            "{found:?}"
        );
        assert_eq!(doubled(&crm, &Value::Null, Some((&crm, &Value::Null))), []);
    }

    #[test]
    fn open_pop_ups_and_lost_calls_are_found() {
        let crm = json!({"popups": [{"userId": 5, "closedAt": null}, {"userId": 6, "closedAt": "2026-11-23 10:00:00"}], "calls": [{"externalId": "1"}]});
        assert_eq!((names(&open_popups(&crm)), lost_calls(&crm, &crm)), (vec!["pop-up open"], vec![]));
        assert_eq!(names(&lost_calls(&json!({}), &crm)), ["call lost"]);
    }
}
