//! Custom fields that a person may have filled. What stands there stays: a text gets ours beside it, once; any other value stays as it is,
//! unless the row's «Обновлять всегда» is on. A value that we wrote ourselves is replaced.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::base::keys::Key;
use crate::base::outcome::skipped;
use crate::base::{stored, template};
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::custom_fields::Field;
use crate::settings::common::ExtraFieldRow;

/// As long as a visitor is remembered.
const TTL_MS: u64 = 400 * 24 * 3_600_000;
/// RetailCRM's longest single-line value, in characters.
pub const LINE_MAX: usize = 255;
/// The longest multi-line value, in characters. This limit is ours; no call has more text.
pub const TEXT_MAX: usize = 4000;

/// The texts that we wrote into fields of one customer or order, by the fields' codes.
pub type OwnTexts = BTreeMap<String, Value>;

/// What the fields of one customer or order hold, and what we know of it.
pub struct Filled<'a> {
    /// The account's fields.
    pub known: &'a [Field],
    /// The values in RetailCRM now.
    pub now: &'a Map<String, Value>,
    /// What we wrote last.
    pub own: &'a OwnTexts,
}

/// The texts that we wrote into the fields of `record`: `customer/17`, `order/uis-chat-601`.
pub fn own_texts(context: &Context<'_>, record: &str) -> Result<OwnTexts, Failure> {
    Ok(stored::load(context.platform, Key::OwnTexts(record))?.unwrap_or_default())
}

/// Stores the texts that we wrote into fields of `record` that later appeals may update.
pub fn remember(
    context: &Context<'_>,
    record: &str,
    known: &[Field],
    rows: &[ExtraFieldRow],
    written: &Map<String, Value>,
) -> Result<(), Failure> {
    let is_updated = |code: &String| rows.iter().any(|row| row.field == *code && row.always) && is_text(known, code);
    let texts: OwnTexts = written.iter().filter(|(code, _)| is_updated(code)).map(|(code, value)| (code.clone(), value.clone())).collect();
    if texts.is_empty() {
        return Ok(());
    }
    stored::update(context.platform, Key::OwnTexts(record), Some(TTL_MS), |own: &mut OwnTexts| own.extend(texts.clone()))
}

/// Whether what stands in the field of a row has to be read before the row is written.
pub fn is_guarded(known: &[Field], row: &ExtraFieldRow) -> bool {
    !row.always || is_text(known, &row.field)
}

fn is_text(known: &[Field], code: &str) -> bool {
    known.iter().any(|field| field.code == code && field.kind == "text")
}

/// The values to write, and what stays unwritten because a person filled the field.
pub fn beside(filled: &Filled<'_>, rows: &[ExtraFieldRow], values: &Map<String, Value>) -> (Map<String, Value>, Vec<Skipped>) {
    let (mut written, mut left_out) = (Map::new(), Vec::new());
    for (code, value) in values {
        let guarded = rows.iter().find(|row| row.field == *code).is_none_or(|row| is_guarded(filled.known, row));
        let now = filled.now.get(code).filter(|now| !is_empty(now));
        let own = filled.own.get(code);
        match now {
            Some(now) if guarded && same(now, value) => {}
            Some(now) if guarded && !own.is_some_and(|own| same(now, own)) => {
                let kind = filled.known.iter().find(|field| field.code == *code).map_or("", |field| field.kind.as_str());
                match joined(kind, now, own, value) {
                    Some(both) if both == *now => {}
                    Some(both) => drop(written.insert(code.clone(), both)),
                    None => left_out.push(skipped(
                        format!("field {code}"),
                        format!("somebody has filled it, and that stays; not written: {}", template::line(&text(value), 80)),
                    )),
                }
            }
            _ => drop(written.insert(code.clone(), value.clone())),
        }
    }
    (written, left_out)
}

/// A person's value together with ours; none if the field cannot hold both.
fn joined(kind: &str, now: &Value, own: Option<&Value>, ours: &Value) -> Option<Value> {
    if let (Value::Array(now), Value::Array(ours)) = (now, ours) {
        let mut all = now.clone();
        all.extend(ours.iter().filter(|one| !now.contains(one)).cloned());
        return Some(all.into());
    }
    let (separator, most) = match kind {
        "text" => ("\n", TEXT_MAX),
        "string" => ("; ", LINE_MAX),
        _ => return None,
    };
    let (now, ours) = (now.as_str()?.replace("\r\n", "\n"), ours.as_str()?);
    if place(&now, ours, separator).is_some() {
        return Some(json!(now));
    }
    let both = match own.and_then(Value::as_str).and_then(|own| place(&now, own, separator)) {
        Some(place) => format!("{}{ours}{}", &now[..place.start], &now[place.end..]),
        None => format!("{}{separator}{ours}", now.trim_end()),
    };
    (both.chars().count() <= most).then(|| json!(both))
}

