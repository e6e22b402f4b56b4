//! Notifications with bad content: any field may be missing, null, of another type, very long, or an attack. No call may be lost or stored
//! twice because of it, and nothing harmful may reach RetailCRM.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_blocking;

/// All notifications about three calls, with all parameters: one call is answered, one is lost, and one is outgoing.
fn notifications() -> Vec<(&'static str, Value)> {
    let common = |session: i64, phone: &str, direction: &str| {
        json!({
            "call_session_id": session, "contact_phone_number": phone, "direction": direction, "virtual_phone_number": "74951112233",
            "notification_time": "2026-11-23 10:01:00.000", "notification_name": "crm", "contact_full_name": "Пётр", "contact_id": 7,
            "employee_id": 1, "employee_full_name": "Иванова Анна", "employee_email": "a@x.example", "extension_phone_number": "101",
            "call_source": "va", "external_id": null, "leg_id": 5, "is_transfer": false, "scenario_name": "Отдел продаж",
            "communication_number": 3, "tag_names": ["горячий"], "utm_source": "yandex", "utm_campaign": "осень", "campaign_name": "Осень",
            "search_query": "купить слона", "site_domain_name": "shop.example", "visitor_city": "Омск",
        })
    };
    let with = |session: i64, phone: &str, direction: &str, more: Value| {
        let mut body = common(session, phone, direction);
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let totals = json!({
        "talk_time_duration": 30, "total_time_duration": 40, "wait_time_duration": 10, "is_lost": false, "finish_reason": "subscriber_busy",
        "start_time": "2026-11-23 10:00:00", "finish_time": "2026-11-23 10:00:40", "last_talked_employee_id": 1,
        "record_file_links": "[\"https://records.example/1/1\"]",
    });
    let lost = json!({"talk_time_duration": 0, "total_time_duration": 20, "wait_time_duration": 20, "is_lost": true});
    let record = json!({"file_link": "https://records.example/1/1", "file_duration": 30, "tag_ids": "[1]"});
    let (first, second, third) = ("79160000001", "79160000002", "79160000003");
    vec![
        ("in_call_session", with(1, first, "in", json!({}))),
        ("out_call", with(1, first, "in", json!({}))),
        ("call_connected", with(1, first, "in", json!({"leg_ids": [5]}))),
        ("talk_finished", with(1, first, "in", json!({"talk_time_duration": 30}))),
        ("call_session_finished", with(1, first, "in", totals.clone())),
        ("record_ready", with(1, first, "in", record)),
        ("set_mark", json!({"communication_type": "call", "communication_id": 1, "contact_phone_number": first, "tag_names": ["vip"]})),
        ("in_call_session", with(2, second, "in", json!({}))),
        ("out_call", with(2, second, "in", json!({}))),
        ("lost_call_session", with(2, second, "in", json!({"employee_ids": "[1]", "wait_time_duration": 20, "lost_reason": "no_answer"}))),
        ("call_session_finished", with(2, second, "in", lost.clone())),
        ("out_call_session", with(3, third, "out", json!({"employee_phone_number": "74950000101"}))),
        ("call_session_finished", with(3, third, "out", lost)),
    ]
}

/// The rows of the same calls in UIS's report, from which the plugin restores what notifications lack.
fn report() -> Value {
    let row = |session: i64, phone: &str, direction: &str, talk: u32| {
        json!({
            "id": session, "start_time": "2026-11-23 10:00:00", "finish_time": "2026-11-23 10:00:40", "direction": direction,
            "contact_phone_number": phone, "virtual_phone_number": "74951112233", "is_lost": talk == 0, "talk_duration": talk,
            "total_duration": talk + 10, "wait_duration": 10, "employees": [{"employee_id": 1, "is_talked": talk > 0}],
        })
    };
    json!([row(1, "79160000001", "in", 30), row(2, "79160000002", "in", 0), row(3, "79160000003", "out", 0)])
}

/// A recording of these notifications. Every setting that copies texts of a call to RetailCRM is on.
fn recording(sent: &[(&str, Value)]) -> String {
    let field = |code: &str, kind: &str| json!({"entity": "customer", "code": code, "name": code, "type": kind});
    let row = |code: &str, value: &str| json!({"field": code, "value": value, "always": true});
    let header = json!({
        "recording": 1,
        "account": {
            "employees": [{"id": 1, "last_name": "Иванова", "email": "a@x.example", "extension": {"extension_phone_number": "101"}}],
            "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233"}],
        },
        "settings": {
            "create-contact": true, "missed-call-task": true, "missed-call-task-calls": ["incoming", "outgoing"], "default-responsible": 5,
            "missed-call-task-name": "{{contact_full_name}} {{scenario_name}} {{campaign_name}} {{wait_time_duration}}",
            "call-orders": true, "call-order-calls": ["first", "repeat", "lost"], "call-order-repeat": "always",
            "call-order-comment": "{{contact_full_name}} {{employee_full_name}} {{search_query}} {{tag_names}}",
            "shop-numbers": [{"site": "main", "number": "74951112233"}],
            "extra-fields": true, "extra-field-rows": [
                row("words", "{{search_query}}"), row("story", "{{contact_full_name}} {{scenario_name}}"), row("number", "{{communication_number}}"),
                row("day", "{{start_time}}"), row("flag", "{{is_transfer}}"), row("tags", "{{tag_names}}"),
            ],
        },
        "crm": {
            "users": [{"id": 5, "email": "a@x.example"}],
            "customFields": [
                field("words", "string"), field("story", "text"), field("number", "integer"), field("day", "date"), field("flag", "boolean"),
                field("tags", "string"),
            ],
        },
    });
    let lines = sent.iter().enumerate().map(|(second, (mnemonic, body))| {
        json!({"at": format!("2026-11-23T10:01:{:02}+03:00", second * 3), "notification": mnemonic, "body": body}).to_string()
    });
    let known = json!({"at": "2026-11-23T10:10:00+03:00", "report": {"calls": report()}}).to_string();
    let later = json!({"at": "2026-11-23T12:00:00+03:00", "report": {"calls": []}}).to_string();
    [header.to_string()].into_iter().chain(lines).chain([known, later]).collect::<Vec<_>>().join("\n")
}

