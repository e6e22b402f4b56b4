//! Random settings of the plugin, made from its schema: any position of any switch, any option of any list, any conditions and rules. They are
//! always valid, and no call is ignored for its number, so that invariants can be checked under all of them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uis_retailcrm::settings::schema;

/// Settings that stay as they are: what they switch is beside the point of the invariants, or needs more than a random value.
const FIXED: [&str; 10] = [
    "employee-matching",
    "employee-table",
    "filter-by-virtual-numbers",
    "override-caller-id",
    "extra-fields",
    "request-extra-fields",
    "chat-extra-fields",
    "deals",
    "recording-wait",
    // The people of the properties type numbers as in Russia.
    "phone-country",
];

/// Users to choose from: the property tests' accounts have 11; 99 has left.
const USERS: [i64; 2] = [11, 99];

/// Random settings as JSON.
pub fn any_settings() -> impl Strategy<Value = Value> {
    let properties = schema::properties();
    let strategies: Vec<BoxedStrategy<Option<(String, Value)>>> = properties
        .iter()
        .filter(|(name, property)| !FIXED.contains(&name.as_str()) && property["readOnly"] != true)
        .filter_map(|(name, property)| Some((name.clone(), value(property)?)))
        .map(|(name, value)| (any::<bool>(), value).prop_map(move |(given, value)| given.then(|| (name.clone(), value))).boxed())
        .collect();
    strategies.prop_map(|chosen| {
        let mut settings: Map<String, Value> = chosen.into_iter().flatten().collect();
        // Whatever needs a user, tags or a default has one.
        for (name, property) in schema::properties() {
            let is_user = property["x-choices"] == "retailcrm/users" && property["type"] != "array";
            if is_user && settings.get(&name).is_none_or(Value::is_null) {
                settings.insert(name, json!(11));
            } else if name.ends_with("-tags") && settings.get(&name).is_none_or(|tags| tags == &json!([])) {
                settings.insert(name, json!(["7"]));
            }
        }
        settings.insert("default-responsible".into(), json!(11));
        settings.insert("text-default-responsible".into(), json!(11));
        Value::Object(settings)
    })
}

/// Random values of a setting; none if the setting keeps its default.
fn value(property: &Value) -> Option<BoxedStrategy<Value>> {
    let options = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let items = &property["items"];
    if property["type"] == "boolean" {
        return Some(any::<bool>().prop_map(Value::from).boxed());
    }
    if property["enum"].is_array() {
        return Some(prop::sample::select(options(&property["enum"])).boxed());
    }
    if items["enum"].is_array() {
        let all = options(&items["enum"]);
        return Some(prop::sample::subsequence(all.clone(), 1..=all.len()).prop_map(Value::from).boxed());
    }
    if items["type"] == "array" {
        return Some(conditions(items).prop_map(Value::from).boxed());
    }
    if items["properties"]["conditions"].is_object() {
        let rule = (prop::sample::select(USERS.to_vec()), conditions(&items["properties"]["conditions"]["items"]));
        let rule = rule.prop_map(|(user, conditions)| json!({"user": user, "conditions": conditions}));
        return Some(prop::collection::vec(rule, 0..3).prop_map(Value::from).boxed());
    }
    if property["x-choices"] == "retailcrm/users" && property["type"] != "array" {
        return Some(prop::sample::select(USERS.to_vec()).prop_map(Value::from).boxed());
    }
    None
}

/// Random conditions; `group` is the schema of a group.
fn conditions(group: &Value) -> impl Strategy<Value = Vec<Value>> + use<> {
    let parameters = group["items"]["properties"]["parameter"]["enum"].as_array().cloned().unwrap_or_default();
    let values = ["1", "7", "31", "74951112233", "yandex", "Стандартная"];
    let row = (prop::sample::select(parameters), any::<bool>(), prop::sample::subsequence(values.to_vec(), 1..3));
    let row = row.prop_map(|(parameter, include, values)| {
        let values = if parameter == "virtual-number" { vec!["74951112233"] } else { values };
        json!({"parameter": parameter, "condition": if include { "include" } else { "exclude" }, "values": values})
    });
    prop::collection::vec(prop::collection::vec(row, 1..3).prop_map(Value::from), 0..3)
}