/// Where a text stands in another one as a part of its own.
fn place(whole: &str, part: &str, separator: &str) -> Option<std::ops::Range<usize>> {
    let (part, separator) = (part.trim(), separator.trim_end_matches(' '));
    let begins = |at: usize| at == 0 || whole[..at].trim_end_matches(' ').ends_with(separator);
    let ends = |at: usize| at == whole.len() || whole[at..].trim_start_matches(' ').starts_with(separator);
    let mut places = whole.match_indices(part).map(|(at, _)| at..at + part.len());
    places.find(|place| !part.is_empty() && begins(place.start) && ends(place.end))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether two values are the same, whatever RetailCRM made of their spaces.
fn same(left: &Value, right: &Value) -> bool {
    let words = |value: &Value| text(value).split_whitespace().collect::<Vec<_>>().join(" ");
    left == right || words(left) == words(right)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retailcrm::custom_fields::Entity;

    const KINDS: [(&str, &str); 4] = [("note", "text"), ("utm", "string"), ("visits", "integer"), ("ways", "multiselect_dictionary")];

    /// What is written into a field that holds `now`, after we wrote `own`; and whether something was left out.
    fn written(code: &str, always: bool, (now, own): (Value, Value), ours: Value) -> (Option<Value>, bool) {
        let known: Vec<Field> =
            KINDS.iter().map(|(code, kind)| Field { code: (*code).into(), kind: (*kind).into(), ..Field::default() }).collect();
        let map = |value: Value| Map::from_iter([(code.to_owned(), value)]);
        let own = if own.is_null() { OwnTexts::new() } else { OwnTexts::from([(code.to_owned(), own)]) };
        let rows = [ExtraFieldRow { entity: Entity::Customer, field: code.into(), value: "{{x}}".into(), always }];
        let (written, left_out) = beside(&Filled { known: &known, now: &map(now), own: &own }, &rows, &map(ours));
        (written.get(code).cloned(), !left_out.is_empty())
    }

    #[test]
    fn what_a_person_wrote_into_a_text_stays_and_ours_is_added_once() {
        for always in [false, true] {
            let text = |now: &str, own: Value, ours: &str| written("note", always, (json!(now), own), json!(ours));
            assert_eq!(text("", Value::Null, "VIP"), (Some(json!("VIP")), false));
            assert_eq!(text("Код 22", Value::Null, "VIP"), (Some(json!("Код 22\nVIP")), false));
            assert_eq!(text("Код 22\nVIP", Value::Null, "VIP"), (None, false));
            assert_eq!(text("VIP", json!("VIP"), "VIP, Опт"), (Some(json!("VIP, Опт")), false), "nobody changed it");
            assert_eq!(text("VIP\r\nКод 22", json!("VIP"), "Опт"), (Some(json!("Опт\nКод 22")), false), "ours alone is replaced");
            assert_eq!(text("VIPы не звонят", json!("VIP"), "Опт"), (Some(json!("VIPы не звонят\nОпт")), false));
            assert_eq!(text(&"й".repeat(TEXT_MAX), Value::Null, "VIP"), (None, true));
        }
    }

    #[test]
    fn other_values_of_a_person_stay_unless_the_row_is_always_written() {
        let kept = |code: &str, now: Value, own: Value, ours: Value| written(code, false, (now, own), ours);
        assert_eq!(kept("utm", json!("от Анны"), Value::Null, json!("vk")), (Some(json!("от Анны; vk")), false));
        assert_eq!(kept("visits", json!(3), Value::Null, json!(4)), (None, true));
        assert_eq!(kept("visits", json!(3), json!(3), json!(4)), (Some(json!(4)), false));
        assert_eq!(kept("visits", Value::Null, Value::Null, json!(4)), (Some(json!(4)), false));
        assert_eq!(kept("ways", json!(["vk"]), Value::Null, json!(["ya", "vk"])), (Some(json!(["vk", "ya"])), false));
        assert_eq!(written("utm", true, (json!("от Анны"), Value::Null), json!("vk")), (Some(json!("vk")), false));
        assert_eq!(written("visits", true, (json!(3), Value::Null), json!(4)), (Some(json!(4)), false));
    }
}
