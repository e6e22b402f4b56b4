//! Entities as RetailCRM writes them, and how their members are read.

use serde_json::{Map, Value};

/// An entity.
pub type Entity = Map<String, Value>;

/// An object as an entity; anything else as an empty one.
pub fn entity(value: Value) -> Entity {
    match value {
        Value::Object(entity) => entity,
        _ => Entity::new(),
    }
}

/// An entity's id.
pub fn id_of(entity: &Entity) -> Option<i64> {
    entity.get("id")?.as_i64()
}

/// A member as text; an empty text when it is none.
pub fn text<'a>(entity: &'a Entity, name: &str) -> &'a str {
    entity.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number, written as a number or as text.
pub fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A member as true or false; `absent` when it is missing.
pub fn is(entity: &Entity, name: &str, absent: bool) -> bool {
    entity.get(name).and_then(Value::as_bool).unwrap_or(absent)
}

/// Removes members that are `null`, in nested objects too.
pub fn drop_nulls(entity: &mut Entity) {
    entity.retain(|_, value| !value.is_null());
    for inner in entity.values_mut() {
        match inner {
            Value::Object(members) => drop_nulls(members),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(drop_nulls),
            _ => {}
        }
    }
}

/// A member of a member.
pub fn inner<'a>(entity: &'a Entity, outer: &str, name: &str) -> Option<&'a Value> {
    entity.get(outer)?.get(name).filter(|value| !value.is_null())
}

/// Some members of an entity; absent ones are left out.
pub fn pick(from: &Entity, members: &[&str]) -> Entity {
    members.iter().filter_map(|name| Some(((*name).to_owned(), from.get(*name)?.clone()))).collect()
}

/// A customer's phones as they were typed.
pub fn phones_of(customer: &Entity) -> impl Iterator<Item = &str> {
    customer.get("phones").and_then(Value::as_array).into_iter().flatten().filter_map(|phone| phone["number"].as_str())
}

/// Family name, first name, patronymic, those that there are.
pub fn full_name(person: &Entity) -> String {
    let parts = ["lastName", "firstName", "patronymic"].map(|part| text(person, part));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The values at a path (`customer.id`, `payments.type`); lists and maps by id on the way give all of theirs.
pub fn at<'a>(entity: &'a Entity, path: &str) -> Vec<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(value) = entity.get(first) else { return Vec::new() };
    match rest {
        None => leaves(value),
        Some(rest) => match value {
            Value::Array(items) => items.iter().filter_map(Value::as_object).flat_map(|item| at(item, rest)).collect(),
            // A map by id, as payments are read.
            Value::Object(members) if members.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())) => {
                members.values().filter_map(Value::as_object).flat_map(|item| at(item, rest)).collect()
            }
            Value::Object(members) => at(members, rest),
            _ => Vec::new(),
        },
    }
}

fn leaves(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Money: cents at most, and whole sums as whole numbers, as PHP writes them.
pub fn money(sum: f64) -> Value {
    let sum = (sum * 100.0).round() / 100.0;
    if sum.fract() == 0.0 && sum.abs() < 9e15 { (sum as i64).into() } else { sum.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_go_through_lists_and_maps_by_id() {
        let order =
            entity(json!({"customer": {"id": 5}, "payments": {"7": {"type": "cash"}, "8": {"type": "card"}}, "items": [{"id": 1}]}));
        assert_eq!(at(&order, "customer.id"), [&json!(5)]);
        assert_eq!(at(&order, "payments.type"), [&json!("cash"), &json!("card")]);
        assert_eq!(at(&order, "items.id"), [&json!(1)]);
        assert!(at(&order, "delivery.code").is_empty());
    }

    #[test]
    fn money_has_cents() {
        assert_eq!((money(779.0 + 616.16), money(300.0), money(0.1 + 0.2)), (json!(1395.16), json!(300), json!(0.3)));
    }
}
