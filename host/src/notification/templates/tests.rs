use serde_json::{Value, json};

use super::*;
use crate::event::Event;
use crate::notification::{events, params::Params};

/// Renders as UIS does: each placeholder becomes JSON, an absent parameter null.
fn rendered(template: &EventTemplate, value: impl Fn(&str) -> Value) -> String {
    template.parameters().fold(template.body(), |text, name| text.replace(&format!("{{{{{name}}}}}"), &value(name).to_string()))
}

fn read(template: &EventTemplate, body: String) -> Vec<Event> {
    let params = Params::from_body(&Value::String(body), chrono_tz::Europe::Moscow, 1_795_417_200_000).expect("a body");
    events(template.mnemonic, &params).expect("events")
}

/// A value that the parameter has in a usual notification.
fn usual(name: &str) -> Value {
    match name {
        "notification_time" | "start_time" | "finish_time" => json!("2026-11-23 10:00:00.000"),
        "direction" => json!("in"),
        "communication_type" => json!("chat"),
        "contact_phone_number" | "visitor_phone_number" => json!("79161234567"),
        "virtual_phone_number" => json!("74951112233"),
        "is_internal" | "is_transfer" | "is_lost" => json!(true),
        "leg_ids" | "employee_ids" | "tag_ids" => json!([11, 12]),
        "tag_names" => json!(["VIP", "Опт"]),
        "record_file_links" => json!(["https://app.comagic.ru/a/"]),
        "resource" => json!({"type": "photo", "file_url": "https://files.example/1.jpg"}),
        "status" => json!("lost"),
        "initiator" | "source" => json!("visitor"),
        _ if name.ends_with("_id") || name.ends_with("_duration") || name == "communication_number" => json!(7),
        _ => json!(format!("text of {name}")),
    }
}

/// The event that a body with nothing but ids gives.
fn expected(template: &EventTemplate) -> &'static str {
    let found = read(template, rendered(template, |name| if name.ends_with("_id") { json!(7) } else { json!(null) }));
    found[0].handler()
}

#[test]
fn there_is_a_template_for_every_notification_that_is_read() {
    let known: Vec<&str> = EVENT_TEMPLATES.iter().map(|template| template.mnemonic).collect();
    assert_eq!(known, MNEMONICS);
    for template in &EVENT_TEMPLATES {
        let mut names: Vec<&str> = template.parameters().collect();
        assert!(template.required.split(' ').all(|name| names.contains(&name)), "{}", template.mnemonic);
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{}: a parameter twice", template.mnemonic);
    }
}

#[test]
fn any_value_of_any_parameter_still_gives_the_event() {
    let odd = [
        json!(null),
        json!("null"),
        json!(""),
        json!(12),
        json!("12"),
        json!(-0.5),
        json!(true),
        json!([]),
        json!(["a", "б, в"]),
        json!("[\"a\",\"b\"]"),
        json!({"a": 1}),
        json!("ООО \"Ромашка\"\nвторая строка, {скобки} и \\"),
        json!("{{call_session_id}}"),
    ];
    for template in &EVENT_TEMPLATES {
        let expected = expected(template);
        for changed in template.parameters().filter(|name| !template.required.contains(name)) {
            for value in &odd {
                let body = rendered(template, |name| if name == changed { value.clone() } else { usual(name) });
                let found = read(template, body);
                assert_eq!(found.first().map(Event::handler), Some(expected), "{}: {changed} = {value}", template.mnemonic);
            }
        }
    }
}

#[test]
fn each_type_gives_its_own_event() {
    let handlers: Vec<&str> = EVENT_TEMPLATES.iter().map(expected).collect();
    let names = "on-incoming-call on-leg-ringing on-outgoing-call on-call-answered on-talk-finished on-call-finished on-call-finished \
                 on-recording-ready on-tags-changed on-chat-started on-chat-accepted on-chat-message on-chat-unanswered on-chat-finished \
                 on-site-request";
    assert_eq!(handlers, names.split(' ').collect::<Vec<_>>());
}

/// What the template of a call's end sends reaches the fields of the contract.
#[test]
fn the_end_of_a_call_has_all_its_fields() {
    let template = EventTemplate::of("call_session_finished").expect("known");
    let Event::CallFinished(end) = read(template, rendered(template, usual)).remove(0) else { panic!("another event") };
    assert_eq!((end.talk_seconds, end.wait_seconds, end.total_seconds, end.is_lost), (Some(7), Some(7), Some(7), Some(true)));
    assert_eq!((end.rung_employee_ids.as_slice(), end.recordings.len()), ([11, 12].as_slice(), 1));
    assert_eq!(end.finish_reason.as_deref(), Some("text of lost_reason"));
    assert_eq!(end.last_talked_employee.and_then(|employee| employee.id), Some(7));
    let call = end.call;
    assert_eq!(call.contact.map(|number| number.digits).as_deref(), Some("79161234567"));
    assert_eq!((call.virtual_number.as_deref(), call.started_at), (Some("74951112233"), Some(1_795_417_200_000)));
    assert_eq!((call.is_internal, call.is_transfer, call.tags.len()), (true, true, 2));
    assert_eq!(call.external_id.as_deref(), Some("7"));
    let employee = call.employee.expect("an employee");
    assert_eq!((employee.id, employee.extension.as_deref()), (Some(7), Some("text of extension_phone_number")));
    let names: Vec<&str> = call.attributes.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["scenario_id", "scenario_name", "site_id", "campaign_id", "utm_source", "visitor_id", "notification_mnemonic"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
}

#[test]
fn messages_and_requests_have_all_their_fields() {
    let template = EventTemplate::of("chat_message").expect("known");
    let Event::ChatMessage(message) = read(template, rendered(template, usual)).remove(0) else { panic!("another event") };
    assert_eq!((message.message_id, message.text.as_str()), (7, "text of text"));
    assert_eq!(message.attachment.and_then(|file| file.kind).as_deref(), Some("photo"));
    assert_eq!(message.chat.visitor.phone.map(|phone| phone.digits).as_deref(), Some("79161234567"));
    assert_eq!((message.chat.site_id, message.chat.tags.len(), message.chat.channel_id), (Some(7), 2, Some(7)));
    let template = EventTemplate::of("offline_message").expect("known");
    let Event::SiteRequest(request) = read(template, rendered(template, usual)).remove(0) else { panic!("another event") };
    assert_eq!(request.form_type.as_deref(), Some("text of form_type"));
    assert_eq!((request.site_domain.as_deref(), request.tags.len()), (Some("text of site_domain_name"), 2));
    assert_eq!((request.name.as_deref(), request.email.as_deref()), (Some("text of visitor_name"), Some("text of visitor_email")));
    let template = EventTemplate::of("set_mark").expect("known");
    let Event::TagsChanged(change) = read(template, rendered(template, usual)).remove(0) else { panic!("another event") };
    assert_eq!((change.communication_id, change.tags.len()), (7, 2));
}
