//! No planted value survives masking, wherever it stands: in members, in lists, in JSON within strings, in forms, in queries, in free text.

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_gateway::privacy::masking;

/// A value that identifies somebody, and the part of it that must not be found.
fn planted() -> impl Strategy<Value = (String, String)> {
    let phone = "7[0-9]{10}".prop_map(|digits| (digits.clone(), digits[1..9].to_owned()));
    let spaced = "7[0-9]{10}".prop_map(|digits| {
        let spaced = format!("+{} ({}) {}-{}-{}", &digits[..1], &digits[1..4], &digits[4..7], &digits[7..9], &digits[9..]);
        let part = spaced[4..12].to_owned();
        (spaced, part)
    });
    let email = "[a-z]{6,10}@[a-z]{6,10}\\.ru".prop_map(|email| (email.clone(), email[1..email.len() - 3].to_owned()));
    let name = "[A-Z][a-z]{5,9}qx".prop_map(|name| (name.clone(), name));
    let russian = "[А-Я][а-я]{5,9}ъъ".prop_map(|name| (name.clone(), name));
    let token = "[A-Z]{4}[0-9]{4}[a-z]{12}".prop_map(|token| (token.clone(), token));
    let link = "[a-z]{8}[0-9]{8}".prop_map(|key| (format!("https://shop.example/cart?key={key}"), key));
    prop_oneof![phone, spaced, email, name, russian, token, link]
}

/// Names of members under which personal data comes, known and unknown ones.
fn names() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "contact_phone_number",
        "contact_full_name",
        "visitor_name",
        "visitor_email",
        "text",
        "message",
        "comment",
        "reason",
        "firstName",
        "phones",
        "externalId",
        "visitor_id",
        "page_url",
    ]);
    prop_oneof![known.prop_map(str::to_owned), "x[a-z_]{3,9}"]
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The value, put somewhere.
fn places(name: &str, value: &str) -> Vec<Value> {
    let object = json!({ name: value, "direction": "in" });
    vec![
        object.clone(),
        json!({ "visitor": { name: [value, value] } }),
        json!({ "data": object.to_string() }),
        json!({ "data": json!({ "inner": object.to_string() }).to_string() }),
        json!({ "form": [[name, value]], "query": [["data", object.to_string()]] }),
        json!({ "body": encoded(&[(name, value), ("direction", "in")]) }),
        json!({ "body": encoded(&[("data", &object.to_string())]) }),
        json!({ value: 1 }),
        json!([value]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_planted_value_survives_in_json((value, part) in planted(), name in names()) {
        // A name is only known by the list of members: as the name of a member it may be anything.
        let is_name = value.bytes().all(|byte| byte.is_ascii_alphanumeric()) && value.bytes().filter(u8::is_ascii_digit).count() <= 4;
        for place in places(&name, &value) {
            if is_name && place.get(&value).is_some() {
                continue;
            }
            let shown = masking::json(&place).to_string();
            prop_assert!(!shown.contains(&part), "{place} became {shown}");
            let steps = json!([{"step": "request", "form": [["order", place.to_string()]], "answer": {"status": 200, "body": place.to_string()}}]);
            let shown = masking::steps(&steps).to_string();
            prop_assert!(is_name || !shown.contains(&part), "{steps} became {shown}");
        }
    }

    #[test]
    fn no_planted_value_survives_in_bodies_and_text((value, part) in planted(), name in names()) {
        let form = encoded(&[(&name, &value)]);
        let object = json!({ &name: &value }).to_string();
        for body in [form, object, value.clone(), format!("{name}: {value}")] {
            let shown = masking::body(&body);
            prop_assert!(!shown.contains(&part), "{body} became {shown}");
        }
        for text in [
            format!("the customer {value} was not found"),
            format!("refused: \"{value}\""),
            format!("Rejected(\"the field «{value}» is wrong\")"),
            value.clone(),
        ] {
            let shown = masking::text(&text);
            prop_assert!(!shown.contains(&part), "{text} became {shown}");
        }
    }

    #[test]
    fn masking_what_was_masked_changes_nothing((value, _) in planted()) {
        let once = masking::text(&format!("the customer {value} was not found"));
        prop_assert_eq!(masking::text(&once), once.clone());
    }

    #[test]
    fn anything_can_be_masked(text in "\\PC{0,60}") {
        masking::text(&text);
        masking::body(&text);
        masking::json(&json!({ text.clone(): text }));
    }
}
