//! What an entity may hold: members with their types. Unknown members are ignored, as the API does; a value that its member cannot hold
//! is refused under the member's name. PHP's leniency is kept: a number may be written as text and text as a number.

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value, json};

use super::custom_fields;
use crate::account::references::References;
use crate::entity::{Entity, whole};
use crate::state::State;

/// The longest short text, in characters `[inferred: the usual column]`.
const SHORT_TEXT: usize = 255;

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A short text.
    Text,
    /// A text of any length.
    LongText,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// `Y-m-d`.
    Date,
    /// `Y-m-d H:i:s`.
    DateTime,
    /// `Y-m-d H:i`.
    Minute,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A user's id.
    User,
    /// A code of a reference book, by its list's name.
    Code(&'static str),
    /// `[{"number":"…"}]`.
    Phones,
    /// Fields that the account added to this kind of entity.
    CustomFields(&'static str),
    /// An object with these members.
    Object(&'static [Member]),
    /// A list of objects with these members.
    Objects(&'static [Member]),
    /// A list of texts.
    Texts,
    /// An object with any members.
    Map,
    /// An object of objects, some of which have known members; the others are not checked. `null` instead of a member is kept: it removes that member.
    Parts(&'static [(&'static str, &'static [Member])]),
    /// Anything; it is checked elsewhere.
    Any,
}

/// A member and what it holds.
pub type Member = (&'static str, Kind);

/// Complaints by member, as `errors` has them.
pub type Errors = Map<String, Value>;

const BLANK: &str = "This value should not be blank.";
const INVALID: &str = "This value is not valid.";
const NO_CHOICE: &str = "The value you selected is not a valid choice.";

/// An entity as it is kept: its known members, each in its own type. `null` stays: it clears a member.
pub fn read(state: &State, members: &[Member], given: &Entity, prefix: &str, errors: &mut Errors) -> Entity {
    let mut kept = Entity::new();
    for (name, kind) in members {
        let Some(value) = given.get(*name) else { continue };
        if value.is_null() {
            kept.insert((*name).into(), Value::Null);
            continue;
        }
        let place = if prefix.is_empty() { (*name).to_owned() } else { format!("{prefix}.{name}") };
        if let Some(value) = hold(state, *kind, value, &place, errors) {
            kept.insert((*name).into(), value);
        }
    }
    kept
}

/// A value as its member holds it; `None`, with a complaint, when the member cannot hold it.
fn hold(state: &State, kind: Kind, value: &Value, place: &str, errors: &mut Errors) -> Option<Value> {
    let held = match kind {
        Kind::CustomFields(_) | Kind::Object(_) | Kind::Objects(_) | Kind::Texts | Kind::Map | Kind::Parts(_) => {
            compound(state, kind, value, place, errors).ok_or_else(|| INVALID.into())
        }
        Kind::Phones => phones(value).ok_or_else(|| INVALID.into()),
        Kind::Any => Ok(value.clone()),
        _ => scalar(state, kind, value),
    };
    held.map_err(|complaint| drop(errors.insert(place.to_owned(), complaint.into()))).ok()
}

/// A text, a number, a flag, a date, a code.
fn scalar(state: &State, kind: Kind, value: &Value) -> Result<Value, String> {
    let invalid = || INVALID.to_owned();
    let time = |valid: fn(&str) -> bool, what: &str| {
        let time = as_text(value).filter(|text| valid(text));
        time.map(Value::from).ok_or_else(|| format!("This value is not a valid {what}."))
    };
    match kind {
        Kind::Text => match as_text(value) {
            Some(text) if text.chars().count() > SHORT_TEXT => {
                Err(format!("This value is too long. It should have {SHORT_TEXT} characters or less."))
            }
            text => text.map(Value::from).ok_or_else(invalid),
        },
        Kind::LongText => as_text(value).map(Value::from).ok_or_else(invalid),
        Kind::Int => whole(value).map(Value::from).ok_or_else(invalid),
        Kind::Number => number(value).ok_or_else(invalid),
        Kind::Flag => flag(value).map(Value::from).ok_or_else(invalid),
        Kind::Date => time(is_date, "date"),
        Kind::DateTime => time(is_date_time, "datetime"),
        Kind::Minute => time(is_minute, "datetime"),
        Kind::Choice(choices) => {
            let choice = value.as_str().filter(|text| choices.contains(text));
            choice.map(Value::from).ok_or_else(|| NO_CHOICE.into())
        }
        Kind::User => match whole(value) {
            Some(id) if state.users.get(id).is_some() => Ok(id.into()),
            Some(id) => Err(format!("User with id={id} not found.")),
            None => Err(invalid()),
        },
        Kind::Code(list) => match as_text(value) {
            Some(code) if state.account.references.find(list, &code).is_some() => Ok(code.into()),
            Some(code) => Err(References::unknown(list, &code)),
            None => Err(invalid()),
        },
        _ => Err(invalid()),
    }
}

/// An object or a list. Its members have complaints of their own; `None`: the value is neither.
fn compound(state: &State, kind: Kind, value: &Value, place: &str, errors: &mut Errors) -> Option<Value> {
    match kind {
        Kind::CustomFields(of) => Some(Value::Object(custom_fields::read(state, of, fields(value)?, place, errors))),
        Kind::Object(members) => Some(Value::Object(read(state, members, fields(value)?, place, errors))),
        Kind::Objects(members) => {
            let item = |(index, item): (usize, &Value)| match item.as_object() {
                Some(given) => Value::Object(read(state, members, given, &format!("{place}[{index}]"), errors)),
                None => {
                    errors.insert(format!("{place}[{index}]"), INVALID.into());
                    Value::Null
                }
            };
            Some(value.as_array()?.iter().enumerate().map(item).collect())
        }
        Kind::Texts => value.as_array()?.iter().map(as_text).collect::<Option<Vec<_>>>().map(|texts| json!(texts)),
        Kind::Map => Some(Value::Object(fields(value)?.clone())),
        Kind::Parts(parts) => {
            let given = fields(value)?;
            let is_part = |inner: &Value| inner.is_object() || inner.is_null() || inner.as_array().is_some_and(Vec::is_empty);
            if !given.values().all(is_part) {
                return None;
            }
            let mut kept = given.clone();
            for (name, members) in parts {
                if let Some(known) = given.get(*name).and_then(Value::as_object) {
                    kept.insert((*name).into(), Value::Object(read(state, members, known, &format!("{place}.{name}"), errors)));
                }
            }
            Some(Value::Object(kept))
        }
        _ => None,
    }
}

/// Adds a complaint for each of these members that is blank.
pub fn require(kept: &Entity, names: &[&str], errors: &mut Errors) {
    for name in names {
        let blank = kept.get(*name).is_none_or(|value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()));
        if blank && !errors.contains_key(*name) {
            errors.insert((*name).into(), BLANK.into());
        }
    }
}

/// A value as text: a number is taken for its digits.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value as a number: digits in a text are taken for one.
pub fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            text.parse::<i64>()
                .ok()
                .map(Value::from)
                .or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from))
        }
        _ => None,
    }
}

/// A value as yes or no.
pub fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().filter(|number| (0..=1).contains(number)).map(|number| number == 1),
        Value::String(text) => match text.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a text is `Y-m-d H:i:s` with all leading zeros: date-times are compared as texts.
pub fn is_date_time(text: &str) -> bool {
    text.len() == 19 && NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
}

/// Whether a text is `Y-m-d H:i`.
pub fn is_minute(text: &str) -> bool {
    text.len() == 16 && NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").is_ok()
}

/// Whether a text is `Y-m-d`.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// An object; an empty list is an empty one.
fn fields(value: &Value) -> Option<&Entity> {
    static NONE: std::sync::LazyLock<Entity> = std::sync::LazyLock::new(Entity::new);
    match value {
        Value::Object(fields) => Some(fields),
        Value::Array(none) if none.is_empty() => Some(&NONE),
        _ => None,
    }
}

fn phones(value: &Value) -> Option<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for phone in value.as_array()? {
        let number = json!({"number": phone.as_object()?.get("number").and_then(as_text)?});
        if !kept.contains(&number) && number["number"] != "" {
            kept.push(number);
        }
    }
    Some(kept.into())
}
