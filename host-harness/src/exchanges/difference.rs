//! Compares two requests and shows how they differ: field by field, within JSON too.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;
use uis_host::endpoints::callback::parameters;

use super::exchange::Sent;

/// How requests are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compare {
    /// Byte by byte: the same fields in the same order, the same JSON text.
    #[default]
    Exactly,
    /// By meaning: the order of fields, white space and the order of members within JSON do not matter, nor do the values of times and of
    /// generated ids, as long as both are times or both are generated ids.
    ByMeaning,
}

/// At most this many differing fields are shown.
const ROWS: usize = 20;
/// Longer values are cut to this many characters.
const VALUE_CHARS: usize = 200;

/// Whether a request is the recorded one. A recorded request without a base may be sent anywhere.
pub fn same(recorded: &Sent, sent: &Sent, how: Compare) -> bool {
    let plain = |other: &Sent| (other.method == recorded.method) && (recorded.base.is_empty() || other.base == recorded.base);
    match how {
        Compare::Exactly => {
            plain(sent)
                && (&recorded.path, &recorded.query, &recorded.form, &recorded.json) == (&sent.path, &sent.query, &sent.form, &sent.json)
        }
        Compare::ByMeaning => {
            let (ours, theirs) = (fields(recorded), fields(sent));
            recorded.method == sent.method
                && same_path(&recorded.path, &sent.path)
                && ours.len() == theirs.len()
                && ours.iter().zip(&theirs).all(|((place, value), (other_place, other))| place == other_place && alike(value, other))
        }
    }
}

/// Whether a request is one that was written by hand: compared exactly, but for the order of parameters, which nobody knows.
pub fn same_by_hand(recorded: &Sent, sent: &Sent, how: Compare) -> bool {
    if !related(recorded, sent) {
        return false;
    }
    let sorted = |of: &Sent| {
        let [mut query, mut form] = [parameters(&of.query), parameters(&of.form)];
        query.sort();
        form.sort();
        (query, form)
    };
    let head = |of: &Sent| Sent { query: String::new(), form: String::new(), ..of.clone() };
    same(recorded, sent, how) || (same(&head(recorded), &head(sent), Compare::Exactly) && sorted(recorded) == sorted(sent))
}

/// Whether two requests are for the same method and path, so that it is worth comparing their fields.
pub fn related(recorded: &Sent, sent: &Sent) -> bool {
    recorded.method == sent.method && same_path(&recorded.path, &sent.path)
}

/// How a request differs from the recorded one: a line for each differing part, each with a newline at its end.
pub fn shown(recorded: &Sent, sent: &Sent, how: Compare) -> String {
    let mut rows = Vec::new();
    let mut row = |place: &str, recorded: Option<&str>, sent: Option<&str>| rows.push(format!("  {place}: {}", two(recorded, sent)));
    if !recorded.base.is_empty() && recorded.base != sent.base && how == Compare::Exactly {
        row("address", Some(&recorded.base), Some(&sent.base));
    }
    if !related(recorded, sent) {
        let head = |of: &Sent| format!("{} {}", of.method, of.path);
        row("request", Some(&head(recorded)), Some(&head(sent)));
    }
    let (ours, theirs) = (fields(recorded), fields(sent));
    let places: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for place in places {
        let (value, other) = (ours.get(place).map(String::as_str), theirs.get(place).map(String::as_str));
        let equal = match how {
            Compare::Exactly => value == other,
            Compare::ByMeaning => value.zip(other).is_some_and(|(value, other)| alike(value, other)),
        };
        if !equal {
            row(place, value, other);
        }
    }
    if rows.is_empty() {
        // The fields are equal, so their order or the spelling of JSON differs.
        for (place, value, other) in
            [("query", &recorded.query, &sent.query), ("form", &recorded.form, &sent.form), ("json", &recorded.json, &sent.json)]
        {
            if value != other {
                rows.push(format!("  {place}, in order or white space only: {}", two(Some(value), Some(other))));
            }
        }
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let mut out = rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    if more > 0 {
        let _ = writeln!(out, "  … and {more} more");
    }
    out
}

/// A request with its fields, for messages: a line for each field, each with a newline at its end.
pub fn listed(request: &Sent) -> String {
    let mut out = format!("  {} {}\n", request.method, request.path);
    let all = fields(request);
    for (place, value) in all.iter().take(ROWS) {
        let _ = writeln!(out, "  {place}: {}", cut(value));
    }
    if all.len() > ROWS {
        let _ = writeln!(out, "  … and {} more", all.len() - ROWS);
    }
    out
}

fn two(recorded: Option<&str>, sent: Option<&str>) -> String {
    let part = |value: Option<&str>| value.map_or_else(|| "nothing".to_owned(), cut);
    format!("recorded {}, sent {}", part(recorded), part(sent))
}

fn cut(value: &str) -> String {
    let quoted = format!("{value:?}");
    if quoted.chars().count() <= VALUE_CHARS { quoted } else { quoted.chars().take(VALUE_CHARS).chain(['…']).collect() }
}

/// All fields of a request by their place, like `form order.customer.id`. The second field of a name has `#2` after the name.
fn fields(of: &Sent) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (part, encoded) in [("query", &of.query), ("form", &of.form)] {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in parameters(encoded) {
            let times = seen.entry(name.clone()).or_default();
            *times += 1;
            let place = if *times > 1 { format!("{part} {name}#{times}") } else { format!("{part} {name}") };
            // Structured fields of a form are JSON.
            match serde_json::from_str::<Value>(&value) {
                Ok(json) if json.is_object() || json.is_array() => flatten(&place, &json, &mut all),
                _ => drop(all.insert(place, value)),
            }
        }
    }
    if !of.json.is_empty() {
        match serde_json::from_str::<Value>(&of.json) {
            Ok(json) => flatten("json", &json, &mut all),
            Err(_) => drop(all.insert("json".into(), of.json.clone())),
        }
    }
    all
}

