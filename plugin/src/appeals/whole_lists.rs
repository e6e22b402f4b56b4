//! Texts for fields of a limited length, from templates whose parameters may be lists, such as a communication's tags. If the text is too
//! long, items at the end of the lists are left out, so that none is torn; so is an item that does not fit even alone.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::appeal::EventParameters;
use crate::base::{json as read_json, template};

/// Renders a template. If that is longer than `most` characters, its lists have as many items as fit; without a list, or if no item fits, the
/// text stays too long. `unknown` gets the names of parameters without a value.
pub fn render(text: &str, parameters: &dyn EventParameters, most: usize, unknown: impl FnMut(&str)) -> String {
    let whole = template::render(text, |name| parameters.get(name), unknown);
    if length(&whole) <= most {
        return whole;
    }
    // Whether an item fits if it is the only one of all lists.
    let fits_alone = |list: &str, item: &Value| {
        let value = |name: &str| match items(parameters, name) {
            Some(_) => (name == list).then(|| shown(&[item])),
            None => parameters.get(name),
        };
        length(&template::render(text, value, |_| {})) <= most
    };
    let with = |most: usize| template::render(text, |name| first_items(parameters, name, most, &fits_alone), |_| {});
    // The number of items that fit is found by halving.
    let (mut fits, mut too_many) = (0, longest(text, parameters) + 1);
    while too_many - fits > 1 {
        let items = fits + (too_many - fits) / 2;
        if length(&with(items)) <= most {
            fits = items;
        } else {
            too_many = items;
        }
    }
    let fitting = with(fits);
    if fitting == with(0) { whole } else { fitting }
}

fn length(text: &str) -> usize {
    text.trim().chars().count()
}

fn items(parameters: &dyn EventParameters, name: &str) -> Option<Vec<Value>> {
    read_json::read(parameters.raw(name)?.as_bytes()).ok()
}

/// The number of items of the longest list that the template shows.
fn longest(text: &str, parameters: &dyn EventParameters) -> usize {
    let longest = Cell::new(0);
    let count = |name: &str| {
        longest.set(longest.get().max(items(parameters, name).map_or(0, |items| items.len())));
        None
    };
    template::render(text, count, |_| {});
    longest.get()
}

/// A parameter as people read it; of a list only the first `most` items that `fits` accepts.
fn first_items(parameters: &dyn EventParameters, name: &str, most: usize, fits: &dyn Fn(&str, &Value) -> bool) -> Option<String> {
    let Some(items) = items(parameters, name) else { return parameters.get(name) };
    let items: Vec<&Value> = items.iter().filter(|item| fits(name, item)).take(most).collect();
    Some(shown(&items)).filter(|shown| !shown.trim().is_empty())
}

/// A list as people read it.
fn shown(items: &[&Value]) -> String {
    let names: Option<Vec<&str>> = items.iter().map(|item| item.as_str()).collect();
    names.map_or_else(|| json!(items).to_string(), |names| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has tags, their ids and a comment.
    struct Tagged;

    impl EventParameters for Tagged {
        fn raw(&self, name: &str) -> Option<String> {
            let value = match name {
                "tag_names" => r#"["Оптовый клиент","VIP","Москва, центр"]"#,
                "tag_ids" => "[5,70,800]",
                "comment" => "Перезвоните после обеда",
                _ => return None,
            };
            Some(value.to_owned())
        }
        fn all(&self) -> Vec<(String, String)> {
            Vec::new()
        }
    }

    #[test]
    fn whole_tags_are_left_out_where_all_do_not_fit() {
        for (template, most, text) in [
            ("{{tag_names}}", 100, "Оптовый клиент, VIP, Москва, центр"),
            ("{{tag_names}}", 33, "Оптовый клиент, VIP"),
            ("{{tag_names}}", 18, "Оптовый клиент"),
            ("Теги: {{tag_names}}", 24, "Теги: Оптовый клиент"),
            ("{{tag_ids}}", 7, "[5,70]"),
            ("{{tag_ids}}: {{tag_names}}", 28, "[5,70]: Оптовый клиент, VIP"),
            // A tag that is longer than the room beside the text is left out; those that fit stay.
            ("{{tag_names}}", 13, "VIP"),
            ("{{tag_names}}", 10, "VIP"),
            ("Теги: {{tag_names}}", 12, "Теги: VIP"),
            // The caller cuts a text without a list, and tags that are all longer than the field.
            ("{{comment}}", 10, "Перезвоните после обеда"),
            ("{{tag_names}}", 2, "Оптовый клиент, VIP, Москва, центр"),
        ] {
            assert_eq!(render(template, &Tagged, most, |_| {}), text, "{template} {most}");
        }
    }
}
