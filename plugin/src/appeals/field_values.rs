//! «Передавать дополнительные поля»: parameters from UIS, written into custom fields of RetailCRM. Each value is converted to its field's
//! type. A value that cannot be converted is skipped and reported; the others are written. A parameter that UIS did not send never erases a
//! field.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use crate::appeal::Appeal;
use crate::appeals::filled_fields::{LINE_MAX, TEXT_MAX};
use crate::appeals::{missing_fields, whole_lists};
use crate::base::outcome::skipped;
use crate::base::template;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::crm_state::known_fields;
use crate::retailcrm::custom_fields::{Entity, Field};
use crate::settings::common::ExtraFieldRow;

/// The longest value that is written into a field, in characters.
fn longest(field: &Field) -> usize {
    if field.kind == "text" { TEXT_MAX } else { LINE_MAX }
}

/// The values of `rows`, filled with the appeal's parameters, and the rows that were skipped.
pub fn values<'a>(
    context: &Context<'_>,
    entity: Entity,
    rows: impl Iterator<Item = &'a ExtraFieldRow>,
    appeal: &Appeal<'_>,
) -> Result<(Map<String, Value>, Vec<Skipped>), Failure> {
    let (fields, parameters) = (known_fields::of(context.platform, entity)?, appeal.parameters);
    let (mut values, mut left_out) = (Map::new(), Vec::new());
    for row in rows {
        let field = fields.iter().find(|field| field.code == row.field);
        let takes_list = field.is_some_and(|field| field.kind == "multiselect_dictionary");
        let any = Cell::new(!row.value.contains("{{"));
        let value_of = |name: &str| if takes_list { parameters.raw(name) } else { parameters.get(name) }.inspect(|_| any.set(true));
        let text = template::render(&row.value, value_of, |_| {});
        // When UIS sent none of the template's parameters, the text around them is not a value.
        if !any.get() || text.trim().is_empty() {
            continue;
        }
        let Some(field) = field else {
            left_out.push(missing_fields::skipped(appeal.id.kind, entity, &row.field));
            continue;
        };
        let text = if takes_list { text } else { whole_lists::render(&row.value, parameters, longest(field), |_| {}) };
        if !takes_list && text.trim().chars().count() > longest(field) {
            template::log_whole(context.platform, &row.field, text.trim());
        }
        match convert(field, text.trim()) {
            Ok(value) => drop(values.insert(row.field.clone(), value)),
            Err(why) => left_out.push(skipped(format!("field {}", row.field), format!("{why}: {}", template::line(&text, 80)))),
        }
    }
    Ok((values, left_out))
}

/// Converts a text to a field's type.
fn convert(field: &Field, text: &str) -> Result<Value, String> {
    let wrong = || format!("the field holds a {}", field.kind);
    match field.kind.as_str() {
        "boolean" => match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "да" => Ok(json!(true)),
            "false" | "0" | "no" | "нет" => Ok(json!(false)),
            _ => Err(wrong()),
        },
        "integer" => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
        "numeric" => text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from).ok_or_else(wrong),
        "date" => date(text).map(Value::from).ok_or_else(wrong),
        "datetime" => match (date(text), text.get(10..11), text.get(11..19)) {
            (Some(day), Some(" " | "T"), Some(clock)) if is_clock(clock) => Ok(json!(format!("{day} {clock}"))),
            (Some(day), None, None) => Ok(json!(format!("{day} 00:00:00"))),
            _ => Err(wrong()),
        },
        "dictionary" => element(field, text).map(Value::from),
        "multiselect_dictionary" => {
            // UIS sends lists as JSON or separated by commas.
            let listed: Option<Vec<String>> = crate::base::json::read(text.as_bytes()).ok();
            let items = listed.unwrap_or_else(|| text.split(',').map(|item| item.trim().to_owned()).collect());
            let codes: Result<Vec<String>, String> =
                items.iter().filter(|item| !item.is_empty()).map(|item| element(field, item)).collect();
            codes.map(|codes| json!(codes))
        }
        "email" => {
            let fits = text
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace));
            if fits { Ok(json!(text)) } else { Err(wrong()) }
        }
        "text" => Ok(json!(template::lines(text, longest(field)))),
        _ => Ok(json!(template::line(text, longest(field)))),
    }
}

/// The code of a dictionary's element, found by its code or its name.
fn element(field: &Field, text: &str) -> Result<String, String> {
    let by_code = field.elements.iter().find(|(code, _)| code == text);
    let found = by_code.or_else(|| field.elements.iter().find(|(_, name)| name.to_lowercase() == text.to_lowercase()));
    found.map(|(code, _)| code.clone()).ok_or_else(|| format!("its dictionary has no element {:?}", template::line(text, 80)))
}

/// Reads `Y-m-d` at the beginning of a text, or `d.m.Y`.
fn date(text: &str) -> Option<String> {
    let number = |part: &str| (!part.is_empty() && part.chars().all(|c| c.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten();
    let parts = |separator: char| -> Option<[u32; 3]> {
        let mut parts = text.get(..10)?.split(separator).map(number);
        let found = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(found)
    };
    let [year, month, day] = parts('-').or_else(|| parts('.').map(|[day, month, year]| [year, month, day]))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    ((1..=12).contains(&month) && (1..=days).contains(&day) && (1000..=9999).contains(&year))
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<u32> = text.split(':').filter_map(|part| part.parse().ok()).collect();
    matches!(parts[..], [hour, minute, second] if text.len() == 8 && hour < 24 && minute < 60 && second < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_converted_to_every_type() {
        let elements = vec![("vk".to_owned(), "ВКонтакте".to_owned()), ("ya".to_owned(), "Яндекс".to_owned())];
        let converted = |kind: &str, text: &str| {
            convert(&Field { code: "f".into(), name: "f".into(), kind: kind.into(), elements: elements.clone() }, text).ok()
        };
        for (kind, text, value) in [
            ("boolean", "да", Some(json!(true))),
            ("boolean", "maybe", None),
            ("integer", "17", Some(json!(17))),
            ("integer", "1.5", None),
            ("numeric", "1,5", Some(json!(1.5))),
            ("numeric", "NaN", None),
            ("date", "2026-11-23 10:00:00.123", Some(json!("2026-11-23"))),
            ("date", "23.11.2026", Some(json!("2026-11-23"))),
            ("date", "2026-02-29", None),
            ("date", "вчера когда-то", None),
            ("datetime", "2026-11-23 10:00:00.123", Some(json!("2026-11-23 10:00:00"))),
            ("datetime", "2026-11-23", Some(json!("2026-11-23 00:00:00"))),
            ("datetime", "2026-11-23 25:00:00", None),
            ("dictionary", "яндекс", Some(json!("ya"))),
            ("dictionary", "google", None),
            ("multiselect_dictionary", "[\"vk\",\"Яндекс\"]", Some(json!(["vk", "ya"]))),
            ("multiselect_dictionary", "vk, ya", Some(json!(["vk", "ya"]))),
            ("email", "a@b.example", Some(json!("a@b.example"))),
            ("email", "a", None),
            ("string", "<b>x</b>", Some(json!("‹b›x‹/b›"))),
            ("text", "<b>\r\nx", Some(json!("‹b› \nx"))),
        ] {
            assert_eq!(converted(kind, text), value, "{kind} {text}");
        }
    }
}
