//! What a change is called in the history: one record per field, in the history's own names (`first_name`, `delivery_cost`,
//! `custom_source`, `order_product.quantity`).

use serde_json::{Map, Value, json};

use crate::entity::{Entity, pick};
use crate::history::Change;

/// Members that are computed or set by the CRM; their changes are not recorded.
const SILENT: [&str; 13] = [
    "id",
    "summ",
    "totalSumm",
    "prepaySum",
    "purchaseSumm",
    "statusUpdatedAt",
    "createdAt",
    "slug",
    "currency",
    "fromApi",
    "type",
    "customerSubscriptions",
    "performerType",
];

/// `managerComment` is `manager_comment`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// What changed from one to the other.
pub fn between(old: &Entity, new: &Entity) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
        if before == after || SILENT.contains(&name.as_str()) {
            continue;
        }
        match name.as_str() {
            "phones" => phones(before, after, &mut changes),
            "items" => items(before, after, &mut changes),
            "payments" => payments(before, after, &mut changes),
            "customFields" => fields(before, after, |code| format!("custom_{code}"), &mut changes),
            "address" => address(new, before, after, &mut changes),
            "delivery" => delivery(before, after, &mut changes),
            _ => changes.push(Change::new(field(name), value(name, before), value(name, after))),
        }
    }
    changes
}

/// The history's name of a member.
fn field(name: &str) -> String {
    match name {
        "managerId" => "manager".into(),
        "countryIso" => "country".into(),
        other => snake(other),
    }
}

/// A member's value: codes and users are objects.
fn value(name: &str, value: &Value) -> Value {
    match name {
        _ if value.is_null() => Value::Null,
        "managerId" => json!({"id": value}),
        "status" | "orderType" | "orderMethod" | "shipmentStore" => json!({"code": value}),
        "customer" | "contact" | "company" => reference(value),
        _ => value.clone(),
    }
}

