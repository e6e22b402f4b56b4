//! The JSON Schema of the settings, put together from one file per section of the settings page: Russian titles for the owner, English
//! descriptions, the page's structure as annotations.
//!
//! | annotation | meaning |
//! |---|---|
//! | `x-sections` (of the whole) | the page's sections in order: name, title, the setting that switches it, its settings in order |
//! | `x-tabs` (of the whole) | the tabs of a section: name and title |
//! | `x-section`, `x-tab`, `x-group` | where a setting stands |
//! | `x-uis-titles` | other titles that UIS's own page has, or had, for the setting |
//! | `x-shown-when` | the setting matters only when other settings have this value, or one of these values |
//! | `x-required`, `x-required-when` | while it is shown, or when other settings have these values, the setting must have a value |
//! | `x-choices`, `x-choices-by-parameter` | the values come from `setup.choices` |
//! | `x-template` | the setting is a template; `setup.template-parameters` lists its parameters |

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

/// A section of the settings page.
struct Section {
    name: &'static str,
    title: &'static str,
    /// The setting that switches the section.
    switch: &'static str,
    /// The section's settings: an object of JSON Schemas, by the settings' names.
    settings: &'static str,
}

const SECTIONS: [Section; 4] = [
    Section {
        name: "employees",
        title: "Синхронизация сотрудников",
        switch: "employee-synchronisation",
        settings: include_str!("schema/employees.json"),
    },
    Section { name: "telephony", title: "Телефония", switch: "telephony", settings: include_str!("schema/telephony.json") },
    Section {
        name: "texts", title: "Текстовые коммуникации", switch: "texts", settings: include_str!("schema/texts.json")
    },
    Section { name: "deals", title: "Передача сделок", switch: "deals", settings: include_str!("schema/deals.json") },
];

/// The tabs of the sections «Телефония» and «Текстовые коммуникации».
const TABS: [(&str, &str); 4] =
    [("main", "Основное"), ("templates", "Шаблоны"), ("responsibles", "Ответственные"), ("fields", "Дополнительные поля")];

/// The whole schema, as text.
pub fn text() -> String {
    schema().to_string()
}

/// The whole schema.
pub fn schema() -> Value {
    let properties = properties();
    let conditions: Vec<Value> = properties.iter().flat_map(|(name, property)| required(name, property, &properties)).collect();
    let sections: Vec<Value> = SECTIONS
        .iter()
        .map(|section| {
            json!({"name": section.name, "title": section.title, "switch": section.switch, "settings": names_in_order(section.settings)})
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Интеграция с RetailCRM",
        "description": "Settings of the RetailCRM integration. An empty object means the defaults.",
        "type": "object",
        "additionalProperties": false,
        "x-sections": sections,
        "x-tabs": TABS.iter().map(|(name, title)| json!({"name": name, "title": title})).collect::<Vec<_>>(),
        "properties": properties,
        "allOf": conditions,
    })
}

/// The schemas of all settings, by name.
pub fn properties() -> Map<String, Value> {
    let mut all = Map::new();
    for section in &SECTIONS {
        let settings: Map<String, Value> = crate::base::json::read(section.settings.as_bytes()).unwrap_or_default();
        for (name, mut property) in settings {
            property["x-section"] = section.name.into();
            all.insert(name, property);
        }
    }
    all
}

