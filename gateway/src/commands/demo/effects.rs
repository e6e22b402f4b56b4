//! What changed in RetailCRM and in UIS since the last look, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shop::Shop;

/// What both accounts had at the last look.
pub struct Effects {
    crm: Value,
    uis: Value,
}

/// Lists of RetailCRM whose new rows are effects.
const CRM_LISTS: [&str; 6] = ["popups", "customers", "orders", "calls", "tasks", "notes"];

impl Effects {
    /// From now on.
    pub fn new(shop: &Shop) -> Effects {
        Effects { crm: shop.crm.to_json(), uis: shop.uis.state().to_json() }
    }

    /// What is new.
    pub fn look(&mut self, shop: &Shop) -> Vec<String> {
        let (crm, uis) = (shop.crm.to_json(), shop.uis.state().to_json());
        let mut lines = between(&self.crm, &crm, &self.uis, &uis);
        lines.dedup();
        (self.crm, self.uis) = (crm, uis);
        lines
    }
}

/// What the second states have that the first have not.
fn between(crm: &Value, new_crm: &Value, uis: &Value, new_uis: &Value) -> Vec<String> {
    let users: BTreeMap<i64, String> = rows(new_crm, "users").filter_map(|user| Some((user["id"].as_i64()?, name(user)))).collect();
    let user =
        |row: &Value, member: &str| row[member].as_i64().and_then(|id| users.get(&id).cloned()).unwrap_or_else(|| "nobody".to_owned());
    let mut lines = Vec::new();
    for list in CRM_LISTS {
        for row in added(crm, new_crm, list) {
            lines.push(match list {
                "popups" => format!("RetailCRM shows {} a pop-up: {} calls", user(row, "userId"), text(row, "phone")),
                "customers" => format!("RetailCRM has a new customer: {}, assignee {}", customer(row), user(row, "managerId")),
                "orders" => format!("RetailCRM has a new order {}, assignee {}", text(row, "number"), user(row, "managerId")),
                "calls" => call(row),
                "tasks" => format!("RetailCRM has a task for {}: «{}»", user(row, "performer"), text(row, "text")),
                _ => format!("RetailCRM has a note on the customer: {}", short(&text(row, "text"))),
            });
        }
    }
    for task in rows(new_crm, "tasks").filter(|task| task["complete"] == true) {
        if rows(crm, "tasks").any(|before| before["id"] == task["id"] && before["complete"] != true) {
            lines.push(format!("RetailCRM: the task «{}» is done", text(task, "text")));
        }
    }
    for dialled in added(uis, new_uis, "dialled") {
        lines.push(format!("UIS rings the employee first, and then dials {}", text(dialled, "contact")));
    }
    for deal in rows(new_uis, "deals") {
        let stage = |deal: &Value| deal["stage_ext_id"].clone();
        let before = rows(uis, "deals").find(|before| before["ext_id"] == deal["ext_id"]);
        if before.is_none_or(|before| stage(before) != stage(deal)) {
            let revenue = deal["revenue"].as_f64().filter(|revenue| *revenue > 0.0).map(|revenue| format!(", {revenue} roubles"));
            let (name, stage) = (text(deal, "name"), stage_name(new_uis, deal));
            lines.push(format!("UIS has the deal «{name}» in the stage «{stage}»{}", revenue.unwrap_or_default()));
        }
    }
    lines
}

fn rows<'a>(state: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    state[list].as_array().into_iter().flatten()
}

/// Rows that are not in the first state. Rows without an id are added at the end.
fn added<'a>(before: &Value, after: &'a Value, list: &str) -> Vec<&'a Value> {
    let ids: BTreeSet<String> = rows(before, list).map(|row| row["id"].to_string()).collect();
    if rows(after, list).all(|row| row["id"].is_null()) {
        return rows(after, list).skip(rows(before, list).count()).collect();
    }
    rows(after, list).filter(|row| !ids.contains(&row["id"].to_string())).collect()
}

/// The name of a deal's stage, from its funnel.
fn stage_name(uis: &Value, deal: &Value) -> String {
    let id = &deal["stage_ext_id"];
    let stages = rows(uis, "funnels").flat_map(|funnel| rows(funnel, "stages"));
    let named = stages.filter(|stage| stage["stage_ext_id"] == *id).map(|stage| text(stage, "stage_name"));
    named.last().unwrap_or_else(|| text(deal, "stage_ext_id"))
}

fn call(row: &Value) -> String {
    let (kind, duration) = (text(row, "type"), row["duration"].as_i64().unwrap_or(0));
    let with = if row["recordUrl"].as_str().is_some_and(|url| !url.is_empty()) { "with its recording" } else { "without a recording" };
    let result = match text(row, "result").as_str() {
        "answered" => format!("answered, {duration} s, {with}"),
        other => other.to_owned(),
    };
    let direction = if kind == "in" { "from" } else { "to" };
    format!("RetailCRM has the call {direction} {} in its history: {result}", text(row, "phone"))
}

fn customer(row: &Value) -> String {
    let phone = row["phones"][0]["number"].as_str().unwrap_or_default();
    match name(row) {
        name if name.is_empty() || digits(&name) == digits(phone) => phone.to_owned(),
        name => format!("{name}, {phone}"),
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn name(row: &Value) -> String {
    format!("{} {}", text(row, "firstName"), text(row, "lastName")).trim().to_owned()
}

fn text(row: &Value, member: &str) -> String {
    match &row[member] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The beginning of a long text, in one line.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(90) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_new_is_said_once() {
        let before = json!({"users": [{"id": 7, "firstName": "Вера"}], "tasks": [{"id": 1, "text": "Перезвонить"}], "customers": []});
        let after = json!({
            "users": [{"id": 7, "firstName": "Вера"}],
            "tasks": [{"id": 1, "text": "Перезвонить", "complete": true}, {"id": 2, "text": "Ответить", "performer": 7}],
            "customers": [{"id": 9, "firstName": "Ольга", "phones": [{"number": "+79052223344"}]}],
            "calls": [{"id": 3, "type": "in", "phone": "79052223344", "result": "answered", "duration": 42, "recordUrl": "https://r.example/1"}],
        });
        let uis = json!({"dialled": [], "deals": [{"ext_id": "order-71", "name": "71", "stage_ext_id": "new"}]});
        let new_uis = json!({"dialled": [{"contact": "79031112200"}], "deals": [{"ext_id": "order-71", "name": "71", "stage_ext_id": "complete", "revenue": 2400}],
            "funnels": [{"stages": [{"stage_ext_id": "complete", "stage_name": "Выполнен"}]}]});
        let lines = between(&before, &after, &uis, &new_uis);
        assert_eq!(
            lines,
            [
                "RetailCRM has a new customer: Ольга, +79052223344, assignee nobody",
                "RetailCRM has the call from 79052223344 in its history: answered, 42 s, with its recording",
                "RetailCRM has a task for Вера: «Ответить»",
                "RetailCRM: the task «Перезвонить» is done",
                "UIS rings the employee first, and then dials 79031112200",
                "UIS has the deal «71» in the stage «Выполнен», 2400 roubles",
            ]
        );
        assert!(between(&after, &after, &new_uis, &new_uis).is_empty());
    }
}