/// What the history shows of an entity that another refers to.
fn reference(value: &Value) -> Value {
    Value::Object(pick(&members(value), &["id", "site"]))
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn fields(before: &Value, after: &Value, name: impl Fn(&str) -> String, changes: &mut Vec<Change>) {
    let (before, after) = (members(before), members(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    for member in names.into_iter().filter(|member| *member != "id") {
        let (old, new) = (before.get(member).unwrap_or(&Value::Null), after.get(member).unwrap_or(&Value::Null));
        if old != new {
            changes.push(Change::new(name(member), old.clone(), new.clone()));
        }
    }
}

/// A customer has one address, whose id is the customer's here.
fn address(customer: &Entity, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let mut found = Vec::new();
    fields(before, after, |name| format!("address.{}", field(name)), &mut found);
    let shown = json!({"id": customer.get("id"), "isMain": true});
    changes.extend(found.into_iter().map(|change| change.with("address", shown.clone())));
}

fn delivery(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let flat = |value: &Value| {
        let mut flat = members(value);
        flat.remove("address");
        if let Some(code) = flat.remove("code").filter(|code| !code.is_null()) {
            flat.insert("type".into(), json!({"code": code}));
        }
        Value::Object(flat)
    };
    fields(&flat(before), &flat(after), |name| format!("delivery_{}", snake(name)), changes);
    fields(&before["address"], &after["address"], |name| format!("delivery_address.{}", field(name)), changes);
}

fn phones(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let numbers = |value: &Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().map(|phone| phone["number"].clone()).filter(|number| !number.is_null()).collect()
    };
    let (old, new) = (numbers(before), numbers(after));
    let gone = old.iter().filter(|number| !new.contains(number)).map(|number| Change::new("phones", number.clone(), Value::Null));
    let added = new.iter().filter(|number| !old.contains(number)).map(|number| Change::new("phones", Value::Null, number.clone()));
    changes.extend(gone.chain(added));
}

/// Pairs up parts of an order by id: the old and the new one; added and removed parts have one of the two.
fn parts<'a>(before: &'a [&'a Value], after: &'a [&'a Value]) -> impl Iterator<Item = (Option<&'a Value>, Option<&'a Value>)> {
    let same = |a: &Value, b: &Value| a["id"] == b["id"];
    let stayed_or_came = after.iter().map(move |new| (before.iter().find(|old| same(old, new)).copied(), Some(*new)));
    let gone = before.iter().filter(move |old| !after.iter().any(|new| same(old, new))).map(|old| (Some(*old), None));
    stayed_or_came.chain(gone)
}

fn items(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (before, after): (Vec<&Value>, Vec<&Value>) =
        (before.as_array().into_iter().flatten().collect(), after.as_array().into_iter().flatten().collect());
    let shown = |item: &Value| {
        let mut shown = pick(&members(item), &["id"]);
        let offer = pick(&members(&item["offer"]), &["id", "externalId", "xmlId"]);
        if !offer.is_empty() {
            shown.insert("offer".into(), offer.into());
        }
        Value::Object(shown)
    };
    for (old, new) in parts(&before, &after) {
        match (old, new) {
            (None, Some(new)) => {
                changes.push(Change::new("order_product", Value::Null, json!({"id": new["id"]})).with("item", shown(new)));
            }
            (Some(old), None) => {
                changes.push(Change::new("order_product", json!({"id": old["id"]}), Value::Null).with("item", shown(old)));
            }
            (Some(old), Some(new)) => {
                let fields = [
                    ("quantity", "order_product.quantity"),
                    ("initialPrice", "order_product.initial_price"),
                    ("discountTotal", "order_product.discount_total"),
                    ("status", "order_product.status"),
                ];
                for (member, field) in fields.into_iter().filter(|(member, _)| old[*member] != new[*member]) {
                    let (from, to) = (value(member, &old[member]), value(member, &new[member]));
                    changes.push(Change::new(field, from, to).with("item", shown(new)));
                }
            }
            (None, None) => {}
        }
    }
}

/// What the record of a payment that came or went shows of it, and what the record of its change does.
const WHOLE_PAYMENT: [&str; 5] = ["id", "status", "type", "externalId", "amount"];
const PAYMENT: [&str; 3] = ["id", "type", "externalId"];

fn payments(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (before, after): (Vec<&Value>, Vec<&Value>) =
        (before.as_object().into_iter().flat_map(Map::values).collect(), after.as_object().into_iter().flat_map(Map::values).collect());
    let short = |payment: &Value| json!({"id": payment["id"], "type": payment["type"]});
    let shown = |payment: &Value, names: &[&str]| Value::Object(pick(&members(payment), names));
    for (old, new) in parts(&before, &after) {
        match (old, new) {
            (None, Some(new)) => changes.push(Change::new("payments", Value::Null, short(new)).with("payment", shown(new, &WHOLE_PAYMENT))),
            (Some(old), None) => changes.push(Change::new("payments", short(old), Value::Null).with("payment", shown(old, &WHOLE_PAYMENT))),
            (Some(old), Some(new)) => {
                let code = |value: &Value| if value.is_null() { Value::Null } else { json!({"code": value}) };
                for member in ["status", "amount", "paidAt", "externalId", "comment", "type"] {
                    if old[member] != new[member] {
                        let (from, to) = match member {
                            "status" | "type" => (code(&old[member]), code(&new[member])),
                            _ => (old[member].clone(), new[member].clone()),
                        };
                        changes.push(Change::new(format!("payments.{}", snake(member)), from, to).with("payment", shown(new, &PAYMENT)));
                    }
                }
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::entity;

    #[test]
    fn every_field_has_its_record() {
        let old = entity(json!({
            "status": "new", "managerId": 1, "phones": [{"number": "1"}], "summ": 5, "customFields": {"a": 1}, "delivery": {"cost": 1},
            "items": [{"id": 1, "quantity": 1}, {"id": 2}], "payments": {"7": {"id": 7, "status": "not-paid"}},
        }));
        let new = entity(json!({
            "status": "complete", "phones": [{"number": "2"}], "summ": 9, "customFields": {"b": 2}, "delivery": {"cost": 2, "code": "courier"},
            "items": [{"id": 1, "quantity": 4}, {"id": 3}], "payments": {"7": {"id": 7, "status": "paid"}}, "firstName": "x",
        }));
        let records: Vec<String> =
            between(&old, &new).into_iter().map(|change| format!("{} {} {}", change.field, change.old, change.new)).collect();
        assert_eq!(
            records,
            [
                "custom_a 1 null",
                "custom_b null 2",
                "delivery_cost 1 2",
                "delivery_type null {\"code\":\"courier\"}",
                "first_name null \"x\"",
                "order_product.quantity 1 4",
                "order_product null {\"id\":3}",
                "order_product {\"id\":2} null",
                "manager {\"id\":1} null",
                "payments.status {\"code\":\"not-paid\"} {\"code\":\"paid\"}",
                "phones \"1\" null",
                "phones null \"2\"",
                "status {\"code\":\"new\"} {\"code\":\"complete\"}",
            ]
        );
        assert!(between(&new, &new).is_empty());
    }
}
