//! The parameters of a notification. Reading is lenient: a value is recognised in every form in which UIS and its templates write it.

use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use serde_json::Value;

use uis_phones::{Country, Phone};

use super::{COUNTRY, Unreadable, lenient};
use crate::bindings::uis::integration::types::{EmployeeHint, PhoneNumber};
use crate::clock;
use crate::limits::{ATTRIBUTE_BYTES, ATTRIBUTE_NAME_BYTES, ATTRIBUTES, cut};

/// The parameters of one notification. It records which of them were read; [`attributes`](Self::attributes) returns the others.
#[derive(Debug)]
pub struct Params {
    values: BTreeMap<String, Param>,
    zone: Tz,
    country: Country,
    received: i64,
    from_query: bool,
}

/// One parameter.
#[derive(Debug)]
struct Param {
    value: Value,
    /// It was read.
    used: Cell<bool>,
}

fn unused(values: BTreeMap<String, Value>) -> BTreeMap<String, Param> {
    values.into_iter().map(|(name, value)| (name, Param { value, used: Cell::new(false) })).collect()
}

impl Params {
    /// Reads a JSON body: an object, flat or with groups such as `call_info`; or a text that contains such an object or a query string.
    /// `zone` is the account's time zone, for times without one. `received` is when the host received the notification, in milliseconds
    /// since 1970.
    pub fn from_body(body: &Value, zone: Tz, received: i64) -> Result<Params, Unreadable> {
        let parsed;
        let body = match body {
            Value::String(text) => match serde_json::from_str(text) {
                Ok(value) => {
                    parsed = value;
                    &parsed
                }
                // Quotes that a template put around its placeholders.
                Err(_) if text.trim_start().starts_with('{') => match lenient::object(text) {
                    Ok(members) => {
                        parsed = Value::Object(members);
                        &parsed
                    }
                    Err(place) => return Err(Unreadable::NotJson { place, body: cut(text, ATTRIBUTE_BYTES).to_owned() }),
                },
                Err(_) if text.contains('=') => return Ok(Params::from_query(text, zone, received)),
                Err(_) => return Err(Unreadable::NotAnObject("text that is not JSON")),
            },
            other => other,
        };
        let Value::Object(members) = body else {
            return Err(Unreadable::NotAnObject(kind(body)));
        };
        let mut values = BTreeMap::new();
        let mut groups = Vec::new();
        for (name, value) in members {
            match decoded(value) {
                Value::Object(group) if is_group(name) => groups.push(group),
                _ => {
                    values.insert(name.clone(), value.clone());
                }
            }
        }
        // A parameter outside the groups has priority over one inside, unless it is empty.
        for (name, value) in groups.into_iter().flatten() {
            let place = values.entry(name).or_insert(Value::Null);
            if decoded(place).is_null() {
                *place = value;
            }
        }
        Ok(Params { values: unused(values), zone, country: COUNTRY, received, from_query: false })
    }

