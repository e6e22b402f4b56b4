//! Fields that the account added: each value is checked against its field's type.

use serde_json::{Value, json};

use super::shape::{Errors, as_text, flag, is_date, is_date_time, number};
use crate::entity::{Entity, text, whole};
use crate::state::State;

/// Types of fields.
pub const TYPES: [&str; 10] =
    ["boolean", "date", "datetime", "dictionary", "email", "integer", "multiselect_dictionary", "numeric", "string", "text"];

/// Entities that can have fields.
pub const ENTITIES: [&str; 5] = ["customer", "customer_corporate", "order", "company", "loyalty_account"];

/// A field of an entity's kind.
pub fn find<'a>(state: &'a State, entity: &str, code: &str) -> Option<&'a Entity> {
    let fields = state.account.lists.get("customFields")?;
    fields.iter().find(|field| text(field, "entity") == entity && text(field, "code") == code)
}

/// A dictionary.
pub fn dictionary<'a>(state: &'a State, code: &str) -> Option<&'a Entity> {
    state.account.lists.get("customDictionaries")?.iter().find(|dictionary| text(dictionary, "code") == code)
}

/// Values as they are kept. A field that the account does not have is refused, so that no value is lost silently `[inferred]`.
pub fn read(state: &State, entity: &str, given: &Entity, place: &str, errors: &mut Errors) -> Entity {
    let mut kept = Entity::new();
    for (code, value) in given {
        let held = match find(state, entity, code) {
            None => Err(format!("Custom field with code={code} not found.")),
            Some(_) if value.is_null() => Ok(Value::Null),
            Some(field) => hold(state, field, value),
        };
        match held {
            Ok(value) => drop(kept.insert(code.clone(), value)),
            Err(complaint) => drop(errors.insert(format!("{place}.{code}"), complaint.into())),
        }
    }
    kept
}

/// A value in its field's type.
fn hold(state: &State, field: &Entity, value: &Value) -> Result<Value, String> {
    let kind = text(field, "type");
    let invalid = || format!("This value is not a valid {kind}.");
    // An empty text clears a field of any type but text, as an empty form field does.
    if value.as_str() == Some("") && !matches!(kind, "string" | "text") {
        return Ok(Value::Null);
    }
    let element = |value: &Value| {
        let code = as_text(value).ok_or_else(invalid)?;
        let elements = dictionary(state, text(field, "dictionary")).and_then(|dictionary| dictionary.get("elements")?.as_array());
        let known = elements.into_iter().flatten().any(|element| element["code"].as_str() == Some(&code));
        if known {
            Ok(Value::from(code))
        } else {
            Err(format!("There is no element \"{code}\" in dictionary \"{}\".", text(field, "dictionary")))
        }
    };
    match kind {
        "boolean" => flag(value).map(Value::from).ok_or_else(invalid),
        "integer" => whole(value).map(Value::from).ok_or_else(invalid),
        "numeric" => number(value).ok_or_else(invalid),
        "date" => as_text(value).filter(|text| is_date(text)).map(Value::from).ok_or_else(invalid),
        "datetime" => as_text(value).filter(|text| is_date_time(text)).map(Value::from).ok_or_else(invalid),
        "email" => as_text(value).filter(|text| is_email(text)).map(Value::from).ok_or_else(invalid),
        "dictionary" => element(value),
        "multiselect_dictionary" => {
            let codes = value.as_array().ok_or_else(invalid)?;
            codes.iter().map(element).collect::<Result<Vec<_>, _>>().map(|codes| json!(codes))
        }
        "text" => as_text(value).map(Value::from).ok_or_else(invalid),
        _ => match as_text(value) {
            Some(text) if text.chars().count() > 255 => Err("This value is too long. It should have 255 characters or less.".into()),
            Some(text) => Ok(text.into()),
            None => Err(invalid()),
        },
    }
}

/// Whether a text can be an e-mail: a name, `@`, a host with a dot.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let no_blanks = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    no_blanks && !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
}
