//! The tags of a communication. Notifications have `tag_ids` and `tag_names`, each a list, null, or JSON inside text; rows of UIS's reports
//! have `tags`, a list of objects.

use serde_json::Value;

use super::params::{Params, decoded, integer_of, text_of};
use crate::bindings::uis::integration::types::Tag;

/// Most tags of a communication; further ones are dropped.
const TAGS: usize = 256;

/// The tags that a notification or a row has. The parameters stay among the attributes, because templates use them under UIS's names.
pub fn tags(params: &Params) -> Vec<Tag> {
    let (ids, names) = (params.peek("tag_ids"), params.peek("tag_names"));
    let (ids, names) = (items(&ids, None), items(&names, Some(items(&ids, None).len())));
    let found: Vec<Tag> = match (ids.len(), names.len()) {
        (0, 0) => items(&params.peek("tags"), None).iter().map(reported).collect(),
        (known, named) if known == named => ids.iter().zip(&names).map(|(id, name)| tag(integer_of(id), text_of(name))).collect(),
        // Nothing says which name belongs to which id.
        _ => {
            let nameless = ids.iter().map(|id| tag(integer_of(id), None));
            nameless.chain(names.iter().map(|name| tag(None, text_of(name)))).collect()
        }
    };
    let mut tags: Vec<Tag> = Vec::new();
    for tag in found {
        if (tag.id.is_some() || !tag.name.is_empty()) && !tags.contains(&tag) && tags.len() < TAGS {
            tags.push(tag);
        }
    }
    tags
}

fn tag(id: Option<i64>, name: Option<String>) -> Tag {
    Tag { id: id.filter(|id| *id > 0), name: name.unwrap_or_default() }
}

/// A tag of a report's row: an object with the Data API's names, or a name.
fn reported(item: &Value) -> Tag {
    match item {
        Value::Object(row) => {
            let first = |names: [&str; 2]| names.iter().find_map(|name| row.get(*name)).map(decoded).unwrap_or_default();
            tag(integer_of(&first(["tag_id", "id"])), text_of(&first(["tag_name", "name"])))
        }
        other => tag(None, text_of(other)),
    }
}

/// The items of a list, in their places. Text that is no JSON is a list with commas, unless `count` says that it is one item.
fn items(value: &Value, count: Option<usize>) -> Vec<Value> {
    match value {
        Value::Array(items) => items.iter().map(decoded).collect(),
        Value::Null => Vec::new(),
        Value::String(text) if count != Some(1) => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        other => vec![other.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: Value) -> Vec<(Option<i64>, String)> {
        let params = Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("an object");
        let found = tags(&params).into_iter().map(|tag| (tag.id, tag.name)).collect();
        let kept = params.attributes().len();
        assert_eq!(kept, body.as_object().expect("an object").values().filter(|value| !decoded(value).is_null()).count());
        found
    }

    #[test]
    fn ids_and_names_are_paired_by_position_in_every_form() {
        let both = [(Some(5), "VIP".to_owned()), (Some(7), "Опт".to_owned())];
        for (ids, names) in [
            (json!([5, 7]), json!(["VIP", "Опт"])),
            (json!("[5,7]"), json!("[\"VIP\",\"Опт\"]")),
            (json!(["5", "7"]), json!("VIP, Опт")),
            (json!("5,7"), json!(["VIP", "Опт"])),
        ] {
            assert_eq!(of(json!({"tag_ids": ids, "tag_names": names})), both, "{ids} {names}");
        }
        assert_eq!(of(json!({"tag_ids": 5, "tag_names": "Опт, Москва"})), [(Some(5), "Опт, Москва".to_owned())]);
        assert_eq!(of(json!({"tag_ids": [5, 5], "tag_names": ["VIP", "VIP"]})), both[..1]);
    }

    #[test]
    fn what_cannot_be_paired_is_not_paired() {
        let name = |name: &str| (None, name.to_owned());
        assert_eq!(of(json!({"tag_names": ["VIP", "Опт"]})), [name("VIP"), name("Опт")]);
        assert_eq!(of(json!({"tag_ids": [5], "tag_names": null})), [(Some(5), String::new())]);
        assert_eq!(of(json!({"tag_ids": [5], "tag_names": ["VIP", "Опт"]})), [(Some(5), String::new()), name("VIP"), name("Опт")]);
        assert_eq!(of(json!({"tag_ids": [5, 7], "tag_names": ["VIP", null]})), [(Some(5), "VIP".to_owned()), (Some(7), String::new())]);
        for nothing in [json!(null), json!("null"), json!([]), json!([null]), json!("")] {
            assert_eq!(tags(&Params::from_body(&json!({"tag_ids": nothing, "tag_names": nothing}), chrono_tz::UTC, 0).expect("read")), []);
        }
    }

    #[test]
    fn a_row_of_a_report_has_objects() {
        let rows = json!([{"tag_id": 5, "tag_name": "VIP", "tag_type": "auto"}, {"tag_id": null, "tag_name": "Опт"}, "Имя"]);
        let expected = [(Some(5), "VIP".to_owned()), (None, "Опт".to_owned()), (None, "Имя".to_owned())];
        assert_eq!(of(json!({"tags": rows})), expected);
        assert_eq!(of(json!({"tags": rows.to_string()})), expected);
        assert_eq!(of(json!({"tags": null})), []);
    }
}
