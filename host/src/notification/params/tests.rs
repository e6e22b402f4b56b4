use super::*;
use serde_json::json;

const MOSCOW: Tz = chrono_tz::Europe::Moscow;

fn body(value: Value) -> Params {
    Params::from_body(&value, MOSCOW, 0).expect("an object")
}

#[test]
fn a_value_is_recognised_in_every_form() {
    for written in [json!(12), json!("12"), json!(12.0), json!("12.0"), json!(" \"12\" ")] {
        assert_eq!(body(json!({ "talk": written })).seconds("talk"), Some(12), "{written}");
    }
    for written in [json!(null), json!("null"), json!(""), json!("None"), json!("{{talk}}"), json!([]), json!("soon"), json!(-1)] {
        assert_eq!(body(json!({ "talk": written })).seconds("talk"), None, "{written}");
    }
    for written in [json!(["a", "b"]), json!("[\"a\",\"b\"]"), json!("a, b"), json!("\"[\\\"a\\\",\\\"b\\\"]\"")] {
        assert_eq!(body(json!({ "tags": written })).texts("tags"), ["a", "b"], "{written}");
    }
    assert_eq!(body(json!({"name": "\"ООО \"Ромашка\"\""})).text("name").as_deref(), Some("ООО \"Ромашка\""));
}

#[test]
fn a_group_supplies_parameters_that_are_missing_outside() {
    let params = body(json!({
        "call_session_id": null,
        "direction": "out",
        "call_info": {"call_session_id": 5, "direction": "in"},
        "contact_info": "{\"contact_phone_number\":\"79161234567\"}",
    }));
    assert_eq!(params.integer("call_session_id"), Some(5));
    assert_eq!(params.text("direction").as_deref(), Some("out"));
    assert_eq!(params.phone("contact_phone_number").map(|phone| phone.digits).as_deref(), Some("79161234567"));
}

#[test]
fn a_quoted_query_is_read_like_a_body() {
    let params =
        Params::from_query("?direction=%22in%22&call_session_id=7&tag_names=null&start_time=%222026-11-23+10%3A00%3A00.5%22", MOSCOW, 0);
    assert_eq!(params.text("direction").as_deref(), Some("in"));
    assert_eq!(params.integer("call_session_id"), Some(7));
    assert!(params.texts("tag_names").is_empty());
    assert_eq!(params.time("start_time"), Some(1_795_417_200_500));
}

#[test]
fn a_query_loses_one_or_two_layers_of_quotes() {
    for (written, meant) in [
        ("in", "in"),
        ("\"in\"", "in"),
        ("\"\"in\"\"", "in"),
        ("\"ООО \"Ромашка\"\"", "ООО \"Ромашка\""),
        ("\"\"Ромашка\" и \"Лютик\"\"", "\"Ромашка\" и \"Лютик\""),
        ("\"\"C:\\pbx\"\"", "C:\\pbx"),
    ] {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("name", written).finish();
        let params = Params::from_query(&query, chrono_tz::Europe::Moscow, 0);
        assert_eq!(params.text("name").as_deref(), Some(meant), "{written}");
    }
    let read = |query: &str| Params::from_query(query, chrono_tz::Europe::Moscow, 0);
    assert_eq!(read("id=%22%227%22%22").integer("id"), Some(7));
    assert_eq!(read("tags=%22%22%22%22").text("tags"), None);
    assert_eq!(read("text=%22%22Жду%20звонка%22%22").free_text("text").as_deref(), Some("Жду звонка"));
    assert_eq!(read("text=%22Ромашка%22%20и%20%22Лютик%22").free_text("text").as_deref(), Some("\"Ромашка\" и \"Лютик\""));
}

#[test]
fn times_without_a_zone_are_in_the_accounts_zone() {
    let at = |value: Value| time_of(&value, MOSCOW, 0);
    let expected = Some(1_795_417_200_000);
    for written in [
        json!("2026-11-23 10:00:00"),
        json!("2026-11-23T10:00:00.000"),
        json!("2026-11-23T07:00:00Z"),
        json!(1_795_417_200),
        json!("1795417200"),
    ] {
        assert_eq!(at(written.clone()), expected, "{written}");
    }
    assert_eq!(at(json!("yesterday")), None);
    assert_eq!(at(json!(5)), None);
}

#[test]
fn numbers_of_uis_stay_as_they_are_and_words_are_anonymous() {
    let phone = |text: &str| {
        let params = body(json!({ "contact_phone_number": text }));
        let phone = params.phone("contact_phone_number").map(|phone| (phone.digits, phone.extension.unwrap_or_default()));
        assert_eq!(params.attributes().len(), usize::from(phone.is_none() && !text.is_empty()), "{text}");
        phone
    };
    for (given, digits, extension) in [
        ("74955140578...2345", "74955140578", "2345"),
        ("+7 (495) 514-05-78 доб. 12", "74955140578", "12"),
        ("84938550164", "84938550164", ""),
        ("6582550437", "6582550437", ""),
        ("sip:101@pbx.example", "101", ""),
    ] {
        assert_eq!(phone(given), Some((digits.into(), extension.into())), "{given}");
    }
    for anonymous in ["anonymous", "Аноним", "0", "", "+", "restricted", &"9".repeat(40)] {
        assert_eq!(phone(anonymous), None, "{anonymous}");
    }
}

#[test]
fn what_a_person_typed_is_read_by_the_country_and_kept() {
    let typed = |text: &str, country: &str| {
        let country = country.parse().expect("a country");
        let params = body(json!({"visitor_phone_number": text, "contact_phone_number": "8 800 555-35-35"})).in_country(country);
        let phone = params.typed_phone_of_any(&["visitor_phone_number", "contact_phone_number"]);
        assert_eq!(params.attributes()[1], ("visitor_phone_number".to_owned(), text.to_owned()));
        phone.map(|phone| (phone.digits, phone.extension.unwrap_or_default()))
    };
    for (text, country, digits, extension) in [
        ("8 903 111-02-20, 8 903 111-02-30", "RU", "79031110220", ""),
        ("8 812 555-01-39 местный 15", "RU", "78125550139", "15"),
        ("029 123-45-67 после 18", "BY", "375291234567", ""),
        ("0000000000", "RU", "78005553535", ""),
    ] {
        assert_eq!(typed(text, country), Some((digits.into(), extension.into())), "{text}");
    }
}

#[test]
fn parameters_that_were_not_read_become_attributes() {
    let params = body(json!({"call_session_id": 1, "utm_source": "\"yandex\"", "empty": null, "segments": [1, 2]}));
    params.integer("call_session_id");
    assert_eq!(params.attributes(), [("segments".to_owned(), "[1,2]".to_owned()), ("utm_source".to_owned(), "yandex".to_owned())]);
}