/// The value that a field has instead; none: the field is missing.
fn odd_value() -> impl Strategy<Value = Option<Value>> {
    let hostile = vec![
        json!(""),
        json!("null"),
        json!("{{contact_phone_number}}"),
        json!("{{ 7 * 7 }}{% for x in [] %}"),
        json!("<script>alert(1)</script>"),
        json!("<img src=x onerror=alert(1)>"),
        json!("\"><a href=\"https://evil.example\">"),
        json!("javascript:alert(1)"),
        json!("'; DROP TABLE customers; --"),
        json!("a\u{0}b\u{7}c\u{1b}[31m\r\nX-Injected: 1"),
        json!("\u{202e}\u{200f}عكس\u{1f600}"),
        json!("../../api/v5/users"),
        json!("2026-02-30 25:61:61"),
        json!("[\"a\",\"<b>\"]"),
        json!("{\"a\":{\"b\":[1,2,3]}}"),
        json!("я".repeat(60_000)),
        json!("<".repeat(100_000)),
        json!(["x"]),
        json!([[[[[[]]]]]]),
        json!({"value": "x"}),
        json!(vec!["tag"; 5000]),
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.1),
    ];
    prop_oneof![1 => Just(None), 1 => Just(Some(Value::Null)), 8 => prop::sample::select(hostile).prop_map(Some)]
}

/// Collects every text within a value, with its place.
fn texts<'a>(value: &'a Value, place: String, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::String(text) => found.push((place, text)),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| texts(value, format!("{place}[{index}]"), found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| texts(value, format!("{place}.{name}"), found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bad_content_of_notifications_does_no_harm(bad_fields in prop::collection::vec((any::<Index>(), any::<Index>(), odd_value()), 1..12)) {
        let mut sent = notifications();
        for (which, field, value) in bad_fields {
            let body = &mut sent[which.index(13)].1;
            let members: &mut Map<String, Value> = body.as_object_mut().expect("an object");
            let name = members.keys().nth(field.index(members.len().max(1))).cloned().unwrap_or_default();
            match value {
                None => drop(members.remove(&name)),
                Some(value) => drop(members.insert(name, value)),
            }
        }
        let source = recording(&sent);
        let (trace, crm, uis) = play_blocking(&source, NativePlugin::new());
        for (title, _, outcome) in &trace.0 {
            prop_assert!(!outcome.contains("Trap") && !outcome.contains("Limit"), "{}: {}", title, outcome);
        }
        // Every call has exactly one record; every call but the unanswered one out has one order.
        for session in 1..=3 {
            let id = format!("uis-call-{session}");
            let calls = crm["calls"].as_array().expect("a list").iter().filter(|call| call["externalId"] == id.as_str()).count();
            let orders = crm["orders"].as_array().expect("a list").iter().filter(|order| order["externalId"] == id.as_str()).count();
            let ordered = orders == 1 || (session == 3 && orders == 0);
            prop_assert!(calls == 1 && ordered, "{}: {} records, {} orders: {:#?}", id, calls, orders, trace.0.iter().map(|entry| (&entry.0, &entry.2)).collect::<Vec<_>>());
        }
        // Texts in RetailCRM have no markup and no control characters, and are not longer than RetailCRM accepts.
        let mut found = Vec::new();
        for list in ["customers", "orders", "tasks", "notes", "calls", "callEvents"] {
            texts(&crm[list], list.to_owned(), &mut found);
        }
        texts(&uis["answers"], "answers".to_owned(), &mut found);
        for (place, text) in found {
            let shown: String = text.chars().take(80).collect();
            prop_assert!(!text.contains(['<', '>']), "{} has markup: {}", place, shown);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{} has control characters: {:?}", place, shown);
            prop_assert!(text.chars().count() <= 4000, "{} is too long: {}", place, shown);
            let is_link = place.ends_with("recordUrl") || place.ends_with(".url");
            prop_assert!(!is_link || text.starts_with("https://"), "{} is not an https link: {}", place, shown);
        }
    }
}