fn flatten(place: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                flatten(&format!("{place}.{name}"), member, all);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{place}[{index}]"), item, all);
            }
        }
        Value::String(text) => drop(all.insert(place.to_owned(), text.clone())),
        other => drop(all.insert(place.to_owned(), other.to_string())),
    }
}

fn same_path(recorded: &str, sent: &str) -> bool {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (recorded.split('/').collect(), sent.split('/').collect());
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(part, other)| *part == other || (is_generated(part) && is_generated(other)))
}

/// Whether two values mean the same.
fn alike(value: &str, other: &str) -> bool {
    let numbers = || value.parse::<f64>().is_ok_and(|number| other.parse::<f64>().is_ok_and(|other| number == other));
    value == other || (is_time(value) && is_time(other)) || (is_generated(value) && is_generated(other)) || (is_decimal(value) && numbers())
}

/// Whether a text is a date with a time, as RFC 3339 or as RetailCRM writes it.
fn is_time(text: &str) -> bool {
    text.len() >= 10
        && (DateTime::parse_from_rfc3339(text).is_ok()
            || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
            || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").is_ok()
            || NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok())
}

/// Whether a text is an id that a program drew: a UUID, or at least sixteen hexadecimal digits with a letter among them.
fn is_generated(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_hexdigit).count();
    let uuid = text.len() == 36 && digits == 32 && text.match_indices('-').map(|(at, _)| at).eq([8, 13, 18, 23]);
    uuid || (digits >= 16 && digits == text.len() && text.chars().any(|digit| digit.is_ascii_alphabetic()))
}

/// Whether a text is a number with a fraction, which may be written in several ways. Digits alone are compared as text: a phone is no number.
fn is_decimal(text: &str) -> bool {
    text.contains('.') && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.' || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(form: &str) -> Sent {
        Sent { method: "POST".into(), path: "/orders/create".into(), form: form.into(), ..Sent::default() }
    }

    #[test]
    fn a_differing_member_of_json_within_a_form_is_shown_by_its_place() {
        let recorded = form("site=shop&order=%7B%22customer%22%3A%7B%22id%22%3A5%7D%2C%22items%22%3A%5B1%5D%7D");
        let sent = form("site=shop&order=%7B%22customer%22%3A%7B%22id%22%3A6%7D%7D");
        assert!(!same(&recorded, &sent, Compare::Exactly) && !same(&recorded, &sent, Compare::ByMeaning));
        assert_eq!(
            shown(&recorded, &sent, Compare::Exactly),
            "  form order.customer.id: recorded \"5\", sent \"6\"\n  form order.items[0]: recorded \"1\", sent nothing\n"
        );
    }

    #[test]
    fn order_spelling_times_and_drawn_ids_are_the_same_by_meaning_only() {
        for (recorded, sent) in [
            ("a=1&b=2", "b=2&a=1"),
            ("a=%7B%22x%22%3A1%2C%22y%22%3A2%7D", "a=%7B+%22y%22%3A2%2C%22x%22%3A1+%7D"),
            ("at=2026-11-23+10%3A00%3A00", "at=2026-11-23+10%3A00%3A01"),
            ("id=1b4e28ba-2fa1-11d2-883f-0016d3cca427", "id=6fa459ea-ee8a-3ca4-894e-db77e160355e"),
            ("sum=10.50", "sum=10.5"),
        ] {
            let (recorded, sent) = (form(recorded), form(sent));
            assert!(!same(&recorded, &sent, Compare::Exactly), "{recorded:?} {sent:?}");
            assert!(same(&recorded, &sent, Compare::ByMeaning), "{recorded:?} {sent:?}");
            assert!(!shown(&recorded, &sent, Compare::Exactly).is_empty());
        }
        for (recorded, sent) in
            [("phone=79161234567", "phone=79161234568"), ("a=1", "a=1&b="), ("a=1&a=2", "a=2&a=1"), ("at=2026-11-23+10%3A00%3A00", "at=")]
        {
            assert!(!same(&form(recorded), &form(sent), Compare::ByMeaning), "{recorded} {sent}");
        }
    }

    #[test]
    fn only_a_recorded_base_is_compared() {
        let at = |base: &str| Sent { base: base.into(), method: "GET".into(), path: "/".into(), ..Sent::default() };
        assert!(same(&at(""), &at("https://a.example"), Compare::Exactly));
        assert!(!same(&at("https://b.example"), &at("https://a.example"), Compare::Exactly));
        assert!(shown(&at("https://b.example"), &at("https://a.example"), Compare::Exactly).contains("address"));
        assert!(same(&at("https://b.example"), &at("https://a.example"), Compare::ByMeaning));
    }
}