    /// Reads a query string or a form. When a name occurs several times, the last value that is not empty counts.
    pub fn from_query(query: &str, zone: Tz, received: i64) -> Params {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            let value = Value::String(value.into_owned());
            let place = values.entry(name.into_owned()).or_insert(Value::Null);
            if decoded(place).is_null() || !decoded(&value).is_null() {
                *place = value;
            }
        }
        // A group may be JSON inside one parameter.
        let groups: Vec<_> =
            values.iter().filter(|(name, _)| is_group(name)).filter_map(|(_, value)| decoded(value).as_object().cloned()).collect();
        for (name, value) in groups.into_iter().flatten() {
            values.entry(name).or_insert(value);
        }
        Params { values: unused(values), zone, country: COUNTRY, received, from_query: true }
    }

    /// Sets the country by whose numbering plan phones are read that people typed; without it [`COUNTRY`].
    pub fn in_country(self, country: Country) -> Params {
        Params { country, ..self }
    }

    /// When the host received the notification, in milliseconds since 1970.
    pub fn received(&self) -> i64 {
        self.received
    }

    /// The parameter as it was written, if there is one. It counts as read.
    fn written(&self, name: &str) -> Option<&Value> {
        let param = self.values.get(name)?;
        param.used.set(true);
        Some(&param.value)
    }

    fn value(&self, name: &str) -> Value {
        self.written(name).map(decoded).unwrap_or(Value::Null)
    }

    /// A value that stays among the attributes as well, because templates use it under UIS's name.
    pub(super) fn peek(&self, name: &str) -> Value {
        self.values.get(name).map(|param| decoded(&param.value)).unwrap_or(Value::Null)
    }

    /// As [`integer`](Self::integer), and the parameter stays among the attributes.
    pub fn peek_integer(&self, name: &str) -> Option<i64> {
        integer_of(&self.peek(name))
    }

    /// As [`text`](Self::text), and the parameter stays among the attributes.
    pub fn peek_text(&self, name: &str) -> Option<String> {
        text_of(&self.peek(name))
    }

    /// A whole number, given as a number or as text.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer_of(&self.value(name))
    }

    /// The whole number in the first of these parameters that has one.
    pub fn integer_of_any(&self, names: &[&str]) -> Option<i64> {
        // Read all of them: a parameter that is not read would be passed on as an attribute.
        names.iter().filter_map(|name| self.integer(name)).collect::<Vec<_>>().into_iter().next()
    }

    /// A duration in whole seconds; none when it is negative.
    pub fn seconds(&self, name: &str) -> Option<u32> {
        self.integer(name).and_then(|seconds| u32::try_from(seconds).ok())
    }

    /// A text without surrounding spaces; none when it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        text_of(&self.value(name))
    }

    /// The text in the first of these parameters that has one.
    pub fn text_of_any(&self, names: &[&str]) -> Option<String> {
        names.iter().filter_map(|name| self.text(name)).collect::<Vec<_>>().into_iter().next()
    }

    /// A text that a person wrote, unchanged even if it looks like JSON. Only in a query are the quotes removed that UIS adds around it.
    pub fn free_text(&self, name: &str) -> Option<String> {
        match self.written(name)? {
            Value::String(text) if self.from_query => match serde_json::from_str(text) {
                Ok(Value::String(inner)) => Some(inner),
                Ok(Value::Null) => None,
                // Two layers of quotes.
                _ => match without_quotes(text.trim()).filter(|inner| is_quoted(inner)) {
                    Some(inner) => serde_json::from_str(inner).ok().or_else(|| without_quotes(inner).map(str::to_owned)),
                    None => Some(text.clone()),
                },
            },
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Yes or no, given as a boolean, a number, or text in English or Russian.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Value::Bool(flag) => Some(flag),
            Value::Number(number) => number.as_f64().map(|number| number != 0.0),
            Value::String(text) => match text.to_lowercase().as_str() {
                "true" | "1" | "yes" | "да" => Some(true),
                "false" | "0" | "no" | "нет" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A time, in milliseconds since 1970. One without a zone is in the account's time zone.
    pub fn time(&self, name: &str) -> Option<i64> {
        time_of(&self.value(name), self.zone, self.received)
    }

    /// A number that UIS gives: its digits stay as they are. None for an anonymous caller and for a text that is not a number.
    pub fn phone(&self, name: &str) -> Option<PhoneNumber> {
        let phone = uis_phones::of_system(&self.text(name)?);
        if let (None, Some(param)) = (&phone, self.values.get(name)) {
            // Pass such a text on as an attribute: people use the parameter for other things, which the plugin may understand.
            param.used.set(false);
        }
        phone.map(number)
    }

    /// The first number in the first of these parameters in which a person typed one, read by the country's numbering plan. The texts stay
    /// among the attributes as they were typed: they may have words and further numbers.
    pub fn typed_phone_of_any(&self, names: &[&str]) -> Option<PhoneNumber> {
        let typed = |name: &&str| uis_phones::typed(&self.peek_text(name)?, self.country).into_iter().next();
        names.iter().find_map(typed).map(number)
    }

    /// A list of texts, given as a list, as JSON inside text, or as text with commas.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Value::Array(items) => items.iter().filter_map(|item| text_of(&decoded(item))).collect(),
            Value::String(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            other => text_of(&other).into_iter().collect(),
        }
    }

    /// A list of objects; one object counts as a list of one.
    pub fn objects(&self, name: &str) -> Vec<serde_json::Map<String, Value>> {
        match self.value(name) {
            Value::Array(items) => items.iter().filter_map(|item| decoded(item).as_object().cloned()).collect(),
            Value::Object(one) => vec![one],
            _ => Vec::new(),
        }
    }

    /// A list of whole numbers; anything else in it is dropped.
    pub fn integers(&self, name: &str) -> Vec<i64> {
        self.texts(name).iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// An employee, identified by at least one of these four parameters; none when all are empty.
    pub fn employee(&self, id: &str, name: &str, email: &str, extension: &str) -> Option<EmployeeHint> {
        let hint = EmployeeHint {
            id: self.integer(id).filter(|id| *id > 0),
            full_name: self.text(name),
            email: self.text(email),
            extension: self.text(extension),
        };
        (hint.id.is_some() || hint.full_name.is_some() || hint.email.is_some() || hint.extension.is_some()).then_some(hint)
    }

    /// All parameters that were not read, as name and value; at most 256, long values cut. Call it last.
    pub fn attributes(&self) -> Vec<(String, String)> {
        let rest = self.values.iter().filter(|(_, param)| !param.used.get() && !param.value.is_null());
        rest.map(|(name, param)| {
            let value = match decoded(&param.value) {
                Value::String(text) => text,
                Value::Null => String::new(),
                other => whole_items(other),
            };
            (cut(name, ATTRIBUTE_NAME_BYTES).to_owned(), cut(&value, ATTRIBUTE_BYTES).to_owned())
        })
        .filter(|(_, value)| !value.is_empty())
        .take(ATTRIBUTES)
        .collect()
    }
}

/// A list or an object as JSON text. Of a list that is too long for an attribute, items at the end are left out: cut inside, it could not be
/// read. An object that is too long is left out.
fn whole_items(value: Value) -> String {
    let text = value.to_string();
    if text.len() <= ATTRIBUTE_BYTES {
        return text;
    }
    let Value::Array(items) = value else { return String::new() };
    let mut length = "[]".len();
    let fits = |item: &Value| {
        length += item.to_string().len() + 1;
        length <= ATTRIBUTE_BYTES
    };
    Value::Array(items.into_iter().take_while(fits).collect()).to_string()
}

/// Whether a name is that of a group: in the nested template, or in an envelope that the receiving service puts around the body.
fn is_group(name: &str) -> bool {
    name.ends_with("_info") || matches!(name, "context" | "args" | "params" | "data")
}

/// Removes what UIS's rendering added: quotes, and JSON inside text. An empty text, `null`, `None`, `undefined` and a placeholder that was
/// not filled in (`{{…}}`) become null.
pub(super) fn decoded(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let text = text.trim();
    match text {
        "" | "null" | "None" | "undefined" | "\"\"" => return Value::Null,
        _ if text.starts_with("{{") && text.ends_with("}}") => return Value::Null,
        _ => {}
    }
    if !matches!(text.as_bytes().first(), Some(b'"' | b'[' | b'{')) {
        return Value::String(text.to_owned());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(inner @ Value::String(_)) => decoded(&inner),
        Ok(inner) => inner,
        // Quotes around a text that is not valid JSON: `"ООО "Ромашка""`.
        Err(_) => match without_quotes(text) {
            // Two layers: `""in""`.
            Some(inner) if is_quoted(inner) => decoded(&Value::String(inner.to_owned())),
            Some(inner) => Value::String(inner.to_owned()),
            None => Value::String(text.to_owned()),
        },
    }
}

/// The text between quotes.
fn without_quotes(text: &str) -> Option<&str> {
    Some(text.strip_prefix('"')?.strip_suffix('"')?.trim())
}

/// Whether quotes stand around the whole text, and not around its first and last words: `"Ромашка"`, but not `"Ромашка" и "Лютик"`.
fn is_quoted(text: &str) -> bool {
    serde_json::from_str::<String>(text).is_ok() || without_quotes(text).is_some_and(|inner| !inner.contains('"'))
}

pub(super) fn integer_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15).map(|number| number as i64)),
        Value::String(text) => text.trim().parse().ok().or_else(|| text.trim().strip_suffix(".0")?.parse().ok()),
        _ => None,
    }
}

pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Reads a time, in milliseconds since 1970: RFC 3339, a local time with a space or a `T`, or seconds or milliseconds since 1970. A local
/// time that occurs twice, at the end of summer time, means the occurrence nearer to `received`.
pub fn time_of(value: &Value, zone: Tz, received: i64) -> Option<i64> {
    if let Some(number) = integer_of(value) {
        return match number {
            1_000_000_000..=9_999_999_999 => Some(number * 1000),
            1_000_000_000_000..=9_999_999_999_999 => Some(number),
            _ => None,
        };
    }
    let text = value.as_str()?.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .and_then(|local| clock::from_local_near(zone, local, clock::instant(received)))
        .map(|time| time.timestamp_millis())
}

fn number(phone: Phone) -> PhoneNumber {
    PhoneNumber { digits: phone.number, extension: phone.extension }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