/// The conditional parts of the schema that say when a setting must have a value.
fn required(setting: &str, property: &Value, all: &Map<String, Value>) -> Vec<Value> {
    let shown = property["x-shown-when"].as_object().filter(|_| property["x-required"] == true);
    let others = property["x-required-when"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let value = if property["type"] == "array" { json!({"minItems": 1}) } else { json!({"not": {"type": "null"}}) };
    // An absent setting has its default, which may be a value.
    let has_default = !property["default"].is_null() && property["default"] != json!([]);
    let named: &[&str] = if has_default { &[] } else { &[setting] };
    let then = json!({"properties": {setting: value}, "required": named});
    shown.into_iter().chain(others).map(|wanted| json!({"if": have(wanted, all), "then": then})).collect()
}

/// The schema of settings that have these values.
fn have(wanted: &Map<String, Value>, all: &Map<String, Value>) -> Value {
    let (mut tests, mut named) = (Map::new(), Vec::new());
    for (other, wanted) in wanted {
        let wanted = if wanted.is_array() { json!({"enum": wanted}) } else { json!({"const": wanted}) };
        // A setting that is absent has its default, so it has to be named only if the default does not fit.
        let default = all.get(other).map(|other| &other["default"]);
        let fits = default.is_some_and(|default| Some(default) == wanted.get("const") || listed(&wanted["enum"], default));
        if !fits {
            named.push(other.as_str());
        }
        tests.insert(other.clone(), wanted);
    }
    json!({"properties": tests, "required": named})
}

/// Whether a JSON list contains a value.
fn listed(list: &Value, value: &Value) -> bool {
    list.as_array().is_some_and(|list| list.contains(value))
}

/// Why a value is not one of those that the schema lists; none if it is, or if the schema lists none.
pub fn not_listed(property: &Value, value: &Value) -> Option<String> {
    let (allowed, given): (&Value, Vec<&Value>) = match value {
        Value::Array(values) => (&property["items"]["enum"], values.iter().collect()),
        value => (&property["enum"], vec![value]),
    };
    let wrong = given.into_iter().find(|value| allowed.is_array() && !listed(allowed, value))?;
    let names: Vec<&str> = allowed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Some(format!("{wrong} cannot be used; there are: {}", names.join(", ")))
}

/// Whether a setting, or a field of a table's row named `setting.field`, takes whole numbers.
pub fn takes_integers(setting: &str) -> bool {
    let properties = properties();
    let property = match setting.split_once('.') {
        Some((table, member)) => &properties[table]["items"]["properties"][member],
        None => &properties[setting],
    };
    let is = |property: &Value| {
        property["type"] == "integer" || property["type"].as_array().is_some_and(|types| types.contains(&"integer".into()))
    };
    is(property) || is(&property["items"])
}

/// What to write for a setting whose value is of another type; none for lists and tables.
pub fn expected(property: &Value) -> Option<String> {
    let is = |kind: &str| property["type"] == kind || listed(&property["type"], &kind.into());
    Some(match (property["minimum"].as_i64(), property["maximum"].as_i64()) {
        (Some(least), Some(most)) => format!("write a whole number from {least} to {most}"),
        _ if is("boolean") => "write true or false".to_owned(),
        _ if property["x-choices"] == "retailcrm/users" && is("integer") => "choose a user of RetailCRM, by the user's number".to_owned(),
        _ if is("integer") => "write a whole number".to_owned(),
        _ if is("string") => "write a text".to_owned(),
        _ => return None,
    })
}

/// What is missing in a list or a table whose rows are filled half-way; none if nothing is.
pub fn half_filled(property: &Value, value: &Value) -> Option<String> {
    let rows = value.as_array()?;
    let members = &property["items"]["properties"];
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        if row.is_null() {
            return Some(format!("row {number} is empty: choose its value, or remove it"));
        }
        let required = property["items"]["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<String> = required
            .filter(|name| row.is_object() && row[name].is_null())
            .map(|name| format!("{} «{}» ({name})", verb(&members[name]), members[name]["title"].as_str().unwrap_or(name)))
            .collect();
        if !missing.is_empty() {
            return Some(format!("row {number}: {}, or remove the row", missing.join(" and ")));
        }
        if has_null(row) && !row.is_object() {
            return Some(format!("row {number}: a condition is filled half-way: choose its values, or remove it"));
        }
        let wrong = row.as_object().into_iter().flatten().find_map(|(name, value)| {
            let wanted = expected(&members[name]).filter(|_| !fits(&members[name]["type"], value))?;
            Some(format!("row {number}: {value} cannot be used as {name}: {wanted}"))
        });
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

fn verb(member: &Value) -> &'static str {
    if member["x-choices"].is_string() { "choose" } else { "write" }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        other => other.is_null(),
    }
}

/// Whether a value is of a type that the schema names, or of one of several.
fn fits(kind: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    kind == name || listed(kind, &name.into())
}

/// The source of a setting's choices; none if the setting has no such choices. A field of a table's row is named `setting.field`, and the
/// values of a condition's parameter `setting.parameter`.
pub fn choices_from(setting: &str) -> Option<String> {
    let properties = properties();
    let source = match setting.split_once('.') {
        Some((table, member)) => {
            let items = &properties.get(table)?["items"];
            let rows = if items["type"] == "array" { items } else { &items["properties"]["conditions"]["items"] };
            let by_parameter = &rows["items"]["properties"]["values"]["x-choices-by-parameter"][member];
            if by_parameter.is_string() { by_parameter } else { &items["properties"][member]["x-choices"] }.clone()
        }
        None => properties.get(setting)?["x-choices"].clone(),
    };
    source.as_str().map(str::to_owned)
}

/// The names of the settings: the read-only ones if `shown` is true, otherwise those that can be set; in the order of the page.
pub fn names(shown: bool) -> Vec<String> {
    let all = properties();
    let ordered = SECTIONS.iter().flat_map(|section| names_in_order(section.settings));
    ordered.filter(|name| all.get(name).is_some_and(|property| (property["readOnly"] == true) == shown)).collect()
}

/// The names of an object's members in the order in which the text has them; [`Value`] sorts them.
fn names_in_order(object: &str) -> Vec<String> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = members.next_entry::<String, IgnoredAny>()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    serde_json::Deserializer::from_str(object).deserialize_map(Names).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_stands_in_a_section_and_is_described() {
        let properties = properties();
        let ordered: Vec<String> = SECTIONS.iter().flat_map(|section| names_in_order(section.settings)).collect();
        assert_eq!(ordered.len(), properties.len(), "a name stands twice, or a file is not JSON");
        assert_eq!(&ordered[..2], ["employee-synchronisation", "employee-matching"]);
        for section in &SECTIONS {
            assert_eq!(properties[section.switch]["type"], "boolean", "{}", section.name);
        }
        for (name, property) in &properties {
            assert!(
                property["title"].is_string() && property["description"].is_string() && !property["default"].is_null()
                    || property.get("default").is_some(),
                "{name} needs a title, a description and a default"
            );
            let tab = property["x-tab"].as_str();
            assert!(tab.is_none_or(|tab| TABS.iter().any(|(known, _)| *known == tab)), "{name}: {tab:?}");
            for (other, wanted) in property["x-shown-when"].as_object().into_iter().flatten() {
                let values = wanted.as_array().map_or_else(|| vec![wanted], |values| values.iter().collect());
                let known = properties.get(other).unwrap_or_else(|| panic!("{name} depends on {other}"));
                assert!(values.iter().all(|value| known["type"] == "boolean" || not_listed(known, value).is_none()), "{name}: {other}");
            }
            assert!(not_listed(property, &property["default"]).is_none(), "{name}'s default is not one of its values");
        }
    }

    #[test]
    fn a_setting_that_is_shown_must_have_a_value() {
        let schema = schema();
        let conditions = schema["allOf"].as_array().expect("conditions");
        let of = |name: &str| conditions.iter().find(|condition| condition["then"]["required"][0] == name).expect("a condition").clone();
        assert_eq!(of("virtual-numbers")["if"]["required"], json!(["filter-by-virtual-numbers"]), "telephony is on by default");
        assert_eq!(of("incoming-missed-task-user")["then"]["properties"]["incoming-missed-task-user"], json!({"not": {"type": "null"}}));
    }

    #[test]
    fn choices_are_found_in_rows_and_conditions() {
        let sources =
            ["default-responsible", "shop-numbers.site", "incoming-filter.tag", "chat-responsibles.channel", "chat-responsibles.user"];
        let found: Vec<String> = sources.iter().filter_map(|setting| choices_from(setting)).collect();
        assert_eq!(found, ["retailcrm/users", "retailcrm/sites", "uis/tags", "uis/chat-channels", "retailcrm/users"]);
        assert_eq!((choices_from("incoming-filter.channel"), choices_from("telephony"), choices_from("no.such")), (None, None, None));
    }
}
